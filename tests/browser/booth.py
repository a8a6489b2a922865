"""A person in the booth: what is seen and pressed, found by its words and roles alone."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site
from tests.browser.ward import HeldElection
from tests.browser.words import EN, Words
from voting.registrar import IssuedCode


@dataclass
class Booth:
    """One tab in the booth of one election."""

    page: Page
    site: Site
    election: HeldElection
    words: Words = EN

    def open(self) -> "Booth":
        """Go there; the page asks for the code."""
        self.page.goto(self.site.page(self.words.lang, self.election, "booth"))
        self.expect_step(self.words.enter_code)
        return self

    def expect_step(self, heading: str) -> None:
        """This step is shown, alone, and its heading has the focus."""
        title = self.page.get_by_role("heading", level=1, name=heading, exact=True)
        expect(title).to_be_visible()
        if heading != self.words.enter_code:  # the first page has the focus as every page has it
            expect(title).to_be_focused()
        expect(self.page.locator("section[data-step]:visible")).to_have_count(1)

    def sees(self, words: str) -> None:
        """These words are visible."""
        expect(self.page.get_by_text(words).locator("visible=true").first).to_be_visible()

    def enter(self, code: str) -> None:
        """Type a code and go on."""
        self.page.get_by_label(self.words.code, exact=True).fill(code)
        self.go_on()

    def go_on(self) -> None:
        """Press Continue."""
        self.button(self.words.go_on).click()

    def button(self, name: str) -> Locator:
        """The visible button with these words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, *labels: str) -> None:
        """Choose these options of the question that is shown, and go on."""
        for label in labels:
            self.page.get_by_label(label, exact=True).locator("visible=true").check()
        self.go_on()

    def give(self, points: dict[str, str]) -> None:
        """Give points, and go on."""
        for label, number in points.items():
            self.page.get_by_label(label, exact=True).locator("visible=true").fill(number)
        self.go_on()

    def to_review(self, voter: IssuedCode, *choice: str) -> None:
        """From the code to the review of an election with one question."""
        self.enter(voter.code.written)
        self.expect_step(self.text(0))
        self.choose(*choice)
        self.expect_review()

    def expect_review(self, *, voted_before: bool = False) -> None:
        """The review, sealed: the receipt code is shown and the buttons can be pressed."""
        self.expect_step(self.words.review)
        self.sees(self.words.voted_once if voted_before else self.words.not_voted)
        expect(self.button(self.words.cast)).to_be_enabled()

    def text(self, index: int) -> str:
        """The question at this position, in the booth's language."""
        question = self.election.terms.manifest.questions[index].text
        return question.vi if self.words.lang == "vi" else question.en

    def cast(self) -> None:
        """Press the one button that casts."""
        self.button(self.words.cast).click()

    def expect_end(self) -> str:
        """The one unmistakable end; the receipt code."""
        self.expect_step(self.words.in_urn)
        self.sees(self.words.checked_itself)
        return self.tracker()

    def tracker(self) -> str:
        """The receipt code that is visible now, as it is written."""
        shown = self.page.locator("section:visible [data-field=tracker]:visible")
        return "-".join(shown.inner_text().split())

    def answers(self) -> list[str]:
        """The answers on the review, one text for each question."""
        return [each.strip() for each in self.page.locator("#review-list dd:first-of-type").all_inner_texts()]

    def change(self, number: int) -> None:
        """Follow the link that changes an answer. number: from 1."""
        self.page.get_by_role("link", name=self.words.change).nth(number - 1).click()

    def save(self, name: str, folder: Path) -> Path:
        """Press a link that saves a file; the file."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=name, exact=True).or_(self.button(name)).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

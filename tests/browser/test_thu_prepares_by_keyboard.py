"""Ms Thu is an official and uses no mouse: from nothing to the frozen vote with Tab, Space, arrows and Enter."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from crypto.encoding import encode_base64url
from identity.roles import Role
from storage.session import reading
from tests.browser.site import Watch
from tests.support.drafts import NOW, VOTERS_CSV, Preparing
from tests.support.elections import trustee_key
from tests.support.sites import SiteUnderTest, served
from voting.deeds import By
from voting.drafts import list_drafts
from voting.office import State, find_election, state_of
from web.i18n import Language, translations

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PATIENCE_MS = 20_000
TABS_MAX = 60
SMALL: ViewportSize = {"width": 320, "height": 640}

FOCUS_IS_SHOWN = """(element) => {
  const target = element.matches("input[type=radio], input[type=checkbox]") ? element.parentElement : element
  const style = getComputedStyle(target)
  const box = target.getBoundingClientRect()
  return element === document.activeElement && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.bottom > 0 && box.top < innerHeight
}"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with served(tmp_path) as running:
        running.desk.clock.now = NOW
        yield running


class Hands:
    """Keyboard only. say: the words of the page's language."""

    def __init__(self, page: Page, say: Callable[[str], str]) -> None:
        self.page, self.say = page, say

    def go_to(self, role: Any, name: str) -> None:
        """Tab on until this control has the focus; it is on the screen, with a ring around it."""
        target = self.page.get_by_role(role, name=re.compile(f"^{re.escape(self.say(name))}")).first
        expect(target).to_be_attached()
        for _ in range(TABS_MAX):
            if target.evaluate("(element) => element === document.activeElement"):
                assert target.evaluate(FOCUS_IS_SHOWN), name
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{TABS_MAX} tabs do not reach {role} “{name}”.")

    def use(self, role: Any, name: str) -> None:
        """Press a button or follow a link."""
        self.go_to(role, name)
        self.page.keyboard.press("Enter")

    def type(self, name: str, text: str) -> None:
        """Fill a field; what was in it is replaced."""
        self.go_to("textbox", name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def tick(self, role: Any, name: str) -> None:
        """A box or a radio button."""
        self.go_to(role, name)
        self.page.keyboard.press("Space")

    def sees(self, heading: str) -> None:
        """The page is there, and at 320 px nothing of it sticks out."""
        expect(self.page.get_by_role("heading", level=1, name=self.say(heading))).to_be_visible()
        wide = self.page.viewport_size
        self.page.set_viewport_size(SMALL)
        over = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(over) <= 0, heading
        if wide is not None:
            self.page.set_viewport_size(wide)

    def hears(self, sentence: str) -> None:
        """The summary has the focus and leads to the field."""
        summary = self.page.locator(".govuk-error-summary")
        expect(summary).to_be_focused()
        expect(summary).to_contain_text(self.say(sentence))
        expect(self.page).to_have_title(re.compile("^" + self.say("Error:")))
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")

    def hand_in(self, name: str, data: bytes, button: str) -> None:
        """Choosing a file is the system's own dialog, so the file is put in; the rest is keys."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        self.page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
        self.use("button", button)


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "vi"])
def test_thu_prepares_a_vote_by_keyboard(site: SiteUnderTest, browser: Any, language: Language) -> None:
    person = site.desk.person("Thu", (Role.OFFICIAL,))
    token = site.desk.session(person)
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    url = site.settings.base_url
    context.add_cookies([{"name": "psephos", "value": encode_base64url(token), "url": url}])
    watch = Watch(url).over(context)
    thu = Hands(context.new_page(), translations(language).gettext)
    thu.page.goto(f"{url}/{language}/office")

    write_the_answers(thu)
    who = site.desk.who(token)
    assert who is not None
    office, by = site.app.state.office, By(site.desk.desk, who)
    preparing = Preparing(office, site.desk.desk, site.desk.clock, by, by, list_drafts(office)[0].id)  # type: ignore[arg-type]
    look_through_the_preview(thu)
    fix_and_freeze(thu, preparing)

    election = preparing.load().election
    assert election is not None
    with reading(office.engine) as session:
        assert state_of(find_election(session, election)) is State.FROZEN
    manifest = office.terms(election).manifest
    assert [question.text.vi for question in manifest.questions] == ["Khu đất nên làm gì?"]
    assert [option.label.en for option in manifest.questions[0].options] == ["Park", "Market"]
    assert (manifest.opens_at, manifest.closes_at) == ("2026-11-23T00:00:00Z", "2026-11-29T13:00:00Z")
    context.close()
    watch.require_peace()


def write_the_answers(thu: Hands) -> None:
    """Every section, with a mistake here and there."""
    thu.sees("Votes of this office")
    thu.use("link", "Prepare a new vote")
    thu.sees("Prepare a new vote")
    thu.use("button", "Begin")
    thu.hears("Write a title in at least one language; the other can follow")
    expect(thu.page.get_by_label(thu.say("Title in English"))).to_be_focused()
    thu.type("Title in English", "The old market land")
    thu.type("Title in Vietnamese", "Khu đất chợ cũ")
    thu.page.keyboard.press("Enter")
    thu.sees("The old market land" if thu.say("Save") == "Save" else "Khu đất chợ cũ")

    thu.use("link", "Questions")
    thu.sees("Questions")
    thu.use("link", "Add a question")
    thu.sees("What kind of question?")
    thu.tick("radio", "Choose one")
    thu.use("button", "Continue")
    thu.type("Question in English", "What should the land become?")
    thu.type("Question in Vietnamese", "Khu đất nên làm gì?")
    for number, en, vi in ((1, "Market", "Chợ"), (2, "Park", "Công viên")):
        thu.type(thu.say("Option %(n)s, English") % {"n": number}, en)
        thu.type(thu.say("Option %(n)s, Vietnamese") % {"n": number}, vi)
    thu.use("button", "Up")  # the first one is beside option 2
    expect(thu.page.locator("#option-1-en")).to_have_value("Park")
    thu.use("button", "Save the question")
    thu.sees("Questions")
    thu.use("link", "Continue")

    thu.use("link", "Calendar")
    thu.sees("Calendar")
    thu.go_to("combobox", "Time zone")
    thu.page.keyboard.type("Asia/Ho Chi")
    for name, day, time in (("opens", "23", "7:00"), ("closes", "19", "20:00")):
        for part, text in (("day", day), ("month", "11"), ("year", "2026"), ("time", time)):
            thu.page.locator(f"#{name}-{part}").press("Control+A")
            thu.page.keyboard.type(text)
    thu.page.keyboard.press("Enter")
    thu.hears("Voting must close after it opens. Choose a later time.")
    expect(thu.page.locator("#closes-day")).to_be_focused()
    thu.page.keyboard.press("Control+A")
    thu.page.keyboard.type("29")
    thu.page.keyboard.press("Enter")

    thu.use("link", "Voters’ list")
    thu.sees("Voters’ list")
    thu.hand_in("v.csv", b"voter,weight\nA,0\n", "Upload and look at it")
    thu.sees("Lines to mend")
    thu.use("link", "Upload it again")
    data = VOTERS_CSV.replace("north", "all").replace("south", "all").encode()
    thu.hand_in("v.csv", data, "Upload and look at it")
    thu.sees("Is this the right list?")
    thu.use("button", "Accept this list")

    thu.use("link", "Key holders")
    thu.sees("Key holders")
    thu.page.locator("#name-1").press("Control+A")
    thu.page.keyboard.type("Trần Văn Bình")
    thu.page.keyboard.press("Tab")
    thu.page.keyboard.type(encode_base64url(trustee_key(1).public_key))
    thu.go_to("radio", "3072 bit, recommended")
    thu.page.keyboard.press("ArrowDown")
    expect(thu.page.locator("input[value='2048']")).to_be_checked()
    thu.use("button", "Save")


def look_through_the_preview(thu: Hands) -> None:
    """The booth in two frames; the one on the phone is walked through to its end."""
    thu.use("link", "Preview as voter")
    thu.sees("Preview as voter")
    frame = thu.page.frame_locator("iframe").first
    expect(frame.get_by_text(thu.say("Preview of a draft. Nothing can be cast here."))).to_be_visible()
    frame.get_by_role("button", name=thu.say("Continue")).press("Enter")
    expect(frame.get_by_role("radio")).to_have_count(3)
    frame.get_by_role("radio").first.press("Space")
    frame.get_by_role("button", name=thu.say("Continue")).press("Enter")
    frame.get_by_role("link", name=thu.say("Cast my vote")).press("Enter")
    expect(frame.get_by_role("heading", level=1, name=thu.say("Here the preview ends"))).to_be_visible()
    thu.use("link", "Tasks")


def fix_and_freeze(thu: Hands, preparing: Preparing) -> None:
    """What key holder and registrar hand over is handed in; then there is no way back."""
    thu.use("link", "Fix the terms for the key ceremony")
    thu.sees("Read everything once more, then fix the terms")
    thu.use("button", "Fix the terms")
    thu.use("link", "Key of the vote")
    thu.sees("Key of the vote")
    thu.hand_in("ceremony.json", b"{}", "Hand in the key’s record")
    thu.hears(
        "This is not the key of these terms. Choose ceremony.json, as “psephos trustee keys” wrote it for this vote."
    )
    thu.hand_in("ceremony.json", preparing.ceremony(), "Hand in the key’s record")
    thu.use("link", "Registrar’s roll")
    thu.sees("Registrar’s roll")
    thu.hand_in("roll.json", preparing.roll(), "Hand in the roll")
    thu.use("link", "Continue")
    thu.use("link", "Signatures of the key holders")
    thu.sees("Signatures of the key holders")
    thu.hand_in("signature.json", preparing.signature(1), "Hand in the signature")
    thu.use("link", "Continue")
    thu.use("link", "Go to the freeze")
    thu.sees("Freeze the vote")
    expect(thu.page.get_by_text(thu.say("Freezing is for ever."))).to_be_visible()
    thu.use("button", "Freeze the vote for ever")
    thu.sees("The vote is frozen")

"""Lan asks for lamps: similar petitions while she writes, sponsors, a moderator, a hundred signatures, the answer that
comes late, and the encrypted vote that it becomes, with its result on the petition's page.

Everybody reads one language, in each of the two. Most who sign beside her do it through the same verb as the pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from consultation.petitions.types import Draft
from consultation.signing.counting import take_areas
from crypto.encoding import encode_base64url
from identity.roles import Role
from protocol.terms import assemble_terms
from protocol.text import LocalText
from storage.session import writing
from tally.clock import keep_time
from tests.browser.conftest import PATIENCE_MS
from tests.browser.said import said
from tests.browser.site import Watch
from tests.browser.test_accessibility import NARROW, OVERFLOW
from tests.support import petition_ward
from tests.support.drafts import AREAS, CALENDAR, RULES, VOTERS_CSV, Preparing, at, holders
from tests.support.elections import TestElection
from tests.support.keys import load_test_key
from tests.support.offices import OfficeUnderTest
from tests.support.petition_ward import LAMPS, WARD, Ward
from tests.support.sites import SiteUnderTest, served
from tests.support.trustees import tally
from voting.draft_terms import freeze, terms_files
from web.i18n import Language, other, translations

pytestmark = pytest.mark.browser

OLDER: Final = {
    "vi": LAMPS,
    "en": Draft(
        "Put street lamps along the east shore of Sen Lake",
        "The path is 640 metres long and has three lamps.\n\nChildren walk home here after evening lessons.",
        "We ask for twelve lamps.",
        "en",
        "ward",
        "north",
    ),
}
ASKED: Final = {
    "vi": replace(OLDER["vi"], action="Lắp lan can và đèn đường quanh hồ Sen"),
    "en": replace(OLDER["en"], action="Put railings and street lamps around Sen Lake"),
}
QUESTION: Final = LocalText(en="Should the ward pay for lamps?", vi="Phường có nên lắp đèn không?")
ANSWER: Final = LocalText(
    en="We are sorry to answer so late. Residents will decide.",
    vi="Xin lỗi vì trả lời muộn. Người dân sẽ quyết định.",
)
ANSWER_AT: Final = 100
DAYS_LATE: Final = 2
NORTH: Final = 60
YES, NO = ((1, 0, 0),), ((0, 1, 0),)


@dataclass
class Walk:
    """A site, its people in browsers of their own, closely watched, and the language in which all of them read it."""

    site: SiteUnderTest
    browser: Browser
    lang: Language
    watch: Watch = field(init=False)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(self.site.settings.base_url)

    @property
    def asked(self) -> Draft:
        """What Lan wants."""
        return ASKED[self.lang]

    def say(self, message: str, **values: object) -> str:
        """A sentence of the pages in this language."""
        return said(self.lang, message, **values)

    def local(self, text: LocalText) -> str:
        """A name in this language."""
        return text.vi if self.lang == "vi" else text.en

    def somebody(self, name: str = "", *roles: Role, **options: Any) -> Page:
        """A tab of somebody new who is signed in, second factor shown, or of a stranger without a name."""
        url, desk = self.site.settings.base_url, self.site.desk
        locale = "vi-VN" if self.lang == "vi" else "en-GB"
        context = self.browser.new_context(
            **{"locale": locale, "viewport": {"width": 1280, "height": 720}, **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        self.watch.over(context)
        if name:
            cookie = encode_base64url(desk.session(desk.person(name, roles)))
            context.add_cookies([{"name": "psephos", "value": cookie, "url": url}])
        return context.new_page()

    def open(self, page: Page, place: str) -> None:
        """Go to a page of the site."""
        page.goto(f"{self.site.settings.base_url}/{self.lang}{place}")

    def press(self, page: Page, message: str) -> None:
        """Press a button of the page."""
        page.locator("main").get_by_role("button", name=self.say(message), exact=True).click()

    def follow(self, page: Page, name: str) -> None:
        """Follow the link of this name."""
        page.locator("main").get_by_role("link", name=name, exact=True).first.click()

    def label(self, page: Page, message: str) -> Locator:
        """The field with this label."""
        return page.locator("main").get_by_label(self.say(message), exact=True)

    def end(self) -> None:
        """Nobody met a fault, a stranger or a page in the other language."""
        for context in self.contexts:
            context.close()
        self.watch.require_peace()
        pages = [request.url for request in self.watch.requests if request.is_navigation_request()]
        assert pages
        assert [url for url in pages if urlsplit(url).path.split("/")[1] != self.lang] == []


@pytest.fixture(params=[pytest.param("en", marks=pytest.mark.thorough), "vi"])
def walk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Walk]:
    expect.set_options(timeout=PATIENCE_MS)
    with served(tmp_path_factory.mktemp("ward")) as site:
        made = Walk(site, browser, request.param)
        yield made
        made.end()


def test_from_a_draft_to_the_result_of_a_vote(walk: Walk) -> None:
    desk, say, title = walk.site.desk, walk.say, walk.asked.action
    ward = Ward(desk, answer_at=ANSWER_AT)
    older = ward.open(OLDER[walk.lang])
    lan = walk.somebody("Lan", viewport=NARROW)

    petition = start(walk, lan, older)
    place = f"/petitions/{petition}"
    ward.sign(petition, petition_ward.SPONSORS - 2)
    for number in range(2):
        support(walk, place, last=number == 1)
    moderator = walk.somebody("Minh", Role.MODERATOR)
    publish(walk, moderator)

    ward.sign(petition, ANSWER_AT - petition_ward.SPONSORS, dict.fromkeys(range(NORTH), "north"))
    with writing(desk.desk.engine) as session:
        take_areas(session, petition, desk.clock())
    desk.clock.wait(seconds=11)  # the public number is some seconds old
    reader = walk.somebody()
    walk.open(reader, place)
    expect(reader.locator(".ps-big", has_text=str(ANSWER_AT))).to_be_visible()
    due = say("%(body)s must answer by <b>%(day)s</b>.", body=walk.local(WARD.name), day="")
    expect(reader.get_by_text(due.partition("<b>")[0].strip()).first).to_be_visible()
    north = walk.local(petition_ward.AREAS[0].name)
    expect(reader.get_by_role("row", name=re.compile(north))).to_contain_text(str(NORTH))

    desk.clock.wait(days=30 + DAYS_LATE)
    walk.open(reader, "/petitions/answers")
    expect(reader.get_by_role("link", name=title)).to_be_visible()
    late = translations(walk.lang).ngettext("%(days)s day overdue", "%(days)s days overdue", DAYS_LATE)
    overdue = f"{say('The answer is overdue')}: {late % {'days': DAYS_LATE}}"
    expect(reader.get_by_text(overdue)).to_be_visible()
    official = walk.somebody("An", Role.OFFICIAL)
    answer(walk, official)
    reader.reload()
    expect(reader.get_by_text(say("No answer is overdue."))).to_be_visible()

    draft = become_vote(walk, official)
    walk.open(reader, place)
    expect(reader.get_by_text(walk.local(ANSWER))).to_be_visible()
    coming = say("A vote is being prepared. It will be linked here when it is announced.")
    expect(reader.get_by_text(coming)).to_be_visible()
    election = hold_vote(walk.site, ward, draft)
    chosen = say("Most votes: %(chosen)s", chosen=say("Yes"))
    walk.open(reader, place)
    expect(reader.get_by_text(chosen)).to_be_visible()
    walk.open(reader, f"/elections/{election}")
    reader.locator(f"main a[href='/{walk.lang}{place}']").click()
    expect(reader.get_by_role("heading", name=title, level=1)).to_be_visible()
    walk.open(lan, place)
    expect(lan.get_by_text(chosen)).to_be_visible()
    assert lan.evaluate(OVERFLOW) <= 0


def start(walk: Walk, lan: Page, older: str) -> str:
    """Written, a similar one seen while typing, looked at, sent off; its number."""
    asked, known = walk.asked, f"a[href='/{walk.lang}/petitions/{older}']"
    walk.open(lan, "/petitions/new")
    wish = walk.label(lan, "What should be done?")
    wish.press_sequentially(asked.action.lower())
    expect(lan.locator(f"#similar {known}")).to_be_visible()
    wish.fill(asked.action)
    walk.label(lan, "Why?").fill(asked.background)
    lan.get_by_role("radio", name=walk.local(WARD.name), exact=True).check()
    walk.label(lan, "Which area is it about?").select_option(walk.local(petition_ward.AREAS[0].name))
    walk.press(lan, "See how it looks")
    expect(lan.locator("#preview").get_by_role("heading", name=asked.action)).to_be_visible()
    expect(lan.locator(f"main section {known}")).to_be_visible()
    assert lan.evaluate(OVERFLOW) <= 0
    walk.press(lan, "Keep it as a draft")
    expect(lan.get_by_role("heading", name=asked.action)).to_be_visible()
    walk.press(lan, "Go on: look for supporters")
    found = re.search(r"/petitions/([0-9a-f]{16})", lan.locator(".ps-next a").inner_text())
    assert found is not None
    return found[1]


def support(walk: Walk, place: str, last: bool) -> None:
    """Signed by somebody who was sent the address. last: whether a moderator reads it after that, not before."""
    page = walk.somebody("Hoa")
    walk.open(page, place)
    walk.follow(page, walk.say("Sign this petition"))
    walk.press(page, "Sign")
    expect(page.get_by_role("heading", name=walk.say("You have signed"), level=1)).to_be_visible()
    walk.follow(page, walk.say("Back to the petition"))
    state = "Being checked by a moderator" if last else "Needs supporters"
    expect(page.get_by_text(walk.say(state), exact=True)).to_be_visible()
    page.context.close()


def publish(walk: Walk, moderator: Page) -> None:
    """Found in the queue, taken, and decided."""
    walk.open(moderator, "/moderation")
    walk.follow(moderator, walk.asked.action)
    expect(moderator.locator("main h1")).to_have_text(walk.asked.action)
    expect(walk.label(moderator, "Publish it")).to_have_count(0)
    walk.press(moderator, "Take this petition")
    walk.label(moderator, "Publish it").check()
    walk.press(moderator, "Decide")
    expect(moderator.get_by_text(walk.say("No petition waits."))).to_be_visible()


def answer(walk: Walk, official: Page) -> None:
    """Late, from the list of what is due."""
    walk.open(official, "/office/petitions")
    walk.follow(official, walk.asked.action)
    walk.follow(official, walk.say("Answer this petition"))
    walk.label(official, "Who says this").select_option(walk.local(WARD.name))
    walk.label(official, "Words, with the reasons").fill(walk.local(ANSWER))
    official.get_by_label("Tiếng Việt" if walk.lang == "vi" else "English", exact=True).check()
    walk.press(official, "Publish the answer")
    answered = walk.say("%(body)s has answered", body=walk.local(WARD.name))
    expect(official.get_by_text(answered)).to_be_visible()


def become_vote(walk: Walk, official: Page) -> str:
    """The one form; the number of the draft."""
    walk.follow(official, walk.say("Turn it into a vote"))
    expect(official.locator(f"#title-{walk.lang}")).to_have_value(walk.asked.action)
    second = other(walk.lang)
    official.locator(f"#title-{second}").fill(ASKED[second].action)
    walk.label(official, "Question, in English").fill(QUESTION.en)
    walk.label(official, "Question, in Vietnamese").fill(QUESTION.vi)
    walk.press(official, "Begin the draft")
    official.wait_for_url("**/office/drafts/*")
    return official.url.rsplit("/", 1)[1]


def hold_vote(site: SiteUnderTest, ward: Ward, draft: str) -> str:
    """Frozen with real keys, voted, closed, counted; the election's id."""
    desk, office = site.desk, site.app.state.office
    preparing = Preparing(office, desk.desk, desk.clock, ward.official, ward.official, draft)  # type: ignore[arg-type]
    opens, closes = at("2027-01-04", "07:00"), at("2027-01-10", "20:00")
    preparing.save(msgspec.structs.replace(CALENDAR, opens=opens, closes=closes, objection_seconds=0))
    preparing.save(msgspec.structs.replace(RULES, quorum=None))
    preparing.save(AREAS)
    preparing.save(holders(1))
    preparing.voters(VOTERS_CSV.encode())
    election = preparing.fix()
    preparing.hand_in()
    files = terms_files(office, draft)
    assert files.ceremony is not None
    assert files.roll is not None
    terms, roll = assemble_terms(files.manifest, files.ceremony, files.roll)
    freeze(office, ward.official, draft)
    desk.clock.now = desk.clock.now.replace(year=2027, month=1, day=5)
    keep_time(office)
    _, shares = load_test_key("single-2048")
    held = TestElection(files.manifest, files.ceremony, files.roll, terms, roll, shares)
    voting = OfficeUnderTest(office, held, desk.clock, "", desk.secrets)  # type: ignore[arg-type]
    for voter, choice in enumerate((YES, YES, NO, YES) * 3, start=1):
        voting.cast(voter, choice)
    tally(voting)
    return election

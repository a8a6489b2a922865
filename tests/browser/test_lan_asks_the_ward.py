"""Lan asks for lamps: similar petitions while she writes, sponsors, a moderator, a hundred signatures, the answer that
comes late, and the encrypted vote that it becomes, with its result on the petition's page.

Lan reads Vietnamese, the office English. Who signs beside her does it through the same verb as the pages.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from consultation.signing.counting import take_areas
from crypto.encoding import encode_base64url
from identity.roles import Role
from protocol.terms import assemble_terms
from storage.session import writing
from tally.clock import keep_time
from tests.browser.site import Watch
from tests.support.drafts import AREAS, CALENDAR, RULES, VOTERS_CSV, Preparing, at, holders
from tests.support.elections import TestElection
from tests.support.keys import load_test_key
from tests.support.offices import OfficeUnderTest
from tests.support.petition_ward import LAMPS, Ward
from tests.support.sites import SiteUnderTest, served
from tests.support.trustees import tally
from voting.draft_terms import freeze, terms_files

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
ASKED = replace(LAMPS, action="Lắp lan can và đèn đường quanh hồ Sen")
YES, NO = ((1, 0, 0),), ((0, 1, 0),)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with served(tmp_path) as running:
        yield running


@pytest.fixture
def profiles(browser: Any, site: SiteUnderTest) -> Iterator["Profiles"]:
    expect.set_options(timeout=PATIENCE_MS)
    made = Profiles(browser, site)
    yield made
    made.end()


class Profiles:
    """Browser profiles of people, closely watched."""

    def __init__(self, browser: Any, site: SiteUnderTest) -> None:
        self.browser, self.site = browser, site
        self.made: list[tuple[BrowserContext, Watch]] = []

    def of(self, token: bytes | None = None, **options: Any) -> Page:
        """A page of somebody who is signed in, or of a stranger."""
        url = self.site.settings.base_url
        fresh = self.browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **options})
        fresh.set_default_timeout(PATIENCE_MS)
        if token is not None:
            fresh.add_cookies([{"name": "psephos", "value": encode_base64url(token), "url": url}])
        self.made.append((fresh, Watch(url).over(fresh)))
        page: Page = fresh.new_page()
        return page

    def staff(self, *roles: Role) -> Page:
        """Somebody with roles, second factor shown."""
        desk = self.site.desk
        return self.of(desk.session(desk.person("An", roles)), locale="en-GB")

    def end(self) -> None:
        """Nobody met a fault or a stranger."""
        for context, watch in self.made:
            context.close()
            watch.require_peace()


def test_from_a_draft_to_the_result_of_a_vote(site: SiteUnderTest, profiles: Profiles) -> None:
    url, desk = site.settings.base_url, site.desk
    ward = Ward(desk, answer_at=100)
    older = ward.open(LAMPS)
    lan = profiles.of(
        desk.session(desk.person("Lan")), locale="vi-VN", viewport={"width": 320, "height": 640}
    )

    petition = start(lan, url, older)
    for number in range(5):
        sign(profiles, site, f"{url}/vi/petitions/{petition}", number)
    moderator = profiles.staff(Role.MODERATOR)
    moderator.goto(f"{url}/en/moderation/petitions/{petition}")
    moderator.get_by_label("Publish it").check()
    moderator.get_by_role("button", name="Decide", exact=True).click()
    moderator.wait_for_url("**/en/moderation")

    ward.sign(petition, 95, dict.fromkeys(range(60), "north"))
    with writing(desk.desk.engine) as session:
        take_areas(session, petition, desk.clock())
    desk.clock.wait(seconds=11)  # the public number is some seconds old
    reader = profiles.of(locale="en-GB")
    reader.goto(f"{url}/en/petitions/{petition}")
    expect(reader.locator(".ps-big", has_text="100")).to_be_visible()
    expect(reader.get_by_text("Ward Office must answer by").first).to_be_visible()
    expect(reader.get_by_role("row", name=re.compile("North"))).to_contain_text("60")

    desk.clock.wait(days=32)
    reader.goto(f"{url}/en/petitions/answers")
    expect(reader.get_by_role("link", name=ASKED.action)).to_be_visible()
    expect(reader.get_by_text("The answer is overdue: 2 days overdue")).to_be_visible()
    official = profiles.staff(Role.OFFICIAL)
    official.goto(f"{url}/en/office/petitions/{petition}")
    official.get_by_role("link", name="Answer this petition", exact=True).click()
    official.locator("#words").fill("Xin lỗi vì trả lời muộn. Người dân sẽ quyết định.")
    official.locator("#body").select_option("ward")
    official.get_by_label("Tiếng Việt", exact=True).check()
    official.get_by_role("button", name="Publish the answer", exact=True).click()
    expect(official.get_by_text("Ward Office has answered")).to_be_visible()
    reader.reload()
    expect(reader.get_by_text("No answer is overdue.")).to_be_visible()

    draft = become_vote(official)
    reader.goto(f"{url}/en/petitions/{petition}")
    expect(reader.get_by_text("Xin lỗi vì trả lời muộn.")).to_be_visible()
    expect(reader.get_by_text("A vote is being prepared.")).to_be_visible()
    election = hold_vote(site, ward, draft)
    reader.goto(f"{url}/en/petitions/{petition}")
    expect(reader.get_by_text("Most votes: Yes")).to_be_visible()
    reader.goto(f"{url}/en/elections/{election}")
    reader.get_by_role("link", name=ASKED.action).click()
    reader.wait_for_url(f"**/en/petitions/{petition}")
    lan.goto(f"{url}/vi/petitions/{petition}")
    expect(lan.get_by_text("Nhiều phiếu nhất: Có")).to_be_visible()
    assert lan.evaluate("document.documentElement.scrollWidth") <= 320


def start(lan: Page, url: str, older: str) -> str:
    """Written, a similar one seen while typing, looked at, sent off; its number."""
    lan.goto(f"{url}/vi/petitions/new")
    lan.locator("#action").press_sequentially(ASKED.action.lower(), delay=5)
    expect(lan.locator(f"#similar a[href='/vi/petitions/{older}']")).to_be_visible()
    lan.locator("#action").fill(ASKED.action)
    lan.locator("#background").fill(ASKED.background)
    lan.locator("input[name=body][value=ward]").check()
    lan.locator("#area").select_option("north")
    lan.locator("button[value=preview]").click()
    expect(lan.locator("#preview").get_by_role("heading", name=ASKED.action)).to_be_visible()
    expect(lan.locator(f"main section a[href='/vi/petitions/{older}']")).to_be_visible()
    assert lan.evaluate("document.documentElement.scrollWidth") <= 320
    lan.locator("button[value=keep]").click()
    lan.wait_for_url("**/manage")
    expect(lan.get_by_role("heading", name=ASKED.action)).to_be_visible()
    lan.locator("form:has(input[value=submit]) button").click()
    expect(lan.locator(".ps-next a")).to_be_visible()
    found = re.search(r"/petitions/([0-9a-f]{16})", lan.locator(".ps-next a").inner_text())
    assert found is not None
    return found[1]


def sign(profiles: Profiles, site: SiteUnderTest, address: str, number: int) -> None:
    """One person more, who was sent the address."""
    desk = site.desk
    page = profiles.of(desk.session(desk.person(f"Người {number}")), locale="vi-VN")
    page.goto(address)
    page.locator("a[href$='/sign']").first.click()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile("/receipt"))


def become_vote(official: Page) -> str:
    """The one form; the number of the draft."""
    official.get_by_role("link", name="Turn it into a vote", exact=True).click()
    for name, words in (
        ("title-en", "Lamps at Sen Lake"),
        ("question-en", "Should the ward pay for lamps?"),
        ("question-vi", "Phường có nên lắp đèn không?"),
    ):
        official.locator(f"#{name}").fill(words)
    official.locator("main form button[type=submit]").last.click()
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
    for voter, choice in enumerate((YES, YES, NO, YES) * 6, start=1):
        voting.cast(voter, choice)
    tally(voting)
    return election

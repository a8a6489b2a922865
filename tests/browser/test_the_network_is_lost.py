"""The connection breaks, or the server fails, while a ballot is on its way: the voter learns what is true, no more."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from crypto.encoding import encode_base64url
from protocol.canonical import decode_canonical
from protocol.casting import Receipt
from tests.browser.booth import Booth
from tests.browser.site import Site
from tests.browser.words import EN, VI, Words
from voting.registrar import IssuedCode
from web.casting_pool import Refusal

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

BALLOTS = "**/ballots"


class Line:
    """The way of a cast request to the server. fault: what happens to the first one."""

    def __init__(self, page: Page, fault: Callable[[Route], None]) -> None:
        self.sent: list[str] = []
        self._fault: Callable[[Route], None] | None = fault
        page.route(BALLOTS, self._carry)

    def _carry(self, route: Route) -> None:
        self.sent.append(route.request.post_data or "")
        fault, self._fault = self._fault, None
        if fault is None:
            route.continue_()
        else:
            fault(route)


def lost_before(route: Route) -> None:
    """It never reaches the server."""
    route.abort("connectionreset")


def lost_after(route: Route) -> None:
    """The server stores it; the answer is lost."""
    answer = route.fetch()
    assert answer.status == 201
    route.abort("connectionreset")


def start(site: Site, page: Page, words: Words = EN) -> tuple[Booth, IssuedCode, str]:
    """A voter at the review; the receipt code that is shown."""
    election = site.ward.short
    voter = election.take()
    booth = Booth(page, site, election, words).open()
    label = election.terms.manifest.questions[0].options[1].label
    booth.to_review(voter, label.vi if words is VI else label.en)
    return booth, voter, booth.tracker()


def in_urn_once(booth: Booth, voter: IssuedCode, code: str) -> None:
    """The end page, and exactly one ballot on the board: this one, with what was chosen."""
    assert booth.expect_end() == code
    (ballot,) = booth.site.ward.ballots_of(booth.election, voter)
    assert ballot.sequence == 1
    assert booth.site.ward.opened(booth.election, ballot) == [[0, 1, 0, 0]]


def test_the_answer_is_lost_and_the_page_finds_the_ballot_by_itself(
    site: Site, phone: Page, tmp_path: Path
) -> None:
    booth, voter, code = start(site, phone, VI)
    phone.route("**/credentials/**", lambda route: route.abort())
    line = Line(phone, lost_after)
    with phone.expect_event("requestfailed", lambda request: "/credentials/" in request.url):
        booth.cast()
    booth.expect_step(VI.unknown)
    assert booth.tracker() == code
    with phone.expect_event("requestfailed", lambda request: "/credentials/" in request.url):
        pass  # it looks again; what it could not see it does not deny
    expect(phone.get_by_text("Chưa thấy trên bảng công khai.")).to_have_count(0)
    kept = json.loads(booth.save("Lưu nội dung đã gửi", tmp_path).read_text())
    assert kept["request"] == json.loads(line.sent[0])
    phone.unroute("**/credentials/**")
    in_urn_once(booth, voter, code)
    assert len(line.sent) == 1  # found, not sent again
    booth.save(VI.save_receipt, tmp_path)


def test_it_never_arrived_and_is_sent_again_as_it_was(site: Site, page: Page, tmp_path: Path) -> None:
    booth, voter, code = start(site, page)
    line = Line(page, lost_before)
    booth.cast()
    booth.expect_step(EN.unknown)
    booth.sees("Not on the board so far.")
    assert site.ward.ballots_of(booth.election, voter) == ()
    booth.button(EN.send_again).click()
    in_urn_once(booth, voter, code)
    assert len(line.sent) == 2
    assert line.sent[0] == line.sent[1]
    data = booth.save(EN.save_receipt, tmp_path).read_bytes()
    receipt = decode_canonical(data, Receipt, limit_bytes=len(data))
    (ballot,) = site.ward.ballots_of(booth.election, voter)
    assert receipt.tracker == encode_base64url(ballot.leaf.digest_bytes)


def test_it_arrived_and_is_sent_again_all_the_same(site: Site, page: Page) -> None:
    """The server refuses the second time: that is no refusal of the vote, and is not told as one."""
    booth, voter, code = start(site, page)
    page.route("**/credentials/**", lambda route: route.abort())
    line = Line(page, lost_after)
    booth.cast()
    booth.expect_step(EN.unknown)
    with page.expect_response(BALLOTS) as answer:
        booth.button(EN.send_again).click()
    assert (answer.value.status, answer.value.json()["code"]) == (409, "already-cast")
    with page.expect_event("requestfailed", lambda request: "/credentials/" in request.url):
        pass
    booth.sees(EN.unknown)
    page.unroute("**/credentials/**")
    in_urn_once(booth, voter, code)
    assert set(line.sent) == {line.sent[0]}


def test_the_voters_list_cannot_be_loaded(site: Site, page: Page) -> None:
    voter = site.ward.short.take()
    booth = Booth(page, site, site.ward.short).open()
    page.route("**/credentials/**", lambda route: route.abort())
    booth.enter(voter.code.written)
    sentence = "The voters’ list could not be loaded. Check your connection and press “Continue” again."
    expect(page.locator("#code-error")).to_have_text(f"{EN.error}{sentence}")
    page.unroute("**/credentials/**")
    booth.go_on()
    booth.expect_step(booth.text(0))


def test_without_the_terms_the_booth_says_that_it_cannot_work(site: Site, page: Page) -> None:
    page.route("**/terms", lambda route: route.abort())
    booth = Booth(page, site, site.ward.short)
    page.goto(site.page("en", site.ward.short, "booth"))
    booth.expect_step(EN.failed)
    booth.sees("The data of this vote could not be loaded. Check your connection and load the page again.")
    page.unroute("**/terms")
    booth.button("Load the page again").click()
    booth.expect_step(EN.enter_code)


class BusyCasting:
    """A casting door with too many before it."""

    async def put(self, *_: object) -> Refusal:
        """Refuses."""
        return Refusal("busy", "Too many ballots are waiting and nothing was stored. Try again in a moment.")


@pytest.fixture
def busy(site: Site) -> Iterator[Callable[[], None]]:
    """The server is overloaded (503) until the returned function is called."""
    real = site.app.state.casting

    def free() -> None:
        site.app.state.casting = real

    site.app.state.casting = BusyCasting()
    yield free
    free()


def test_an_overloaded_server_takes_it_later(site: Site, page: Page, busy: Callable[[], None]) -> None:
    booth, voter, code = start(site, page)
    with page.expect_response(BALLOTS) as answer:
        booth.cast()
    assert answer.value.status == 503
    booth.expect_step(EN.refused)
    booth.sees("The server is very busy and stored nothing.")
    busy()
    booth.button(EN.retry).click()
    booth.expect_review()
    booth.cast()
    in_urn_once(booth, voter, code)  # the very ballot that was sealed before


def test_the_casting_process_is_killed(site: Site, page: Page) -> None:
    """A real fault (500): nothing is known, the site recovers, and the same ballot goes in."""
    booth, voter, code = start(site, page)
    site.kill_casting()
    with page.expect_response(BALLOTS) as answer:
        booth.cast()
    assert answer.value.status == 500
    booth.expect_step(EN.unknown)
    booth.button(EN.send_again).click()
    in_urn_once(booth, voter, code)

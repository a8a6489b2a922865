"""An votes where the vote asks who she is: sealed first, signed in by a mailed link in another tab, then in the urn."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import Connection, delete, event
from starlette.applications import Starlette

from crypto.display_code import alias
from crypto.encoding import encode_base64url
from identity.assurance import Action, Assurance, AssurancePolicy
from identity.roles import Role
from storage.session import reading, writing
from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.site import Watch
from tests.browser.test_accessibility import faults
from tests.browser.words import EN, VI, Words
from tests.support.desks import Clock, DeskUnderTest
from tests.support.mail_servers import Post, mail_server
from tests.support.offices import DirectCasting
from tests.support.sign_in_votes import SignInVote, hold_sign_in_vote
from voting.lookup import credential_record
from voting.models import VotingPermit
from voting.office import find_election, utc_now
from web.i18n import Text
from web.serving import application, server
from web.settings import Settings

pytestmark = pytest.mark.browser

EMAILS = [f"voter{n}@example.org" for n in range(1, 12)]
CHOICE = {"en": "Park q1", "vi": "Công viên q1"}
SIGN_IN = {"en": "Sign in to cast your vote", "vi": "Đăng nhập để bỏ phiếu"}
OPEN = {"en": "Sign in, in a new tab", "vi": "Đăng nhập ở thẻ mới"}
LET_IN = {"en": "Let my ballot in", "vi": "Cho lá phiếu của tôi vào"}
START_SECONDS = 30


@dataclass
class Polling:
    """A running site that sends mail, and its open vote."""

    url: str
    vote: SignInVote
    post: Post
    app: Starlette

    def to_review(self, page: Page, n: int, words: Words = EN) -> None:
        """From the code of voter n (from 1) to the review, with the ballot sealed."""
        page.goto(f"{self.url}/{words.lang}/elections/{self.vote.election}/booth")
        page.get_by_label(words.code, exact=True).fill(self.vote.codes[n - 1].code.written)
        page.get_by_role("button", name=words.go_on, exact=True).click()
        page.get_by_label(CHOICE[words.lang], exact=True).check()
        page.get_by_role("button", name=words.go_on, exact=True).locator("visible=true").click()
        expect(page.get_by_role("button", name=words.cast, exact=True)).to_be_enabled()
        assert alias(self.vote.codes[n - 1].public_key) in page.locator("[data-compare]:visible").inner_text()

    def booth(self, page: Page, n: int, words: Words = EN) -> None:
        """On from there to the sign-in step."""
        self.to_review(page, n, words)
        page.get_by_role("button", name=words.cast, exact=True).click()
        expect(page.get_by_role("heading", level=1, name=SIGN_IN[words.lang])).to_be_focused()

    def sign_in(self, page: Page, n: int, words: Words = EN) -> Page:
        """In the tab that the booth opens, up to the button that lets the ballot in."""
        with page.context.expect_page() as opened:
            page.get_by_role("link", name=OPEN[words.lang], exact=True).click()
        tab = opened.value
        tab.wait_for_load_state()
        if not tab.get_by_role("button", name=LET_IN[words.lang]).is_visible():
            tab.get_by_label(re.compile("E-mail|thư điện tử")).fill(EMAILS[n - 1])
            before = len(self.post.taken)
            tab.get_by_role("button", name=re.compile("Send me the link|Gửi")).click()
            tab.goto(self.link(before))
            tab.locator("main form button").click()
        expect(tab.get_by_role("button", name=LET_IN[words.lang])).to_be_visible()
        return tab

    def link(self, before: int) -> str:
        """In the mail that comes after the first `before` ones."""
        text = self.mail(before, "sign-in").replace("=\n", "")
        found = re.search(r"http://localhost:\d+/\w\w/sign-in/link\?t=\S+", text)
        assert found is not None, text
        return found[0]

    def mail(self, before: int, what: str) -> str:
        """The text of the first mail after `before` ones that speaks of `what`."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for taken in self.post.taken[before:]:
                body = taken.message.get_body(("plain",))
                text = str(body.get_content()) if body is not None else ""
                if what in text:
                    return text
            time.sleep(0.1)
        raise AssertionError(f"No mail speaks of {what}.")

    def ballots(self, n: int) -> int:
        """How many ballots voter n has in the urn."""
        with reading(self.vote.office.engine) as session:
            row = find_election(session, self.vote.election)
            return len(credential_record(session, row, self.vote.codes[n - 1].public_key).ballots)


@contextmanager
def running(folder: Path) -> Iterator[Polling]:
    """The site on a free port of localhost, with background work and one casting process."""
    with ExitStack() as stack:
        post = stack.enter_context(mail_server())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = Settings(
            base_url=f"http://localhost:{port}",
            host="127.0.0.1",
            port=port,
            database_url=f"sqlite:///{folder / 'site.db'}",
            secrets=folder / "secrets",
            name=Text("Gò Mây Ward", "Phường Gò Mây"),
            authority=Text("Gò Mây Ward", "Phường Gò Mây"),
            help_line="024 0000 0123",
            assurance=AssurancePolicy({Action.VOTE: Assurance.LOW}),
            mail_server=post.server(),
        )
        app = stack.enter_context(application(settings, casting_workers=1))
        vote = hold_sign_in_vote(app.state.office, app.state.desk, utc_now(), EMAILS)
        http = server(app, settings)
        thread = threading.Thread(target=http.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not http.started:
            assert thread.is_alive(), "The server ended before it had started."
            assert time.monotonic() < deadline, "The server does not start."
            time.sleep(0.02)
        try:
            yield Polling(settings.base_url, vote, post, app)
        finally:
            http.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def polling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Polling]:
    with running(tmp_path_factory.mktemp("polling")) as site:
        yield site


@pytest.fixture
def profile(browser: Browser, polling: Polling) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles that speak with nobody else and break no policy."""
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:
        watches: list[Watch] = []

        def make(**options: Any) -> BrowserContext:
            fresh = browser.new_context(**{"locale": "en-GB", **options})
            fresh.set_default_timeout(PATIENCE_MS)
            stack.callback(fresh.close)
            watches.append(Watch(polling.url).over(fresh))
            return fresh

        yield make
        for watch in watches:
            watch.require_peace()


def tracker(page: Page) -> str:
    return "-".join(page.locator("section:visible [data-field=tracker]:visible").inner_text().split())


def test_an_signs_in_and_her_ballot_goes_in(polling: Polling, profile: Callable[..., BrowserContext]) -> None:
    before = len(polling.post.taken)
    page = profile().new_page()
    requests: list[tuple[str, dict[str, str]]] = []
    page.on("request", lambda request: requests.append((request.url, request.all_headers())))
    polling.booth(page, 1)
    assert polling.ballots(1) == 0
    tab = polling.sign_in(page, 1)
    expect(page.get_by_text("Waiting for your sign-in in the other tab.")).to_be_visible()
    assert "a mail will tell you of each ballot" in tab.locator("main").inner_text()
    tab.get_by_role("button", name=LET_IN["en"]).click()
    expect(page.get_by_role("heading", level=1, name=EN.in_urn)).to_be_focused()
    expect(tab.get_by_text("The tab with your ballot has the code.")).to_be_visible()
    assert polling.ballots(1) == 1
    # The booth spoke with the API alone, never with a cookie; the code went with the ballot only.
    api = [(url, headers) for url, headers in requests if "/api/" in url]
    assert api
    assert not any("cookie" in headers for _, headers in api)
    assert {url.rpartition("/")[2] for url, headers in api if "psephos-permit" in headers} == {"ballots"}
    pdf = page.get_by_role("link", name="Receipt as PDF")
    with page.expect_download() as download:
        pdf.click()
    assert download.value.suggested_filename == f"psephos-receipt-{tracker(page)[:5]}.pdf"
    notice = " ".join(polling.mail(before, "Khu đất chợ cũ").split())
    assert "mã bỏ phiếu của bạn" in notice

    # She votes again: the sign-in is still there, the code is a new one.
    polling.booth(page, 1)
    again = polling.sign_in(page, 1)
    again.get_by_role("button", name=LET_IN["en"]).click()
    expect(page.get_by_role("heading", level=1, name=EN.in_urn)).to_be_focused()
    expect(
        page.get_by_text("It is ballot number 2 cast with your code. The last one counts.")
    ).to_be_visible()
    assert polling.ballots(1) == 2

    # With the code of another voter she is told what happened, and nothing is in the urn.
    polling.booth(page, 2)
    conflict = polling.sign_in(page, 1)
    conflict.get_by_role("button", name=LET_IN["en"]).click()
    expect(page.get_by_role("heading", level=1, name=EN.refused)).to_be_focused()
    expect(page.get_by_role("alert").locator("visible=true")).to_contain_text(
        "The person who signed in has voted with another voting code"
    )
    assert polling.ballots(2) == 0


@pytest.mark.thorough
def test_a_code_that_ran_out_costs_no_ballot(
    polling: Polling, profile: Callable[..., BrowserContext]
) -> None:
    page = profile().new_page()
    polling.booth(page, 3)
    tab = polling.sign_in(page, 3)
    page.go_back()  # to the review: the sealed ballot is the same one afterwards
    sealed = tracker(page)
    page.get_by_role("button", name=EN.cast, exact=True).click()
    page.evaluate("document.querySelector('#entry-form').closest('details').open = true")
    field = page.get_by_label("Entry code")
    for typed, sentence in (("", "Paste the entry code"), ("x" * 42, "This is not a whole entry code.")):
        field.fill(typed)
        page.get_by_role("button", name="Cast my vote with this code").click()
        expect(page.locator("[data-error-summary]:visible")).to_contain_text(sentence)
        expect(page).to_have_title(re.compile("^Error: "))
    field.fill("A" * 43)
    page.get_by_role("button", name="Cast my vote with this code").click()
    reason = page.get_by_text("The entry code has expired or was used for another ballot.")
    expect(reason).to_be_visible()
    assert polling.ballots(3) == 0
    # Somebody signed in anew elsewhere: the code of this tab is an old one when it comes.
    with writing(polling.vote.office.engine) as session:
        session.execute(delete(VotingPermit))
    with tab.context.expect_page():
        page.get_by_role("link", name=OPEN["en"], exact=True).click()
    tab.close()
    new = page.context.pages[-1]
    new.get_by_role("button", name=LET_IN["en"]).click()
    expect(page.get_by_role("heading", level=1, name=EN.in_urn)).to_be_focused()
    assert tracker(page) == sealed
    assert polling.ballots(3) == 1


@pytest.mark.thorough
def test_a_vietnamese_phone_signs_in_on_another_device(
    polling: Polling, profile: Callable[..., BrowserContext]
) -> None:
    phone = profile(locale="vi-VN", **PHONE).new_page()
    polling.booth(phone, 4, VI)
    other = profile(locale="vi-VN").new_page()
    before = len(polling.post.taken)
    other.goto(f"{polling.url}/vi/elections/{polling.vote.election}/permit")
    other.get_by_label(re.compile("thư điện tử")).fill(EMAILS[3])
    other.get_by_role("button", name=re.compile("Gửi")).click()
    other.goto(polling.link(before))
    other.locator("main form button").click()
    other.get_by_role("button", name=LET_IN["vi"]).click()
    code = other.locator("#entry-code").inner_text()
    phone.get_by_text("Tôi đã đăng nhập trên thiết bị khác").click()
    phone.get_by_label("Mã vào cửa").fill(f" {code} ")
    phone.get_by_role("button", name="Bỏ phiếu bằng mã này").click()
    expect(phone.get_by_role("heading", level=1, name=VI.in_urn)).to_be_focused()
    assert polling.ballots(4) == 1


@pytest.mark.thorough
def test_whoever_is_not_on_the_list_is_told_and_the_ballot_waits(
    polling: Polling, profile: Callable[..., BrowserContext]
) -> None:
    page = profile().new_page()
    polling.booth(page, 5)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=OPEN["en"], exact=True).click()
    tab = opened.value
    before = len(polling.post.taken)
    tab.get_by_label("E-mail address").fill("stranger@example.org")
    tab.get_by_role("button", name="Send me the link").click()
    tab.goto(polling.link(before))
    tab.locator("main form button").click()
    expect(tab.get_by_role("heading", level=1, name="Your ballot cannot be let in")).to_be_visible()
    expect(tab.get_by_text("Ask the help desk before voting closes")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=SIGN_IN["en"])).to_be_visible()
    # Loading the booth anew asks first; then nothing is there, and nothing was cast.
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_role("heading", level=1, name=EN.enter_code)).to_be_visible()
    assert polling.ballots(5) == 0


@pytest.mark.thorough
def test_a_full_disk_is_told_and_the_vote_goes_in_later(
    polling: Polling, profile: Callable[..., BrowserContext]
) -> None:
    office = polling.vote.office
    plain = hold_sign_in_vote(office, polling.vote.desk, utc_now(), EMAILS, sign_in=False)
    there = replace(polling, vote=plain)
    page = profile().new_page()
    # In this process, whose connections the test can take the room from.
    pool, polling.app.state.casting = polling.app.state.casting, DirectCasting(office)

    def no_room(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # never below what is there already

    event.listen(office.engine, "begin", no_room)
    try:
        there.to_review(page, 1)
        page.get_by_role("button", name=EN.cast, exact=True).click()
        expect(page.get_by_role("heading", level=1, name=EN.refused)).to_be_focused()
        expect(page.get_by_text("The server has no room left and stored nothing.")).to_be_visible()
        assert there.ballots(1) == 0
        other = profile().new_page()
        other.goto(f"{polling.url}/en/elections/{plain.election}/disputes/new")
        other.get_by_label("I could not vote").check()
        other.get_by_label("In your words").fill("ữ" * 4000)  # more than what is left in the last page
        other.get_by_role("button", name="Send the objection").click()
        expect(other.get_by_role("heading", level=1)).to_have_text(
            re.compile("The server has no room left|Not possible at this moment")
        )
    finally:
        event.remove(office.engine, "begin", no_room)
        with office.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        office.engine.dispose()
        polling.app.state.casting = pool
    page.get_by_role("button", name=EN.retry, exact=True).click()
    page.get_by_role("button", name=EN.cast, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=EN.in_urn)).to_be_focused()
    assert there.ballots(1) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("words", [pytest.param(EN, marks=pytest.mark.slow), VI], ids=["en", "vi"])
def test_no_page_of_it_shuts_anybody_out(
    polling: Polling, profile: Callable[..., BrowserContext], words: Words
) -> None:
    found: dict[str, list[str]] = {}

    def look(name: str, page: Page) -> None:
        if bad := faults(page, words_alone=words is EN):
            found[name] = bad

    lang, n = words.lang, 7 if words is EN else 8
    page = profile(reduced_motion="reduce").new_page()
    polling.booth(page, n, words)
    look("sign-in step", page)
    page.evaluate("document.querySelector('#entry-form').closest('details').open = true")
    page.locator("#entry-form button").click()
    look("sign-in step, with an error", page)
    tab = polling.sign_in(page, n, words)
    look("permit", tab)
    tab.get_by_role("button", name=LET_IN[lang]).click()
    expect(page.get_by_role("heading", level=1, name=words.in_urn)).to_be_focused()
    look("entry code", tab)
    vote = f"{polling.url}/{lang}/elections/{polling.vote.election}"
    page.goto(f"{vote}/receipt-mail?code={alias(polling.vote.codes[n - 1].public_key)}")
    look("receipt by mail", page)
    page.locator("main form button").first.click()
    look("receipt by mail, with an error", page)
    page.goto(f"{vote}/disputes/new")
    page.locator("main form button").last.click()
    look("object, with an error", page)
    page.locator("input[name=category]").first.check()
    page.locator("textarea").fill("Dòng một\nDòng hai " + "dài" * 200)
    page.locator("input[name=publish]").check()
    page.locator("main form button").last.click()
    look("objection filed", page)
    number = page.url.partition("/disputes/")[2].partition("?")[0]

    staff = profile(reduced_motion="reduce")
    desk = DeskUnderTest(polling.vote.desk, Clock(), Path())
    token = encode_base64url(desk.session(desk.person("Hoa", (Role.OFFICIAL, Role.REGISTRAR))))
    staff.add_cookies([{"name": "psephos", "value": token, "url": polling.url}])
    office = staff.new_page()
    for place in (
        "office/disputes",
        f"office/{polling.vote.election}/disputes",
        f"office/{polling.vote.election}/disputes/{number}",
        "registrar",
        "trail",
        f"registrar/{polling.vote.election}",
    ):
        office.goto(f"{polling.url}/{lang}/{place}")
        look(place, office)
    office.locator("form[action$=contacts] button").click()
    look("registrar, with an error", office)
    assert not found


@pytest.mark.thorough
@pytest.mark.parametrize("arrived", [True, False], ids=["answer-lost", "request-lost"])
def test_the_network_breaks_after_the_sign_in(
    polling: Polling, profile: Callable[..., BrowserContext], arrived: bool
) -> None:
    """The code is used or not, and nobody can know: the board decides, and the same code may be sent again."""
    n = 9 if arrived else 10
    page = profile().new_page()
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        if arrived:
            route.fetch()
        route.abort()

    page.route("**/ballots", lose_once)
    polling.booth(page, n)
    tab = polling.sign_in(page, n)
    tab.get_by_role("button", name=LET_IN["en"]).click()
    if not arrived:
        expect(page.get_by_role("heading", level=1, name=EN.unknown)).to_be_visible()
        expect(page.get_by_text("Not on the board so far.")).to_be_visible()
        assert polling.ballots(n) == 0
        page.get_by_role("button", name=EN.send_again, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=EN.in_urn)).to_be_focused()
    assert (len(lost), polling.ballots(n)) == (1, 1)

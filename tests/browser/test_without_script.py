"""Without JavaScript everything can be read, looked up and checked; only the booth cannot work, and says so."""

import pytest
from playwright.sync_api import Page, expect

from crypto.display_code import alias
from protocol.text import LocalText
from rehearsal.one_machine import seal_vote
from tests.browser.conftest import NewContext
from tests.browser.pages import MISSING, every_page
from tests.browser.site import HELP_LINE, Site
from tests.browser.ward import LAND, HeldElection, Hours, hold
from tests.browser.words import EN, VI, Words
from voting.casting import cast_ballot
from voting.office import utc_now

pytestmark = pytest.mark.browser

BALLOTS = 24


@pytest.fixture
def plain(new_context: NewContext) -> Page:
    """A tab of such a browser."""
    return new_context(java_script_enabled=False, viewport={"width": 1280, "height": 720}).new_page()


@pytest.fixture(scope="module")
def full_board(site: Site) -> HeldElection:
    """A board with more entries than one page shows."""
    title = LocalText(en="A long board", vi="Bảng dài")
    office = site.ward.office
    election = hold(office, title, (LAND,), Hours.around(utc_now()), trustees=1, voters=BALLOTS)
    for _ in range(BALLOTS):
        vote = seal_vote(election.terms, election.take().code, ((1, 0, 0, 0),))
        cast_ballot(office, election.id, vote)
    return election


@pytest.mark.thorough
@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_every_page_can_be_read(site: Site, plain: Page, words: Words) -> None:
    for name, path in every_page(site).items():
        answer = plain.goto(f"{site.url}/{words.lang}{path}")
        assert answer is not None
        assert answer.status == (404 if name == MISSING else 200), name
        expect(plain.get_by_role("heading", level=1)).to_be_visible()
        # What only a script could fill or press is not shown.
        expect(plain.get_by_role("button", name="Check the signature in this browser")).to_have_count(0)
        expect(plain.locator("input[type=file]")).to_have_count(
            int(name == "object" or ("/check" in path and name != "check-any"))
        )
        expect(plain.locator("input[type=file]:visible")).to_have_count(int(name == "object"))


@pytest.mark.parametrize(
    ("words", "heading", "help_words"),
    [
        (EN, "The voting booth needs JavaScript", "Nobody there will ever ask for your voting code."),
        (VI, "Phòng bỏ phiếu cần JavaScript", "Không cán bộ nào hỏi mã bỏ phiếu của bạn."),
    ],
    ids=["en", "vi"],
)
def test_the_booth_says_what_to_do(
    site: Site, plain: Page, words: Words, heading: str, help_words: str
) -> None:
    plain.goto(site.page(words.lang, site.ward.open, "booth"))
    expect(plain.get_by_role("heading", level=1)).to_have_text([heading])
    advice = plain.get_by_role("listitem").filter(has_text=HELP_LINE.replace(" ", "\u00a0"))
    expect(advice).to_contain_text(help_words)
    expect(plain.get_by_role("textbox")).to_have_count(0)
    expect(plain.get_by_role("button")).to_have_count(0)


def test_a_ballot_is_looked_up_by_a_form(site: Site, plain: Page) -> None:
    election = site.ward.closed
    plain.goto(site.page("vi", election, "check"))

    def look_up(code: str) -> None:
        plain.get_by_label("Mã biên nhận hoặc mã cử tri").fill(code)
        plain.get_by_role("button", name=VI.check, exact=True).click()

    look_up("")
    expect(plain.get_by_role("alert")).to_contain_text("Hãy nhập mã biên nhận hoặc mã cử tri")
    assert plain.title().startswith(VI.error)
    look_up("7KQ4Ă")
    expect(plain.get_by_role("alert")).to_contain_text("Hãy tắt bộ gõ tiếng Việt rồi nhập lại mã.")
    look_up("00000-00000-00000-00000-00000")
    expect(plain.get_by_role("heading", name=VI.not_found)).to_be_visible()
    look_up(alias(election.used[0].public_key).lower().replace("-", " "))
    expect(plain.get_by_role("heading", name=VI.found)).to_be_visible()
    expect(plain.get_by_role("heading", name="Lá phiếu 2 trên 2")).to_be_visible()
    # It does not pretend that the browser checked anything.
    expect(plain.get_by_text("Câu trả lời này do máy chủ đưa ra")).to_be_visible()
    expect(plain.get_by_role("heading", name="Những gì trình duyệt này đã kiểm tra")).to_have_count(0)


def test_the_board_is_paged_and_searched(site: Site, plain: Page, full_board: HeldElection) -> None:
    size = len(site.ward.entries(full_board))
    plain.goto(site.page("en", full_board, "board"))
    rows = plain.get_by_role("row").filter(has=plain.get_by_role("link"))
    first = rows.first.inner_text()
    assert str(size - 1) in first
    plain.get_by_role("link", name="Earlier entries").click()
    expect(plain.get_by_role("row").filter(has_text="Key ceremony")).to_be_visible()
    assert "page=1" in plain.url
    plain.get_by_role("link", name="Later entries").click()
    expect(rows.first).to_contain_text(str(size - 1))
    plain.get_by_label("Entry number, receipt code or voter number").fill("3")
    plain.get_by_role("button", name="Find").click()
    expect(plain.get_by_role("heading", level=1, name="Entry 3")).to_be_visible()


def test_the_result_can_be_read(site: Site, plain: Page) -> None:
    """Three for the park, two for the market, one blank vote: in words and in a table."""
    plain.goto(site.page("en", site.ward.closed, "result"))
    expect(plain.get_by_role("heading", level=1)).to_contain_text("The ward library")
    expect(plain.get_by_role("main")).to_contain_text("turnout: 6 of 12 voters")
    for option, share in (("A park with a playground", "3 · 50.0%"), ("A covered market", "2 · 33.3%")):
        expect(plain.get_by_role("listitem").filter(has_text=option).first).to_contain_text(share)
    plain.get_by_text("The same numbers as a table").first.click()
    table = plain.get_by_role("table").first
    for option, votes in (
        ("A covered market", "2"),
        ("A park with a playground", "3"),
        ("A library", "0"),
        ("Blank vote", "1"),
    ):
        row = table.get_by_role("row").filter(has=plain.get_by_role("rowheader", name=option))
        expect(row.get_by_role("cell").first).to_have_text(votes)


def test_a_receipt_is_printed_from_the_check_page(site: Site, plain: Page) -> None:
    election = site.ward.closed
    code = alias(election.used[1].public_key)
    plain.goto(site.page("vi", election, f"check?code={code}"))
    with plain.expect_download() as download:
        plain.get_by_role("link", name="Biên nhận dạng PDF").click()
    assert download.value.suggested_filename.startswith("psephos-receipt-")
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def test_an_objection_is_filed_by_a_form(site: Site, plain: Page) -> None:
    election = site.ward.closed
    plain.goto(site.page("en", election, "check?code=00000-00000-00000-00000-00000"))
    plain.get_by_role("link", name="Object here, with the receipt as evidence").click()
    plain.get_by_role("button", name="Send the objection").click()
    expect(plain.get_by_role("alert")).to_contain_text("Choose what happened")
    assert plain.title().startswith(EN.error)
    plain.get_by_label("My ballot is not found on the board").check()
    plain.get_by_label("In your words").fill("I looked for it on Monday at noon.")
    plain.get_by_role("button", name="Send the objection").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("Your objection is filed as no.")
    with plain.expect_download() as download:
        plain.get_by_role("link", name="Save what you filed").click()
    assert b"psephos/dispute/v1" in download.value.path().read_bytes()
    plain.get_by_role("link", name="All objections").click()
    expect(plain.get_by_text("My ballot is not found on the board")).to_be_visible()
    expect(plain.get_by_text("I looked for it on Monday at noon.")).to_have_count(0)

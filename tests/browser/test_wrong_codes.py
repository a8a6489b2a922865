"""What is typed wrong in the code's field, and the sentence that mends it, in both languages."""

import unicodedata

import pytest
from playwright.sync_api import Page, expect

from crypto.voting_code import make_voting_code
from rehearsal.one_machine import seal_vote
from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.site import Site
from tests.browser.words import EN, VI, Words
from voting.casting import cast_ballot

pytestmark = pytest.mark.browser

SENTENCES = {
    "empty": ("Enter your voting code", "Nhập mã bỏ phiếu"),
    "vietnamese": (
        "The code has Vietnamese letters in it (“Ă”, “đ”). Switch the Vietnamese keyboard off and type the code again.",
        "Mã có chữ cái tiếng Việt (“Ă”, “đ”). Hãy tắt bộ gõ tiếng Việt rồi nhập lại mã.",
    ),
    "symbol": (
        "There is no “U” in a voting code. Compare it with your letter, group by group.",
        "Mã bỏ phiếu không có ký tự “U”. Hãy so từng nhóm với thư của bạn.",
    ),
    "short": (
        "The code has 28 letters and numbers; you typed 24. Look for a group that is missing or typed twice.",
        "Mã có 28 chữ và số; bạn đã nhập 24. Hãy xem có nhóm nào bị thiếu hoặc nhập hai lần.",
    ),
    "long": (
        "The code has 28 letters and numbers; you typed 32. Look for a group that is missing or typed twice.",
        "Mã có 28 chữ và số; bạn đã nhập 32. Hãy xem có nhóm nào bị thiếu hoặc nhập hai lần.",
    ),
    "one": (
        "The code has 28 letters and numbers; you typed one. Look for what is missing.",
        "Mã có 28 chữ và số; bạn mới nhập một. Hãy xem còn thiếu gì.",
    ),
    "checksum": (
        "One letter or number is wrong, or two have changed places. Compare each group with your letter.",
        "Có một chữ hoặc số bị sai, hoặc hai ký tự bị đảo chỗ. Hãy so từng nhóm với thư của bạn.",
    ),
    "unknown": (
        "This code is not on the voters’ list of this vote. "
        "Look whether your letter has the fingerprint shown below.",
        "Mã này không có trong danh sách cử tri của cuộc bỏ phiếu này. "
        "Hãy xem thư của bạn có mã nhận dạng ghi bên dưới không.",
    ),
    "voted": (
        "A ballot with this voting code is in the urn already, and in this vote each code casts one ballot only.",
        "Trong hòm phiếu đã có lá phiếu bỏ bằng mã này, và trong cuộc bỏ phiếu này mỗi mã chỉ bỏ được một lá phiếu.",
    ),
}


def wrong_codes(code: str, of_another: str) -> list[tuple[str, str]]:
    """(what is typed, which sentence it gets) for a code that is right."""
    last = "0" if code[-1] != "0" else "1"
    at = next(i for i in range(26) if "-" not in code[i : i + 2] and code[i] != code[i + 1])
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    telex = f"Ăđ{code[2:]}"
    return [
        ("", "empty"),
        ("   ", "empty"),
        (telex, "vietnamese"),
        (unicodedata.normalize("NFD", telex), "vietnamese"),
        (f"U{code[1:]}", "symbol"),
        (code[:-5], "short"),
        (code + code[-5:], "long"),
        ("7", "one"),
        (code[:-1] + last, "checksum"),
        (swapped, "checksum"),
        (make_voting_code().written, "unknown"),
        (of_another, "unknown"),
    ]


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_each_mistake_has_its_sentence(site: Site, page: Page, words: Words) -> None:
    election = site.ward.short
    voter = election.take()
    booth = Booth(page, site, election, words).open()
    field = page.get_by_label(words.code, exact=True)
    for typed, mistake in wrong_codes(voter.code.written, site.ward.open.take().code.written):
        booth.enter(typed)
        sentence = SENTENCES[mistake][words is VI]
        expect(page.locator("[data-error-summary]:visible")).to_contain_text(sentence)
        expect(page.locator("#code-error")).to_have_text(f"{words.error}{sentence}")
        expect(page).to_have_title(f"{words.error}{words.enter_code} – Psephos")
        expect(field).to_have_value(typed)
    booth.enter(voter.code.written.replace("0", "o").replace("1", "l"))
    booth.expect_step(booth.text(0))
    expect(page.locator("[data-error-summary]:visible")).to_have_count(0)
    assert not page.title().startswith(words.error)


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_a_code_that_may_vote_once_has_voted(site: Site, page: Page, words: Words) -> None:
    election = site.ward.alone
    voter = election.take()
    vote = seal_vote(election.terms, voter.code, ((1, 0, 0, 0),))
    cast_ballot(site.ward.office, election.id, vote)
    booth = Booth(page, site, election, words).open()
    booth.enter(voter.code.written)
    expect(page.locator("[data-error-summary]:visible")).to_contain_text(SENTENCES["voted"][words is VI])


def test_the_letters_qr_code_brings_the_code(site: Site, new_context: NewContext) -> None:
    """The fragment never reaches the server, and does not stay in the address or the history."""
    election = site.ward.short
    voter = election.take()
    page = new_context().new_page()
    address = site.page("en", election, "booth")
    page.goto(f"{address}#code={voter.code.written}")
    expect(page.get_by_label(EN.code, exact=True)).to_have_value(voter.code.written)
    assert page.url == address
    booth = Booth(page, site, election)
    booth.go_on()
    booth.expect_step(booth.text(0))
    page.go_back()
    booth.expect_step(EN.enter_code)
    assert voter.code.written not in page.url


def test_before_and_after_its_hours_the_booth_asks_for_nothing(site: Site, page: Page) -> None:
    for election, sentence in (
        (site.ward.announced, "The voting booth is not open yet"),
        (site.ward.closed, "The voting booth is closed"),
    ):
        page.goto(site.page("en", election, "booth"))
        expect(page.get_by_role("heading", level=1, name=sentence)).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(0)

"""The letter: what a voter reads in it, and what it must not do."""

import unicodedata
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import segno

from crypto.voting_code import VotingCode
from paper.letter import ElectionOnPaper, Letter, letters_pdf
from paper.sheet import NotPrintable
from paper.words import LANGUAGES, Both, Language
from tests.paper.pages import page_text, qr_modules, reader

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ELECTION = ElectionOnPaper(
    title=Both("Which lane first?", "Ngõ nào cần sửa trước?"),
    authority=Both("Đồng Sen Ward", "Ủy ban nhân dân phường Đồng Sen"),
    opens_at=datetime(2026, 11, 20, 7, tzinfo=ZONE),
    closes_at=datetime(2026, 11, 29, 20, tzinfo=ZONE),
    site="https://vote.example.org",
    fingerprint="0ABCD-EFGHJ-KMNPQ-RSTVW-XYZ12",
    help_line="0236 3333 000",
)
CODE = VotingCode("0123456789ABCDEFGHJKMNPQRS").written
LETTER = Letter(
    voter="Nguyễn Thị Ánh Tuyết",
    address="Số 3, Ngõ 45, Phường Đồng Sen, Đà Nẵng",
    language="vi",
    code=CODE,
    voter_number="7KMNP-EFGHJ-KMNPQ-RSTVW-XYZ12",
    scan=f"https://vote.example.org/vi/elections/{'0123456789abcdef' * 2}/booth#code={CODE}",
)


def text(letter: Letter = LETTER, election: ElectionOnPaper = ELECTION) -> str:
    pdf = letters_pdf(election, [letter])
    assert len(reader(pdf).pages) == 1
    return page_text(pdf)


def test_a_letter_says_all_that_a_voter_needs_in_both_languages() -> None:
    found = text()
    for words in (
        "Nguyễn Thị Ánh Tuyết",
        "Số 3, Ngõ 45, Phường Đồng Sen, Đà Nẵng",
        "Ủy ban nhân dân phường Đồng Sen",
        "Đồng Sen Ward",
        "Ngõ nào cần sửa trước?",
        "Which lane first?",
        "Kết thúc bỏ phiếu: 20:00 Chủ nhật, 29/11/2026 (GMT+7)",
        "Voting opens: Friday 20 November 2026, 7:00 (GMT+7)",
        "https://vote.example.org",
        CODE,
        LETTER.voter_number,
        ELECTION.fingerprint,
        "0236 3333 000",
        "“Your vote is in the urn.”",
        "“Lá phiếu của bạn đã vào hòm phiếu.”",
        "Hãy tắt bộ gõ tiếng Việt",
    ):
        # A line may break anywhere between two words; words that the two columns share come in some order.
        assert words in found or all(word in found for word in words.split()), words
    assert unicodedata.is_normalized("NFC", found)


def test_every_vietnamese_letter_can_be_read_and_copied() -> None:
    vowels = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]
    letters = [
        unicodedata.normalize("NFC", f"{vowel}{tone}")
        for vowel in vowels
        for tone in "\u0300\u0301\u0303\u0309\u0323"
    ]
    name = " ".join(["".join(letters[:30]), "".join(letters[30:]), "đĐ", "".join(letters).upper()[:60]])
    for spelled in (name, unicodedata.normalize("NFD", name)):
        found = text(replace(LETTER, voter=spelled)).replace(" ", "")
        assert name.replace(" ", "") in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_voters_language_comes_first(language: Language) -> None:
    found = text(replace(LETTER, language=language))
    vietnamese, english = found.index("Ngõ nào cần"), found.index("Which lane")
    assert (vietnamese < english) is (language == "vi")


@pytest.mark.parametrize("scan", [LETTER.scan, CODE])
def test_the_qr_code_holds_exactly_what_the_booth_reads(scan: str) -> None:
    expected = [[bool(bit) for bit in row] for row in segno.make(scan, error="m", micro=False).matrix]
    assert qr_modules(letters_pdf(ELECTION, [replace(LETTER, scan=scan)])) == expected


@pytest.mark.parametrize(
    ("election", "words", "absent"),
    [
        (ELECTION, "you can vote again", "rehearsal"),
        (replace(ELECTION, revoting=False), "each code casts one ballot only", "you can vote again"),
        (replace(ELECTION, sign_in=True), "asks you to sign in", "rehearsal"),
        (replace(ELECTION, rehearsal=True), "chạy thử", "sign in"),
        (replace(ELECTION, replaceable=False), "a lost code cannot be replaced", "you get a new one"),
    ],
    ids=["plain", "once", "sign-in", "rehearsal", "not-replaceable"],
)
def test_the_letter_promises_what_the_election_keeps(
    election: ElectionOnPaper, words: str, absent: str
) -> None:
    found = text(election=election).lower()
    assert words in found
    assert absent not in found


def test_a_second_letter_says_that_it_replaces_the_first() -> None:
    assert "replaces an earlier one" in text(replace(LETTER, replaces=True))
    assert "replaces an earlier one" not in text()


def test_long_names_titles_and_addresses_stay_on_one_page() -> None:
    longest = Both("Which of the lanes and bridges? " * 6, "Những ngõ và cầu nào của phường? " * 6)
    election = replace(
        ELECTION,
        title=longest,
        authority=longest,
        rehearsal=True,
        sign_in=True,
        help_line="0236 3333 000 " * 13,
    )
    letter = replace(
        LETTER, voter="Công Tằng Tôn Nữ " * 11, address="Số 3, Ngõ 45, Phường Đồng Sen " * 10, replaces=True
    )
    found = text(letter, election)
    assert found.count("Tằng") == 11
    assert found.count("Ngõ 45") == 10
    assert CODE in found
    # One word as long as a line and longer breaks, and loses nothing.
    assert "W" * 200 in text(replace(LETTER, voter="W" * 200)).replace(" ", "")


def test_nothing_leaves_its_place_on_the_sheet() -> None:
    """The lowest line of the columns stands above the box of the code, and the address inside the window."""
    longest = Both("Which of the lanes and bridges? " * 6, "Những ngõ và cầu nào của phường? " * 6)
    election = replace(ELECTION, title=longest, rehearsal=True, sign_in=True)
    letter = replace(
        LETTER, voter="Công Tằng Tôn Nữ " * 11, address="Số 3, Ngõ 45, Phường Đồng Sen " * 10, replaces=True
    )
    places: list[tuple[float, float, str]] = []

    def visit(words: str, _: object, matrix: list[float], __: object, ___: object) -> None:
        if words.strip():
            places.append((matrix[4] * 25.4 / 72, 297 - matrix[5] * 25.4 / 72, words.strip()))

    reader(letters_pdf(election, [letter])).pages[0].extract_text(visitor_text=visit)
    assert len(places) > 40
    for x, y, words in places:
        assert 19.9 <= x <= 190, words
        assert 10 <= y <= 287, words
        assert not 210.5 < y < 214, words  # the rule of the box
        if y > 92:
            assert "Tằng" not in words
            assert "Ngõ 45" not in words


def test_the_same_letters_are_the_same_bytes() -> None:
    assert letters_pdf(ELECTION, [LETTER, LETTER]) == letters_pdf(ELECTION, [LETTER, LETTER])
    assert letters_pdf(ELECTION, [LETTER]) != letters_pdf(ELECTION, [replace(LETTER, voter="Mai")])


def test_the_file_says_its_title_language_and_standard() -> None:
    pdf = letters_pdf(ELECTION, [LETTER])
    document = reader(pdf)
    assert document.xmp_metadata is not None
    assert document.xmp_metadata.dc_title == {
        "x-default": "Ủy ban nhân dân phường Đồng Sen: Ngõ nào cần sửa trước?"
    }
    assert str(document.root_object["/Lang"]) == "vi"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    # Every font is embedded: nothing depends on the machine that prints.
    assert pdf.count(b"/FontFile2") == pdf.count(b"/FontDescriptor ") == 3


@pytest.mark.parametrize("name", ["Анна", "王", "Mai \U0001f600", "नाम"])
def test_a_name_that_the_font_cannot_write_is_refused_not_printed_as_boxes(name: str) -> None:
    with pytest.raises(NotPrintable) as refused:
        letters_pdf(ELECTION, [LETTER, replace(LETTER, voter=name)])
    assert refused.value.letters[0] in name


def test_no_secret_in_a_repr() -> None:
    assert not any(word in repr(LETTER) for word in (CODE, "Tuyết", "Ngõ"))

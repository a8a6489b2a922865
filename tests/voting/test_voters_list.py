"""The voters' list: every encoding and both formats mean the same; every bad line is named; nothing is half taken."""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.manifest import Area
from protocol.roll import RollEntry
from protocol.text import LocalText
from tests.support.repository import ROOT
from voting import voters_list
from voting.list_findings import SENTENCES, SHOWN_MAX
from voting.voters_list import VoterLine, VotersList, clean_csv, read_voters

NORTH, SOUTH = (
    Area(id="north", name=LocalText(en="North", vi="Khu Bắc")),
    Area(id="south", name=LocalText(en="South", vi="Khu Nam")),
)
AREAS = (NORTH, SOUTH)
HEADER = ("voter", "area", "weight", "identity", "email", "language", "address")
LINES = [
    ("Nguyễn Thị Ánh Tuyết", "north", "1", "001099000123", "tuyet@example.org", "vi", "Số 3 Ngõ 45, Hà Nội"),
    ("Trần Đình Phước", "Khu Nam", "3", "", "", "", ""),
    ("Đặng Hữu Nghĩa", "South", "2", "B-7", "nghia@example.org", "en", "Ấp 4"),
]
VOTERS = [
    VoterLine(2, LINES[0][0], RollEntry(1, "north"), *LINES[0][3:]),
    VoterLine(3, LINES[1][0], RollEntry(3, "south"), *LINES[1][3:]),
    VoterLine(4, LINES[2][0], RollEntry(2, "south"), *LINES[2][3:]),
]
TRICKY = ROOT / "tests/data/lists/tricky_strings.json"


def as_csv(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def as_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            if value == "":
                continue
            cell = sheet.cell(number, place)
            cell.value = value
            if isinstance(value, str):  # text, also where it looks like a formula or an error
                cell.data_type = "s"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def in_windows_1258(text: str) -> bytes:
    """As a Vietnamese Windows writes it: vowel letters of the code page, tones as marks after them."""
    written = bytearray()
    for character in text:
        try:
            written += character.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", character)
            tone = next(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
            written += unicodedata.normalize("NFC", parts.replace(tone, "")).encode("cp1258")
            written += tone.encode("cp1258")
    return bytes(written)


ENCODERS = {
    "utf-8": lambda text: text.encode(),
    "utf-8-mark": lambda text: text.encode("utf-8-sig"),
    "utf-8-nfd": lambda text: unicodedata.normalize("NFD", text).encode(),
    "utf-16-le": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "windows-1258": in_windows_1258,
}


def codes(read: VotersList) -> list[tuple[int, str, str]]:
    return [(each.line, each.column, each.code) for each in read.faults]


def one_line(**cells: str) -> VotersList:
    """A list of one voter, sound but for these cells."""
    line = {**dict(zip(HEADER, LINES[0], strict=True)), **cells}
    return read_voters(as_csv([HEADER, [line[column] for column in HEADER]]).encode(), AREAS)


# The same list, whatever the file.


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ENCODERS)
def test_every_encoding_and_separator_gives_the_same_voters(encoding: str, separator: str, end: str) -> None:
    read = read_voters(ENCODERS[encoding](as_csv([HEADER, *LINES], separator, end)), AREAS)
    assert not read.faults
    assert list(read.lines) == VOTERS
    # Only the guess among old encodings asks somebody to look.
    assert [each.code for each in read.warnings] == (["windows-1258"] if encoding == "windows-1258" else [])


def test_a_workbook_gives_the_same_voters() -> None:
    read = read_voters(as_xlsx([HEADER, *LINES]), AREAS)
    assert (read.faults, read.warnings) == ((), ())
    assert list(read.lines) == VOTERS


def test_what_a_spreadsheet_writes_for_itself_is_understood() -> None:
    read = read_voters(("sep=;\r\n" + as_csv([HEADER, *LINES], ";")).encode("utf-8-sig"), AREAS)
    assert [(each.line, each.voter) for each in read.lines] == [
        (each.line + 1, each.voter) for each in VOTERS
    ]


LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY0123456789.,;'\"/&()-=+@"
TONES = "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
NAMES = st.text(LETTERS + TONES + TONES.upper() + "     ", min_size=1, max_size=40).map(
    lambda text: " ".join(text.split()) or "Mai"
)
MANY = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(["north", "south"]),
        st.integers(1, 1_000_000).map(str),
        st.just(""),
        st.sampled_from(["", "a@example.org", "-x+y@mail.example.vn"]),
        st.sampled_from(["", "en", "vi"]),
        st.one_of(st.just(""), NAMES),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda line: line[0].casefold(),
)


@given(lines=MANY, encoding=st.sampled_from(sorted(ENCODERS)), separator=st.sampled_from(",;\t"))
@settings(max_examples=60, deadline=None)
def test_any_list_comes_back_from_every_file(
    lines: list[tuple[str, ...]], encoding: str, separator: str
) -> None:
    def plain(cell: str) -> str:
        # An apostrophe before a formula is how a clean file writes the formula as text.
        return voters_list.neutralised(cell)

    written = [[plain(cell) for cell in line] for line in lines]
    wanted = [(line[0], line[1], int(line[2]), line[4], line[5], line[6]) for line in lines]
    first = read_voters(ENCODERS[encoding](as_csv([HEADER, *written], separator)), AREAS)
    for read in (
        first,
        read_voters(as_xlsx([HEADER, *written]), AREAS),
        read_voters(clean_csv(first.lines), AREAS),
    ):
        assert read.faults == ()
        assert [
            (each.voter, each.entry.area, each.entry.weight, each.email, each.language, each.address)
            for each in read.lines
        ] == wanted


# Columns.


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("voter,area,weight,colour", "unknown-column"),
        ("voter area weight", "separator"),
        ("voter|area|weight", "separator"),
        ("voter,area;weight", "separator"),
        ("voter,area,voter", "column-twice"),
        ("area,weight", "no-voter-column"),
        ("voter,weight", "no-area-column"),
        ("", "separator"),
    ],
)
def test_the_first_line_must_name_our_columns(header: str, code: str) -> None:
    read = read_voters(f"{header}\nA,north,1,x\n".encode(), AREAS)
    assert [each.code for each in read.faults] == [code]
    assert not read.lines


def test_an_unknown_column_of_a_workbook_is_named() -> None:
    (fault,) = read_voters(as_xlsx([("voter", "area", "colour"), ("A", "north", "red")]), AREAS).faults
    assert "“colour”" in str(fault)


def test_vietnamese_headings_and_any_order() -> None:
    rows = [("Địa chỉ", "Họ và tên", "KHU VỰC"), ("Ấp 4", "Mai", "khu bắc")]
    (line,) = read_voters(as_csv(rows).encode(), AREAS).lines
    assert line == VoterLine(2, "Mai", RollEntry(1, "north"), address="Ấp 4")


def test_one_area_and_equal_votes_need_no_columns() -> None:
    (line,) = read_voters(b"voter\nMai\n", [NORTH]).lines
    assert line.entry == RollEntry(1, "north")


def test_two_areas_of_one_name_must_be_told_apart() -> None:
    twin = Area(id="other", name=LocalText(en="Other", vi="Khu Bắc"))
    read = read_voters("voter,area\nMai,Khu Bắc\nLan,north\n".encode(), [NORTH, twin])
    assert codes(read) == [(2, "area", "area-ambiguous")]


# Cells.


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("voter", "", "voter-missing"),
        ("voter", "   ", "voter-missing"),
        ("voter", "x" * 201, "too-long"),
        ("voter", "Mai\x00", "unseen-character"),
        ("voter", "Mai\x07", "unseen-character"),
        ("voter", "Mai \u202eneyugN", "unseen-character"),
        ("voter", "Mai\u2066", "unseen-character"),
        ("voter", "Mai\u200b", "unseen-character"),
        ("voter", "Mai\u00ad", "unseen-character"),
        ("voter", "Mai\U000e0041", "unseen-character"),
        ("area", "", "area-missing"),
        ("area", "west", "unknown-area"),
        ("weight", "0", "weight"),
        ("weight", "", "weight"),
        ("weight", "-1", "weight"),
        ("weight", "1.5", "weight"),
        ("weight", "01", "weight"),
        ("weight", "1_000", "weight"),
        ("weight", "１", "weight"),
        ("weight", "1000001", "weight"),
        ("email", "nobody", "email-form"),
        ("email", "a@b", "email-form"),
        ("email", "a b@example.org", "email-form"),
        ("email", "a@example.org,b@example.org", "email-form"),
        ("email", "Mai <mai@example.org>", "email-form"),
        ("email", "a@exämple.org", "email-form"),
        ("language", "fr", "language"),
    ],
)
def test_a_bad_cell_is_named_with_its_line(column: str, value: str, code: str) -> None:
    assert one_line().usable  # control
    read = one_line(**{column: value})
    assert codes(read) == [(2, column, code)]
    assert not read.usable
    assert not read.lines


def test_a_line_break_inside_an_address_is_a_space() -> None:
    assert one_line(address="Số 3\r\nNgõ 45").lines[0].address == "Số 3 Ngõ 45"


def test_all_faults_are_named_not_only_the_first() -> None:
    rows = [HEADER, *LINES, ("", "west", "0", "", "x", "xx", ""), ("Mai", "north", "1", "", "", "", "")]
    read = read_voters(as_csv(rows).encode(), AREAS)
    assert codes(read) == [
        (5, "area", "unknown-area"),
        (5, "weight", "weight"),
        (5, "email", "email-form"),
        (5, "language", "language"),
        (5, "voter", "voter-missing"),
    ]
    assert [each.voter for each in read.lines] == [*(line[0] for line in LINES), "Mai"]
    assert not read.usable


def test_a_hundred_thousand_faults_do_not_make_a_report_of_that_length() -> None:
    read = read_voters(b"voter,area\n" + b"A,west\n" * 10_000, AREAS)
    assert len(read.faults) == SHOWN_MAX
    assert read.faults_count >= 10_000


def test_a_quoted_line_break_does_not_shift_the_lines() -> None:
    read = read_voters(b'voter,area,address\nA,north,"x\ny"\nB,west,\n', AREAS)
    assert codes(read) == [(4, "area", "unknown-area")]


@pytest.mark.parametrize("text", ['voter,area\n"A,north\n', 'voter,area\n"A"x,north\n'])
def test_broken_quotes_are_a_fault(text: str) -> None:
    assert codes(read_voters(text.encode(), AREAS)) == [(2, "", "broken-csv")]


def test_more_cells_than_headings() -> None:
    read = read_voters(b"voter,area\nA,north,1,\nB,north,,\n", AREAS)
    assert codes(read) == [(2, "", "cell-without-heading")]
    assert "Cell C2" in str(read.faults[0])


# Duplicates and look-alikes.


@pytest.mark.parametrize("twin", [unicodedata.normalize("NFD", "Trần Mỹ"), "TRẦN MỸ", " Trần  Mỹ "])
def test_a_voter_twice_is_a_fault_however_spelled(twin: str) -> None:
    read = read_voters(f"voter,area\nTrần Mỹ,north\n{twin},south\n".encode(), AREAS)
    assert codes(read) == [(3, "voter", "voter-twice")]
    assert "line 2" in str(read.faults[0])


def test_two_people_of_one_name_need_two_identities() -> None:
    table = "voter,area,identity\nTrần Mỹ,north,{}\nTrần Mỹ,south,{}\n"
    apart = read_voters(table.format("A1", "A2").encode(), AREAS)
    assert apart.usable
    assert [each.code for each in apart.warnings] == ["name-twice"]
    assert codes(read_voters(table.format("A1", "").encode(), AREAS)) == [(3, "voter", "voter-twice")]
    assert codes(read_voters(table.format("A1", "a1").encode(), AREAS)) == [(3, "identity", "identity-twice")]


def test_one_identity_under_two_names_is_a_fault() -> None:
    read = read_voters("voter,area,identity\nMai,north,É1\nLan,south,E\u03011\n".encode(), AREAS)
    assert codes(read) == [(3, "identity", "identity-twice")]


@pytest.mark.parametrize(
    ("name", "warnings"),
    [
        ("Mаi", ["two-scripts", "looks-like"]),  # а of Cyrillic
        ("Маі", ["two-scripts", "looks-like"]),  # all of Cyrillic
        ("Ｍａｉ", ["two-scripts", "looks-like"]),
        ("Анна", []),  # a name of its own script is no disguise
        ("Ελένη", []),
        ("Đặng Hữu Nghĩa", []),
        ("=1+1", ["like-a-formula"]),
    ],
)
def test_names_that_are_not_what_they_look_like(name: str, warnings: list[str]) -> None:
    read = read_voters(f"voter,area\nMai,north\n{name},south\n".encode(), AREAS)
    assert read.usable
    assert [each.code for each in read.warnings] == warnings


def test_one_mailbox_for_two_voters_is_a_warning() -> None:
    read = read_voters(b"voter,area,email\nA,north,x@example.org\nB,south,X@example.org\n", AREAS)
    assert read.usable
    assert [(each.line, each.code) for each in read.warnings] == [(3, "email-twice")]


@pytest.mark.parametrize("text", [each["text"] for each in json.loads(TRICKY.read_text())["strings"]])
def test_difficult_strings_come_back_or_are_refused_with_a_reason(text: str) -> None:
    read = one_line(voter=text)
    if read.usable:
        again = read_voters(clean_csv(read.lines), AREAS)
        assert [each.voter for each in again.lines] == [each.voter for each in read.lines]
        assert unicodedata.is_normalized("NFC", read.lines[0].voter)
        assert not clean_csv(read.lines).split(b"\n")[1].startswith((b"=", b"+", b"-", b"@", b'"=', b'"+'))
    else:
        assert {each.code for each in read.faults} <= {"unseen-character", "voter-missing", "too-long"}


# Files that are none.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        ("voter,area\nA,north\n".encode("utf-32"), "utf-32"),
        ("voter,area\nA,north\n".encode("utf-16-le"), "utf-16-without-mark"),
        (b"\xff\xfe\x00", "broken-text"),
        (b"\xef\xbb\xbfvoter,area\nM\xff,north\n", "broken-text"),
        (b"voter,area\nM\xd2\xd2,north\n", "not-text"),  # a mark that joins no vowel
        (b"voter,area\nM\xe1\xde,north\n", "not-text"),
        (b"voter,area\n", "no-voters"),
        (b"voter,area\n\n,\n", "no-voters"),
        (b"%PDF-1.7\n", "separator"),
    ],
)
def test_a_file_that_is_no_list(data: bytes, code: str) -> None:
    read = read_voters(data, AREAS)
    assert [each.code for each in read.faults] == [code]
    assert not read.lines


def test_limits_of_size_and_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voters_list, "FILE_BYTES_MAX", 100)
    assert [each.code for each in read_voters(b"x" * 101, AREAS).faults] == ["file-too-large"]
    monkeypatch.setattr(voters_list, "ENTRIES_MAX", 2)
    table = b"voter,area\nA,north\nB,north\n"
    assert read_voters(table, AREAS).usable
    assert codes(read_voters(table + b"C,north\n", AREAS)) == [(4, "", "too-many-lines")]


def test_personal_data_does_not_show_in_a_repr() -> None:
    read = read_voters(as_csv([HEADER, *LINES, ("Mai", "west", "1", "", "", "", "")]).encode(), AREAS)
    assert not any(word in repr(read) for word in ("Tuyết", "001099000123", "example.org", "Hà Nội", "Mai"))


def test_every_sentence_can_be_said() -> None:
    # All placeholders of all sentences have the names that the readers give.
    names = "limit encoding byte sheet reason columns heading column cell text count character first areas"
    values = dict.fromkeys(names.split(), "x")
    assert all(sentence.format(**values) for sentence in SENTENCES.values())


def test_a_workbook_keeps_numbers_and_times_exactly() -> None:
    rows: list[Sequence[Any]] = [
        ("voter", "area", "weight", "identity"),
        (7, "north", 2, 20201234),
        (2.5, "north", 3.0, "0012"),
        (datetime(2026, 12, 3), "north", 1, ""),  # noqa: DTZ001  (what a spreadsheet holds)
    ]
    read = read_voters(as_xlsx(rows), AREAS)
    assert read.usable
    assert [(each.voter, each.entry.weight, each.identity) for each in read.lines] == [
        ("7", 2, "20201234"),
        ("2.5", 3, "0012"),
        ("2026-12-03", 1, ""),
    ]
    assert [(each.line, each.column, each.code) for each in read.warnings] == [
        (2, "identity", "number-identity"),
        (4, "voter", "date-cell"),
    ]


def with_shared_texts(data: bytes) -> bytes:
    """The same workbook as Excel and LibreOffice write it: texts in a table of their own, some in coloured runs."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    texts: list[str] = []

    def point(found: re.Match[str]) -> str:
        texts.append(found[2])
        return f'<c r="{found[1]}" t="s"><v>{len(texts) - 1}</v></c>'

    sheet, count = re.subn(
        r'<c r="(\w+)" t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>',
        point,
        parts["xl/worksheets/sheet1.xml"],
    )
    assert count == len(texts) > 10
    parts["xl/worksheets/sheet1.xml"] = sheet
    runs = "".join(
        f'<si><r><t xml:space="preserve">{text[:3]}</t></r><r><rPr><b/></rPr><t>{text[3:]}</t></r>'
        "<rPh sb='0' eb='1'><t>reading</t></rPh></si>"
        if number % 2
        else f"<si><t>{text}</t></si>"
        for number, text in enumerate(texts)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/sharedStrings.xml"] = (
        f'<?xml version="1.0" encoding="UTF-8"?><x:sst xmlns:x="{main}" xmlns="{main}">{runs}</x:sst>'
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_texts_in_a_shared_table_and_in_runs_are_read_whole() -> None:
    read = read_voters(with_shared_texts(as_xlsx([HEADER, *LINES])), AREAS)
    assert (read.faults, read.warnings) == ((), ())
    assert list(read.lines) == VOTERS

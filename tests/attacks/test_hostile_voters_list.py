"""A file of voters made to harm the office that reads it, or whoever opens what the office writes."""

import csv
import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from protocol.manifest import Area
from protocol.text import LocalText
from voting import table_xlsx
from voting.voters_list import VotersList, clean_csv, read_voters

AREAS = (Area(id="north", name=LocalText(en="North", vi="Bắc")),)
SHEET = "xl/worksheets/sheet1.xml"
Change = Callable[[dict[str, bytes]], object]


def workbook(change: Change = lambda _: None) -> bytes:
    """A sound workbook of two voters, its parts changed."""
    book = openpyxl.Workbook()
    for row in (("voter", "area", "weight"), ("Mai", "north", 1), ("Lan", "north", 2)):
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def in_sheet(old: bytes, new: bytes) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        assert parts[SHEET].count(old) == 1, parts[SHEET]
        parts[SHEET] = parts[SHEET].replace(old, new)

    return change


def refusal(data: bytes) -> str:
    """The one reason for which the whole file is refused."""
    read = read_voters(data, AREAS)
    assert not read.usable
    (fault,) = read.faults
    return fault.code


def test_the_workbook_without_a_change_is_read() -> None:
    read = read_voters(workbook(), AREAS)
    assert (read.faults, [each.voter for each in read.lines]) == ((), ["Mai", "Lan"])


# Bombs.


def bounded(data: bytes) -> VotersList:
    """Reading takes neither long nor much memory."""
    tracemalloc.start()
    began = time.perf_counter()
    try:
        read = read_voters(data, AREAS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - began < 30
    assert peak < 400_000_000
    return read


def test_a_zip_bomb_is_not_unpacked() -> None:
    def swell(parts: dict[str, bytes]) -> None:
        parts["xl/media/image1.bin"] = b"0" * (table_xlsx.UNPACKED_BYTES_MAX + 1)

    data = workbook(swell)
    assert len(data) < 1_000_000
    tracemalloc.start()
    try:
        assert refusal(data) == "workbook-too-large"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_an_archive_that_lies_about_a_size_unpacks_no_more_than_it_said() -> None:
    def swell(parts: dict[str, bytes]) -> None:
        parts["xl/theme/theme1.xml"] = b"<a>" + b" " * 50_000_000 + b"</a>"

    data = bytearray(workbook(swell))
    true, said = (50_000_007).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert data.count(true) == 2  # the local header and the directory
    assert bounded(bytes(data.replace(true, said))).faults[0].code == "broken-workbook"


def test_too_many_files_and_files_of_one_name() -> None:
    def crowd(parts: dict[str, bytes]) -> None:
        parts.update({f"xl/media/{number}": b"" for number in range(table_xlsx.FILES_MAX)})

    def twin(parts: dict[str, bytes]) -> None:
        parts[SHEET.upper()] = parts[SHEET]

    assert refusal(workbook(crowd)) == refusal(workbook(twin)) == "workbook-suspicious"


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "'
    + b"ha" * 100
    + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]>"
)


@pytest.mark.parametrize(
    "part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml", "_rels/.rels"]
)
@pytest.mark.parametrize(
    "declaration",
    [LAUGHS, b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b"<!DOCTYPE x>"],
    ids=["laughs", "file", "bare"],
)
def test_document_types_and_entities_are_refused_in_every_part(part: str, declaration: bytes) -> None:
    def declare(parts: dict[str, bytes]) -> None:
        head, end, rest = (
            parts[part].rpartition(b"?>") if parts[part].startswith(b"<?xml") else (b"", b"", parts[part])
        )
        parts[part] = head + end + declaration + rest

    assert refusal(workbook(declare)) == "workbook-suspicious"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<row r='9'>" + b"<c/>" * 700_000 + b"</row>", id="one-endless-row"),
        pytest.param(b"<row r='9'>" + b"<c/><!--</row>-->" * 200_000 + b"</row>", id="comments"),
        pytest.param(b"<x/>" * 700_000, id="unknown-tags"),
        pytest.param(b"<row/>" * 500_000, id="empty-rows"),
        pytest.param(b"<x><![CDATA[" + b"x" * 3_000_000 + b"]]></x>", id="text-outside-cells"),
    ],
)
def test_tags_do_not_pile_up_in_memory(content: bytes) -> None:
    data = workbook(in_sheet(b"</sheetData>", content + b"</sheetData>"))
    tracemalloc.start()
    try:
        read = read_voters(data, AREAS)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(content) + 10_000_000
    finally:
        tracemalloc.stop()
    assert [each.voter for each in read.lines] == ["Mai", "Lan"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"</sheetData>", b"<x>" * 50_000 + b"</x>" * 50_000 + b"</sheetData>", id="depth"),
        pytest.param(b"Lan", b"L" * 40_000, id="endless-text"),
        pytest.param(b'<row r="3"', b'<row r="999999999999"', id="row-out-of-this-world"),
        pytest.param(b'<row r="3"', b'<row r="2"', id="row-twice"),
        pytest.param(b'r="C3"', b'r="B3"', id="cell-twice"),
        pytest.param(b'r="C3"', b'r="C2"', id="cell-of-another-row"),
        pytest.param(b"<v>2</v>", b"<v>" + b"9" * 5000 + b"</v>", id="endless-number"),
        pytest.param(b'<row r="3"', b"<row r='9'><row/></row><row r=\"3\"", id="row-in-a-row"),
    ],
)
def test_what_no_spreadsheet_writes_is_refused(old: bytes, new: bytes) -> None:
    assert refusal(workbook(in_sheet(old, new))) == "workbook-suspicious"


@pytest.mark.parametrize("number", [b"nan", b"inf", b"1e999", b"-1e999"])
def test_a_number_that_is_none_is_an_error_of_the_cell(number: bytes) -> None:
    assert refusal(workbook(in_sheet(b"<v>2</v>", b"<v>" + number + b"</v>"))) == "error-cell"


@pytest.mark.parametrize("index", [b"99", b"-1", b"x", b"1" * 5000])
def test_a_text_that_is_not_in_the_table_is_refused(index: bytes) -> None:
    cell = b'<c r="C3" t="s"><v>' + index + b"</v></c>"
    assert refusal(workbook(in_sheet(b'<c r="C3" t="n"><v>2</v></c>', cell))) == "broken-workbook"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037", "utf-7", "latin-1"])
def test_no_encoding_hides_a_formula(encoding: str) -> None:
    def encode(parts: dict[str, bytes]) -> None:
        assert parts[SHEET].startswith(b"<worksheet")
        text = f'<?xml version="1.0" encoding="{encoding}"?>' + parts[SHEET].decode()
        assert "<v>2</v>" in text
        parts[SHEET] = text.replace("<v>2</v>", "<f>1+1</f><v>2</v>").encode(encoding)

    assert refusal(workbook(encode)) in {"formula-cell", "broken-workbook"}


@pytest.mark.parametrize("encoding", ["utf-16", "cp037", "utf-7"])
def test_an_encoding_that_hides_an_entity_is_refused(encoding: str) -> None:
    def encode(parts: dict[str, bytes]) -> None:
        for part in ("xl/workbook.xml", "xl/styles.xml"):
            text = parts[part].decode().rpartition("?>")[2]
            declared = f'<?xml version="1.0" encoding="{encoding}"?>{LAUGHS.decode()}{text}'
            parts[part] = declared.encode(encoding)

    assert refusal(workbook(encode)) == "workbook-suspicious"


def test_a_cell_far_to_the_right_is_not_passed_over() -> None:
    assert refusal(workbook(in_sheet(b'r="C3"', b'r="ZZZ3"'))) == "cell-far-right"


# Files that pretend.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04", "broken-workbook"),
        (b"PK\x05\x06" + bytes(18), "broken-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old-workbook"),
        (workbook()[:-30], "broken-workbook"),
        (workbook(lambda parts: parts.pop("xl/workbook.xml")), "broken-workbook"),
        (workbook(lambda parts: parts.update({SHEET: b"<worksheet>"})), "broken-workbook"),
        (workbook(lambda parts: parts.update({"xl/workbook.xml": b""})), "workbook-suspicious"),
    ],
)
def test_what_is_no_workbook_is_refused_without_a_fault_of_the_program(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_every_byte_cut_off_or_turned_is_an_answer_not_a_crash() -> None:
    data = workbook()
    for place in range(0, len(data), 97):
        turned = bytearray(data)
        turned[place] ^= 0xFF
        for bad in (data[:place], bytes(turned)):
            read_voters(bad, AREAS)


# Formulas, in and out.


def test_a_formula_is_not_computed_nor_its_kept_value_taken() -> None:
    def rig(parts: dict[str, bytes]) -> None:
        parts[SHEET] = parts[SHEET].replace(
            b'<c r="C3" t="n"><v>2</v></c>',
            b'<c r="C3"><f>HYPERLINK("http://evil","1000")</f><v>1000</v></c>',
        )

    read = read_voters(workbook(rig), AREAS)
    (fault,) = read.faults
    assert (fault.line, fault.column, fault.code, fault.values) == (
        3,
        "weight",
        "formula-cell",
        {"cell": "C3"},
    )
    assert [each.voter for each in read.lines] == ["Mai"]


def test_a_formula_in_a_cell_that_names_no_place_is_found() -> None:
    rig = in_sheet(b'<c r="C3" t="n"><v>2</v></c>', b"<c><f>1+1</f><v>2</v></c>")
    (fault,) = read_voters(workbook(rig), AREAS).faults
    assert (fault.code, fault.values) == ("formula-cell", {"cell": "C3"})


def test_hidden_and_further_sheets_are_not_read_and_named() -> None:
    book = openpyxl.Workbook()
    hidden = book.worksheets[0]
    hidden.title = "old"
    hidden.append(["voter", "area"])
    hidden.append(["Ghost", "north"])
    hidden.sheet_state = "hidden"
    for title, voter in (("list", "Mai"), ("more", "Lan")):
        sheet = book.create_sheet(title)
        sheet.append(["voter", "area"])
        sheet.append([voter, "north"])
    file = io.BytesIO()
    book.save(file)
    read = read_voters(file.getvalue(), AREAS)
    assert [each.voter for each in read.lines] == ["Mai"]
    assert [(each.code, each.values["sheet"]) for each in read.warnings] == [
        ("hidden-sheet", "old"),
        ("other-sheet", "more"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "'=1+1",
        "''=1",
        '=HYPERLINK("http://evil")',
        "-Mai",
        "' =1",
    ],
)
def test_a_formula_for_the_reader_of_an_export_is_written_as_text(text: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow([text if not text.startswith(("'=", "''=")) else f"'{text}", "north"])
    read = read_voters(f"voter,area\n{line.getvalue()}".encode(), AREAS)
    assert [each.voter for each in read.lines] == [text]
    exported = clean_csv(read.lines)
    (_, row) = csv.reader(io.StringIO(exported.decode()))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    # Nothing is lost: reading the export gives what was meant.
    assert [each.voter for each in read_voters(exported, AREAS).lines] == [text]

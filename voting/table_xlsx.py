"""Workbooks (XLSX): looked at as a stranger's archive first, read only then, and never computed.

A workbook is a ZIP of XML files. Before openpyxl sees it: number and size of the files as the archive declares them
(zipfile unpacks no more than that), UTF-8 alone, no document type, no comment that could hide tags from this look, a
bound on the tags that are held in memory at once and in all, no cell far to the right.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import openpyxl

from protocol.roll import ENTRIES_MAX
from voting.list_findings import Findings
from voting.table_row import Row, TableUnusable, cell_name

FILES_MAX: Final = 1000
UNPACKED_BYTES_MAX: Final = 100_000_000
OTHER_PART_BYTES_MAX: Final = 5_000_000
"""Styles, names of sheets and the like; sheets and the table of texts may be larger."""
COLUMNS_MAX: Final = 64
TAGS_MAX: Final = 8_000_000
"""In one part; a list of 100,000 voters with all columns has about 3 million."""
TAGS_AT_ONCE_MAX: Final = 4096
"""Between the ends of two rows, or of two texts: what is in memory at one time."""
EXACT_DIGITS: Final = 15
"""A spreadsheet keeps a number with 15 significant digits (IEEE 754 double)."""

_OLD_KIND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGE_PART: Final = re.compile(r"(?i)xl/(worksheets/[^/]+|sharedstrings)\.xml")
_READ_PART: Final = re.compile(r"(?i)[^/]*\.xml|_rels/[^/]*|docProps/.*|xl/.*\.(xml|rels)")
_ENCODING: Final = re.compile(rb"^<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_END: Final = re.compile(rb"</(?:\w+:)?(?:row|si)\s*>")
_ANY_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_FORMULA: Final = re.compile(
    rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"'][^>]*>\s*<(?:\w+:)?f[\s/>]"
)
_FAR_RIGHT: Final = re.compile(rb"\sr=[\"'](?:[A-Z]{3}|[C-Z][A-Z]|B[M-Z])[0-9]+[\"'][^>]*(?<!/)>")


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a workbook, of the new or the old kind."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLD_KIND))


def xlsx_rows(data: bytes, findings: Findings) -> Iterator[Row]:
    """The rows of the first visible sheet. Raises: TableUnusable, also while rows are taken."""
    if data.startswith(_OLD_KIND):
        raise TableUnusable("old-workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _require_harmless(archive)
            # data_only: a formula is not even parsed; which cells hold one is found below.
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheet = _first_sheet(book.worksheets, findings)
            formulas = _formulas(archive.read(sheet._worksheet_path))
            sheet.reset_dimensions()  # what a file says of its own size need not be true
            for line, cells in enumerate(sheet.iter_rows(max_col=COLUMNS_MAX), start=1):
                if line > 2 * ENTRIES_MAX:
                    raise TableUnusable("too-many-lines", limit=str(ENTRIES_MAX))
                yield _row(line, cells, formulas)
    except TableUnusable:
        raise
    except Exception as error:  # a stranger's file: zipfile and openpyxl raise whatever they stumble over
        raise TableUnusable("broken-workbook") from error


def _require_harmless(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if len(parts) > FILES_MAX or len(names) != len(parts) or any(part.flag_bits & 1 for part in parts):
        raise TableUnusable("workbook-suspicious")
    if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise TableUnusable("workbook-too-large", limit=str(UNPACKED_BYTES_MAX // 1_000_000))
    for part in parts:
        if not _READ_PART.fullmatch(part.filename):
            continue  # pictures and the like: never opened
        is_large = _LARGE_PART.fullmatch(part.filename) is not None
        if not is_large and part.file_size > OTHER_PART_BYTES_MAX:
            raise TableUnusable("workbook-suspicious")
        _require_plain_xml(archive.read(part), is_large)


def _require_plain_xml(content: bytes, is_large: bool) -> None:
    content = content.removeprefix(b"\xef\xbb\xbf")
    encoding = _ENCODING.match(content)
    if not content.startswith(b"<") or b"\x00" in content:
        raise TableUnusable("workbook-suspicious")
    if encoding is not None and encoding[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise TableUnusable("workbook-suspicious")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise TableUnusable("workbook-suspicious")
    if not is_large:
        return
    if b"<!" in content or content.count(b"<") > TAGS_MAX:
        raise TableUnusable("workbook-suspicious")
    start = 0
    for end in (*(found.end() for found in _END.finditer(content)), len(content)):
        if content.count(b"<", start, end) > TAGS_AT_ONCE_MAX:
            raise TableUnusable("workbook-suspicious")
        start = end


def _first_sheet(sheets: Sequence[Any], findings: Findings) -> Any:
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not visible:
        raise TableUnusable("no-sheet")
    for sheet in sheets:
        if sheet is not visible[0]:
            code = "other-sheet" if sheet.sheet_state == "visible" else "hidden-sheet"
            findings.warn(0, "", code, sheet=sheet.title)
    return visible[0]


def _formulas(sheet: bytes) -> frozenset[str]:
    """The cells of a sheet that hold a formula, as A1. Raises: TableUnusable when they cannot all be named."""
    if _FAR_RIGHT.search(sheet):
        raise TableUnusable("cell-far-right")
    found = [cell.decode() for cell in _FORMULA.findall(sheet)]
    if len(found) != len(_ANY_FORMULA.findall(sheet)):
        raise TableUnusable("workbook-suspicious")
    return frozenset(found)


def _row(line: int, cells: Sequence[Any], formulas: frozenset[str]) -> Row:
    texts: list[str] = []
    refused: dict[int, str] = {}
    warned: dict[int, str] = {}
    for number, cell in enumerate(cells):
        value = cell.value
        if formulas and cell_name(number, line) in formulas:
            refused[number] = "formula-cell"
            value = None
        if value is None:
            texts.append("")
        elif isinstance(value, str) and cell.data_type == "s":
            texts.append(value)
        else:
            text, refusal, warning = _as_text(value)
            texts.append(text)
            if refusal:
                refused[number] = refusal
            if warning:
                warned[number] = warning
    while texts and not texts[-1] and len(texts) - 1 not in refused:
        texts.pop()
    return Row(line, texts, refused, warned)


def _as_text(value: object) -> tuple[str, str, str]:
    """(text, code of a refusal, code of a warning) of a cell that is no text. Numbers and times exactly as stored."""
    if isinstance(value, bool):
        return "", "yes-no-cell", ""
    if isinstance(value, int | float):
        text = str(int(value)) if float(value).is_integer() else repr(value)
        return (
            (text, "long-number", "") if len(text.lstrip("-")) > EXACT_DIGITS else (text, "", "number-cell")
        )
    if isinstance(value, datetime):
        whole_day = value.time() == time()
        return (value.date().isoformat() if whole_day else value.isoformat(sep=" ")), "", "date-cell"
    if isinstance(value, date | time):
        return value.isoformat(), "", "date-cell"
    if isinstance(value, timedelta):
        return str(value), "", "date-cell"
    return "", "error-cell", ""

"""Workbooks (XLSX): looked at as a stranger's archive first, read only then, and never computed.

A workbook is a ZIP of XML files. Number and size of the files are checked as the archive declares them; zipfile unpacks
no more than that. openpyxl reads what is small (which sheets there are, which cells are dates) from a copy without
sheets and texts; those are streamed by `voting.table_sheet`. It is loaded only when there is a workbook.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from voting.list_findings import Findings
from voting.table_row import Row, TableUnusable
from voting.table_sheet import SheetCell, read_shared_texts, read_sheet

FILES_MAX: Final = 1000
UNPACKED_BYTES_MAX: Final = 200_000_000
OTHER_PART_BYTES_MAX: Final = 5_000_000
"""Styles, names of sheets and the like; sheets and the table of texts may be larger."""
EXACT_DIGITS: Final = 15
"""A spreadsheet keeps a number with 15 significant digits (IEEE 754 double)."""
NUMBER_CHARACTERS_MAX: Final = 40

_OLD_KIND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHEET: Final = re.compile(r"(?i)xl/worksheets/[^/]+\.xml")
_TEXTS: Final = re.compile(r"(?i)xl/sharedstrings\.xml")
_READ_PART: Final = re.compile(r"(?i)[^/]*\.xml|_rels/[^/]*|docProps/.*|xl/.*\.(xml|rels)")
_ENCODING: Final = re.compile(rb"^<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_NO_SHEET: Final = f'<worksheet xmlns="{_MAIN}"><sheetData/></worksheet>'
_NO_TEXTS: Final = f'<sst xmlns="{_MAIN}"/>'
_WHOLE: Final = re.compile(r"-?[0-9]+")


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
            book = _without_content(archive)
            sheet = _first_sheet(book.worksheets, findings)
            texts = [name for name in archive.namelist() if _TEXTS.fullmatch(name)]
            shared: Sequence[str] = ()
            if texts:
                with archive.open(texts[0]) as part:
                    shared = read_shared_texts(part)
            values = _Values(book, shared)
            with archive.open(sheet._worksheet_path) as part:
                for line, cells in read_sheet(part):
                    yield values.row(line, cells)
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
        name = part.filename
        if not _READ_PART.fullmatch(name) or _SHEET.fullmatch(name) or _TEXTS.fullmatch(name):
            continue  # never opened, or streamed
        if part.file_size > OTHER_PART_BYTES_MAX:
            raise TableUnusable("workbook-suspicious")
        _require_plain_xml(archive.read(part))


def _require_plain_xml(content: bytes) -> None:
    """UTF-8, so that what is looked for here is what a parser sees, and no document type, hence no entities."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    encoding = _ENCODING.match(content)
    if not content.startswith(b"<") or b"\x00" in content:
        raise TableUnusable("workbook-suspicious")
    if encoding is not None and encoding[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise TableUnusable("workbook-suspicious")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise TableUnusable("workbook-suspicious")


def _without_content(archive: zipfile.ZipFile) -> Any:
    """The workbook as openpyxl knows it, with empty sheets."""
    import openpyxl  # noqa: PLC0415

    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as small:
        for name in archive.namelist():
            if _SHEET.fullmatch(name):
                small.writestr(name, _NO_SHEET)
            elif _TEXTS.fullmatch(name):
                small.writestr(name, _NO_TEXTS)
            elif _READ_PART.fullmatch(name):
                small.writestr(name, archive.read(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(copy, read_only=True, keep_links=False)


def _first_sheet(sheets: Sequence[Any], findings: Findings) -> Any:
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not visible:
        raise TableUnusable("no-sheet")
    for sheet in sheets:
        if sheet is not visible[0]:
            code = "other-sheet" if sheet.sheet_state == "visible" else "hidden-sheet"
            findings.warn(0, "", code, sheet=sheet.title)
    return visible[0]


class _Values:
    """What cells mean: texts of the shared table, and numbers that are dates."""

    def __init__(self, book: Any, shared: Sequence[str]) -> None:
        self._shared = shared
        self._dates = frozenset(book._date_formats)
        self._durations = frozenset(book._timedelta_formats)
        self._epoch = book.epoch

    def row(self, line: int, cells: Sequence[SheetCell]) -> Row:
        """Texts by column, and which cells cannot be used, or should be looked at."""
        texts = [""] * (max((cell.column for cell in cells), default=-1) + 1)
        refused: dict[int, str] = {}
        warned: dict[int, str] = {}
        for cell in cells:
            number = cell.column
            if cell.is_formula:
                refused[number] = "formula-cell"
            elif cell.kind == "s":
                texts[number] = self._shared[_index(cell.text)] if cell.text else ""
            elif cell.kind in {"str", "inlineStr"}:
                texts[number] = cell.text
            elif cell.text:
                texts[number], refusal, warning = self._other(cell)
                if refusal:
                    refused[number] = refusal
                if warning:
                    warned[number] = warning
        return Row(line, texts, refused, warned)

    def _other(self, cell: SheetCell) -> tuple[str, str, str]:
        """(text, code of a refusal, code of a warning) of what is no text. Numbers and times exactly as stored."""
        match cell.kind:
            case "b":
                return "", "yes-no-cell", ""
            case "d":
                return cell.text, "", "date-cell"
            case "n":
                return self._number(cell)
            case _:
                return "", "error-cell", ""

    def _number(self, cell: SheetCell) -> tuple[str, str, str]:
        text = cell.text.strip()
        if len(text) > NUMBER_CHARACTERS_MAX:
            raise TableUnusable("workbook-suspicious")
        value = int(text) if _WHOLE.fullmatch(text) else float(text)
        if not float("-inf") < value < float("inf"):
            return "", "error-cell", ""
        if cell.style in self._dates or cell.style in self._durations:
            from openpyxl.utils.datetime import from_excel  # noqa: PLC0415

            try:
                moment = from_excel(value, self._epoch, timedelta=cell.style in self._durations)
            except (OverflowError, ValueError):
                return "", "error-cell", ""
            return _moment_text(moment), "", "date-cell"
        text = str(int(value)) if float(value).is_integer() else repr(value)
        return (
            (text, "long-number", "") if len(text.lstrip("-")) > EXACT_DIGITS else (text, "", "number-cell")
        )


def _index(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise TableUnusable("broken-workbook")
    return int(text)


def _moment_text(moment: datetime | date | time | timedelta) -> str:
    if isinstance(moment, datetime):
        return moment.date().isoformat() if moment.time() == time() else moment.isoformat(sep=" ")
    return str(moment) if isinstance(moment, timedelta) else moment.isoformat()

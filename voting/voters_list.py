"""The voters' list as an office hands it over: read strictly, every bad line named, taken whole or not at all.

A file is CSV (comma, semicolon or tab) or XLSX; `read_voters` tells which. One line is one voter:

    voter, area, weight, identity, email, language, address

Only `voter` has to be there. `area` may be left out where the election has one area, `weight` where each vote weighs 1.
Text is brought to NFC, white space at the ends goes, inside it becomes one space: names that look alike are alike.
What a person must decide is a fault (the list is not taken); what a person should look at is a warning.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from protocol.manifest import Area
from protocol.roll import ENTRIES_MAX, WEIGHT_MAX, RollEntry
from voting.list_findings import Finding, Findings
from voting.list_text import letters_of_two_scripts, looks_like, tidy, unseen_characters
from voting.table_csv import csv_rows
from voting.table_row import FILE_BYTES_MAX, Row, TableUnusable, cell_name
from voting.table_xlsx import is_workbook, xlsx_rows

__all__ = ["FILE_BYTES_MAX", "Finding", "VoterLine", "VotersList", "clean_csv", "read_voters"]

Column = Literal["voter", "area", "weight", "identity", "email", "language", "address"]
COLUMNS: Final[tuple[Column, ...]] = ("voter", "area", "weight", "identity", "email", "language", "address")

CHARACTERS_MAX: Final[Mapping[Column, int]] = {
    "voter": 200,
    "area": 200,
    "weight": 7,
    "identity": 200,
    "email": 254,
    "language": 2,
    "address": 300,
}

_HEADINGS: Final[Mapping[str, Column]] = {
    **{column: column for column in COLUMNS},
    "name": "voter",
    "e-mail": "email",
    "cử tri": "voter",
    "họ tên": "voter",
    "họ và tên": "voter",
    "khu vực": "area",
    "trọng số": "weight",
    "số định danh": "identity",
    "thư điện tử": "email",
    "ngôn ngữ": "language",
    "địa chỉ": "address",
}
"""What a column may be called, in lower case."""

_WEIGHT = re.compile(r"[1-9][0-9]{0,6}")
# One @, no quoting, a domain of two parts: what every mail program can send to.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@"
    r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
# A spreadsheet takes a cell that begins like this for a formula (OWASP, "CSV Injection"), some also in full width.
_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")


@dataclass(frozen=True)
class VoterLine:
    """One voter. Personal data does not show in a repr.

    line: in the file, from 1 (of a sheet: the row).  voter: name or number for the letter.
    identity: what sign-in knows the person by, "" for none.  language: "en", "vi", or "" for both.
    """

    line: int
    voter: str = field(repr=False)
    entry: RollEntry
    identity: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    language: str = ""
    address: str = field(default="", repr=False)


@dataclass(frozen=True)
class VotersList:
    """What a file says. `lines` are the good ones; they are only to be used when there is no fault.

    faults, warnings: in the order of the file, the first 500 of each; *_count: how many there are.
    """

    lines: tuple[VoterLine, ...]
    faults: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    faults_count: int
    warnings_count: int

    @property
    def usable(self) -> bool:
        """Whether the list may be taken: no fault at all."""
        return self.faults_count == 0


def read_voters(data: bytes, areas: Iterable[Area]) -> VotersList:
    """Read a file of voters. Raises nothing: whatever is wrong with the file stands in the report.

    areas: of the election; a cell names one by its id or by its name in either language.
    """
    findings = Findings()
    lines: list[VoterLine] = []
    try:
        _require_size(data)
        rows = xlsx_rows(data, findings) if is_workbook(data) else csv_rows(data, findings, _is_heading)
        lines = _read_rows(rows, tuple(areas), findings)
    except TableUnusable as error:
        findings.fault(error.line, "", error.code, **error.values)
    return VotersList(
        tuple(lines),
        tuple(findings.faults),
        tuple(findings.warnings),
        findings.faults_count,
        findings.warnings_count,
    )


def clean_csv(lines: Sequence[VoterLine]) -> bytes:
    """The list as a CSV file, UTF-8, all columns. `read_voters` of it gives the same voters.

    A cell that a spreadsheet would compute gets an apostrophe in front; reading takes it off again.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in lines:
        cells = (each.voter, each.entry.area, str(each.entry.weight), each.identity, each.email)
        writer.writerow([neutralised(cell) for cell in (*cells, each.language, each.address)])
    return text.getvalue().encode("utf-8")


def neutralised(cell: str) -> str:
    """A cell that no spreadsheet computes: an apostrophe stands before what looks like a formula."""
    return f"'{cell}" if _LIKE_A_FORMULA.match(cell) else cell


def as_meant(cell: str) -> str:
    """The inverse of `neutralised`."""
    return cell[1:] if cell.startswith("'") and _LIKE_A_FORMULA.match(cell) else cell


def _require_size(data: bytes) -> None:
    if not data:
        raise TableUnusable("empty-file")
    if len(data) > FILE_BYTES_MAX:
        raise TableUnusable("file-too-large", limit=str(FILE_BYTES_MAX // 1_000_000))


def _heading(cell: str) -> Column | None:
    return _HEADINGS.get(tidy(cell).lower())


def _is_heading(cell: str) -> bool:
    return _heading(cell) is not None


def _read_rows(rows: Iterable[Row], areas: tuple[Area, ...], findings: Findings) -> list[VoterLine]:
    stream = iter(rows)
    header = next(stream, None)
    if header is None:
        raise TableUnusable("no-header")
    reader = _LineReader(_read_header(header, areas), areas, findings)
    lines = []
    count = 0
    for row in stream:
        if not any(row.cells) and not row.refused:
            continue
        count += 1
        if count > ENTRIES_MAX:
            raise TableUnusable("too-many-lines", row.line, limit=str(ENTRIES_MAX))
        if (line := reader.read(row)) is not None:
            lines.append(line)
    if count == 0:
        raise TableUnusable("no-voters")
    return lines


def _read_header(header: Row, areas: tuple[Area, ...]) -> list[Column | None]:
    """The column of each cell, None for one without a heading."""
    columns: list[Column | None] = []
    for cell in header.cells:
        name = tidy(cell)
        column = _heading(name)
        if name and column is None:
            raise TableUnusable("unknown-column", header.line, heading=name[:50], columns=", ".join(COLUMNS))
        if column is not None and column in columns:
            raise TableUnusable("column-twice", header.line, column=column)
        columns.append(column)
    if "voter" not in columns:
        raise TableUnusable("no-voter-column", header.line, columns=", ".join(COLUMNS))
    if "area" not in columns and len(areas) != 1:
        raise TableUnusable("no-area-column", header.line)
    return columns


class _LineReader:
    """Turns rows into voters and remembers what it has seen, to find duplicates."""

    def __init__(self, columns: list[Column | None], areas: tuple[Area, ...], findings: Findings) -> None:
        self._columns = columns
        self._findings = findings
        self._areas = _area_names(areas)
        self._only_area = areas[0].id if len(areas) == 1 and "area" not in columns else None
        self._has_weights = "weight" in columns
        self._voters: dict[str, tuple[int, str]] = {}
        self._looks: dict[str, tuple[int, str]] = {}
        self._identities: dict[str, int] = {}
        self._emails: dict[str, int] = {}

    def read(self, row: Row) -> VoterLine | None:
        """The voter of a row, None after naming at least one fault."""
        before = self._findings.faults_count
        cells, refused = self._cells(row)
        area = "" if "area" in refused else self._area(row.line, cells.get("area", ""))
        weight = 1 if "weight" in refused else self._weight(row.line, cells.get("weight", ""))
        identity, email = cells.get("identity", ""), cells.get("email", "")
        language = cells.get("language", "").lower()
        if email and not _EMAIL.fullmatch(email):
            self._findings.fault(row.line, "email", "email-form", text=email)
        if language not in {"", "en", "vi"}:
            self._findings.fault(row.line, "language", "language", text=language)
        voter = cells.get("voter", "")
        if not voter and "voter" not in refused:
            self._findings.fault(row.line, "voter", "voter-missing")
        elif voter:
            self._look_at(row.line, voter, identity, email)
        if self._findings.faults_count != before:
            return None
        entry = RollEntry(weight=weight, area=area)
        return VoterLine(row.line, voter, entry, identity, email, language, cells.get("address", ""))

    def _cells(self, row: Row) -> tuple[dict[Column, str], set[Column]]:
        """The text of each column, and the columns whose cell is refused for what it is."""
        found: dict[Column, str] = {}
        refused: set[Column] = set()
        for number, cell in enumerate(row.cells):
            column = self._columns[number] if number < len(self._columns) else None
            if number in row.refused:
                place = cell_name(number, row.line)
                self._findings.fault(row.line, column or "", row.refused[number], cell=place)
                if column is not None:
                    refused.add(column)
                continue
            if not cell:
                continue
            if column is None:
                if tidy(cell):
                    place = cell_name(number, row.line)
                    self._findings.fault(row.line, "", "cell-without-heading", cell=place)
                continue
            text = as_meant(tidy(cell))
            if len(text) > CHARACTERS_MAX[column]:
                limit = str(CHARACTERS_MAX[column])
                self._findings.fault(row.line, column, "too-long", count=str(len(text)), limit=limit)
                text = text[: CHARACTERS_MAX[column]]
            for character in unseen_characters(text):
                self._findings.fault(row.line, column, "unseen-character", character=character)
            if warning := row.warned.get(number):
                self._warn_of_kind(row.line, column, warning, text)
            found[column] = text
        return found, refused

    def _warn_of_kind(self, line: int, column: Column, warning: str, text: str) -> None:
        """A number is right in most columns; as an identity it has lost its zeros in front."""
        if warning != "number-cell":
            self._findings.warn(line, column, warning, text=text)
        elif column == "identity":
            self._findings.warn(line, column, "number-identity", text=text)

    def _area(self, line: int, cell: str) -> str:
        if self._only_area is not None:
            return self._only_area
        if not cell:
            self._findings.fault(line, "area", "area-missing")
            return ""
        found = self._areas.get(cell.casefold())
        if found is None:
            self._findings.fault(line, "area", "unknown-area", text=cell)
            return ""
        if len(found) > 1:
            self._findings.fault(line, "area", "area-ambiguous", text=cell, areas=", ".join(sorted(found)))
        return min(found)

    def _weight(self, line: int, cell: str) -> int:
        if not self._has_weights:
            return 1
        if not _WEIGHT.fullmatch(cell) or int(cell) > WEIGHT_MAX:
            self._findings.fault(line, "weight", "weight", text=cell, limit=str(WEIGHT_MAX))
            return 1
        return int(cell)

    def _look_at(self, line: int, voter: str, identity: str, email: str) -> None:
        """Duplicates, and names that are not what they look like."""
        if identity:
            first = self._identities.setdefault(identity.casefold(), line)
            if first != line:
                self._findings.fault(line, "identity", "identity-twice", first=str(first))
        twin_line, twin_identity = self._voters.setdefault(voter.casefold(), (line, identity))
        if twin_line != line:
            # Two people may have one name; only an identity tells them apart.
            if identity and twin_identity and identity.casefold() != twin_identity.casefold():
                self._findings.warn(line, "voter", "name-twice", text=voter, first=str(twin_line))
            elif not (identity and identity.casefold() == twin_identity.casefold()):
                self._findings.fault(line, "voter", "voter-twice", text=voter, first=str(twin_line))
        if not voter.isascii():
            for word in letters_of_two_scripts(voter):
                self._findings.warn(line, "voter", "two-scripts", text=word)
        look = looks_like(voter)
        like_line, like_voter = self._looks.setdefault(look, (line, voter.casefold()))
        if like_line != line and like_voter != voter.casefold():
            self._findings.warn(line, "voter", "looks-like", text=voter, first=str(like_line))
        if _LIKE_A_FORMULA.match(voter):
            self._findings.warn(line, "voter", "like-a-formula", text=voter)
        if email:
            first = self._emails.setdefault(email.casefold(), line)
            if first != line:
                self._findings.warn(line, "email", "email-twice", text=email, first=str(first))


def _area_names(areas: tuple[Area, ...]) -> dict[str, set[str]]:
    """Every way to name an area → ids. An id means its own area, whatever the others are called."""
    names: dict[str, set[str]] = {}
    for area in areas:
        for name in (area.name.en, area.name.vi):
            names.setdefault(tidy(name).casefold(), set()).add(area.id)
    return names | {area.id: {area.id} for area in areas}

"""What the reading of a voters' list found: codes, lines and values. The pages translate by code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

SHOWN_MAX: Final = 500
"""How many faults, and how many warnings, are kept; all are counted."""

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The file.
        "empty-file": "The file is empty.",
        "file-too-large": "The file is larger than {limit} MB. Split the list, or leave out columns that are not read.",
        "not-text": "The file is neither a workbook (XLSX) nor text in UTF-8, UTF-16 or Windows-1258. "
        "Save it as “CSV UTF-8”.",
        "utf-16-without-mark": "The file looks like UTF-16 without its mark at the beginning. Save it as “CSV UTF-8”.",
        "utf-32": "The file is UTF-32. Save it as “CSV UTF-8”.",
        "broken-text": "The text is not valid {encoding} from byte {byte} on. Save it as “CSV UTF-8”.",
        "windows-1258": "The file was read as Windows-1258, an old Vietnamese encoding. Look at the names closely.",
        "old-workbook": "This is a workbook of the old kind (XLS) or one with a password. "
        "Save it as XLSX without a password.",
        "broken-workbook": "The workbook cannot be read. Open it, save it again as XLSX, or save it as “CSV UTF-8”.",
        "workbook-too-large": "The workbook is larger than {limit} MB when it is unpacked. Save it as “CSV UTF-8”.",
        "workbook-suspicious": "The workbook is built as no spreadsheet builds one. Save it as “CSV UTF-8”.",
        "cell-far-right": "The sheet has cells right of column BL. Delete them, or copy the list into a new sheet.",
        "no-sheet": "The workbook has no visible sheet.",
        "hidden-sheet": "The workbook has a hidden sheet “{sheet}”. It was not read.",
        "other-sheet": "Only the first sheet was read. The sheet “{sheet}” was not.",
        "broken-csv": "This line is not a line of a CSV file: {reason}.",
        "no-header": "The first line must name the columns, for example: voter,area,weight.",
        "separator": "The first line must name the columns, separated by comma, semicolon or tab. "
        "Possible columns: {columns}.",
        "unknown-column": "There is no column “{heading}”. Possible columns: {columns}.",
        "column-twice": "The column {column} stands there twice.",
        "no-voter-column": "There is no column “voter”. Possible columns: {columns}.",
        "no-area-column": "There is no column “area”, and the election has more than one area.",
        "too-many-lines": "The list has more than {limit} voters.",
        "no-voters": "The list has a first line but no voters.",
        # A cell.
        "formula-cell": "Cell {cell} holds a formula, and formulas are not computed here. Paste its value instead.",
        "error-cell": "Cell {cell} holds an error of the spreadsheet.",
        "yes-no-cell": "Cell {cell} holds TRUE or FALSE. Write text or a number.",
        "long-number": "Cell {cell} is a number of more than 15 digits, which spreadsheets round. Format it as text.",
        "date-cell": "The spreadsheet takes this cell for a date; it was read as “{text}”. Is that what was meant?",
        "number-identity": "This is a number, and a number has no zeros in front; it was read as “{text}”. "
        "Is that the whole identity?",
        "cell-without-heading": "Cell {cell} stands in a column without a name in the first line.",
        "too-long": "The text has {count} characters; {limit} are possible.",
        "unseen-character": "The text holds a character that cannot be seen ({character}). Type the text again.",
        # A voter.
        "voter-missing": "The voter’s name or number is missing.",
        "area-missing": "The area is missing.",
        "unknown-area": "The election has no area “{text}”.",
        "area-ambiguous": "More than one area is called “{text}”. Write one of the ids: {areas}.",
        "weight": "The weight must be a whole number from 1 to {limit}; it is “{text}”.",
        "email-form": "“{text}” is not an e-mail address.",
        "language": "The language is “{text}”; it can be en or vi, or left empty.",
        "identity-twice": "The identity stands in line {first} already.",
        "voter-twice": "“{text}” stands in line {first} already. If they are two people, add something that "
        "tells them apart, or give both an identity.",
        "name-twice": "“{text}” stands in line {first} already, with another identity. Are they two people?",
        "two-scripts": "“{text}” mixes letters of different scripts that can look alike. Type the name again.",
        "looks-like": "“{text}” looks like the name in line {first}, but is written with other characters.",
        "like-a-formula": "“{text}” begins like a formula. Is it a name?",
        "email-twice": "The e-mail address stands in line {first} already. Both voting codes would go to one mailbox.",
    }
)
"""Every finding by its code, in English, as str.format takes it."""


@dataclass(frozen=True)
class Finding:
    """One fault or warning. line: from 1, 0 for the whole file. column: "" for the whole line.

    values: what stands in the sentence. They come from the file and can be anything: escape them.
    """

    line: int
    column: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sentence(self) -> str:
        """What is wrong and how to mend it, without the line."""
        return SENTENCES[self.code].format(**self.values)

    def __str__(self) -> str:
        place = ", ".join(
            [*([f"line {self.line}"] if self.line else []), *([self.column] if self.column else [])]
        )
        return f"{place[0].upper()}{place[1:]}: {self.sentence}" if place else self.sentence


class Findings:
    """Collects while a file is read; counts all, keeps the first of each."""

    def __init__(self) -> None:
        self.faults: list[Finding] = []
        self.warnings: list[Finding] = []
        self.faults_count = 0
        self.warnings_count = 0

    def fault(self, line: int, column: str, code: str, /, **values: str) -> None:
        """The list cannot be taken."""
        self.faults_count += 1
        if len(self.faults) < SHOWN_MAX:
            self.faults.append(Finding(line, column, code, values))

    def warn(self, line: int, column: str, code: str, /, **values: str) -> None:
        """Somebody should look."""
        self.warnings_count += 1
        if len(self.warnings) < SHOWN_MAX:
            self.warnings.append(Finding(line, column, code, values))

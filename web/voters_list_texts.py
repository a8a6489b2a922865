"""What the reading of a voters' list found, in the words of the pages, by code. The same as `voting.list_findings`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from web.i18n import N_

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "empty-file": N_("The file is empty."),
        "file-too-large": N_(
            "The file is larger than {limit} MB. Split the list, or leave out columns that are not read."
        ),
        "not-text": N_(
            "The file is neither a workbook (XLSX) nor text in UTF-8, UTF-16 or Windows-1258. Save it "
            "as “CSV UTF-8”."
        ),
        "utf-16-without-mark": N_(
            "The file looks like UTF-16 without its mark at the beginning. Save it as “CSV UTF-8”."
        ),
        "utf-32": N_("The file is UTF-32. Save it as “CSV UTF-8”."),
        "broken-text": N_("The text is not valid {encoding} from byte {byte} on. Save it as “CSV UTF-8”."),
        "windows-1258": N_(
            "The file was read as Windows-1258, an old Vietnamese encoding. Look at the names closely."
        ),
        "old-workbook": N_(
            "This is a workbook of the old kind (XLS) or one with a password. Save it as XLSX without "
            "a password."
        ),
        "broken-workbook": N_(
            "The workbook cannot be read. Open it, save it again as XLSX, or save it as “CSV UTF-8”."
        ),
        "workbook-too-large": N_(
            "The workbook is larger than {limit} MB when it is unpacked. Save it as “CSV UTF-8”."
        ),
        "workbook-suspicious": N_(
            "The workbook is built as no spreadsheet builds one. Save it as “CSV UTF-8”."
        ),
        "cell-far-right": N_(
            "The sheet has cells right of column BL. Delete them, or copy the list into a new sheet."
        ),
        "no-sheet": N_("The workbook has no visible sheet."),
        "hidden-sheet": N_("The workbook has a hidden sheet “{sheet}”. It was not read."),
        "other-sheet": N_("Only the first sheet was read. The sheet “{sheet}” was not."),
        "broken-csv": N_("This line is not a line of a CSV file: {reason}."),
        "no-header": N_("The first line must name the columns, for example: voter,area,weight."),
        "separator": N_(
            "The first line must name the columns, separated by comma, semicolon or tab. Possible "
            "columns: {columns}."
        ),
        "unknown-column": N_("There is no column “{heading}”. Possible columns: {columns}."),
        "column-twice": N_("The column {column} stands there twice."),
        "no-voter-column": N_("There is no column “voter”. Possible columns: {columns}."),
        "no-area-column": N_("There is no column “area”, and the election has more than one area."),
        "too-many-lines": N_("The list has more than {limit} voters."),
        "no-voters": N_("The list has a first line but no voters."),
        "formula-cell": N_(
            "Cell {cell} holds a formula, and formulas are not computed here. Paste its value instead."
        ),
        "error-cell": N_("Cell {cell} holds an error of the spreadsheet."),
        "yes-no-cell": N_("Cell {cell} holds TRUE or FALSE. Write text or a number."),
        "long-number": N_(
            "Cell {cell} is a number of more than 15 digits, which spreadsheets round. Format it as text."
        ),
        "date-cell": N_(
            "The spreadsheet takes this cell for a date; it was read as “{text}”. Is that what was meant?"
        ),
        "number-identity": N_(
            "This is a number, and a number has no zeros in front; it was read as “{text}”. Is that "
            "the whole identity?"
        ),
        "cell-without-heading": N_("Cell {cell} stands in a column without a name in the first line."),
        "too-long": N_("The text has {count} characters; {limit} are possible."),
        "unseen-character": N_(
            "The text holds a character that cannot be seen ({character}). Type the text again."
        ),
        "voter-missing": N_("The voter’s name or number is missing."),
        "area-missing": N_("The area is missing."),
        "unknown-area": N_("The election has no area “{text}”."),
        "area-ambiguous": N_("More than one area is called “{text}”. Write one of the ids: {areas}."),
        "weight": N_("The weight must be a whole number from 1 to {limit}; it is “{text}”."),
        "email-form": N_("“{text}” is not an e-mail address."),
        "language": N_("The language is “{text}”; it can be en or vi, or left empty."),
        "identity-twice": N_("The identity stands in line {first} already."),
        "voter-twice": N_(
            "“{text}” stands in line {first} already. If they are two people, add something that "
            "tells them apart, or give both an identity."
        ),
        "name-twice": N_(
            "“{text}” stands in line {first} already, with another identity. Are they two people?"
        ),
        "two-scripts": N_(
            "“{text}” mixes letters of different scripts that can look alike. Type the name again."
        ),
        "looks-like": N_(
            "“{text}” looks like the name in line {first}, but is written with other characters."
        ),
        "like-a-formula": N_("“{text}” begins like a formula. Is it a name?"),
        "email-twice": N_(
            "The e-mail address stands in line {first} already. Both voting codes would go to one mailbox."
        ),
    }
)
"""To be translated, then formatted with the finding's values."""

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "voter": N_("Voter"),
        "area": N_("Area"),
        "weight": N_("Weight"),
        "identity": N_("Identity"),
        "email": N_("E-mail address"),
        "language": N_("Language"),
        "address": N_("Postal address"),
    }
)
"""The columns as a page names them."""

"""CSV files of spreadsheets: which encoding and which separator, found strictly or not at all."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from voting.list_findings import Findings
from voting.table_row import Row, TableUnusable

SEPARATORS: Final = (",", ";", "\t")
LINE_CHARACTERS_MAX: Final = 100_000

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NAMES: Final = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


def csv_rows(data: bytes, findings: Findings, is_heading: Callable[[str], bool]) -> Iterator[Row]:
    """The rows of a CSV file, the header first. is_heading: whether a cell of the first line names a column.

    Raises: TableUnusable, also while rows are taken.
    """
    text = _decode(data, findings)
    first, skipped = text.split("\n", 1)[0].rstrip("\r"), 0
    if first in {
        f"sep={separator}" for separator in SEPARATORS
    }:  # what some spreadsheets write for themselves
        text, skipped = text.partition("\n")[2], 1
    separator = _separator(text, is_heading)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableUnusable("broken-csv", line + skipped, reason=str(error)) from error
        yield Row(line + skipped, cells)
        line = reader.line_num + 1


def _separator(text: str, is_heading: Callable[[str], bool]) -> str:
    """The separator with which the first line names our columns. A column that we do not know is named later."""
    # Only the first line, bounded: a header is short.
    first = io.StringIO(text[:LINE_CHARACTERS_MAX], newline=None).readline()
    fitting = []
    for separator in SEPARATORS:
        try:
            cells = next(csv.reader([first], delimiter=separator, strict=True), [])
        except csv.Error:
            continue
        if any(is_heading(cell) for cell in cells):
            fitting.append((len(cells), separator))
    if not fitting:
        raise TableUnusable("separator", 1, columns="voter, area, weight, identity, email, language, address")
    most = max(fitting)[0]
    best = [separator for count, separator in fitting if count == most]
    # One column alone fits with every separator, and then it does not matter which.
    if most > 1 and len(best) > 1:
        raise TableUnusable("separator", 1, columns="voter, area, weight, identity, email, language, address")
    return best[0]


def _decode(data: bytes, findings: Findings) -> str:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise TableUnusable("utf-32")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding)
    if data[:1000].count(0) > len(data[:1000]) // 4:  # every second byte of Latin letters in UTF-16
        raise TableUnusable("utf-16-without-mark")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = _vietnamese_of_windows(data)
    findings.warn(0, "", "windows-1258")
    return text


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableUnusable("broken-text", encoding=_NAMES[encoding], byte=str(error.start + 1)) from error


def _vietnamese_of_windows(data: bytes) -> str:
    """Windows-1258 writes tones as marks after the vowel. A mark that joins no vowel is the sign of something else."""
    try:
        text = unicodedata.normalize("NFC", data.decode("cp1258"))
    except UnicodeDecodeError as error:
        raise TableUnusable("not-text") from error
    if any(unicodedata.combining(character) for character in set(text)):
        raise TableUnusable("not-text")
    return text

"""A table as its readers hand it over: rows of text, whatever the file was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FILE_BYTES_MAX: Final = 200_000_000
"""A million voters with all columns; whoever takes files from strangers sets a lower limit before."""


class TableUnusable(Exception):
    """The file cannot be read further. `code` is one of `list_findings.SENTENCES`; line: from 1, 0 for the file."""

    def __init__(self, code: str, line: int = 0, /, **values: str) -> None:
        super().__init__(code)
        self.code, self.line, self.values = code, line, values


@dataclass(frozen=True)
class Row:
    """One line. cells: text, "" for an empty one.

    refused, warned: cell number (from 0) → why it cannot be used, or what to look at.
    """

    line: int
    cells: list[str]
    refused: Mapping[int, str] = field(default_factory=dict)
    warned: Mapping[int, str] = field(default_factory=dict)


def cell_name(number: int, line: int) -> str:
    """As a spreadsheet names it: B7. number: of the column, from 0 to 701. line: from 1."""
    letters = chr(65 + number) if number < 26 else chr(64 + number // 26) + chr(65 + number % 26)
    return f"{letters}{line}"

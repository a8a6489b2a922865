"""Reading `option,votes`: published counts of a real election, as strictly as any other input."""

import re
from dataclasses import dataclass
from pathlib import Path

from cli.strict_csv import CsvUnusable, parse_csv, read_csv
from protocol.text import require_text

FILE_BYTES_MAX = 1_000_000
OPTIONS_MAX = 200
VOTES_MAX = 10**12
BLANK_ROW = "(blank)"

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


class CountsUnusable(CsvUnusable):
    """The file of counts cannot be used; the sentence names the line and what to mend."""


@dataclass(frozen=True)
class Counts:
    """options: names with their votes, in the file's order.  blank: of the row `(blank)`, None without one."""

    options: tuple[tuple[str, int], ...]
    blank: int | None

    def scaled(self, divisor: int) -> "Counts":
        """Every count divided and rounded down."""
        return Counts(
            tuple((name, votes // divisor) for name, votes in self.options),
            None if self.blank is None else self.blank // divisor,
        )


def read_counts(path: Path) -> Counts:
    """Raises: CsvUnusable, CountsUnusable."""
    return parse_counts(read_csv(path, FILE_BYTES_MAX))


def parse_counts(data: bytes) -> Counts:
    """Raises: CsvUnusable, CountsUnusable, naming the line (from 1)."""
    return _read_rows(parse_csv(data, ("option", "votes")))


def _read_rows(rows: list[tuple[int, list[str]]]) -> Counts:
    options: list[tuple[str, int]] = []
    seen: set[str] = set()
    blank: int | None = None
    for line, row in rows:
        name, number = row
        if not _WHOLE_NUMBER.fullmatch(number) or int(number) > VOTES_MAX:
            raise CountsUnusable(f"Line {line}: votes must be a whole number from 0 to {VOTES_MAX}.")
        try:
            require_text(name, 300, "the option's name")
        except ValueError as error:
            raise CountsUnusable(f"Line {line}: {error}.") from error
        if name in seen:
            raise CountsUnusable(f"Line {line}: the option {name!r} stands in the file twice.")
        seen.add(name)
        if name == BLANK_ROW:
            blank = int(number)
        else:
            options.append((name, int(number)))
    if not options:
        raise CountsUnusable("The file names no option.")
    if len(options) > OPTIONS_MAX:
        raise CountsUnusable(f"The file names {len(options)} options; at most {OPTIONS_MAX} are possible.")
    return Counts(tuple(options), blank)

"""Reading `option,votes`: published counts of a real election, as strictly as any other input."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from protocol.text import require_text

FILE_BYTES_MAX = 1_000_000
OPTIONS_MAX = 200
VOTES_MAX = 10**12
BLANK_ROW = "(blank)"

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


class CountsUnusable(Exception):
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
    """Raises: CountsUnusable."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CountsUnusable(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > FILE_BYTES_MAX:
        raise CountsUnusable(f"{path} is larger than {FILE_BYTES_MAX} bytes.")
    return parse_counts(data)


def parse_counts(data: bytes) -> Counts:
    """Raises: CountsUnusable naming the line (from 1)."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise CountsUnusable("Line 1: the file begins with a byte order mark. Save it as UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CountsUnusable(f"Line {line}: the file is not UTF-8. Save it as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CountsUnusable(f"Line {reader.line_num}: not a line of a CSV file ({error}).") from error
    if not rows or rows[0][1] != ["option", "votes"]:
        raise CountsUnusable("Line 1: the file must begin with the header option,votes.")
    return _read_rows(rows[1:])


def _read_rows(rows: list[tuple[int, list[str]]]) -> Counts:
    options: list[tuple[str, int]] = []
    seen: set[str] = set()
    blank: int | None = None
    for line, row in rows:
        if not row:
            continue
        if len(row) != 2:
            raise CountsUnusable(f"Line {line}: {len(row)} fields; a line has an option and its votes.")
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

"""Reading `votes,1,2,…`: published rankings of a real election, as strictly as any other input.

A line: how many ballots have this order, then the options from the first position to the last. All options stand in
every line, once. In a line of blank ballots `(blank)` stands at position 1 and nothing behind it. The first line
names the options in the order of the question.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cli.counts_csv import BLANK_ROW, FILE_BYTES_MAX, VOTES_MAX, CountsUnusable
from cli.strict_csv import parse_csv, read_csv
from protocol.manifest import RANKED_OPTIONS_MAX
from protocol.text import require_text

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_HEADERS = {
    ",".join(header): header
    for header in (("votes", *map(str, range(1, count + 1))) for count in range(2, RANKED_OPTIONS_MAX + 1))
}


@dataclass(frozen=True)
class Rankings:
    """options: names.  orders: positions in `options` from the first place to the last, and how many ballots.

    blank: of the lines `(blank)`, None without one.
    """

    options: tuple[str, ...]
    orders: tuple[tuple[tuple[int, ...], int], ...]
    blank: int | None

    def scaled(self, divisor: int) -> "Rankings":
        """Every number of ballots divided and rounded down."""
        return Rankings(
            self.options,
            tuple((order, ballots // divisor) for order, ballots in self.orders),
            None if self.blank is None else self.blank // divisor,
        )


def read_rankings(path: Path) -> Rankings:
    """Raises: CsvUnusable, CountsUnusable."""
    return parse_rankings(read_csv(path, FILE_BYTES_MAX))


def parse_rankings(data: bytes) -> Rankings:
    """Raises: CsvUnusable, CountsUnusable, naming the line (from 1)."""
    first, _, _ = data[:100].partition(b"\n")
    header = _HEADERS.get(first.decode("utf-8", "replace").rstrip("\r"), ())
    if not header and first.isascii():  # else the reader of CSV files says more
        raise CountsUnusable(
            f"Line 1: the file must begin with the header votes,1,2,…: a column for each position, 2 to "
            f"{RANKED_OPTIONS_MAX} of them."
        )
    options: list[str] = []
    orders: list[tuple[tuple[int, ...], int]] = []
    blank: int | None = None
    for line, (number, *names) in parse_csv(data, header):
        ballots = _number(number, line)
        if names[0] == BLANK_ROW:
            if any(names[1:]):
                raise CountsUnusable(f"Line {line}: behind {BLANK_ROW} nothing is ranked.")
            blank = (blank or 0) + ballots
            continue
        if not options:
            options = _options(names, line)
        if sorted(names) != sorted(options):
            raise CountsUnusable(
                f"Line {line}: each of the options must stand in it once: {', '.join(options)}."
            )
        orders.append((tuple(options.index(name) for name in names), ballots))
    if not options:
        raise CountsUnusable("The file ranks no option.")
    return Rankings(tuple(options), tuple(orders), blank)


def _number(text: str, line: int) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > VOTES_MAX:
        raise CountsUnusable(f"Line {line}: votes must be a whole number from 0 to {VOTES_MAX}.")
    return int(text)


def _options(names: list[str], line: int) -> list[str]:
    for name in names:
        try:
            require_text(name, 300, "the option's name")
        except ValueError as error:
            raise CountsUnusable(f"Line {line}: {error}.") from error
    if len(set(names)) != len(names) or BLANK_ROW in names:
        raise CountsUnusable(
            f"Line {line}: an option stands in it twice, or {BLANK_ROW} does not stand first."
        )
    return names

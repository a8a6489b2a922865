"""What was handed in for a draft besides its own answers, and what can be counted of it. Nobody's name is in here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.roll import WEIGHT_MAX
from protocol.text import Count, Identifier
from voting.draft_document import Draft


class Cell(Record, frozen=True):
    """How many voters of an area have a weight."""

    area: Identifier
    voters: Count
    weight: Annotated[int, msgspec.Meta(ge=1, le=WEIGHT_MAX)]


@dataclass(frozen=True)
class ListFacts:
    """A voters' list, without anybody's name. identities: lines that say how the voter signs in."""

    cells: tuple[Cell, ...]
    identities: int
    contacts: int

    @property
    def voters(self) -> int:
        """All lines."""
        return sum(cell.voters for cell in self.cells)

    @property
    def total_weight(self) -> int:
        """Sum of all weights."""
        return sum(cell.weight * cell.voters for cell in self.cells)

    @property
    def lonely(self) -> tuple[tuple[str, int], ...]:
        """(area, weight) that one voter alone has: that vote could show in the result of its area (PROTOCOL 8)."""
        return tuple((cell.area, cell.weight) for cell in self.cells if cell.voters == 1)

    def by_area(self) -> Mapping[str, int]:
        """Voters of each area that has any."""
        found: Counter[str] = Counter()
        for cell in self.cells:
            found[cell.area] += cell.voters
        return found


def cells_of(lines: Sequence[tuple[str, int]]) -> tuple[Cell, ...]:
    """The statistics of (area, weight) pairs, sorted."""
    return tuple(
        Cell(area=area, voters=count, weight=weight)
        for (area, weight), count in sorted(Counter(lines).items())
    )


@dataclass(frozen=True)
class RollDifference:
    """An area and weight of which list and roll have different numbers of voters."""

    area: str
    weight: int
    on_list: int
    on_roll: int


def differences(on_list: Sequence[Cell], on_roll: Sequence[Cell]) -> tuple[RollDifference, ...]:
    """Where the registrar's roll is not the list, by area and weight."""
    first, second = (
        {(cell.area, cell.weight): cell.voters for cell in cells} for cells in (on_list, on_roll)
    )
    return tuple(
        RollDifference(area, weight, first.get((area, weight), 0), second.get((area, weight), 0))
        for area, weight in sorted(first.keys() | second.keys())
        if first.get((area, weight)) != second.get((area, weight))
    )


@dataclass(frozen=True)
class Prepared:
    """A draft with everything that was handed in for it. roll: the cells of the registrar's roll."""

    draft: Draft
    voters: ListFacts | None = None
    election: str | None = None
    ceremony: bool = False
    roll: tuple[Cell, ...] | None = None
    signed: frozenset[int] = frozenset()

    @property
    def settled(self) -> bool:
        """Whether the terms are fixed for the key ceremony."""
        return self.election is not None


CELLS_BYTES_MAX = 10_000_000


def encode_cells(cells: Sequence[Cell]) -> bytes:
    """Statistics as they are stored."""
    return encode_canonical(tuple(cells))


def decode_cells(data: bytes) -> tuple[Cell, ...]:
    """Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data, tuple[Cell, ...], limit_bytes=CELLS_BYTES_MAX)

"""Numbers behind which so few people stand that they would tell what somebody said: withheld, with what betrays them.

Leaving out a small number alone is not enough where the sum is known: the rest is the sum less what is shown. So the
smallest of the other numbers is left out as well, and all that equal it. Then whoever knows this rule and the sum
still cannot tell of any single cell whether it was small: every exchange of the numbers that were left out looks the
same from outside.
"""

from collections.abc import Sequence
from typing import Final

CELL_MIN: Final = 5


def withheld_cells(cells: Sequence[int]) -> Sequence[int | None]:
    """Cells of which everybody is in exactly one, with None for those that are withheld."""
    others = [cell for cell in cells if cell >= CELL_MIN]
    if len(others) == len(cells):
        return list(cells)
    limit = min(others, default=0)
    return [None if cell < CELL_MIN or cell == limit else cell for cell in cells]


def withheld_share(count: int, of: int) -> int | None:
    """A part of `of` people; None where it or what is left of them is small."""
    return count if count >= CELL_MIN and of - count >= CELL_MIN else None

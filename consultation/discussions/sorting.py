"""In which order contributions are shown, and the two numbers that two of the orders need.

Both are whole numbers, so that a page that begins "after this one" finds the very same place on every database.
"""

from enum import StrEnum
from math import pow as power
from math import sqrt
from typing import Final

_Z: Final = 1.959963984540054
"""Of a two-sided interval of 95 %."""
_SCALE: Final = 1_000_000_000
_DISPUTE_SCALE: Final = 1_000_000


class Order(StrEnum):
    """As the reader chooses it."""

    AGREED = "agreed"
    NEWEST = "newest"
    OLDEST = "oldest"
    DISPUTED = "disputed"


def agreed_score(agree: int, disagree: int) -> int:
    """The share of agreement that is certain at least, in parts of 10^9: three of three come after 90 of 100.

    The lower bound of the score interval, (p + z²/2n - z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), without a vote 0.
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.
    """
    n = agree + disagree
    if not n:
        return 0
    p, z2 = agree / n, _Z * _Z
    bound = (p + z2 / (2 * n) - _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0, round(bound * _SCALE))


def disputed_score(agree: int, disagree: int) -> int:
    """How much a contribution divides: n^(smaller/larger) in parts of 10^6, 0 while all are of one mind.

    Many votes that are close together come first. Source: `controversy` in reddit's published r2/r2/lib/db/_sorts.pyx.
    """
    if not agree or not disagree:
        return 0
    balance = min(agree, disagree) / max(agree, disagree)
    return round(power(agree + disagree, balance) * _DISPUTE_SCALE)

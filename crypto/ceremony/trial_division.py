"""Small factors of many numbers at once: one product of primes, reduced down a tree of products of the
numbers.

Source: Bernstein 2008 (Fast multiplication and its applications), remainder trees.
"""

from collections.abc import Sequence
from functools import cache

from crypto.numbers import gcd, mpz, primorial


def small_factors(numbers: Sequence[int], limit: int) -> list[int]:
    """For each number the product of its distinct prime factors up to `limit` (1 where there is none)."""
    if not numbers:
        return []
    levels = [[mpz(number) for number in numbers]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[i] * below[i + 1] for i in range(0, len(below) - 1, 2)]
        levels.append(pairs + below[len(pairs) * 2 :])
    remainders = [_primorial(limit)]
    for level in reversed(levels):
        remainders = [remainders[i // 2] % value for i, value in enumerate(level)]
    return [gcd(remainder, number) for remainder, number in zip(remainders, levels[0], strict=True)]


@cache
def _primorial(limit: int) -> int:
    return primorial(limit)

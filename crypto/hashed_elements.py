"""Elements modulo n that nobody chose: each is read from a hash of n, so that everybody derives the same one.

A root of an element that somebody hands in would factor n; roots are taken only of elements derived here.
Source: docs/KEY-CEREMONY.md, "Hash-derived elements".
"""

from collections.abc import Iterator

from crypto.encoding import int_to_bytes
from crypto.numbers import gcd, jacobi
from crypto.transcript import tuple_hash, u32

NTH_ROOT_CHALLENGE = "nth-root-challenge"
SQUARE_ROOT_CHALLENGE = "square-root-challenge"
VERIFICATION_BASE = "verification-base"
CEREMONY_FILTER = "ceremony-filter"

# Spare output bytes, so that reduction modulo n is uniform within 2^-128.
_SPARE_BYTES = 16


def modulus_bytes(n: int) -> int:
    """Length of an encoded integer modulo n."""
    return (n.bit_length() + 7) // 8


def _candidates(purpose: str, n: int, index: int) -> Iterator[int]:
    length = modulus_bytes(n)
    prefix = [int_to_bytes(n, length), u32(index)]
    counter = 0
    while True:
        output = tuple_hash(purpose, [*prefix, u32(counter)], length + _SPARE_BYTES)
        yield int.from_bytes(output, "big") % n
        counter += 1


def hashed_unit(purpose: str, n: int, index: int) -> int:
    """The first unit x (1 ≤ x < n, gcd(x, n) = 1) among the hashes of (n, index, counter), counter = 0, 1,
    …
    """
    return int(next(x for x in _candidates(purpose, n, index) if x and gcd(x, n) == 1))


def hashed_jacobi_unit(purpose: str, n: int, index: int) -> int:
    """As `hashed_unit`, the first one with Jacobi symbol (x / n) = 1."""
    return int(next(x for x in _candidates(purpose, n, index) if x and jacobi(x, n) == 1))


def verification_base(n: int) -> int:
    """v: the square of a hash-derived unit. Verification keys are its powers."""
    x = hashed_unit(VERIFICATION_BASE, n, 0)
    return x * x % n

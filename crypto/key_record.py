"""What a key generation leaves behind: the public record that everybody checks, and each trustee's secret
share.

Source: docs/KEY-CEREMONY.md, "The public record" and "Shares".
"""

from dataclasses import dataclass, field
from math import factorial

from crypto.encoding import int_to_bytes
from crypto.errors import MalformedEncoding, UnsupportedParameters
from crypto.hashed_elements import modulus_bytes, verification_base
from crypto.key_size import KeySize
from crypto.numbers import mpz, powmod

MAX_TRUSTEES = 10

# A share is an integer of at most bits(n) + 448 bits: for N = 10 the ceremony reaches bits(n) + 423.
_SHARE_SPARE_BYTES = 56
# For N = 10 the ceremony reaches bits(n) + 267 bits.
_QUOTIENT_SPARE_BYTES = 48


def require_supported(trustees: int, threshold: int) -> None:
    """One trustee alone, or any two of 3 to 10. Raises: UnsupportedParameters with the reason."""
    if (trustees, threshold) == (1, 1):
        return
    if threshold >= 3:
        raise UnsupportedParameters(
            f"A threshold of {threshold} is not offered: the audit does not cover the reduction round yet. "
            "Choose a threshold of 2."
        )
    if threshold != 2:
        raise UnsupportedParameters("Several trustees need a threshold of 2: no one of them may open alone.")
    if trustees < 3:
        raise UnsupportedParameters("A threshold of 2 needs at least 3 trustees: most must be honest.")
    if trustees > MAX_TRUSTEES:
        raise UnsupportedParameters(f"At most {MAX_TRUSTEES} trustees can hold a key, not {trustees}.")


@dataclass(frozen=True)
class PublicKeyRecord:
    """The public numbers of one election key. `crypto.certificate.verify_key_record` checks all of them.

    n: the modulus.  threshold, trustees: t answers of N open.
    F0, k: F = k·n + F0 is the opened multiple that ties the shares to n: n·R' ≡ F0 (mod φ(n)).
    feldman: for each trustee's dealing, v to the power of its t coefficients, modulo n.
    verification_keys: v_j = v^(s_j) for j = 1 … N; everybody derives them from `feldman`.
    nth_roots: n-th roots of the 7 challenges.  square_roots: for each of the 128 challenges x the smaller of
    ±w with w² ≡ ±x (mod n).
    """

    n: int
    threshold: int
    trustees: int
    F0: int
    k: int
    feldman: tuple[tuple[int, ...], ...]
    verification_keys: tuple[int, ...]
    nth_roots: tuple[int, ...]
    square_roots: tuple[int, ...]

    @property
    def delta(self) -> int:
        """Δ = N!: makes every Lagrange coefficient an integer."""
        return factorial(self.trustees)


@dataclass(frozen=True)
class KeyShare:
    """Trustee `index`'s secret: s = f(index) - Δ·k, an integer of either sign. Never shown in a repr."""

    index: int
    share: int = field(repr=False)

    def to_bytes(self, size: KeySize) -> bytes:
        """One sign byte (0, or 1 for a negative share) and the magnitude, big-endian. Raises: OutOfRange."""
        magnitude = int_to_bytes(abs(self.share), size.n_bytes + _SHARE_SPARE_BYTES)
        return bytes([self.share < 0]) + magnitude

    @classmethod
    def from_bytes(cls, index: int, data: bytes, size: KeySize) -> "KeyShare":
        """Inverse of `to_bytes`. Raises: MalformedEncoding (length, sign byte, a negative zero)."""
        if len(data) != 1 + size.n_bytes + _SHARE_SPARE_BYTES or data[0] > 1:
            raise MalformedEncoding("Not a key share of this key size.")
        magnitude = int.from_bytes(data[1:], "big")
        if data[0] and not magnitude:
            raise MalformedEncoding("A share of zero has no negative spelling.")
        return cls(index, -magnitude if data[0] else magnitude)


def share_bits(n: int) -> int:
    """Bound on the bits of any share's magnitude."""
    return 8 * (modulus_bytes(n) + _SHARE_SPARE_BYTES)


def quotient_bits(n: int) -> int:
    """Bound on the bits of k."""
    return 8 * (modulus_bytes(n) + _QUOTIENT_SPARE_BYTES)


def derive_verification_keys(
    n: int, delta: int, k: int, feldman: tuple[tuple[int, ...], ...]
) -> tuple[int, ...]:
    """v_j = Π_i Π_x V_ix^(j^x) · v^(-Δ·k) mod n for j = 1 … N.

    feldman: one tuple of t numbers below n per trustee; `verify_key_record` checks that they are units.
    """
    totals = feldman_totals(n, feldman)
    shift = powmod(verification_base(n), -delta * k, n)
    keys = []
    for j in range(1, len(feldman) + 1):
        value = shift
        for x, total in enumerate(totals):
            value = value * powmod(total, j**x, n) % n
        keys.append(int(value))
    return tuple(keys)


def feldman_totals(n: int, feldman: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """Π_i V_ix mod n for each degree x: the Feldman values of the sum of all dealings."""
    totals = []
    for values in zip(*feldman, strict=True):
        total = mpz(1)
        for value in values:
            total = total * value % n
        totals.append(int(total))
    return tuple(totals)

"""What everybody can check about a key, and must before the first ballot: that its modulus cannot lie.

The checks show that n is a product of at most two distinct primes, both 3 (mod 4), with gcd(n, φ(n)) = 1:
then every ciphertext has one opening. They cannot show that nobody knows the factors: that is what the
trustees are for.

Source: docs/KEY-CEREMONY.md, "Checks of a record". n-th roots: Goldberg, Reyzin, Sagga and Baldimtsi,
ePrint 2018/057 (Efficient noninteractive certification of RSA moduli and beyond). Square roots: an element
of Jacobi symbol 1 and its negative are both non-squares with chance at least 1/2 for any other odd n that
is no prime power.
"""

from enum import StrEnum
from functools import cache

from crypto.errors import CryptoError, UnsupportedParameters
from crypto.hashed_elements import (
    NTH_ROOT_CHALLENGE,
    SQUARE_ROOT_CHALLENGE,
    hashed_jacobi_unit,
    hashed_unit,
    verification_base,
)
from crypto.key_record import (
    KeyShare,
    PublicKeyRecord,
    derive_verification_keys,
    feldman_totals,
    quotient_bits,
    require_supported,
    share_bits,
)
from crypto.key_size import KeySize
from crypto.numbers import gcd, is_square, mpz, powmod, powmod_secret, primorial

NTH_ROOTS = 7
"""(10^6)^7 > 2^128: a prime of gcd(n, φ(n)) that survives trial division passes one challenge with chance
10^-6.
"""

SQUARE_ROOTS = 128

SMALL_FACTOR_LIMIT = 10**6


class KeyCheck(StrEnum):
    """The checks of a key record, in the order in which they run."""

    TRUSTEES = "trustees"
    LENGTH = "length"
    FORM = "form"
    SQUARE = "square"
    SMALL_FACTORS = "small-factors"
    PRIME = "prime"
    CONSTANTS = "constants"
    FELDMAN_RANGE = "feldman-range"
    FELDMAN_EQUATION = "feldman-equation"
    VERIFICATION_KEYS = "verification-keys"
    NTH_ROOTS = "nth-roots"
    SQUARE_ROOTS = "square-roots"
    SHARE = "share"


class KeyRefused(CryptoError):
    """A key record failed `check`: no ballot may be encrypted under it."""

    def __init__(self, check: KeyCheck, reason: str) -> None:
        super().__init__(f"The key is refused ({check.value}): {reason}")
        self.check = check


def nth_root_challenges(n: int) -> tuple[int, ...]:
    """The 7 units whose n-th roots a key shows."""
    return tuple(hashed_unit(NTH_ROOT_CHALLENGE, n, i) for i in range(NTH_ROOTS))


def square_root_challenges(n: int) -> tuple[int, ...]:
    """The 128 units of Jacobi symbol 1 of which a key shows a square root, up to sign."""
    return tuple(hashed_jacobi_unit(SQUARE_ROOT_CHALLENGE, n, i) for i in range(SQUARE_ROOTS))


def verify_key_record(record: PublicKeyRecord, size: KeySize) -> None:
    """All public checks of a key, cheapest first.

    Cost: 7 powers modulo n by n, 3 by longer exponents, about 20 ms at 2048 bits.
    Raises: KeyRefused naming the first check that fails.
    """
    _verify_trustees(record)
    verify_modulus(record.n, size)
    _verify_constants(record)
    verify_feldman(record)
    verify_nth_roots(record.n, record.nth_roots)
    verify_square_roots(record.n, record.square_roots)


def verify_modulus(n: int, size: KeySize) -> None:
    """Exact length, n ≡ 1 (mod 4), no square, no factor below 10^6, no prime (2^(n-1) ≢ 1). Raises:
    KeyRefused.

    A prime would pass every other check, and its φ is n - 1: anybody could open every ballot.
    """
    if n.bit_length() != size.bits or n < 0:
        raise KeyRefused(KeyCheck.LENGTH, f"the modulus has {n.bit_length()} bits instead of {size.bits}.")
    if n % 4 != 1:
        raise KeyRefused(KeyCheck.FORM, "the modulus is not 1 modulo 4.")
    if is_square(n):
        raise KeyRefused(KeyCheck.SQUARE, "the modulus is a square.")
    if gcd(_small_primes_product() % n, n) != 1:
        raise KeyRefused(KeyCheck.SMALL_FACTORS, f"the modulus has a factor below {SMALL_FACTOR_LIMIT}.")
    if powmod(2, n - 1, n) == 1:
        raise KeyRefused(KeyCheck.PRIME, "the modulus is a prime, or behaves like one.")


def verify_feldman(record: PublicKeyRecord) -> None:
    """(Π_i V_i0 · v^(-Δ·k))^n = v^(Δ·F0), and the verification keys that follow from the V_ix.

    Raises: KeyRefused (shape and range of the values, equation, keys).
    """
    n, delta = mpz(record.n), record.delta
    shape = [len(values) for values in record.feldman]
    if shape != [record.threshold] * record.trustees:
        raise KeyRefused(KeyCheck.FELDMAN_RANGE, "there is not one value for each trustee and coefficient.")
    for trustee, values in enumerate(record.feldman, start=1):
        if any(not 1 <= value < n or gcd(value, n) != 1 for value in values):
            raise KeyRefused(KeyCheck.FELDMAN_RANGE, f"a value of trustee {trustee} is not a unit below n.")
    v = verification_base(record.n)
    constant = feldman_totals(record.n, record.feldman)[0] * powmod(v, -delta * record.k, n) % n
    if powmod(constant, n, n) != powmod(v, delta * record.F0, n):
        raise KeyRefused(KeyCheck.FELDMAN_EQUATION, "the shares do not invert n: the key would not open.")
    if record.verification_keys != derive_verification_keys(record.n, delta, record.k, record.feldman):
        raise KeyRefused(KeyCheck.VERIFICATION_KEYS, "they do not follow from the Feldman values.")


def verify_nth_roots(n: int, roots: tuple[int, ...]) -> None:
    """r_i^n ≡ x_i (mod n) for the 7 hash-derived x_i: gcd(n, φ(n)) = 1. Raises: KeyRefused."""
    if len(roots) != NTH_ROOTS:
        raise KeyRefused(KeyCheck.NTH_ROOTS, f"there are {len(roots)} n-th roots instead of {NTH_ROOTS}.")
    for i, (root, element) in enumerate(zip(roots, nth_root_challenges(n), strict=True)):
        if not 1 <= root < n:
            raise KeyRefused(KeyCheck.NTH_ROOTS, f"n-th root {i} lies outside 1 … n - 1.")
        if powmod(root, n, n) != element:
            raise KeyRefused(KeyCheck.NTH_ROOTS, f"n-th root {i} is not a root of its challenge.")


def verify_square_roots(n: int, roots: tuple[int, ...]) -> None:
    """w_i² ≡ ±x_i (mod n), 1 ≤ w_i ≤ (n-1)/2, for the 128 hash-derived x_i. Raises: KeyRefused."""
    if len(roots) != SQUARE_ROOTS:
        raise KeyRefused(
            KeyCheck.SQUARE_ROOTS, f"there are {len(roots)} square roots instead of {SQUARE_ROOTS}."
        )
    for i, (root, element) in enumerate(zip(roots, square_root_challenges(n), strict=True)):
        if not 1 <= root <= n // 2:
            raise KeyRefused(KeyCheck.SQUARE_ROOTS, f"square root {i} lies outside 1 … (n-1)/2.")
        if root * root % n not in (element, n - element):
            raise KeyRefused(KeyCheck.SQUARE_ROOTS, f"square root {i} is not a root of ± its challenge.")


def verify_key_share(record: PublicKeyRecord, share: KeyShare) -> None:
    """Whether a trustee's secret share belongs to the record: v^(s_j) = v_j. Raises: KeyRefused."""
    if not 1 <= share.index <= record.trustees or abs(share.share).bit_length() > share_bits(record.n):
        raise KeyRefused(KeyCheck.SHARE, "the share's number or length does not fit this key.")
    value = powmod_secret(verification_base(record.n), share.share, record.n)
    if value != record.verification_keys[share.index - 1]:
        raise KeyRefused(KeyCheck.SHARE, f"trustee {share.index}'s share does not belong to this key.")


def _verify_trustees(record: PublicKeyRecord) -> None:
    try:
        require_supported(record.trustees, record.threshold)
    except UnsupportedParameters as error:
        raise KeyRefused(KeyCheck.TRUSTEES, str(error)) from error


def _verify_constants(record: PublicKeyRecord) -> None:
    if not 1 <= record.F0 < record.n or gcd(record.F0, record.n) != 1:
        raise KeyRefused(KeyCheck.CONSTANTS, "F0 is not a unit between 1 and n - 1.")
    if record.k < 0 or record.k.bit_length() > quotient_bits(record.n):
        raise KeyRefused(KeyCheck.CONSTANTS, "k is negative or too long.")


@cache
def _small_primes_product() -> int:
    return primorial(SMALL_FACTOR_LIMIT)

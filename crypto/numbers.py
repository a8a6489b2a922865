"""The typed wrapper around gmpy2, the only module of the project that imports it.

Inside a computation the values are gmpy2's `mpz` (typed as `int`, which they behave as); whatever leaves
a public function of `crypto` as a field or result is a plain `int`.
"""

from typing import cast

import gmpy2

from crypto.errors import OutOfRange


def mpz(value: int) -> int:
    """`value` as gmpy2's integer, so that the operators after it run in GMP."""
    return cast(int, gmpy2.mpz(value))


def powmod(base: int, exponent: int, modulus: int) -> int:
    """base^exponent mod modulus for public exponents; a negative one inverts (OutOfRange when impossible)."""
    try:
        return cast(int, gmpy2.powmod(base, exponent, modulus))
    except ZeroDivisionError as error:
        raise OutOfRange("The base has no inverse modulo the modulus.") from error


def powmod_secret(base: int, exponent: int, modulus: int) -> int:
    """base^exponent mod an odd modulus, in time that does not depend on the exponent's bits (GMP's powm_sec).

    Only the length and the sign of the exponent show in the timing. Raises: OutOfRange as `powmod`.
    """
    if exponent < 0:
        base, exponent = invert(base, modulus), -exponent
    if exponent == 0:
        return mpz(1) % modulus
    return cast(int, gmpy2.powmod_sec(base, exponent, modulus))


def invert(value: int, modulus: int) -> int:
    """The inverse of `value` modulo `modulus`. Raises: OutOfRange when there is none."""
    try:
        return cast(int, gmpy2.invert(value, modulus))
    except ZeroDivisionError as error:
        raise OutOfRange("The value has no inverse modulo the modulus.") from error


def gcd(a: int, b: int) -> int:
    """Greatest common divisor."""
    return cast(int, gmpy2.gcd(a, b))


def bezout(a: int, b: int) -> tuple[int, int, int]:
    """(g, s, t) with g = gcd(a, b) = s·a + t·b."""
    g, s, t = gmpy2.gcdext(a, b)
    return cast(int, g), cast(int, s), cast(int, t)


def jacobi(value: int, modulus: int) -> int:
    """The Jacobi symbol (value / modulus): 1, 0 or -1. modulus: odd, positive."""
    return cast(int, gmpy2.jacobi(value, modulus))


def is_square(value: int) -> bool:
    """Whether `value` is a perfect square of integers."""
    return bool(gmpy2.is_square(value))


def is_prime(value: int) -> bool:
    """Probable primality: GMP's test (Baillie-PSW, then Miller-Rabin rounds), 40 rounds."""
    return bool(gmpy2.is_prime(value, 40))


def primorial(limit: int) -> int:
    """The product of all primes up to `limit`."""
    return cast(int, gmpy2.primorial(limit))

"""Products of many powers of public numbers: ∏ base^exponent mod modulus, cheaper than one by one.

Two classical ways, chosen by counting multiplications. *Straus* (1964) shares the squarings and keeps a small
table of odd powers for each base: best for few bases. *Pippenger* (1976), in the bucket form, sorts the bases
of each window by their digit and needs no table at all: best for hundreds of bases, where a 128-bit exponent
ends up costing about twenty multiplications. Variable time: never for a secret exponent or base.
"""

from collections.abc import Sequence

from crypto.errors import OutOfRange
from crypto.numbers import mpz

_MAX_STRAUS_WINDOW = 8
_MAX_PIPPENGER_WINDOW = 16


def multi_power(bases: Sequence[int], exponents: Sequence[int], modulus: int) -> int:
    """∏ bases[i]^exponents[i] mod modulus, as gmpy2's integer; 1 for no bases.

    exponents: 0 or more, one for each base. Memory: the bases, and either 2^7 numbers a base (only while
    bases are few) or at most 2^16 numbers in all. Raises: OutOfRange.
    """
    if len(bases) != len(exponents):
        raise OutOfRange("A product of powers needs exactly one exponent for each base.")
    if exponents and min(exponents) < 0:
        raise OutOfRange("A product of powers takes exponents from 0 upwards only.")
    modulus = mpz(modulus)
    bits = max((exponent.bit_length() for exponent in exponents), default=0)
    if bits == 0:
        return mpz(1) % modulus
    straus_cost, straus_window = min(
        (_straus_cost(len(bases), bits, window), window) for window in range(1, _MAX_STRAUS_WINDOW + 1)
    )
    bucket_cost, bucket_window = min(
        (_bucket_cost(len(bases), bits, window), window) for window in range(1, _MAX_PIPPENGER_WINDOW + 1)
    )
    if straus_cost <= bucket_cost:
        return _straus(bases, exponents, modulus, bits, straus_window)
    return _pippenger(bases, exponents, modulus, bits, bucket_window)


def _straus_cost(count: int, bits: int, window: int) -> float:
    table = (1 << (window - 1)) if window > 1 else 0
    return bits + count * (table + bits / (window + 1))


def _bucket_cost(count: int, bits: int, window: int) -> float:
    # Each window puts every base with a non-zero digit into a bucket; emptying takes two multiplications a
    # bucket.
    return bits + -(-bits // window) * (count + (2 << window))


def _straus(bases: Sequence[int], exponents: Sequence[int], modulus: int, bits: int, window: int) -> int:
    factors_at: list[list[int]] = [[] for _ in range(bits)]
    for base, exponent in zip(bases, exponents, strict=True):
        base = mpz(base) % modulus  # noqa: PLW2901  (the same number, as gmpy2's type)
        odd_powers = [base]
        square = base * base % modulus if window > 1 else base
        for _ in range((1 << (window - 1)) - 1):
            odd_powers.append(odd_powers[-1] * square % modulus)
        position, rest = 0, int(exponent)
        while rest:
            zeros = (rest & -rest).bit_length() - 1
            position, rest = position + zeros, rest >> zeros
            digit = rest & ((1 << window) - 1)
            factors_at[position].append(odd_powers[digit >> 1])
            position, rest = position + window, rest >> window
    result = mpz(1)
    for factors in reversed(factors_at):
        result = result * result % modulus
        for factor in factors:
            result = result * factor % modulus
    return result


def _pippenger(bases: Sequence[int], exponents: Sequence[int], modulus: int, bits: int, window: int) -> int:
    numbers = [mpz(base) for base in bases]
    digits_of = [mpz(exponent) for exponent in exponents]
    mask = (1 << window) - 1
    result = mpz(1)
    for shift in range((bits - 1) // window * window, -1, -window):
        for _ in range(window if result != 1 else 0):
            result = result * result % modulus
        buckets: list[int | None] = [None] * (1 << window)
        for number, exponent in zip(numbers, digits_of, strict=True):
            digit = (exponent >> shift) & mask
            if digit:
                held = buckets[digit]
                buckets[digit] = number if held is None else held * number % modulus
        result = result * _weighted_product(buckets, modulus) % modulus
    return result


def _weighted_product(buckets: Sequence[int | None], modulus: int) -> int:
    """∏ buckets[d]^d: the product of all suffix products, from the top."""
    suffix, total = None, mpz(1)
    for held in reversed(buckets[1:]):
        if held is not None:
            suffix = held if suffix is None else suffix * held % modulus
        if suffix is not None:
            total = total * suffix % modulus
    return total

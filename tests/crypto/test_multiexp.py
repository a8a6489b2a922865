from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import OutOfRange
from crypto.multiexp import multi_power

MODULUS = (2**89 - 1) * (2**61 - 1)

pairs = st.lists(st.tuples(st.integers(0, 2 * MODULUS), st.integers(0, 1 << 140)), max_size=12)


def one_by_one(bases: list[int], exponents: list[int]) -> int:
    return (
        prod(pow(base, exponent, MODULUS) for base, exponent in zip(bases, exponents, strict=True)) % MODULUS
    )


@given(pairs=pairs)
def test_few_bases_give_the_product_of_their_powers(pairs: list[tuple[int, int]]) -> None:
    bases, exponents = [base for base, _ in pairs], [exponent for _, exponent in pairs]
    assert multi_power(bases, exponents, MODULUS) == one_by_one(bases, exponents)


# From about forty bases on, buckets are cheaper than tables: these counts cross that line and several window
# sizes.
@pytest.mark.parametrize("count", [30, 60, 200, 1500])
@pytest.mark.parametrize("bits", [1, 9, 128, 391])
def test_many_bases_give_the_product_of_their_powers(count: int, bits: int) -> None:
    bases = [pow(7, i + 1, MODULUS) for i in range(count)]
    exponents = [pow(5, i + 99, 2**400 - 593) % (1 << bits) for i in range(count)]
    assert multi_power(bases, exponents, MODULUS) == one_by_one(bases, exponents)


def test_mixed_lengths_and_zeros_among_many() -> None:
    bases = list(range(2, 302))
    exponents = [0 if i % 3 == 0 else (1 << (i % 150)) - 1 for i in range(300)]
    assert multi_power(bases, exponents, MODULUS) == one_by_one(bases, exponents)


def test_nothing_gives_one() -> None:
    assert multi_power([], [], MODULUS) == 1
    assert multi_power([5, 6], [0, 0], MODULUS) == 1
    assert multi_power([], [], 1) == 0


def test_counts_that_differ_are_refused() -> None:
    with pytest.raises(OutOfRange, match="one exponent for each base"):
        multi_power([2, 3], [1], MODULUS)


def test_negative_exponent_is_refused() -> None:
    with pytest.raises(OutOfRange, match="from 0 upwards"):
        multi_power([2, 3], [1, -1], MODULUS)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import OutOfRange
from crypto.fixed_base import FixedBase

MODULUS = 2**127 - 1
TABLE = FixedBase(3, MODULUS, 100)


@given(exponent=st.integers(0, 1 << 400))
def test_power_is_pow_inside_and_beyond_the_table(exponent: int) -> None:
    assert TABLE.power(exponent) == pow(3, exponent, MODULUS)


@pytest.mark.parametrize("exponent", [0, 1, 63, 64, (1 << 102) - 1, 1 << 102, (1 << 102) + 1])
def test_power_at_the_edges_of_windows_and_table(exponent: int) -> None:
    assert TABLE.bits == 102
    assert TABLE.power(exponent) == pow(3, exponent, MODULUS)


def test_base_larger_than_the_modulus_is_reduced() -> None:
    assert FixedBase(MODULUS + 3, MODULUS, 12).power(5) == 243


def test_negative_exponent_is_refused() -> None:
    with pytest.raises(OutOfRange, match="from 0 upwards"):
        TABLE.power(-1)

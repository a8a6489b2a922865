"""The urn: one pebble for each full per cent, always in the same places."""

import re
from fractions import Fraction

import pytest

from web.gauge import PEBBLES, gauge


def pebbles(path: str) -> list[str]:
    return re.findall(r"M[^z]+z", path)


@pytest.mark.parametrize(
    ("share", "filled"),
    [
        (Fraction(0), 0),
        (Fraction(999, 100_000), 0),
        (Fraction(1, 100), 1),
        (Fraction(3987, 8412), 47),
        (Fraction(999, 1000), 99),
        (Fraction(1), 100),
    ],
)
def test_one_pebble_for_each_full_per_cent(share: Fraction, filled: int) -> None:
    picture = gauge(share)
    assert picture.filled == filled
    assert (len(pebbles(picture.inside)), len(pebbles(picture.outside))) == (filled, 100 - filled)


def test_a_fuller_urn_holds_the_same_pebbles_and_more() -> None:
    fuller, emptier = gauge(Fraction(62, 100)), gauge(Fraction(47, 100))
    assert fuller.inside.startswith(emptier.inside)
    assert len(set(pebbles(gauge(Fraction(1)).inside))) == 100


def test_the_own_pebble_lies_on_top() -> None:
    heights = [float(re.match(r"M[\d.]+ ([\d.]+)", gauge(Fraction(n, 100)).mine)[1]) for n in (0, 47, 100)]  # type: ignore[index]
    assert heights == sorted(heights, reverse=True)
    assert len(PEBBLES) == 100

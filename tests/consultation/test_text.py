"""One spelling is stored; what a reader would not see is refused."""

import json
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultation.errors import TextRefused
from consultation.text import written
from tests.support.repository import ROOT

TRICKY = json.loads((ROOT / "tests" / "data" / "lists" / "tricky_strings.json").read_text(encoding="utf-8"))
STRINGS = TRICKY["strings"] if isinstance(TRICKY, dict) else TRICKY


def test_twins_in_two_encodings_become_one() -> None:
    composed = "Đường ven hồ"
    assert written(unicodedata.normalize("NFD", composed), 80) == written(composed, 80) == composed


@pytest.mark.parametrize(
    "unseen",
    [
        "\u202e",
        "\u2066",
        "\u200f",
        "\x00",
        "\x1b",
        "\ufeff",
        "\U000e0041",
        "\ud800",
        "\u200b",
        "\u00ad",
        "\u2060",
        "\u061c",
        "\u3164",
        "\u2800",
        "\u034f",
        "\ufe00",
        "\U0001d173",
        "\U00013430",
        "\U000e0100",
    ],
)
def test_what_cannot_be_seen_is_refused(unseen: str) -> None:
    with pytest.raises(TextRefused, match="nobody can see"):
        written(f"một{unseen}hai", 80)


def test_towers_of_accents_are_refused_and_vietnamese_is_not() -> None:
    with pytest.raises(TextRefused, match="accents"):
        written("z" + "\u0335" * 4, 80)
    with pytest.raises(TextRefused, match="accents"):
        written("z" + "\u0335\u0335\u0335\u200d" * 3, 80)
    assert written(unicodedata.normalize("NFD", "Nghiêng ngả ỡ ậ ể"), 80) == "Nghiêng ngả ỡ ậ ể"


def test_blanks_and_lines() -> None:
    assert written("  một \t hai\r\nba  ", 80) == "một hai ba"
    assert written("một \r\n\r\n\r\n\r\n hai", 80, lines=True) == "một\n\nhai"


def test_limits_count_composed_characters() -> None:
    assert written(unicodedata.normalize("NFD", "ậ" * 80), 80) == "ậ" * 80
    with pytest.raises(TextRefused, match="at most 80 characters"):
        written("a" * 81, 80)
    with pytest.raises(TextRefused, match="Write something"):
        written(" \n ", 80)
    with pytest.raises(TextRefused, match="Write something"):
        written("\u200d \u200c", 80)
    with pytest.raises(TextRefused, match="Write something"):
        written("\u0301", 80)  # an accent on nothing
    assert written("👩‍👧 ❤️", 80) == "👩‍👧 ❤️"
    with pytest.raises(TextRefused, match="too long"):
        written("a" * 10_000_000, 80)
    assert written("", 80, least=0) == ""


@given(st.text(max_size=200))
def test_what_was_written_stays_as_it_is(text: str) -> None:
    try:
        once = written(text, 200, lines=True, least=0)
    except TextRefused:
        return
    assert written(once, 200, lines=True, least=0) == once
    assert unicodedata.is_normalized("NFC", once)


def test_the_tricky_strings_are_taken_or_refused_with_a_sentence() -> None:
    seen: dict[str, str] = {}
    for case in STRINGS:
        with suppress(TextRefused):
            seen[case["id"]] = written(case["text"], 500, lines=True, least=0)
    assert 0 < len(seen) < len(STRINGS)
    for case in STRINGS:
        if case.get("same_as") and case["id"] in seen and case["same_as"] in seen:
            assert seen[case["id"]] == seen[case["same_as"]]

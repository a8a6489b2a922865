"""What an edit changed is all there, before and after, however long the texts are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultation.differences import Change, Part, differences

WORDS = st.text(st.sampled_from("ab ạđ.\n"), max_size=60)


@given(WORDS, WORDS)
def test_both_texts_can_be_read_from_the_parts(old: str, new: str) -> None:
    parts = differences(old, new)
    assert "".join(part.text for part in parts if part.change is not Change.ADDED) == old
    assert "".join(part.text for part in parts if part.change is not Change.REMOVED) == new
    assert all(part.text for part in parts)


def test_words_are_compared_and_not_letters() -> None:
    assert differences("Close it at eight.", "Close it at nine.") == [
        Part(Change.SAME, "Close it at "),
        Part(Change.REMOVED, "eight"),
        Part(Change.ADDED, "nine"),
        Part(Change.SAME, "."),
    ]
    assert differences("same", "same") == [Part(Change.SAME, "same")]
    assert differences("", "") == []


@pytest.mark.parametrize("joint", [" ", "\n", ""])
def test_long_texts_take_no_time(joint: str) -> None:
    old, new = joint.join(["a", "b"] * 20_000), joint.join(["b", "c"] * 20_000)
    began = time.perf_counter()
    parts = differences(old, new)
    assert time.perf_counter() - began < 2
    assert "".join(part.text for part in parts if part.change is not Change.ADDED) == old


@pytest.mark.parametrize(("old", "new"), [("a ", "a b "), ("a.", "a.b."), ("a\n", "a\nb\n")])
def test_few_words_repeated_often_take_no_time(old: str, new: str) -> None:
    before, after = old * 700, new * 350
    began = time.perf_counter()
    parts = differences(before, after)
    assert time.perf_counter() - began < 1
    assert "".join(part.text for part in parts if part.change is not Change.ADDED) == before

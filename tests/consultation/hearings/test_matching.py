"""Which paragraph is which: exact first, then alike, none twice."""

import time

from consultation.hearings.matching import match_paragraphs
from consultation.hearings.types import Match

ONE = "The market opens at six in the morning on every day of the week."
TWO = "Stalls are given out by lot once a year, one to each household."
THREE = "Rubbish is taken away by the ward at eight in the evening."


def found(old: list[str], new: list[str]) -> list[tuple[int | None, Match]]:
    return [(each.old, each.how) for each in match_paragraphs(old, new)]


def test_the_same_text_is_matched_word_for_word() -> None:
    assert found([ONE, TWO], [ONE, TWO]) == [(0, Match.EXACT), (1, Match.EXACT)]


def test_a_moved_paragraph_is_found_where_it_stands_now() -> None:
    assert found([ONE, TWO, THREE], [THREE, ONE, TWO]) == [
        (2, Match.EXACT),
        (0, Match.EXACT),
        (1, Match.EXACT),
    ]


def test_a_changed_paragraph_is_matched_and_a_foreign_one_is_new() -> None:
    changed = TWO.replace("once a year", "twice a year")
    other = "Bicycles are kept in the yard behind the hall."
    assert found([ONE, TWO], [ONE, changed, other]) == [
        (0, Match.EXACT),
        (1, Match.SIMILAR),
        (None, Match.NEW),
    ]


def test_exact_words_are_preferred_to_alike_ones() -> None:
    changed = ONE.replace("six", "seven")
    assert found([ONE], [changed, ONE]) == [(None, Match.NEW), (0, Match.EXACT)]


def test_of_two_alike_ones_the_liker_takes_it() -> None:
    near, far = ONE.replace("six", "seven"), ONE.replace("six", "seven").replace("week", "month")
    assert found([ONE], [far, near]) == [(None, Match.NEW), (0, Match.SIMILAR)]


def test_equal_paragraphs_are_matched_in_their_order_and_each_once() -> None:
    assert found([ONE, ONE], [ONE, ONE, ONE]) == [(0, Match.EXACT), (1, Match.EXACT), (None, Match.NEW)]


def test_nothing_is_matched_with_nothing() -> None:
    assert found([], [ONE]) == [(None, Match.NEW)]
    assert found([ONE], []) == []


def test_a_text_of_the_largest_size_is_matched_soon() -> None:
    old = [f"Article {n}: " + " ".join(f"word{(n * 7 + k) % 90}" for k in range(40)) for n in range(400)]
    new = [text + " and one more" for text in reversed(old)]
    start = time.process_time()
    assert all(each.how is Match.SIMILAR for each in match_paragraphs(old, new))
    assert time.process_time() - start < 5

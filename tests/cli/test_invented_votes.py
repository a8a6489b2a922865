"""Invented ballots have exactly the given sums, or there are none."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cli.invented_votes import CountsImpossible, choose_one_votes, ranking_votes, spread_votes


def sums(votes: list[tuple[int, ...]], options: int) -> list[int]:
    return [sum(vote[i] for vote in votes) for i in range(options)]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=10))
def test_one_choice_each(counts: list[int]) -> None:
    votes = list(choose_one_votes(counts))
    assert len(votes) == sum(counts)
    assert all(sum(vote) == 1 and set(vote) <= {0, 1} for vote in votes)
    assert sums(votes, len(counts)) == counts


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=8),
    st.integers(1, 20),
    st.integers(1, 5),
    st.integers(0, 10),
    st.integers(0, 30),
)
def test_spread_votes_keep_every_limit_or_are_refused(
    counts: list[int], ballots: int, each: int, least: int, width: int
) -> None:
    greatest = least + width
    possible = (
        all(count <= ballots * each for count in counts)
        and ballots * least <= sum(counts) <= ballots * greatest
    )
    if not possible:
        with pytest.raises(CountsImpossible):
            spread_votes(counts, ballots, each, least, greatest)
        return
    votes = spread_votes(counts, ballots, each, least, greatest)
    assert len(votes) == ballots
    assert all(0 <= value <= each for vote in votes for value in vote)
    assert all(least <= sum(vote) <= greatest for vote in votes)
    assert sums(votes, len(counts)) == counts


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(1, 9))
def test_approvals_need_no_voter_twice(counts: list[int], ballots: int) -> None:
    assume(max(counts) <= ballots)
    votes = spread_votes(counts, ballots, 1, 0, len(counts))
    assert all(set(vote) <= {0, 1} for vote in votes)


@given(st.lists(st.tuples(st.permutations(range(4)), st.integers(0, 5)), max_size=6), st.integers(0, 3))
def test_rankings_have_the_given_orders(orders: list[tuple[list[int], int]], blank: int) -> None:
    votes = list(ranking_votes(orders, 4, blank))
    assert len(votes) == sum(ballots for _, ballots in orders) + blank
    for i in range(4):
        for j in range(4):
            assert sum(vote[4 * i + j] for vote in votes) == sum(n for order, n in orders if order[j] == i)
    assert sum(vote[16] for vote in votes) == blank


@pytest.mark.parametrize(
    ("counts", "ballots", "each", "least", "greatest", "words"),
    [
        ([3], 0, 1, 0, 1, "At least one ballot"),
        ([3], 2, 1, 0, 1, "more than 2, the most that 2 ballots can give it"),
        ([1, 1], 4, 1, 1, 2, "4 ballots must carry 2 in all, but each carries from 1 to 2"),
        ([2, 2], 2, 1, 0, 1, "2 ballots must carry 4 in all, but each carries from 0 to 1"),
        ([3, 0], 2, 5, 2, 2, "2 ballots must carry 3 in all"),
    ],
)
def test_impossible_sums_are_explained(
    counts: list[int], ballots: int, each: int, least: int, greatest: int, words: str
) -> None:
    with pytest.raises(CountsImpossible) as refused:
        spread_votes(counts, ballots, each, least, greatest)
    assert words in str(refused.value)

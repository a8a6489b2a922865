"""Ballots whose sums are given numbers: what invented voters choose, so that a simulated tally can be compared."""

from collections.abc import Iterator, Sequence

from protocol.ranking import blank_ranking, ranking_values


class CountsImpossible(Exception):
    """No set of valid ballots has these sums."""


def choose_one_votes(counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """One vote for each voter; counts: of every slot, the blank one last."""
    for slot, number in enumerate(counts):
        vote = tuple(int(i == slot) for i in range(len(counts)))
        for _ in range(number):
            yield vote


def spread_votes(
    counts: Sequence[int], ballots: int, each_max: int, least: int, greatest: int
) -> list[tuple[int, ...]]:
    """`ballots` votes of which option i gets counts[i] units in all, at most `each_max` on one ballot.

    Units are dealt round and round, so that the ballots' totals differ by at most one: if any distribution
    keeps least ≤ total ≤ greatest, this one does. Raises: CountsImpossible.
    """
    if ballots < 1:
        raise CountsImpossible("At least one ballot is needed.")
    if any(count > ballots * each_max for count in counts):
        raise CountsImpossible(
            f"An option has more than {ballots * each_max}, the most that {ballots} ballots can give it."
        )
    total = sum(counts)
    if total // ballots < least or -(-total // ballots) > greatest:
        raise CountsImpossible(
            f"{ballots} ballots must carry {total} in all, but each carries from {least} to {greatest}."
        )
    votes = [[0] * len(counts) for _ in range(ballots)]
    at = 0
    for option, count in enumerate(counts):
        for unit in range(at, at + count):
            votes[unit % ballots][option] += 1
        at += count
    return [tuple(vote) for vote in votes]


def ranking_votes(
    orders: Sequence[tuple[Sequence[int], int]], count: int, blank: int
) -> Iterator[tuple[int, ...]]:
    """One vote for each voter; orders: options (from 0) from the first position to the last, and how many voters."""
    for order, ballots in orders:
        vote = ranking_values([order.index(option) + 1 for option in range(count)])
        for _ in range(ballots):
            yield vote
    for _ in range(blank):
        yield blank_ranking(count)

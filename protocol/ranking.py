"""Rankings as values and back: the matrix option × position, the blank slot, and the score of a positional rule.

Source: PROTOCOL sections 6 and 8. Row i belongs to option i, column j to position j; cell (i, j) is slot
(i − 1)·k + j − 1, and the blank slot is the last.
"""

from collections.abc import Sequence

from protocol.errors import AnswerInvalid
from protocol.manifest import Ranking

Matrix = tuple[tuple[int, ...], ...]


def ranking_values(positions: Sequence[int]) -> tuple[int, ...]:
    """The values of a ranking. positions: for each option its position, 1 … k, each once.

    Raises: AnswerInvalid for anything but a permutation.
    """
    count = len(positions)
    if sorted(positions) != list(range(1, count + 1)):
        raise AnswerInvalid(f"A ranking gives each of the positions 1 to {count} to one option.")
    return (*(int(j == position) for position in positions for j in range(1, count + 1)), 0)


def blank_ranking(count: int) -> tuple[int, ...]:
    """The values of a blank vote on `count` options."""
    return (0,) * (count * count) + (1,)


def ranked_positions(values: Sequence[int], count: int) -> tuple[int, ...] | None:
    """The position of each option, 1 … count; None for a blank vote.

    values: allowed by the question (`QuestionLayout.plaintexts`).
    """
    if values[-1]:
        return None
    return tuple(row.index(1) + 1 for row in votes_by_position(values, count))


def votes_by_position(slots: Sequence[int], count: int) -> Matrix:
    """For each option its votes at position 1 … count, without the blank slot."""
    return tuple(tuple(slots[i * count : (i + 1) * count]) for i in range(count))


def positional_scores(question: Ranking, matrix: Matrix) -> tuple[int, ...]:
    """For each option the sum over the positions of points times votes."""
    return tuple(
        sum(points * votes for points, votes in zip(question.positions, row, strict=True)) for row in matrix
    )

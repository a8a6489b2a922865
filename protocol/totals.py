"""Reading an opened sum: slots, their ranges, totals over groups.

Source: PROTOCOL section 8, "Unpacking".
"""

from collections.abc import Mapping, Sequence

from protocol.aggregation import Group
from protocol.errors import ProtocolError
from protocol.layout import QuestionLayout
from protocol.manifest import Ranking
from protocol.ranking import Matrix, positional_scores, votes_by_position
from protocol.records import OptionVotes, QuestionVotes


class TotalsImpossible(ProtocolError):
    """An opened sum that no set of valid ballots gives."""

    code = "totals-impossible"


def unpack_question(layout: QuestionLayout, plaintexts: Sequence[int], weight: int) -> tuple[int, ...]:
    """Votes of each slot of one question in one group.

    plaintexts: one for each chunk.  weight: W, the group's counted weight.
    Raises: TotalsImpossible when a plaintext has bits beyond its slots, a slot exceeds M·W, or the slots' sum
    is not what ballots of this question can give.
    """
    votes: list[int] = []
    base_mask = (1 << layout.slot_bits) - 1
    for chunk, plaintext in zip(layout.chunks, plaintexts, strict=True):
        if plaintext >> (layout.slot_bits * len(chunk)):
            raise TotalsImpossible(f"Question {layout.id}: the opened sum is larger than its slots.")
        votes += [(plaintext >> (layout.slot_bits * i)) & base_mask for i in range(len(chunk))]
    if any(vote > layout.largest * weight for vote in votes):
        raise TotalsImpossible(f"Question {layout.id}: a slot holds more than {layout.largest * weight}.")
    for limit in layout.slot_sums:
        found = sum(votes[slot] for slot in limit.slots)
        if not limit.least * weight <= found <= limit.greatest * weight:
            raise TotalsImpossible(
                f"Question {layout.id}, {limit.label}: the slots add up to {found}; "
                f"{limit.least * weight} to {limit.greatest * weight} are possible."
            )
    return tuple(votes)


def totals_of(
    layouts: Sequence[QuestionLayout],
    groups: Sequence[Group],
    plaintexts: Mapping[tuple[int, str, int], int],
) -> tuple[QuestionVotes, ...]:
    """Totals over all groups. plaintexts: by (group, question, chunk), for every packed product.

    Raises: TotalsImpossible.
    """
    totals = []
    for layout in layouts:
        votes = [0] * layout.slot_count
        for number, group in enumerate(groups):
            chunks = [plaintexts[number, layout.id, chunk] for chunk in range(len(layout.chunks))]
            slots = unpack_question(layout, chunks, group.weight)
            votes = [total + slot for total, slot in zip(votes, slots, strict=True)]
        totals.append(question_votes(layout, votes))
    return tuple(totals)


def question_votes(layout: QuestionLayout, slots: Sequence[int]) -> QuestionVotes:
    """One question's totals. slots: of any number of groups, added."""
    matrix: Matrix = ()
    if isinstance(layout.question, Ranking):
        matrix = votes_by_position(slots, len(layout.question.options))
        slots = (*positional_scores(layout.question, matrix), slots[-1])
    return QuestionVotes(
        matrix=matrix,
        question=layout.id,
        votes=tuple(
            OptionVotes(option=option, votes=number)
            for option, number in zip(layout.option_ids, slots, strict=True)
        ),
    )

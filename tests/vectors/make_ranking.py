"""Write ranking.json: `python -m tests.vectors.make_ranking`.

Ballots of one small election with a ranking of two options, as honest and other programs make them; and opened sums of
a ranking of three, as matrix and scores or as no sum at all.
"""

import json
from typing import Any

from protocol.layout import QuestionLayout
from protocol.ranking import blank_ranking, ranking_values
from protocol.totals import TotalsImpossible, question_votes, unpack_question
from tests.support.rankings import EXCHANGES, MATRICES, exchanged, forged_ranking, ranked_election
from tests.vectors.files import write_vectors

TAKEN = (
    "two options at the first position",
    "an option without a position",
    "a ranking and a blank vote",
    "a blank vote that takes one back",
    "every row and column right with 2 and -1",
    "a blank vote whose cells cancel",
)
WEIGHT = 5

# Nine cells and the blank slot of three options in a group of weight 5.
SUMS: dict[str, tuple[int, ...]] = {
    "three-ballots": (4, 1, 0, 0, 4, 1, 1, 0, 4, 0),
    "with-blank-votes": (3, 0, 0, 0, 1, 2, 0, 2, 1, 2),
    "all-blank": (0, 0, 0, 0, 0, 0, 0, 0, 0, 5),
    "nothing": (0,) * 10,
    "row-above-the-weight": (4, 1, 1, 0, 4, 1, 1, 0, 4, 0),
    "column-above-the-weight": (5, 0, 0, 5, 0, 0, 0, 0, 5, 0),
    "blank-counted-twice": (4, 1, 0, 0, 4, 1, 1, 0, 4, 1),
    "cell-above-the-weight": (6, 0, 0, 0, 5, 0, 0, 0, 5, 0),
}


def _ballots() -> list[dict[str, Any]]:
    election = ranked_election(2)
    honest = {
        "ranked": ranking_values((2, 1)),
        "blank": blank_ranking(2),
    }
    cases: list[dict[str, Any]] = [
        {"id": name, "result": "valid", "body": forged_ranking(election, values).decode()}
        for name, values in honest.items()
    ]

    def refuse(attack: str, part: str, body: bytes) -> None:
        case = {"id": attack.replace(" ", "-"), "result": "invalid", "error": "membership-failed"}
        cases.append(case | {"attack": attack, "part": part, "body": body.decode()})

    for attack in TAKEN:
        values, part = MATRICES[attack]
        refuse(attack, part, forged_ranking(election, values))
    ballot = json.loads(cases[0]["body"])
    for attack in ("options exchanged", "rows as columns"):
        cells, proofs, part = EXCHANGES[attack]
        refuse(attack, part, exchanged(ballot, cells, proofs))
    return cases


def _sums() -> list[dict[str, Any]]:
    (layout,) = ranked_election(3).terms.layouts
    cases = []
    for name, slots in SUMS.items():
        plaintext = packed(layout, slots)
        case: dict[str, Any] = {"id": name, "plaintext": str(plaintext)}
        try:
            totals = question_votes(layout, unpack_question(layout, [plaintext], WEIGHT))
            case |= {
                "result": "valid",
                "matrix": totals.matrix,
                "votes": [item.votes for item in totals.votes],
            }
        except TotalsImpossible as error:
            case |= {"result": "invalid", "error": error.code}
        cases.append(case)
    return cases


def packed(layout: QuestionLayout, slots: tuple[int, ...]) -> int:
    """The opened sum that holds these slots."""
    return sum(votes << layout.slot_bits * i for i, votes in enumerate(slots))


def vectors() -> dict[str, Any]:
    """The whole file."""
    election = ranked_election(2)
    (layout,) = ranked_election(3).terms.layouts
    return {
        "format": "psephos/ranking-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 4, 6, 7 and 8",
        "made_by": "tests/vectors/make_ranking.py",
        "note": "`cases`: ballots whose proofs hold, or fail first in `part`. `sums`: decimal plaintexts of one "
        "group of weight `weight`, with w = `slot_bits` and the points `positions`.",
        "manifest": election.manifest_body.decode(),
        "ceremony": election.ceremony_body.decode(),
        "roll": election.roll_body.decode(),
        "fingerprint": election.terms.fingerprint_text,
        "cases": _ballots(),
        "weight": WEIGHT,
        "slot_bits": layout.slot_bits,
        "positions": (5, 2, 0),
        "sums": _sums(),
    }


if __name__ == "__main__":
    write_vectors("ranking", vectors())

"""Elections with one ranking, and ballots of voters whose program proves whatever they like."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url, encode_int
from crypto.membership import ProofContext
from protocol.ballot import product_of
from protocol.roll import RollEntry
from tests.support.claims import crafted_claim
from tests.support.elections import TestElection, make_election, make_manifest, ranking, voter_key
from tests.support.hostile import canonical

WEIGHTS = (1, 3, 1, 2, 1)

# name, the four cells and the blank slot, the proof that stands in the way.
MATRICES: dict[str, tuple[tuple[int, ...], str]] = {
    "both positions for one option": ((1, 1, 0, 0, 0), "row 1"),
    "two options at the first position": ((1, 0, 1, 0, 0), "column 1"),
    "an option without a position": ((1, 0, 0, 0, 0), "row 2"),
    "everything at once": ((1, 1, 1, 1, 0), "row 1"),
    "nothing, and no blank vote": ((0, 0, 0, 0, 0), "row 1"),
    "a ranking and a blank vote": ((1, 0, 0, 1, 1), "row 1"),
    "two blank votes": ((0, 0, 0, 0, 2), "blank"),
    "a blank vote that takes one back": ((1, 1, 1, 1, -1), "blank"),
    "every row and column right with 2 and -1": ((2, -1, -1, 2, 0), "option 1 position 1"),
    "a blank vote whose cells cancel": ((1, -1, -1, 1, 1), "option 1 position 2"),
    "a cell that fills the next slot": ((16, -15, -15, 16, 0), "option 1 position 1"),
}


@cache
def ranked_election(count: int = 3) -> TestElection:
    """One trustee, one ranking of 2 to 4 options, five voters of different weights."""
    points = (5, 2, 0, 0)[:count]
    entries = [RollEntry(weight=weight, area="all") for weight in WEIGHTS]
    return make_election(make_manifest((ranking(count, points),)), entries=entries)


def forged_ranking(election: TestElection, cells: Sequence[int]) -> bytes:
    """A first ballot of voter 1 whose ciphertexts hold `cells`, each proved as well as it can be."""
    terms, credential, r = election.terms, voter_key(1).public_key, (1 << 1000) // 3
    size, (layout,) = terms.manifest.size, terms.layouts
    ciphertexts = [terms.key.encrypt(cell % terms.record.n, r + i) for i, cell in enumerate(cells)]
    proofs = []
    for i, stated in enumerate(layout.statements()):
        held = sum(cells[part] for part in stated.parts)
        claim = crafted_claim(
            terms.key,
            stated.members,
            stated.members.index(held) if held in stated.members else 0,
            sum(r + part for part in stated.parts),
            product_of([ciphertexts[part] for part in stated.parts], terms.key.n2),
            ProofContext(terms.fingerprint, layout.id, stated.label, credential, 1),
            BallotSeed(bytes([i]) * 32),
        )
        proofs.append(
            {
                "a": [encode_int(a, size.n2_bytes) for a in claim.proof.a],
                "e": [encode_int(e, 32) for e in claim.proof.e],
                "z": [encode_int(z, size.n_bytes) for z in claim.proof.z],
            }
        )
    answer = {
        "ciphertexts": [encode_int(c, size.n2_bytes) for c in ciphertexts],
        "proofs": proofs,
        "question": layout.id,
    }
    return canonical(
        {
            "answers": [answer],
            "credential": encode_base64url(credential),
            "election": terms.election,
            "fingerprint": terms.fingerprint_text,
            "format": "psephos/ballot/v1",
            "sequence": 1,
        }
    )


def exchanged(ballot: dict[str, Any], cells: Sequence[int], proofs: Sequence[int]) -> bytes:
    """A ballot of one ranking with its ciphertexts and proofs in another order."""
    answer = ballot["answers"][0]
    moved = {
        "ciphertexts": [answer["ciphertexts"][i] for i in cells],
        "proofs": [answer["proofs"][i] for i in proofs],
    }
    return canonical(ballot | {"answers": [answer | moved]})


# Of a ranking of two: options, positions, the blank slot, rows as columns; four cells, blank, rows, columns.
EXCHANGES: dict[str, tuple[tuple[int, ...], tuple[int, ...], str]] = {
    "options exchanged": ((2, 3, 0, 1, 4), (2, 3, 0, 1, 4, 6, 5, 7, 8), "option 1 position 1"),
    "positions exchanged": ((1, 0, 3, 2, 4), (1, 0, 3, 2, 4, 5, 6, 8, 7), "position 1"),
    "blank slot exchanged": ((4, 1, 2, 3, 0), (4, 1, 2, 3, 0, 5, 6, 7, 8), "option 1 position 1"),
    "rows as columns": ((0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 7, 8, 5, 6), "row 1"),
}

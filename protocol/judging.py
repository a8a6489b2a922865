"""Judging ballot leaves in batches: everything about a ballot that does not depend on the other ballots.

A batch is a pure function of the terms and its leaves, so batches may run in other processes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.batch import find_failures
from crypto.key import ElectionKey
from crypto.membership import InvalidClaim, MembershipClaim, verify_membership
from protocol.ballot import Ballot, BallotInvalid, ballot_claims, decode_ballot
from protocol.counting import require_signature, require_window
from protocol.leaf import Leaf
from protocol.terms import ElectionTerms
from protocol.text import parse_time

BATCH_BALLOTS = 256
BATCH_BYTES = 16 * 1024 * 1024
"""A batch is judged when it holds this much, so that large ballots do not fill the memory."""


@dataclass(frozen=True)
class BallotLeaf:
    """A ballot leaf with its body, on its way to a judge. closes_at: the closing time that holds at this entry."""

    index: int
    leaf: Leaf
    body: bytes
    closes_at: str


@dataclass(frozen=True)
class Judgement:
    """What one leaf says of itself.

    credential, sequence, tracker: None when the body does not decode.
    fault: (code, sentence) of checks 1, 2, 5, 6 of PROTOCOL section 8.  proof_faults: of check 8.
    proofs: how many membership proofs were checked.
    """

    index: int
    credential: bytes | None
    sequence: int | None
    tracker: bytes | None
    fault: tuple[str, str] | None
    proof_faults: tuple[str, ...]
    proofs: int


@dataclass(frozen=True)
class JudgedBatch:
    """Judgements in the order of the leaves, with the seconds spent on reading and on proofs."""

    judgements: tuple[Judgement, ...]
    reading_seconds: float
    proof_seconds: float


def judge_ballots(terms: ElectionTerms, leaves: Sequence[BallotLeaf], exact: bool) -> JudgedBatch:
    """Judge a batch. exact: check every branch by its own equation instead of all together."""
    start = time.perf_counter()
    faults: dict[int, tuple[str, str]] = {}
    ballots: dict[int, Ballot] = {}
    for item in leaves:
        try:
            ballot = decode_ballot(terms, item.body)
            ballots[item.index] = ballot
            require_signature(item.leaf, ballot)
            require_window(terms.manifest, item.closes_at, parse_time(item.leaf.time))
        except BallotInvalid as error:
            faults[item.index] = (error.code, str(error))
    claims = {index: ballot_claims(terms, ballot) for index, ballot in ballots.items() if index not in faults}
    read = time.perf_counter()
    proof_faults = _check_proofs(terms.key, claims, exact)
    done = time.perf_counter()
    judgements = []
    for item in leaves:
        known = ballots.get(item.index)
        judgements.append(
            Judgement(
                index=item.index,
                credential=known.credential if known else None,
                sequence=known.sequence if known else None,
                tracker=known.tracker if known else None,
                fault=faults.get(item.index),
                proof_faults=tuple(proof_faults.get(item.index, ())),
                proofs=len(claims.get(item.index, ())),
            )
        )
    return JudgedBatch(tuple(judgements), read - start, done - read)


def _check_proofs(
    key: ElectionKey, claims: dict[int, tuple[MembershipClaim, ...]], exact: bool
) -> dict[int, list[str]]:
    faults: dict[int, list[str]] = {}
    indices = list(claims)
    if exact:
        for index in indices:
            for claim in claims[index]:
                try:
                    verify_membership(key, claim)
                except InvalidClaim as error:
                    faults.setdefault(index, []).append(describe_fault(claim, error))
        return faults
    for failure in find_failures(key, [claims[index] for index in indices]):
        index = indices[failure.ballot_index]
        claim = claims[index][failure.claim_index]
        faults.setdefault(index, []).append(describe_fault(claim, failure.reason))
    return faults


def describe_fault(claim: MembershipClaim, error: InvalidClaim) -> str:
    """One sentence: code, question, part, reason."""
    return f"{error.code}: question {claim.context.question}, {claim.context.part}: {error}"

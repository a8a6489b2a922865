"""One honest body of every record of the protocol, by the name of its type."""

from functools import cache

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from protocol.ballot import BallotRecord, ballot_bytes_max, encrypt_ballot
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.casting import CastRequest, Receipt, make_promise
from protocol.ceremony_record import CeremonyRecord
from protocol.challenge import Challenge, OpenedAnswer, Reveal
from protocol.extension import Extension
from protocol.leaf import Kind, body_digest, sign_body
from protocol.manifest import Manifest
from protocol.records import (
    Act,
    Aggregates,
    Closing,
    ClosingStatement,
    Freeze,
    PartialOpenings,
    PollsOpened,
    Result,
)
from protocol.revocation import Revocation
from protocol.roll import RollRecord
from protocol.sign_in import Conflict, ConflictReason
from tests.support.boards import MemoryBoard, signature_of
from tests.support.elections import SERVER_KEY, voter_key
from tests.support.hostile import leaf_of, position, published_by_two, small_election, threshold_election
from tests.support.hostile import published as published_by_one

LIMIT = 1_000_000
VALUES = ((1, 0, 0), (1, 1), (2,))


@cache
def challenge() -> Challenge:
    """An opened ballot of test voter 5."""
    election, credential, seed = small_election(), voter_key(5).public_key, b"c" * 32
    body = encrypt_ballot(election.terms, VALUES, credential, 1, BallotSeed(seed))
    return Challenge(
        answers=tuple(
            OpenedAnswer(question=layout.id, values=values)
            for layout, values in zip(election.terms.layouts, VALUES, strict=True)
        ),
        credential=encode_base64url(credential),
        election=election.terms.election,
        fingerprint=election.terms.fingerprint_text,
        format="psephos/challenge/v1",
        seed=encode_base64url(seed),
        sequence=1,
        tracker=encode_base64url(body_digest(Kind.BALLOT, body)),
    )


def signed_challenge(record: Challenge, voter: int = 5) -> tuple[bytes, bytes]:
    """(body, signature) of a challenge."""
    body = encode_canonical(record)
    return body, sign_body(Kind.CHALLENGE, body, voter_key(voter))


@cache
def _samples() -> dict[str, Record]:
    one, two = published_by_one(), published_by_two()
    kinds: list[tuple[Kind, type[Record]]] = [
        (Kind.MANIFEST, Manifest),
        (Kind.CEREMONY, CeremonyRecord),
        (Kind.ROLL, RollRecord),
        (Kind.FREEZE, Freeze),
        (Kind.POLLS_OPENED, PollsOpened),
        (Kind.CLOSING, Closing),
        (Kind.AGGREGATES, Aggregates),
        (Kind.CLOSING_STATEMENT, ClosingStatement),
        (Kind.PARTIAL_OPENING, PartialOpenings),
        (Kind.RESULT, Result),
    ]
    found: list[Record] = [
        decode_canonical(two[position(two, kind)][1], record_type, limit_bytes=LIMIT)
        for kind, record_type in kinds
    ]
    entry = one[position(one, Kind.BALLOT)]
    ballot = decode_canonical(entry[1], BallotRecord, limit_bytes=ballot_bytes_max(small_election().terms))
    leaf = leaf_of(entry)
    promise = make_promise(small_election().manifest, leaf.digest_bytes, 5, leaf.time, SERVER_KEY)
    board = MemoryBoard(threshold_election(), list(two))
    signature = encode_base64url(signature_of(entry))
    _, challenged = signed_challenge(challenge())
    found += [
        ballot,
        challenge(),
        leaf,
        promise,
        Act(
            act="lower-statement-quorum",
            election=ballot.election,
            fingerprint=ballot.fingerprint,
            format="psephos/act/v1",
            name="Nguyễn Thị Lan",
            reason="Trustee 3 lost the key file.",
            to=2,
        ),
        Conflict(
            credential=ballot.credential,
            election=ballot.election,
            fingerprint=ballot.fingerprint,
            format="psephos/conflict/v1",
            reason=ConflictReason.PERSON_HAS_ANOTHER_KEY,
            tracker=leaf.digest,
        ),
        Extension(
            closes_at="2026-11-30T21:00:00Z",
            election=ballot.election,
            fingerprint=ballot.fingerprint,
            format="psephos/extension/v1",
            name="Nguyễn Thị Lan",
            reason="Mất điện một giờ.",
        ),
        Revocation(
            election=ballot.election,
            fingerprint=ballot.fingerprint,
            format="psephos/revocation/v1",
            new=encode_base64url(voter_key(9).public_key),
            old=ballot.credential,
            reason="Thư bị mất.",
        ),
        CastRequest(ballot=ballot, format="psephos/cast/v1", signature=signature),
        Reveal(challenge=challenge(), format="psephos/reveal/v1", signature=encode_base64url(challenged)),
        Receipt(
            ballot=ballot,
            checkpoint=board.checkpoint,
            election=ballot.election,
            fingerprint=ballot.fingerprint,
            format="psephos/receipt/v1",
            inclusion=(encode_base64url(bytes(32)),),
            leaf=leaf,
            promise=promise,
            tracker=leaf.digest,
        ),
    ]
    return {type(record).__name__: record for record in found}


NAMES = (
    "Act", "Aggregates", "BallotRecord", "CastRequest", "CeremonyRecord", "Challenge", "Closing",
    "ClosingStatement", "Conflict", "Extension", "Freeze", "Leaf", "Manifest", "PartialOpenings", "PollsOpened",
    "Promise", "Receipt", "Result", "Reveal", "Revocation", "RollRecord",
)  # fmt: skip


def sample(name: str) -> Record:
    """The honest record whose type has this name."""
    return _samples()[name]


def sample_names() -> frozenset[str]:
    """The names of all samples."""
    return frozenset(_samples())

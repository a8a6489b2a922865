"""The casting door: a ballot goes into the urn whole and proved, or nothing is written.

Slow checks (signature, proofs) hold no lock; what depends on the board is decided under its lock.
Source: PROTOCOL section 8.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.batch import find_first_failure
from crypto.display_code import display_code
from crypto.encoding import decode_base64url, int_to_bytes
from crypto.errors import CryptoError
from crypto.signature import verify_signature
from crypto.transcript import tuple_hash
from protocol.ballot import Ballot, BallotInvalid, ballot_bytes_max, ballot_claims, decode_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import Promise, decode_cast_request, make_promise
from protocol.challenge import (
    CHALLENGE_BYTES_MAX,
    CHALLENGES_PER_CREDENTIAL,
    Reveal,
    decode_challenge,
    recompute_ballot,
)
from protocol.counting import require_sequence, revoked_credential, unknown_credential
from protocol.errors import MalformedRecord
from protocol.leaf import Kind, Leaf, body_digest, decode_leaf, signed_message
from protocol.terms import ElectionTerms
from protocol.text import format_time
from storage.session import reading, writing
from voting.errors import (
    AlreadyCast,
    AlreadyChallenged,
    ChallengedBallot,
    RepeatedCiphertext,
    SignInConflict,
    SignInNeeded,
    TooManyChallenges,
    TooSoon,
)
from voting.models import VotingBallot, VotingChallenge, VotingCiphertext, VotingElection, VotingRoll
from voting.notices import NoticeKind, tell
from voting.office import Office, find_election, lock_election, require_open
from voting.sign_in import find_permit, publish_conflict, spend_permit, tie

_REVEAL_OVERHEAD_BYTES = 200

BALLOTS_WITHOUT_PAUSE = 20
PAUSE_SECONDS = 60
"""After so many ballots of one credential the next one waits so long: every ballot stays on the board, and every
auditor checks it, for ever. A pause and not an end: with an end a thief of the code could use up the owner's
re-voting.
"""

DIFFERING_CHALLENGES = 30
"""Opened ballots of one credential that may turn out wrong, for each process: each costs as much as encrypting a
ballot, and nothing is stored that could be counted. A device that cheats is caught by the first.
"""


@dataclass(frozen=True)
class CastAnswer:
    """What the voter gets: where the ballot stands, and the server's signed word for it."""

    index: int
    leaf: Leaf
    promise: Promise
    sequence: int


@dataclass(frozen=True)
class ChallengeAnswer:
    """Where the test stands on the board."""

    index: int
    leaf: Leaf


def cast_ballot(office: Office, election_id: str, request: bytes, permit: str | None = None) -> CastAnswer:
    """Append one ballot to the board and sign the new head, or leave everything as it was.

    request: the bytes of a `psephos/cast/v1`.  permit: from `voting.sign_in.issue_permit`, where sign-in is asked; it
    is used up by the ballot, or by the conflict that is published in its place, and by nothing else.
    Raises: NoSuchElection, NotFrozen, NotOpen, Closed, BallotInvalid, AlreadyCast, RepeatedCiphertext,
    ChallengedBallot, SignInNeeded, PermitExpired, SignInConflict, RecordTooLarge, DatabaseBusy, SecretMissing.
    """
    terms = office.terms(election_id)
    cast = decode_cast_request(request, ballot_bytes_max(terms))
    body = encode_canonical(cast.ballot)
    ballot = decode_ballot(terms, body)
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        require_open(terms.manifest, row, office.clock())
        _require_admissible(session, row, terms, ballot, office.clock())
        if terms.manifest.asks_sign_in:
            if permit is None:
                raise SignInNeeded
            find_permit(session, election_id, permit, office.clock())
    signature = _require_signed(Kind.BALLOT, ballot.tracker, ballot.credential, cast.signature)
    office.attempt(election_id, ballot.credential)  # not before: anybody could use up another's attempts
    _require_proofs(terms, ballot)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        moment = office.next_time(session, row)
        require_open(terms.manifest, row, moment)
        line = _require_admissible(session, row, terms, ballot, moment)
        conflict = None
        if terms.manifest.asks_sign_in and permit is not None:
            holder = spend_permit(session, election_id, permit, office.clock())
            conflict = tie(session, office.keys.tie_key(election_id), line, holder)
        if conflict is None:
            entry = office.append(session, row, Kind.BALLOT, body, signature, moment)
            _index_ballot(session, election_id, entry.index, ballot, terms)
            office.sign_head(session, row)
            number = ballot.sequence
            tell(session, NoticeKind.CAST, line, ballot.tracker, entry.time, permit=permit, number=number)
        else:
            refused_at = publish_conflict(office, session, row, line, ballot.tracker, conflict, moment)
            if refused_at is not None:
                tell(session, NoticeKind.CONFLICT, line, ballot.tracker, moment, permit=permit)
    if conflict is not None:
        raise SignInConflict(conflict, refused_at)
    server_key = office.election_keys(election_id).server
    promise = make_promise(terms.manifest, ballot.tracker, entry.index, format_time(entry.time), server_key)
    return CastAnswer(entry.index, decode_leaf(entry.leaf), promise, ballot.sequence)


def post_challenge(office: Office, election_id: str, request: bytes) -> ChallengeAnswer:
    """Append an opened ballot to the board, after recomputing every byte of it.

    request: the bytes of a `psephos/reveal/v1`.
    Raises: as `cast_ballot`, and AlreadyChallenged, TooManyChallenges, ChallengeDiffers.
    """
    terms = office.terms(election_id)
    try:
        reveal = decode_canonical(request, Reveal, limit_bytes=CHALLENGE_BYTES_MAX + _REVEAL_OVERHEAD_BYTES)
    except MalformedRecord as error:
        raise BallotInvalid("malformed-challenge", f"The opened ballot cannot be read: {error}") from error
    body = encode_canonical(reveal.challenge)
    challenge = decode_challenge(body)
    tracker = decode_base64url(challenge.tracker, 32)
    credential = decode_base64url(challenge.credential, 32)
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        require_open(terms.manifest, row, office.clock())
        _require_challengeable(session, election_id, tracker, credential)
    signature = _require_signed(
        Kind.CHALLENGE, body_digest(Kind.CHALLENGE, body), credential, reveal.signature
    )
    office.attempt(election_id, credential)
    if office.differing_challenges(election_id, credential) >= DIFFERING_CHALLENGES:
        raise TooManyChallenges(DIFFERING_CHALLENGES)
    try:
        recompute_ballot(terms, challenge)
    except BallotInvalid:
        office.note_differing_challenge(election_id, credential)
        raise
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        moment = office.next_time(session, row)
        require_open(terms.manifest, row, moment)
        _require_challengeable(session, election_id, tracker, credential)
        entry = office.append(session, row, Kind.CHALLENGE, body, signature, moment)
        session.add(
            VotingChallenge(election=election_id, tracker=tracker, index=entry.index, credential=credential)
        )
        office.sign_head(session, row)
    return ChallengeAnswer(entry.index, decode_leaf(entry.leaf))


def _require_on_roll(session: Session, election: str, credential: bytes) -> VotingRoll:
    line = session.get(VotingRoll, (election, credential))
    if line is None:
        raise unknown_credential()
    if line.revoked_index is not None:
        raise revoked_credential()
    return line


def _require_admissible(
    session: Session, row: VotingElection, terms: ElectionTerms, ballot: Ballot, moment: datetime
) -> VotingRoll:
    election = terms.election
    line = _require_on_roll(session, election, ballot.credential)
    copy = session.scalar(
        select(VotingBallot.index).where(
            VotingBallot.election == election, VotingBallot.tracker == ballot.tracker
        )
    )
    if copy is not None:
        raise AlreadyCast(copy)
    if session.get(VotingChallenge, (election, ballot.tracker)) is not None:
        raise ChallengedBallot
    earlier, last = session.execute(
        select(func.count(), func.max(VotingBallot.index)).where(
            VotingBallot.election == election, VotingBallot.credential == ballot.credential
        )
    ).one()
    require_sequence(terms.manifest, ballot.sequence, earlier)
    if earlier >= BALLOTS_WITHOUT_PAUSE:
        since = (moment - board.entry(session, LogId(row.log_id), last).time).total_seconds()
        if since < PAUSE_SECONDS:
            raise TooSoon(PAUSE_SECONDS)
    digests = _ciphertext_digests(ballot, terms)
    repeated = session.scalar(
        select(VotingCiphertext.digest)
        .where(VotingCiphertext.election == election, VotingCiphertext.digest.in_(digests))
        .limit(1)
    )
    if repeated is not None or len(set(digests)) != len(digests):
        raise RepeatedCiphertext
    return line


def _ciphertext_digests(ballot: Ballot, terms: ElectionTerms) -> list[bytes]:
    length = terms.manifest.size.n2_bytes
    return [
        tuple_hash("ciphertext", [int_to_bytes(ciphertext, length)])
        for answer in ballot.answers
        for ciphertext in answer.ciphertexts
    ]


def _require_signed(kind: Kind, digest: bytes, credential: bytes, text: str) -> bytes:
    try:
        signature = decode_base64url(text, 64)
        verify_signature(credential, signed_message(kind, digest), signature)
    except CryptoError as error:
        raise BallotInvalid(
            "bad-signature", f"This {kind} is not signed by the voting code that it names."
        ) from error
    return signature


def _require_proofs(terms: ElectionTerms, ballot: Ballot) -> None:
    claims = ballot_claims(terms, ballot)
    failure = find_first_failure(terms.key, claims)
    if failure is not None:
        context = claims[failure.claim_index].context
        raise BallotInvalid(
            failure.reason.code,
            f"The ballot's proof for question {context.question}, {context.part}, does not hold: {failure.reason}",
        )


def _index_ballot(session: Session, election: str, index: int, ballot: Ballot, terms: ElectionTerms) -> None:
    session.add(
        VotingBallot(
            election=election,
            index=index,
            credential=ballot.credential,
            sequence=ballot.sequence,
            tracker=ballot.tracker,
            receipt_code=display_code(ballot.tracker),
        )
    )
    session.flush()
    session.execute(
        insert(VotingCiphertext),
        [{"election": election, "digest": digest} for digest in _ciphertext_digests(ballot, terms)],
    )


def _require_challengeable(session: Session, election: str, tracker: bytes, credential: bytes) -> None:
    _require_on_roll(session, election, credential)
    cast = session.scalar(
        select(VotingBallot.index).where(VotingBallot.election == election, VotingBallot.tracker == tracker)
    )
    if cast is not None:
        raise AlreadyCast(cast)
    earlier = session.get(VotingChallenge, (election, tracker))
    if earlier is not None:
        raise AlreadyChallenged(earlier.index)
    made = session.scalar(
        select(func.count())
        .select_from(VotingChallenge)
        .where(VotingChallenge.election == election, VotingChallenge.credential == credential)
    )
    if (made or 0) >= CHALLENGES_PER_CREDENTIAL:
        raise TooManyChallenges(CHALLENGES_PER_CREDENTIAL)

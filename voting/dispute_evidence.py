"""What a file proves, found with the code of the protocol and against the board as it stands.

Three files that voters have: a receipt, the evidence of a booth that got no certainty, the proof saved by the page
“Check my ballot”. Two things can be proved against the server: a promise that it signed and did not keep, and a board
that it signed and then changed or cut. Both need nobody's word. PROTOCOL sections 4 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from board import log as board
from board.errors import BoardError
from board.log import LogId
from crypto.checkpoint import Checkpoint, verify_checkpoint
from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from crypto.signature import verify_signature
from protocol.ballot import BallotInvalid, ballot_bytes_max, decode_ballot
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.casting import CAST_OVERHEAD_BYTES, CastRequest, Promise, Receipt, verify_promise
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest, signed_message
from protocol.terms import ElectionTerms
from protocol.text import Base64url, Count, parse_time
from voting.models import VotingBallot, VotingElection
from voting.office import Office

EVIDENCE_BYTES_MAX: Final = 4_000_000
_ENTRIES_MAX: Final = 200


class FindingCode(StrEnum):
    """What the machine says of a file."""

    BROKEN_PROMISE = "broken-promise"
    """Proved: the server signed that the ballot stands there, the time is over, and it does not."""
    BOARD_CHANGED = "board-changed"
    """Proved: the server signed another board of this length, or a longer one."""
    STANDS = "stands"
    """Promise or receipt is genuine, and the ballot stands on the board."""
    NOT_DUE = "not-due"
    """The promise is genuine and its time is not over."""
    SENT_STANDS = "sent-stands"
    """No promise; the ballot in the file stands on the board."""
    SENT_ABSENT = "sent-absent"
    """No promise; the ballot in the file is a voter's and not on the board. Whether it came is not known."""
    HEAD_STANDS = "head-stands"
    """The signed state in the file is part of the board."""
    NOT_SIGNED = "not-signed"
    """Nothing in the file is signed by this server or by a voting code of this vote."""

    @property
    def proved(self) -> bool:
        """Whether it convicts the server, whatever anybody says."""
        return self in (FindingCode.BROKEN_PROMISE, FindingCode.BOARD_CHANGED)


@dataclass(frozen=True)
class Finding:
    """What was found when the file came. index: of the ballot or the first entry it is about, None elsewhere."""

    code: FindingCode
    index: int | None = None


class NoEvidence(ProtocolError):
    """None of the three files."""

    code = "no-evidence"

    def __init__(self) -> None:
        super().__init__(
            "This is neither a receipt nor a file that the voting booth or the page “Check my ballot” has saved."
        )


class _Evidence(Record, frozen=True):
    """`psephos/evidence/v1`. request: the cast request.  shown: what the server said besides, as it came."""

    format: Literal["psephos/evidence/v1"]
    promise: Promise | None
    request: CastRequest
    shown: str | None


class _ProvedEntry(Record, frozen=True):
    checkpoint: str
    index: Count
    leaf: str
    proof: tuple[Base64url, ...]
    size: Count


class _SavedProof(Record, frozen=True):
    """What the page “Check my ballot” saves."""

    checkpoint: str
    entries: tuple[_ProvedEntry, ...]


@dataclass(frozen=True)
class _Claims:
    """What a file claims, whichever of the three it is."""

    notes: Sequence[str]
    promise: Promise | None
    request: CastRequest | None


def examine(office: Office, session: Session, row: VotingElection, data: bytes) -> Finding:
    """What this file proves, against the board now. Raises: NoEvidence, RecordTooLarge."""
    terms = office.terms(row.id)
    claims = _read(terms, data)
    heads = [head for note in claims.notes if (head := _signed_head(terms, note)) is not None]
    for head in heads:
        if not _stands(session, row, head):
            return Finding(FindingCode.BOARD_CHANGED, head.size)
    if claims.promise is not None and _is_signed(terms, claims.promise):
        return _of_promise(office, session, row, claims.promise)
    if claims.request is not None and (tracker := _tracker(terms, claims.request)) is not None:
        index = session.scalar(
            select(VotingBallot.index).where(VotingBallot.election == row.id, VotingBallot.tracker == tracker)
        )
        return Finding(FindingCode.SENT_ABSENT if index is None else FindingCode.SENT_STANDS, index)
    return Finding(FindingCode.HEAD_STANDS if heads else FindingCode.NOT_SIGNED)


def _read(terms: ElectionTerms, data: bytes) -> _Claims:
    limit = min(EVIDENCE_BYTES_MAX, ballot_bytes_max(terms) + CAST_OVERHEAD_BYTES + 200_000)
    data = data.removesuffix(b"\n")
    for kind in (Receipt, _Evidence, _SavedProof):
        try:
            found = decode_canonical(data, kind, limit_bytes=limit)
        except ProtocolError:
            continue
        if isinstance(found, Receipt):
            return _Claims([found.checkpoint], found.promise, None)
        if isinstance(found, _Evidence):
            return _Claims(_notes_in(found.shown), found.promise or _promise_in(found.shown), found.request)
        if isinstance(found, _SavedProof) and len(found.entries) <= _ENTRIES_MAX:
            return _Claims([found.checkpoint, *(entry.checkpoint for entry in found.entries)], None, None)
    raise NoEvidence


def _notes_in(shown: str | None) -> list[str]:
    """The signed head in an answer about an entry that contradicted something."""
    if shown is None:
        return []
    try:
        return [msgspec.json.decode(shown.encode(), type=_ProvedEntry).checkpoint]
    except (msgspec.MsgspecError, UnicodeError):
        return []


def _promise_in(shown: str | None) -> Promise | None:
    """A promise that came and contradicted something."""
    if shown is None:
        return None
    try:
        return msgspec.json.decode(shown.encode(), type=Promise)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _signed_head(terms: ElectionTerms, note: str) -> Checkpoint | None:
    try:
        return verify_checkpoint(
            note, terms.manifest.log_origin, decode_base64url(terms.manifest.log_key, 32)
        )
    except CryptoError:
        return None


def _stands(session: Session, row: VotingElection, head: Checkpoint) -> bool:
    try:
        return board.root(session, LogId(row.log_id), head.size) == head.root
    except BoardError:  # it has fewer entries than were signed
        return False


def _is_signed(terms: ElectionTerms, promise: Promise) -> bool:
    try:
        verify_promise(terms.manifest, promise)
    except (ProtocolError, CryptoError):
        return False
    return True


def _of_promise(office: Office, session: Session, row: VotingElection, promise: Promise) -> Finding:
    tracker = decode_base64url(promise.tracker, 32)
    try:
        entry = board.entry(session, LogId(row.log_id), promise.index)
    except BoardError:
        entry = None
    if entry is not None and entry.kind == Kind.BALLOT and entry.digest == tracker:
        return Finding(FindingCode.STANDS, promise.index)
    over = office.clock() > parse_time(promise.deadline)
    return Finding(FindingCode.BROKEN_PROMISE if over else FindingCode.NOT_DUE, promise.index)


def _tracker(terms: ElectionTerms, request: CastRequest) -> bytes | None:
    """Of a ballot of this vote that its voting code has signed; None for anything else."""
    body = encode_canonical(request.ballot)
    try:
        ballot = decode_ballot(terms, body)
        message = signed_message(Kind.BALLOT, body_digest(Kind.BALLOT, body))
        verify_signature(ballot.credential, message, decode_base64url(request.signature, 64))
    except (BallotInvalid, ProtocolError, CryptoError):
        return None
    return ballot.tracker

"""Disputes: whoever objects is heard, everybody sees that it happened, and nobody has to trust the office about it.

Filing makes a record and its digest. The digest goes into the site log and the public list at once; the record stays
between filer and office, unless the filer has said that the words may be published. So the office cannot lose or change
an objection, and cannot publish what a frightened voter wrote. The time to object ends a week after the result.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.encoding import encode_base64url
from crypto.transcript import tuple_hash
from identity.desk import Desk
from identity.trail import System, record
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.text import Base64url, Count, ElectionId, Timestamp, format_time
from storage.session import Beside, reading, writing
from storage.statements import rows_changed
from voting.deeds import By
from voting.dispute_evidence import Finding, FindingCode, examine
from voting.dispute_models import VotingDispute
from voting.errors import VotingError
from voting.models import VotingElection
from voting.office import Office, find_election, lock_election

TIME_TO_OBJECT: Final = timedelta(days=7)
"""After the result was published."""
ADDRESS_KEPT: Final = timedelta(days=90)
"""After the time to object, where no answer came."""
WORDS_MAX: Final = 4000
CODE_MAX: Final = 60
FILER_KEY_BYTES: Final = 16


class Category(StrEnum):
    """What happened, in the filer's choice."""

    NOT_FOUND = "not-found"
    NOT_MINE = "not-mine"
    TEST_DIFFERS = "test-differs"
    COULD_NOT_VOTE = "could-not-vote"
    RESULT_WRONG = "result-wrong"
    OTHER = "other"


class Verdict(StrEnum):
    """The office's answer in a word."""

    UPHELD = "upheld"
    REJECTED = "rejected"
    PASSED_ON = "passed-on"


class TooLate(VotingError):
    """The time to object is over."""

    code = "objection-too-late"

    def __init__(self) -> None:
        super().__init__("The time to object to this vote is over.")


class NoSuchDispute(VotingError):
    """No objection has this number."""

    code = "dispute-not-found"

    def __init__(self) -> None:
        super().__init__("No objection has this number.")


class AnsweredAlready(VotingError):
    """An answer stands; it is not replaced by another one."""

    code = "dispute-answered"

    def __init__(self) -> None:
        super().__init__("This objection was answered already.")


class DisputeRecord(Record, frozen=True):
    """`psephos/dispute/v1`: what was filed. evidence: SHA-256 of the file.  nonce: keeps words from being guessed."""

    category: str
    election: ElectionId
    evidence: Base64url | None
    format: Literal["psephos/dispute/v1"]
    nonce: Base64url
    number: Count
    receipt_code: str
    time: Timestamp
    words: str


@dataclass(frozen=True)
class Filing:
    """What somebody files. key: 16 random bytes of the filer's browser; the same key files once.

    email: for the answer, "" for none.
    """

    category: Category
    words: str = field(repr=False)
    publish_words: bool
    receipt_code: str
    evidence: bytes | None = field(repr=False)
    email: str = field(repr=False)
    language: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class DisputeLine:
    """One objection as everybody sees it."""

    number: int
    filed_at: datetime
    category: Category
    digest: bytes
    finding: Finding | None
    words: str | None
    verdict: Verdict | None
    answer: str | None
    answered_at: datetime | None


@dataclass(frozen=True)
class Dispute:
    """One objection as its filer and the office see it. record: bytes of the DisputeRecord."""

    line: DisputeLine
    record: DisputeRecord
    data: bytes
    evidence: bytes | None
    wants_answer: bool
    answered_by: str | None


def file_dispute(office: Office, desk: Desk, election_id: str, filing: Filing) -> int:
    """Take an objection; its number. With a key that was used before: the number of that one.

    Raises: NoSuchElection, NotFrozen, TooLate; NoEvidence, RecordTooLarge for a file that is none.
    """
    office.terms(election_id)
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        earlier = _by_key(session, election_id, filing.key)
        if earlier is not None:
            return earlier
        _require_time(session, row, office.clock())
        finding = None if filing.evidence is None else examine(office, session, row, filing.evidence)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        earlier = _by_key(session, election_id, filing.key)
        if earlier is not None:
            return earlier
        now = office.clock()
        _require_time(session, row, now)
        last = session.scalar(
            select(func.max(VotingDispute.number)).where(VotingDispute.election == election_id)
        )
        made = _record(election_id, filing, (last or 0) + 1, now)
        data = encode_canonical(made)
        digest = tuple_hash("dispute", [data])
        session.add(
            VotingDispute(
                election=election_id,
                number=made.number,
                filed_at=now,
                category=filing.category.value,
                record=data,
                digest=digest,
                public_words=filing.words if filing.publish_words else None,
                evidence=filing.evidence,
                finding=None if finding is None else finding.code.value,
                finding_index=None if finding is None else finding.index,
                filer_key=_key_digest(election_id, filing.key),
                email=filing.email or None,
                language=filing.language,
            )
        )
        session.flush()
        subject = f"objection {made.number} {encode_base64url(digest)} election {election_id}"
        detail = {"category": filing.category.value}
        if finding is not None:
            detail["finding"] = finding.code.value
        record(desk, session, System("objections"), "dispute-filed", subject, detail)
        return made.number


def answer_dispute(
    office: Office,
    by: By,
    election_id: str,
    number: int,
    verdict: Verdict,
    words: str,
    beside: Beside | None = None,
) -> None:
    """Answer an objection, once and for everybody to read. beside: belongs to the same transaction.

    Raises: NoSuchElection, NoSuchDispute, AnsweredAlready.
    """
    with writing(office.engine) as session:
        lock_election(session, election_id)
        row = session.get(VotingDispute, (election_id, number))
        if row is None:
            raise NoSuchDispute
        if row.answered_at is not None:
            raise AnsweredAlready
        row.verdict, row.answer, row.answered_by, row.answered_at = (
            verdict.value,
            words,
            by.name,
            office.clock(),
        )
        if beside is not None:
            beside(session)
        row.email = None
        session.flush()
        subject = f"objection {number} {encode_base64url(row.digest)} election {election_id}"
        by.note(session, "dispute-answered", subject, verdict=verdict.value)


def disputes_of(session: Session, election_id: str) -> Sequence[DisputeLine]:
    """All objections to an election, in their order."""
    rows = session.scalars(
        select(VotingDispute).where(VotingDispute.election == election_id).order_by(VotingDispute.number)
    )
    return [_line(row) for row in rows]


def count_disputes(session: Session, election_id: str) -> int:
    """How many objections an election has, answered or not."""
    return (
        session.scalar(
            select(func.count()).select_from(VotingDispute).where(VotingDispute.election == election_id)
        )
        or 0
    )


def open_disputes(session: Session) -> dict[str, int]:
    """How many objections wait for an answer, by election."""
    rows = session.execute(
        select(VotingDispute.election, func.count())
        .where(VotingDispute.answered_at.is_(None))
        .group_by(VotingDispute.election)
    )
    return dict(rows.all())


def find_dispute(session: Session, election_id: str, number: int) -> Dispute:
    """One objection with everything that was filed. Raises: NoSuchDispute."""
    row = session.get(VotingDispute, (election_id, number)) if 0 < number < 2**31 else None
    if row is None:
        raise NoSuchDispute
    made = decode_canonical(row.record, DisputeRecord, limit_bytes=len(row.record))
    return Dispute(_line(row), made, row.record, row.evidence, row.email is not None, row.answered_by)


def is_filer(session: Session, election_id: str, number: int, key: bytes) -> bool:
    """Whether who has this key filed this objection."""
    return _by_key(session, election_id, key) == number


def address_for_answer(session: Session, election_id: str, number: int) -> tuple[str, str] | None:
    """(address, language) of whoever wants to be told of the answer."""
    row = session.get(VotingDispute, (election_id, number))
    return None if row is None or row.email is None else (row.email, row.language)


def forget_addresses(office: Office) -> int:
    """Delete the addresses of those whose objection nobody has answered in time; how many."""
    changed = 0
    with writing(office.engine) as session:
        now = office.clock()
        for row in session.scalars(select(VotingElection).where(VotingElection.result_index.is_not(None))):
            last = last_moment(session, row)
            if last is not None and last + ADDRESS_KEPT <= now:
                late = (VotingDispute.election == row.id) & VotingDispute.email.is_not(None)
                changed += rows_changed(session, update(VotingDispute).where(late).values(email=None))
    return changed


def last_moment(session: Session, row: VotingElection) -> datetime | None:
    """Until when objections are taken; None before there is a result: then there is no end yet."""
    if row.result_index is None:
        return None
    return board.entry(session, LogId(row.log_id), row.result_index).time + TIME_TO_OBJECT


def _require_time(session: Session, row: VotingElection, now: datetime) -> None:
    last = last_moment(session, row)
    if last is not None and now >= last:
        raise TooLate


def _record(election_id: str, filing: Filing, number: int, now: datetime) -> DisputeRecord:
    evidence = None if filing.evidence is None else hashlib.sha256(filing.evidence).digest()
    return DisputeRecord(
        category=filing.category.value,
        election=election_id,
        evidence=None if evidence is None else encode_base64url(evidence),
        format="psephos/dispute/v1",
        nonce=encode_base64url(secrets.token_bytes(32)),
        number=number,
        receipt_code=filing.receipt_code,
        time=format_time(now),
        words=filing.words,
    )


def _by_key(session: Session, election_id: str, key: bytes) -> int | None:
    return session.scalar(
        select(VotingDispute.number).where(
            VotingDispute.election == election_id, VotingDispute.filer_key == _key_digest(election_id, key)
        )
    )


def _key_digest(election_id: str, key: bytes) -> bytes:
    return tuple_hash("dispute-filer", [election_id.encode("ascii"), key])


def _line(row: VotingDispute) -> DisputeLine:
    finding = None if row.finding is None else Finding(FindingCode(row.finding), row.finding_index)
    return DisputeLine(
        number=row.number,
        filed_at=row.filed_at,
        category=Category(row.category),
        digest=row.digest,
        finding=finding,
        words=row.public_words,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        answer=row.answer,
        answered_at=row.answered_at,
    )

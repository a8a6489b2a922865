"""The public log of moderation: numbered without a gap, each entry's digest in the site log, nobody's name in it.

    psephos/moderation/v1  {"action", "answers", "content", "format", "group", "number", "role", "rule", "subject",
                            "time"}

The digest of this record is the subject of a deed in the site log (`moderation 12 <digest>`), which is signed. So the
office cannot take an entry out, change it, or put one in later, and whoever has the log recomputes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from consultation.moderation.errors import NoSuchEntry
from consultation.moderation.models import ModerationEntry
from consultation.moderation.types import Action, Entry
from consultation.subjects import Subject
from crypto.encoding import encode_base64url
from crypto.transcript import tuple_hash
from identity.desk import Desk
from identity.roles import Role
from identity.sessions import SignedIn
from identity.trail import Actor, System, record
from protocol.canonical import Record, encode_canonical
from protocol.text import Base64url, Count, Timestamp, format_time, parse_time

DEED: Final = "moderated"
ENTRY_MAX: Final = 2**53 - 1


class EntryRecord(Record, frozen=True, kw_only=True):
    """An entry as the site log binds it. content: digest of the words."""

    action: str
    answers: Count | None
    content: Base64url
    format: Literal["psephos/moderation/v1"] = "psephos/moderation/v1"
    group: Count
    number: Count
    role: str
    rule: str | None
    subject: str
    time: Timestamp


@dataclass(frozen=True)
class Ruling:
    """What is to be entered. rule, digest, group, answers: as in `Entry`; group None for a decision of its own.

    author: whom it burdens, who may appeal.  template, note: what the author reads, not public.
    """

    action: Action
    subject: Subject
    digest: bytes
    rule: str | None = None
    author: str | None = None
    template: str | None = None
    note: str = field(default="", repr=False)
    group: int | None = None
    answers: int | None = None


def log_entry(session: Session, desk: Desk, by: Actor, ruling: Ruling) -> int:
    """Enter a decision in its transaction, and bind it in the site log; gives its number.

    Lock first what was decided about: this locks the site log until the transaction ends.
    """
    log_id = board.find_log(session, desk.trail_origin)
    board.lock(session, log_id)
    number = (session.scalar(select(func.max(ModerationEntry.number))) or 0) + 1
    at = parse_time(format_time(desk.clock()))
    group = number if ruling.group is None else ruling.group
    role = _role(by)
    digest = _record_digest(number, at, ruling, group, role)
    deed = record(desk, session, by, DEED, _bound(number, digest), {"action": ruling.action.value})
    session.add(
        ModerationEntry(
            number=number,
            at=at,
            action=ruling.action.value,
            rule=ruling.rule,
            subject_kind=ruling.subject.kind,
            subject=ruling.subject.id,
            digest=ruling.digest,
            group=group,
            answers=ruling.answers,
            role=role,
            deed=deed.index,
            record_digest=digest,
            by=by.person_id if isinstance(by, SignedIn) else None,
            author=ruling.author,
            template=ruling.template,
            note=ruling.note,
        )
    )
    session.flush()
    return number


def entries(session: Session, after: int = 0, limit: int = 100) -> Sequence[Entry]:
    """Entries with higher numbers than `after`, in their order."""
    rows = session.scalars(
        select(ModerationEntry)
        .where(ModerationEntry.number > after)
        .order_by(ModerationEntry.number)
        .limit(limit)
    )
    return [shown(row) for row in rows]


def newest_entries(session: Session, before: int | None = None, limit: int = 50) -> Sequence[Entry]:
    """Entries with lower numbers than `before`, the newest first."""
    known = ModerationEntry.number < (ENTRY_MAX if before is None else before)
    rows = session.scalars(
        select(ModerationEntry).where(known).order_by(ModerationEntry.number.desc()).limit(limit)
    )
    return [shown(row) for row in rows]


def find_entry(session: Session, number: int) -> Entry:
    """One entry. Raises: NoSuchEntry."""
    row = session.get(ModerationEntry, number) if 0 < number <= ENTRY_MAX else None
    if row is None:
        raise NoSuchEntry
    return shown(row)


def entries_about(session: Session, subject: Subject) -> Sequence[Entry]:
    """Everything that was decided about something, in order."""
    rows = session.scalars(
        select(ModerationEntry)
        .where(ModerationEntry.subject_kind == subject.kind, ModerationEntry.subject == subject.id)
        .order_by(ModerationEntry.number)
    )
    return [shown(row) for row in rows]


def entries_of_decision(session: Session, group: int) -> Sequence[Entry]:
    """The entries of one decision, with those that took it back or confirmed it."""
    rows = session.scalars(
        select(ModerationEntry).where(ModerationEntry.group == group).order_by(ModerationEntry.number)
    )
    return [shown(row) for row in rows]


def record_of(entry: Entry) -> EntryRecord:
    """The record whose digest the site log holds."""
    return EntryRecord(
        action=entry.action.value,
        answers=entry.answers,
        content=encode_base64url(entry.digest),
        group=entry.group,
        number=entry.number,
        role=entry.role,
        rule=entry.rule,
        subject=str(entry.subject),
        time=format_time(entry.at),
    )


def digest_of(made: EntryRecord) -> bytes:
    """What stands in the site log for it."""
    return tuple_hash("moderation", [encode_canonical(made)])


def subject_of_deed(entry: Entry) -> str:
    """What the deed in the site log must name, recomputed from everything that the entry says."""
    return _bound(entry.number, digest_of(record_of(entry)))


def shown(row: ModerationEntry) -> Entry:
    """The row as everybody sees it."""
    return Entry(
        number=row.number,
        at=row.at,
        action=Action(row.action),
        rule=row.rule,
        subject=Subject(row.subject_kind, row.subject),
        digest=row.digest,
        group=row.group,
        answers=row.answers,
        role=row.role,
        deed=row.deed,
        record_digest=row.record_digest,
    )


def _record_digest(number: int, at: datetime, ruling: Ruling, group: int, role: str) -> bytes:
    return digest_of(
        EntryRecord(
            action=ruling.action.value,
            answers=ruling.answers,
            content=encode_base64url(ruling.digest),
            group=group,
            number=number,
            role=role,
            rule=ruling.rule,
            subject=str(ruling.subject),
            time=format_time(at),
        )
    )


def _bound(number: int, digest: bytes) -> str:
    return f"moderation {number} {encode_base64url(digest)}"


def _role(by: Actor) -> str:
    if isinstance(by, System):
        return "system"
    if Role.MODERATOR in by.roles:
        return Role.MODERATOR.value
    return next((role.value for role in Role if role in by.roles), "citizen")

"""The queue: what was reported and waits, who works on it, and who must not.

A moderator takes a case for a quarter of an hour and then decides; meanwhile it is nobody else's. Whoever wrote the
thing, reported it, or has decided about it before is in a conflict and cannot take it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.moderation.errors import CaseDecided, ClaimedByOther, Conflict, NoSuchCase
from consultation.moderation.log import entries_about
from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import Action, Entry, Rule
from consultation.subjects import Described, Subject

CLAIMED: Final = timedelta(minutes=15)
SHOWN_MAX: Final = 50
"""Cases on the page of the queue, and reports on the page of a case."""
_FAVOURABLE: Final = (Action.LEFT.value, Action.RESTORED.value)


class Tie(StrEnum):
    """Why somebody must not decide."""

    AUTHOR = "author"
    REPORTER = "reporter"
    DECIDED = "decided"


@dataclass(frozen=True)
class Case:
    """One case, as a moderator sees it. described: None when the thing is gone.  claimed: by somebody, now.

    mine: claimed by whoever looks.  tie: why whoever looks must not decide.
    """

    id: str
    subject: Subject
    described: Described | None
    opened_at: datetime
    waiting: bool
    urgent: bool
    reports: int
    claimed: bool
    mine: bool
    claimed_until: datetime | None
    tie: Tie | None


@dataclass(frozen=True)
class Reported:
    """One report, without who made it. current: about the words that stand now."""

    rule: Rule
    words: str = field(repr=False)
    at: datetime
    current: bool


@dataclass(frozen=True)
class CaseFile:
    """A case with the reports of this round, the newest first, and everything decided about the thing before."""

    case: Case
    reports: Sequence[Reported]
    history: Sequence[Entry]


def waiting_cases(session: Session, person: str, now: datetime) -> Sequence[Case]:
    """What waits, the most urgent first and then the oldest: at most SHOWN_MAX. person: who looks."""
    rows = session.scalars(
        select(ModerationCase)
        .where(ModerationCase.waiting)
        .order_by(ModerationCase.urgent.desc(), ModerationCase.opened_at, ModerationCase.id)
        .limit(SHOWN_MAX)
    ).all()
    return [_shown(session, row, person, now) for row in rows]


def count_waiting(session: Session) -> int:
    """How many cases wait."""
    return session.scalar(select(func.count()).select_from(ModerationCase).where(ModerationCase.waiting)) or 0


def find_case(session: Session, case: str, person: str, now: datetime) -> CaseFile:
    """One case, waiting or not. Raises: NoSuchCase."""
    row = session.get(ModerationCase, case) if len(case) <= 32 and "\0" not in case else None
    if row is None:
        raise NoSuchCase
    shown = _shown(session, row, person, now)
    digest = None if shown.described is None else shown.described.digest
    reports = session.scalars(
        select(ModerationReport)
        .where(ModerationReport.case == row.id, ModerationReport.round == row.round)
        .order_by(ModerationReport.id.desc())
        .limit(SHOWN_MAX)
    )
    return CaseFile(
        shown,
        [Reported(Rule(each.rule), each.words, each.at, each.digest == digest) for each in reports],
        entries_about(session, shown.subject),
    )


def claim(session: Session, case: str, person: str, now: datetime) -> None:
    """Take a case, or keep it for another while. Raises: NoSuchCase, CaseDecided, ClaimedByOther, Conflict."""
    row = lock_case(session, case)
    if not row.waiting:
        raise CaseDecided
    if is_claimed(row, now) and row.claimed_by != person:
        raise ClaimedByOther
    if tie_of(session, Subject(row.subject_kind, row.subject), person) is not None:
        raise Conflict
    row.claimed_by, row.claimed_until = person, now + CLAIMED
    session.flush()


def release(session: Session, case: str, person: str) -> None:
    """Let others take it; harmless when it is not one's own any more. Raises: NoSuchCase."""
    row = lock_case(session, case)
    if row.claimed_by == person:
        row.claimed_by = row.claimed_until = None
        session.flush()


def tie_of(session: Session, subject: Subject, person: str) -> Tie | None:
    """Why this moderator must not decide about it; None when they may.

    Having left other words than those that stand now is no reason: else an author who changes them often enough would
    have nobody left who may decide.
    """
    described = kinds.describe(session, subject)
    if described is not None and described.author == person:
        return Tie.AUTHOR
    if has_reported(session, subject, person):
        return Tie.REPORTER
    decided = select(ModerationEntry.number).where(
        ModerationEntry.subject_kind == subject.kind,
        ModerationEntry.subject == subject.id,
        ModerationEntry.by == person,
    )
    if described is not None:
        burdened = ModerationEntry.action.not_in(_FAVOURABLE)
        decided = decided.where(or_(ModerationEntry.digest == described.digest, burdened))
    return None if session.scalar(decided.limit(1)) is None else Tie.DECIDED


def has_reported(session: Session, subject: Subject, person: str) -> bool:
    """Whether they have reported it, in any wording."""
    found = (
        select(ModerationReport.id)
        .join(ModerationCase, ModerationCase.id == ModerationReport.case)
        .where(
            ModerationCase.subject_kind == subject.kind,
            ModerationCase.subject == subject.id,
            ModerationReport.reporter == person,
        )
        .limit(1)
    )
    return session.scalar(found) is not None


def lock_case(session: Session, case: str) -> ModerationCase:
    """The row, locked until the transaction ends. Raises: NoSuchCase."""
    row = None
    if len(case) <= 32 and "\0" not in case:
        row = session.scalar(
            select(ModerationCase)
            .where(ModerationCase.id == case)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    if row is None:
        raise NoSuchCase
    return row


def is_claimed(row: ModerationCase, now: datetime) -> bool:
    """Whether somebody works on it now."""
    return row.claimed_by is not None and row.claimed_until is not None and now < row.claimed_until


def _shown(session: Session, row: ModerationCase, person: str, now: datetime) -> Case:
    subject, claimed = Subject(row.subject_kind, row.subject), is_claimed(row, now)
    return Case(
        id=row.id,
        subject=subject,
        described=kinds.describe(session, subject),
        opened_at=row.opened_at,
        waiting=row.waiting,
        urgent=row.urgent,
        reports=row.reports,
        claimed=claimed,
        mine=claimed and row.claimed_by == person,
        claimed_until=row.claimed_until if claimed else None,
        tie=tie_of(session, subject, person),
    )

"""Reports: anybody who is signed in says once that something breaks a rule. Reports alone hide nothing.

However many people report something, a moderator looks at it once for each wording; when two moderators have left the
same words where they are, later reports of these words are kept and wait for nobody.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import NoSuchSubject
from consultation.moderation.errors import OwnContent, ReportsTooMuch
from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import URGENT, Action, Rule
from consultation.subjects import Subject
from consultation.text import written
from storage.statements import insert_once, rows_changed

WORDS_MAX: Final = 500
WAITING_MAX: Final = 50
"""Reports of one person that no moderator has decided yet."""
LOOKED_AT: Final = 2
"""Moderators who have left the same words: then these words stay."""
KEPT: Final = timedelta(days=180)
"""The words of a report."""
_FAVOURABLE: Final = (Action.LEFT.value, Action.RESTORED.value)


def report(session: Session, person: str, subject: Subject, rule: Rule, words: str, now: datetime) -> None:
    """Say that something breaks a rule. The same person about the same words again: nothing happens.

    words: for moderators, may be empty.  Raises: NoSuchSubject (also hidden), OwnContent, ReportsTooMuch, TextRefused.
    """
    words = written(words, WORDS_MAX, lines=True, least=0)
    described = kinds.describe(session, subject)
    if described is None or not described.public:
        raise NoSuchSubject
    if described.author == person:
        raise OwnContent
    if _waiting_of(session, person) >= WAITING_MAX:
        raise ReportsTooMuch
    case = _lock_case(session, subject, now)
    earlier = select(ModerationReport).where(
        ModerationReport.case == case.id, ModerationReport.reporter == person
    )
    if session.scalar(earlier.where(ModerationReport.digest == described.digest)) is not None:
        return
    if not case.waiting and _looks(session, subject, described.digest) < LOOKED_AT:
        case.waiting, case.urgent, case.reports = True, False, 0
        case.round, case.opened_at = case.round + 1, now
        case.claimed_by = case.claimed_until = None
    if session.scalar(earlier.where(ModerationReport.round == case.round)) is None:
        case.reports += 1
    case.urgent = case.urgent or rule in URGENT
    session.add(
        ModerationReport(
            case=case.id,
            round=case.round,
            reporter=person,
            rule=rule.value,
            words=words,
            digest=described.digest,
            at=now,
        )
    )
    session.flush()


def forget_reports(session: Session, now: datetime) -> int:
    """Delete the words of old reports; that somebody reported stays as a number. How many."""
    old = (ModerationReport.at <= now - KEPT) & (ModerationReport.words != "")
    return rows_changed(session, update(ModerationReport).where(old).values(words=""))


def _waiting_of(session: Session, person: str) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(ModerationReport)
            .join(ModerationCase, ModerationCase.id == ModerationReport.case)
            .where(
                ModerationReport.reporter == person,
                ModerationCase.waiting,
                ModerationReport.round == ModerationCase.round,
            )
        )
        or 0
    )


def _lock_case(session: Session, subject: Subject, now: datetime) -> ModerationCase:
    values = {
        "id": secrets.token_hex(8),
        "subject_kind": subject.kind,
        "subject": subject.id,
        "round": 0,
        "opened_at": now,
        "waiting": False,
        "urgent": False,
        "reports": 0,
        "claimed_by": None,
        "claimed_until": None,
    }
    insert_once(session, ModerationCase, values, ("subject_kind", "subject"))
    return session.scalars(
        select(ModerationCase)
        .where(ModerationCase.subject_kind == subject.kind, ModerationCase.subject == subject.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _looks(session: Session, subject: Subject, digest: bytes) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(ModerationEntry)
            .where(
                ModerationEntry.subject_kind == subject.kind,
                ModerationEntry.subject == subject.id,
                ModerationEntry.digest == digest,
                ModerationEntry.action.in_(_FAVOURABLE),
            )
        )
        or 0
    )

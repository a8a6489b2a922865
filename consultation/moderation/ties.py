"""Who must not decide about something: whoever has a part in it, reported it, or has decided about it before.

All accounts of a person are meant: another spelling of one's mailbox makes nobody a stranger.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import Action
from consultation.subjects import Described, Subject
from identity.people import one_person

_FAVOURABLE: Final = (Action.LEFT.value, Action.RESTORED.value)


class Tie(StrEnum):
    """Why somebody must not decide."""

    AUTHOR = "author"
    PART = "part"
    """They started, sponsored or answered what it stands under, or it replies to them."""
    REPORTER = "reporter"
    DECIDED = "decided"


def tie_of(session: Session, subject: Subject, person: str) -> Tie | None:
    """Why this moderator must not decide about it; None when they may.

    Having left other words than those that stand now is no reason: else an author who changes them often enough would
    have nobody left who may decide.
    """
    described, accounts = kinds.describe(session, subject), one_person(session, person).accounts
    tie = own_tie(session, subject, described, person)
    if tie is not None:
        return tie
    decided = select(ModerationEntry.number).where(
        ModerationEntry.subject_kind == subject.kind,
        ModerationEntry.subject == subject.id,
        ModerationEntry.by.in_(accounts),
    )
    if described is not None:
        burdened = ModerationEntry.action.not_in(_FAVOURABLE)
        decided = decided.where(or_(ModerationEntry.digest == described.digest, burdened))
    return None if session.scalar(decided.limit(1)) is None else Tie.DECIDED


def own_tie(session: Session, subject: Subject, described: Described | None, person: str) -> Tie | None:
    """The same without what they have decided before: it is their own matter, whatever was decided."""
    accounts = one_person(session, person).accounts
    if described is not None and described.author in accounts:
        return Tie.AUTHOR
    if any(kinds.has_part(session, subject, account) for account in accounts):
        return Tie.PART
    return Tie.REPORTER if _has_reported(session, subject, accounts) else None


def _has_reported(session: Session, subject: Subject, accounts: Collection[str]) -> bool:
    """In any wording."""
    found = (
        select(ModerationReport.id)
        .join(ModerationCase, ModerationCase.id == ModerationReport.case)
        .where(
            ModerationCase.subject_kind == subject.kind,
            ModerationCase.subject == subject.id,
            ModerationReport.reporter.in_(accounts),
        )
        .limit(1)
    )
    return session.scalar(found) is not None

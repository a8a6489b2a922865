"""Pauses: somebody may write nothing for some days. They can still read, sign, agree, appeal and leave."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.moderation.errors import Paused
from consultation.moderation.models import ModerationPause
from identity.people import one_person

DAYS = (1, 7, 30)
"""For how long."""


def require_not_paused(session: Session, person: str, now: datetime) -> None:
    """Everybody calls this who lets people write. A pause is of a person, in all their accounts. Raises: Paused."""
    row = session.scalar(
        select(ModerationPause)
        .where(
            ModerationPause.person.in_(one_person(session, person).accounts),
            ModerationPause.until > now,
            ModerationPause.lifted_at.is_(None),
        )
        .order_by(ModerationPause.until.desc())
        .limit(1)
    )
    if row is not None:
        raise Paused(row.until, row.entry)


def pause(session: Session, person: str, entry: int, days: int, now: datetime) -> None:
    """Begin a pause that the log has entered. days: one of DAYS."""
    if days not in DAYS:
        raise ValueError(f"A pause has one of these lengths: {DAYS}.")
    session.add(ModerationPause(entry=entry, person=person, until=now + timedelta(days=days), lifted_at=None))
    session.flush()


def lift_pause(session: Session, entry: int, now: datetime) -> None:
    """End the pause that this entry began; harmless when there is none any more."""
    row = session.get(ModerationPause, entry)
    if row is not None and row.lifted_at is None:
        row.lifted_at = now
        session.flush()

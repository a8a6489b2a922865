"""Following a subject and stopping again. Whether a subject is there and public is the caller's to ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from consultation.errors import ConsultationError
from consultation.following.models import FollowingSubject
from consultation.subjects import Subject
from storage.statements import insert_once

FOLLOWED_MAX: Final = 1_000
"""By one person: more is a program that follows everything, and each happening would write a row for it."""


class FollowsTooMuch(ConsultationError):
    """Somebody follows as many things as anybody can."""

    code = "follows-too-much"

    def __init__(self) -> None:
        super().__init__("You follow very many things already. Stop following one of them first.")


@dataclass(frozen=True)
class Followed:
    """One thing that somebody follows, and since when."""

    subject: Subject
    since: datetime


def follow(session: Session, person: str, subject: Subject, now: datetime) -> None:
    """From now on they are told what happens to it; harmless when they follow it already. Raises: FollowsTooMuch."""
    held = select(func.count()).where(FollowingSubject.person == person)
    if not follows(session, person, subject) and (session.scalar(held) or 0) >= FOLLOWED_MAX:
        raise FollowsTooMuch
    values = {"person": person, "subject_kind": subject.kind, "subject": subject.id, "since": now}
    insert_once(session, FollowingSubject, values, ("person", "subject_kind", "subject"))


def unfollow(session: Session, person: str, subject: Subject) -> None:
    """They are told nothing more about it; harmless when they do not follow it."""
    session.execute(delete(FollowingSubject).where(FollowingSubject.person == person, _is(subject)))


def follows(session: Session, person: str, subject: Subject) -> bool:
    """Whether they follow it."""
    row = select(FollowingSubject.person).where(FollowingSubject.person == person, _is(subject))
    return session.scalar(row) is not None


def followed_by(session: Session, person: str) -> Sequence[Followed]:
    """Everything that somebody follows, the newest first."""
    rows = session.scalars(
        select(FollowingSubject)
        .where(FollowingSubject.person == person)
        .order_by(FollowingSubject.since.desc(), FollowingSubject.subject_kind, FollowingSubject.subject)
    )
    return [Followed(Subject(row.subject_kind, row.subject), row.since) for row in rows]


def followers(session: Session, subject: Subject) -> int:
    """How many people follow it."""
    return session.scalar(select(func.count()).select_from(FollowingSubject).where(_is(subject))) or 0


def _is(subject: Subject) -> ColumnElement[bool]:
    return (FollowingSubject.subject_kind == subject.kind) & (FollowingSubject.subject == subject.id)

"""From what happened to who is told: a notice for each follower, in the page first and then perhaps by mail.

A happening becomes notices and is deleted in one transaction, so nobody is told twice. Nobody is told of what they did
themselves. Whoever does something to a subject has seen what happened to it before: their notices of it are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, literal, select, true, update
from sqlalchemy.orm import Session

from consultation.following.models import FollowingNotice, FollowingSubject
from consultation.happenings import What
from consultation.models import ConsultationHappening
from consultation.subjects import Subject
from storage.statements import rows_changed

KEPT: Final = timedelta(days=180)
"""For how long a notice stays on somebody's page."""
AT_ONCE: Final = 500
"""Happenings in one transaction."""

_Row = ConsultationHappening


@dataclass(frozen=True)
class Notice:
    """One line of what somebody is told. own: it was for them alone.  read_at: None while it is new."""

    id: int
    what: What
    subject: Subject
    about: Subject
    own: bool
    at: datetime
    read_at: datetime | None


def tell(session: Session, now: datetime) -> int:
    """Make notices of what happened and has not been told, the oldest first. Gives how many happenings that were.

    Several may run at once: each takes what no other has.
    """
    rows = session.scalars(
        select(_Row).order_by(_Row.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        if row.by is not None:
            _note_act(session, row.by, Subject(row.subject_kind, row.subject), row.at, now)
        if row.to is None:
            _tell_followers(session, row)
        elif row.to != row.by:
            _tell_one(session, row, row.to)
    session.execute(delete(_Row).where(_Row.id.in_([row.id for row in rows])))
    return len(rows)


def _note_act(session: Session, person: str, subject: Subject, at: datetime, now: datetime) -> None:
    seen = (
        (FollowingNotice.person == person)
        & (FollowingNotice.subject_kind == subject.kind)
        & (FollowingNotice.subject == subject.id)
        & (FollowingNotice.at <= at)
        & FollowingNotice.read_at.is_(None)
        & FollowingNotice.own.is_(False)
    )
    session.execute(update(FollowingNotice).where(seen).values(read_at=now))


def _tell_followers(session: Session, row: ConsultationHappening) -> None:
    # One statement: a petition may have very many followers. Who began to follow later is not told of earlier things.
    told = (
        (FollowingSubject.subject_kind == row.subject_kind)
        & (FollowingSubject.subject == row.subject)
        & (FollowingSubject.since <= row.at)
        & (true() if row.by is None else FollowingSubject.person != row.by)
    )
    names = ("person", "what", "subject_kind", "subject", "about_kind", "about", "own", "at")
    values = select(
        FollowingSubject.person,
        literal(row.what),
        literal(row.subject_kind),
        literal(row.subject),
        literal(row.about_kind),
        literal(row.about),
        literal(False),
        literal(row.at, FollowingNotice.at.type),
    ).where(told)
    session.execute(insert(FollowingNotice).from_select(names, values))


def _tell_one(session: Session, row: ConsultationHappening, person: str) -> None:
    session.execute(
        insert(FollowingNotice).values(
            person=person,
            what=row.what,
            subject_kind=row.subject_kind,
            subject=row.subject,
            about_kind=row.about_kind,
            about=row.about,
            own=True,
            at=row.at,
        )
    )


def notices_of(
    session: Session, person: str, *, before: int | None = None, limit: int = 20
) -> Sequence[Notice]:
    """What somebody was told, the newest first. before: number of the last one of the page before."""
    rows = session.scalars(
        select(FollowingNotice)
        .where(FollowingNotice.person == person, true() if before is None else FollowingNotice.id < before)
        .order_by(FollowingNotice.id.desc())
        .limit(limit)
    )
    return [notice_of(row) for row in rows]


def notice_of(row: FollowingNotice) -> Notice:
    """The row as a frozen value."""
    return Notice(
        row.id,
        What(row.what),
        Subject(row.subject_kind, row.subject),
        Subject(row.about_kind, row.about),
        row.own,
        row.at,
        row.read_at,
    )


def unread(session: Session, person: str) -> int:
    """How many notices somebody has not read."""
    which = (FollowingNotice.person == person) & FollowingNotice.read_at.is_(None)
    return session.scalar(select(func.count()).select_from(FollowingNotice).where(which)) or 0


def read_all(session: Session, person: str, now: datetime, *, up_to: int) -> None:
    """They have read all notices up to this number: those that came since the page was made stay new."""
    which = (
        (FollowingNotice.person == person) & FollowingNotice.read_at.is_(None) & (FollowingNotice.id <= up_to)
    )
    session.execute(update(FollowingNotice).where(which).values(read_at=now))


def forget_old(session: Session, now: datetime) -> int:
    """Delete notices that are older than `KEPT`. Gives their number."""
    return rows_changed(session, delete(FollowingNotice).where(FollowingNotice.at < now - KEPT))

"""Threads: one for each place that is discussed, made when it is first needed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.errors import ThreadClosed
from consultation.discussions.models import DiscussionThread
from consultation.errors import NoSuchSubject
from consultation.subjects import Subject
from storage.statements import insert_once

TOPIC = "topic"
"""Kind of the subject by which a whole thread is followed and reported, whatever it is about."""


@dataclass(frozen=True)
class Thread:
    """A thread as it is now. count: contributions that can be read."""

    id: str
    place: Subject
    sided: bool
    made_at: datetime
    closes_at: datetime | None
    last_at: datetime
    count: int
    gone: int
    hidden_entry: int | None

    @property
    def subject(self) -> Subject:
        """What whoever follows the whole thread follows."""
        return Subject(TOPIC, self.id)

    def is_open(self, now: datetime) -> bool:
        """Whether somebody may write in it."""
        return self.hidden_entry is None and (self.closes_at is None or now < self.closes_at)


def thread_of(
    session: Session, place: Subject, now: datetime, *, sided: bool = False, closes_at: datetime | None = None
) -> Thread:
    """The thread about a place; made if there is none. The caller knows that the place is there and public.

    sided, closes_at: of one that is made now.
    """
    values = {
        "id": secrets.token_hex(8),
        "place_kind": place.kind,
        "place": place.id,
        "sided": sided,
        "made_at": now,
        "closes_at": closes_at,
        "last_at": now,
        "contributions": 0,
        "gone": 0,
        "hidden_entry": None,
    }
    found = known_thread(session, place)
    if found is None:
        insert_once(session, DiscussionThread, values, ("place_kind", "place"))
        found = known_thread(session, place)
    if found is None:
        raise NoSuchSubject
    return found


def known_thread(session: Session, place: Subject) -> Thread | None:
    """The thread about a place, if somebody has begun it."""
    row = session.scalar(
        select(DiscussionThread).where(
            DiscussionThread.place_kind == place.kind, DiscussionThread.place == place.id
        )
    )
    return None if row is None else shown(row)


def find_thread(session: Session, thread_id: str) -> Thread:
    """The thread with this number, open or not. Raises: NoSuchSubject."""
    row = session.get(DiscussionThread, thread_id) if is_thread_id(thread_id) else None
    if row is None:
        raise NoSuchSubject
    return shown(row)


def set_closing(session: Session, thread_id: str, closes_at: datetime | None) -> None:
    """Until then people can write; None for no end. Raises: NoSuchSubject."""
    lock_thread(session, thread_id).closes_at = closes_at
    session.flush()


def lock_thread(session: Session, thread_id: str, *, beside: bool = False) -> DiscussionThread:
    """The row, locked until the transaction ends. beside: as in `moment_in`.  Raises: NoSuchSubject."""
    row = None
    if is_thread_id(thread_id):
        row = session.scalar(
            select(DiscussionThread)
            .where(DiscussionThread.id == thread_id)
            .with_for_update(read=beside)
            .execution_options(populate_existing=True)
        )
    if row is None:
        raise NoSuchSubject
    return row


def moment_in(
    session: Session, thread_id: str, clock: Callable[[], datetime], *, beside: bool = False
) -> datetime:
    """The time of a deed in a thread, read under its lock: whoever waits for that past the end is too late.

    beside: whether others may do the same at this moment, as when people agree.  Raises: NoSuchSubject.
    """
    lock_thread(session, thread_id, beside=beside)
    return clock()


def require_open(row: DiscussionThread, now: datetime) -> None:
    """Decided under the lock. Raises: ThreadClosed."""
    if not shown(row).is_open(now):
        raise ThreadClosed


def is_thread_id(value: str) -> bool:
    """Whether it can be the number of a thread: 16 hexadecimal digits."""
    return len(value) == 16 and all(digit in "0123456789abcdef" for digit in value)


def shown(row: DiscussionThread) -> Thread:
    """The row as others see it."""
    return Thread(
        id=row.id,
        place=Subject(row.place_kind, row.place),
        sided=row.sided,
        made_at=row.made_at,
        closes_at=row.closes_at,
        last_at=row.last_at,
        count=row.contributions - row.gone,
        gone=row.gone,
        hidden_entry=row.hidden_entry,
    )

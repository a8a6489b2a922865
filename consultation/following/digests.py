"""Which notices go into which mail: several together, at most one mail a day; at once what cannot wait for its reader.

A notice that its reader has seen on the page, or whose subject they have acted on since, is in no mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from consultation.following.contacts import contact_of
from consultation.following.models import FollowingContact, FollowingNotice
from consultation.following.notices import Notice, notice_of
from consultation.following.showing import shown_to
from consultation.happenings import What
from consultation.petitions.store import find_petition
from consultation.signing.signing import signed_version
from consultation.subjects import Subject
from identity.desk import Desk
from identity.models import IdentityPerson

APART: Final = timedelta(days=1)
"""Between two digests to one person."""
GATHERED: Final = timedelta(hours=1)
"""How long the first notice waits for others to go with it."""
SUBJECTS_MAX: Final = 20
"""In one mail; the page has all."""
URGENT: Final = frozenset({What.APPEAL_DECIDED, What.CONTENT_HIDDEN, What.AUTHOR_WARNED, What.AUTHOR_PAUSED})
"""What is mailed at once to the one whom it concerns: there is a time limit to answer."""

_Row = FollowingNotice


@dataclass(frozen=True)
class Entry:
    """What happened to one subject. title: None when it is not public any more.  path: without the language.

    counts: how often each thing happened, in the order of the first.
    """

    title: str | None = field(repr=False)
    path: str | None
    counts: Mapping[What, int]


@dataclass(frozen=True)
class Digest:
    """One mail. key: of the contact.  number: of the last notice in it, so that the mail is queued once.

    more: subjects that did not fit.
    """

    key: str
    address: str = field(repr=False)
    language: str
    number: int
    entries: Sequence[Entry]
    more: int


def due(session: Session, now: datetime, limit: int = 200) -> Sequence[str]:
    """Whose digest should be written now."""
    urgent = _Row.own & _Row.what.in_(URGENT)
    rested = or_(FollowingContact.mailed_on.is_(None), FollowingContact.mailed_on <= now - APART)
    return session.scalars(
        select(_Row.person)
        .join(FollowingContact, FollowingContact.person == _Row.person)
        .where(
            _waits(), FollowingContact.sealed.is_not(None), or_(urgent, rested & (_Row.at <= now - GATHERED))
        )
        .group_by(_Row.person)
        .order_by(func.min(_Row.id))
        .limit(limit)
    ).all()


def take(desk: Desk, session: Session, person: str, now: datetime) -> Digest | None:
    """Everything that waits for this person, noted as mailed in this transaction; None when there is nothing."""
    row = session.scalar(select(FollowingContact).where(FollowingContact.person == person).with_for_update())
    contact = contact_of(desk, session, person, now)
    mine = _waits() & (_Row.person == person)
    waiting = [notice_of(one) for one in session.scalars(select(_Row).where(mine).order_by(_Row.id))]
    if row is None or contact is None or contact.address is None or not waiting:
        return None
    session.execute(update(_Row).where(mine, _Row.id <= waiting[-1].id).values(mailed_at=now))
    notices = [one for one in waiting if not _is_settled(session, person, one)]
    if not notices:
        return None
    row.mailed_on = now
    language = session.get_one(IdentityPerson, person).language
    entries, more = _entries(session, person, language, notices)
    return Digest(contact.key, contact.address, language, notices[-1].id, entries, more)


def _waits() -> ColumnElement[bool]:
    return _Row.mailed_at.is_(None) & _Row.read_at.is_(None)


def _is_settled(session: Session, person: str, notice: Notice) -> bool:
    """Whether it asks for nothing any more: they have signed the new words already."""
    if notice.what is not What.PETITION_EDITED:
        return False
    signed = signed_version(session, notice.subject.id, person)
    return signed is not None and signed == find_petition(session, notice.subject.id).text.version


def _entries(
    session: Session, person: str, language: str, notices: Sequence[Notice]
) -> tuple[Sequence[Entry], int]:
    grouped: dict[Subject, list[Notice]] = {}
    for notice in notices:
        grouped.setdefault(notice.subject, []).append(notice)
    chosen = list(grouped.items())[:SUBJECTS_MAX]
    return [_entry(session, person, language, *one) for one in chosen], len(grouped) - len(chosen)


def _entry(
    session: Session, person: str, language: str, subject: Subject, notices: Sequence[Notice]
) -> Entry:
    counts: dict[What, int] = {}
    for notice in notices:
        counts[notice.what] = counts.get(notice.what, 0) + 1
    shown = shown_to(session, person, subject)
    about = shown
    if len(notices) == 1 and notices[0].about != subject:
        about = shown_to(session, person, notices[0].about) or shown
    return Entry(shown.called(language) if shown else None, about.path if about else None, counts)

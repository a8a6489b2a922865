"""Petitions in lists, page after page by key; what is due, what is late, and how each body answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from consultation.petitions.models import (
    PetitionBody,
    PetitionDue,
    PetitionPetition,
    PetitionVersion,
)
from consultation.petitions.settings import body_of
from consultation.petitions.store import petitions_of
from consultation.petitions.types import PUBLIC, Clock, Due, InTime, Petition, State

PAGE: Final = 20
PAGE_MAX: Final = 100
_ID: Final = re.compile("[0-9a-f]{16}")
_Row = PetitionPetition


class Sort(StrEnum):
    """Orders of a list. By trend is the signatures' own list (`petitions_of` gives its petitions)."""

    NEWEST = "newest"
    SIGNATURES = "signatures"
    CLOSING = "closing"
    REJECTED = "rejected"
    """When it was rejected, the newest first: petitions that were never published have no other date."""


class Fact(StrEnum):
    """What a list may ask for beside the state."""

    WAITS = "waits"
    """Something is due and has not come."""
    ANSWERED = "answered"
    ARCHIVED = "archived"
    """Closed, and nothing is due."""


@dataclass(frozen=True)
class Filter:
    """Which petitions. states: any of these; only public ones are ever listed.  body, area: ids, None for all."""

    states: frozenset[State] = frozenset({State.OPEN})
    body: str | None = None
    area: str | None = None
    fact: Fact | None = None
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True)
class Listed:
    """One page. next: the cursor of the page after it, "" when there is none."""

    petitions: Sequence[Petition]
    next: str


@dataclass(frozen=True)
class Waiting:
    """A petition that waits for a moderator. edit: a new version of one that is published already."""

    petition: str
    title: str
    since: datetime
    edit: bool
    creator: str | None


def list_petitions(session: Session, wanted: Filter, cursor: str = "", limit: int = PAGE) -> Listed:
    """One page of the petitions that everybody may see. cursor: of another page; anything else is the first page."""
    column, falls = _ORDER[wanted.sort]
    key = (column.desc(), _Row.id.desc()) if falls else (column, _Row.id)
    size = max(1, min(limit, PAGE_MAX))
    ids = session.execute(
        select(_Row.id, column)
        .where(_wanted(wanted), _after(wanted.sort, cursor), column.is_not(None))
        .order_by(*key)
        .limit(size + 1)
    ).all()
    shown = ids[:size]
    more = _cursor(shown[-1][1], shown[-1][0]) if len(ids) > size else ""
    return Listed(petitions_of(session, [number for number, _ in shown]), more)


def mine(session: Session, person: str) -> Sequence[Petition]:
    """Everything that somebody started, the newest first."""
    ids = session.scalars(
        select(_Row.id).where(_Row.creator == person).order_by(_Row.created_at.desc(), _Row.id)
    ).all()
    return petitions_of(session, ids)


def waiting_for_moderation(session: Session, limit: int = PAGE_MAX) -> Sequence[Waiting]:
    """What a moderator has to decide, the longest waiting first."""
    rows = session.execute(
        select(_Row, PetitionVersion.action)
        .join(
            PetitionVersion,
            and_(
                PetitionVersion.petition == _Row.id,
                or_(
                    PetitionVersion.version == _Row.proposed,
                    and_(_Row.proposed.is_(None), PetitionVersion.version == _Row.version),
                ),
            ),
        )
        .where(_Row.waiting_since.is_not(None))
        .order_by(_Row.waiting_since, _Row.id)
        .limit(limit)
    )
    return [
        Waiting(row.id, action, row.waiting_since, row.proposed is not None, row.creator)
        for row, action in rows
        if row.waiting_since is not None
    ]


def clocks_of(session: Session, *petitions: str) -> Sequence[Clock]:
    """What is or was due for these petitions, in the order in which it was reached."""
    return _clocks(session, PetitionDue.petition.in_(petitions), PetitionDue.id.asc())


def waiting(session: Session, now: datetime, *, overdue: bool = False) -> Sequence[Clock]:
    """Everything that is due and has not come, the most urgent first. overdue: only what is late already."""
    late = PetitionDue.due_at <= now if overdue else true()
    return _clocks(session, PetitionDue.met_at.is_(None) & late, PetitionDue.due_at.asc())


def in_time(session: Session, now: datetime, since: datetime | None = None) -> Sequence[InTime]:
    """How each body answers. since: only what was due since then. Bodies of which nothing was due are left out."""
    rows = session.execute(
        select(PetitionDue, PetitionBody)
        .join(PetitionBody, PetitionBody.id == PetitionDue.body)
        .where(true() if since is None else PetitionDue.due_at >= since)
        .order_by(PetitionBody.position, PetitionBody.id)
    )
    found: dict[str, InTime] = {}
    for row, body in rows:
        so_far = found.setdefault(body.id, InTime(body_of(body), 0, 0, 0, 0))
        met = row.met_at is not None and row.met_at < row.due_at
        late = row.met_at is not None and not met
        overdue = row.met_at is None and row.due_at <= now
        found[body.id] = InTime(
            so_far.body,
            so_far.met + met,
            so_far.late + late,
            so_far.overdue + overdue,
            so_far.waiting + (row.met_at is None and not overdue),
        )
    return list(found.values())


def _clocks(session: Session, where: ColumnElement[bool], order: ColumnElement[Any]) -> Sequence[Clock]:
    rows = session.execute(
        select(PetitionDue, PetitionBody)
        .join(PetitionBody, PetitionBody.id == PetitionDue.body)
        .where(where)
        .order_by(order, PetitionDue.id)
    )
    return [
        Clock(
            row.id,
            row.petition,
            row.count,
            Due(row.due),
            body_of(body),
            row.reached_at,
            row.due_at,
            row.met_at,
        )
        for row, body in rows
    ]


_ORDER: Final[
    dict[Sort, tuple[InstrumentedAttribute[datetime | None] | InstrumentedAttribute[int], bool]]
] = {
    Sort.NEWEST: (_Row.opened_at, True),
    Sort.SIGNATURES: (_Row.signatures, True),
    Sort.CLOSING: (_Row.closes_at, False),
    Sort.REJECTED: (_Row.rejected_at, True),
}


def _wanted(wanted: Filter) -> ColumnElement[bool]:
    states = [state.value for state in wanted.states & PUBLIC]
    due = exists().where(PetitionDue.petition == _Row.id, PetitionDue.met_at.is_(None))
    facts: dict[Fact | None, ColumnElement[bool]] = {
        None: true(),
        Fact.WAITS: due,
        Fact.ANSWERED: _Row.answered_at.is_not(None),
        Fact.ARCHIVED: and_(_Row.state == State.CLOSED.value, ~due),
    }
    return and_(
        _Row.state.in_(states),
        _Row.hidden_entry.is_(None),
        true() if wanted.body is None else _Row.body == wanted.body,
        true() if wanted.area is None else _Row.area == wanted.area,
        facts[wanted.fact],
    )


def _after(sort: Sort, cursor: str) -> ColumnElement[bool]:
    value, _, number = cursor.partition(".")
    if len(cursor) > 64 or not (value.isascii() and value.isdecimal() and _ID.fullmatch(number)):
        return true()
    column, falls = _ORDER[sort]
    try:
        point: object = int(value) if sort is Sort.SIGNATURES else _moment(int(value))
    except (ValueError, OverflowError, OSError):
        return true()
    if isinstance(point, int) and point >= 2**63:
        return true()
    beyond = column < point if falls else column > point
    same = _Row.id < number if falls else _Row.id > number
    return or_(beyond, and_(column == point, same))


def _cursor(value: datetime | int | None, number: str) -> str:
    if isinstance(value, datetime):
        span = value - _EPOCH
        value = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return f"{value}.{number}"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(microseconds: int) -> datetime:
    whole, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)

"""Petitions in lists, page after page by key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from consultation.moderation.claims import is_claimed
from consultation.petitions.life import PREPARED_MAX, PREPARING
from consultation.petitions.models import PetitionDue, PetitionPetition, PetitionVersion
from consultation.petitions.sponsors import Part, parts_in
from consultation.petitions.store import petitions_of
from consultation.petitions.types import PUBLIC, Petition, State
from consultation.signing.models import PetitionCount
from consultation.signing.windows import window_of
from identity.people import one_person

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
    """A petition that waits for a moderator. edit: a new version of one that is published already.

    claimed: by somebody, now.  mine: by whoever looks.  part: why whoever looks must not decide.
    """

    petition: str
    title: str
    since: datetime
    edit: bool
    claimed: bool
    mine: bool
    part: Part | None


def list_petitions(
    session: Session, wanted: Filter, now: datetime, cursor: str = "", limit: int = PAGE
) -> Listed:
    """One page of the petitions that everybody may see. cursor: of another page; anything else is the first page.

    By signatures they stand by the number that pages say at `now`, as the cursor does.
    """
    size = max(1, min(limit, PAGE_MAX))
    if wanted.sort is Sort.SIGNATURES:
        ids = _by_signatures(session, wanted, now, cursor, size + 1)
    else:
        ids = session.execute(_keys(wanted, _ORDER[wanted.sort], cursor, size + 1)).all()
    shown = ids[:size]
    more = _cursor(shown[-1][1], shown[-1][0]) if len(ids) > size else ""
    return Listed(petitions_of(session, [number for number, _ in shown]), more)


def ids_of(wanted: Filter) -> Select[str]:
    """The numbers of the petitions that a filter leaves, for lists with an order of their own: a search, a trend."""
    return select(_Row.id).where(_wanted(wanted))


def prepared(session: Session, person: str) -> Sequence[Petition]:
    """What somebody started and nobody has published yet, the last touched first."""
    ids = session.scalars(
        select(_Row.id)
        .where(_Row.creator == person, _Row.state.in_(PREPARING))
        .order_by(_Row.changed_at.desc(), _Row.id)
        .limit(PREPARED_MAX)
    ).all()
    return petitions_of(session, ids)


def mine(session: Session, person: str) -> Sequence[Petition]:
    """Everything that somebody started, the newest first."""
    ids = session.scalars(
        select(_Row.id).where(_Row.creator == person).order_by(_Row.created_at.desc(), _Row.id)
    ).all()
    return petitions_of(session, ids)


def waiting_for_moderation(
    session: Session, person: str, now: datetime, limit: int = PAGE_MAX
) -> Sequence[Waiting]:
    """What a moderator has to decide, the longest waiting first. person: who looks."""
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
    ).all()
    parts = parts_in(session, [row.id for row, _ in rows], one_person(session, person).accounts)
    return [
        Waiting(
            petition=row.id,
            title=action,
            since=row.waiting_since,
            edit=row.proposed is not None,
            claimed=(claimed := is_claimed(row, now)),
            mine=claimed and row.claimed_by == person,
            part=parts.get(row.id),
        )
        for row, action in rows
        if row.waiting_since is not None
    ]


_Column = InstrumentedAttribute[datetime | None] | InstrumentedAttribute[int]
_ORDER: Final[dict[Sort, _Column]] = {
    Sort.NEWEST: _Row.opened_at,
    Sort.SIGNATURES: _Row.signatures,
    Sort.CLOSING: _Row.closes_at,
    Sort.REJECTED: _Row.rejected_at,
}


def _keys(wanted: Filter, column: _Column, cursor: str, size: int) -> Select[str, datetime | int | None]:
    """Numbers with what they are ordered by."""
    key = (column, _Row.id) if wanted.sort is Sort.CLOSING else (column.desc(), _Row.id.desc())
    return (
        select(_Row.id, column)
        .where(_wanted(wanted), _after(wanted.sort, column, cursor), column.is_not(None))
        .order_by(*key)
        .limit(size)
    )


def _by_signatures(
    session: Session, wanted: Filter, now: datetime, cursor: str, size: int
) -> Sequence[Row[str, datetime | int | None]]:
    """By the public number, as `signing.counting.public_counts` gives it.

    The few petitions that were signed in the present window have it in their counter; all others stand in the index.
    """
    moves = _Row.id.in_(select(PetitionCount.petition).where(PetitionCount.window >= window_of(now)))
    counted = PetitionCount.petition == _Row.id
    moving = _keys(wanted, PetitionCount.shown, cursor, size).join(PetitionCount, counted).where(moves)
    still = _keys(wanted, _Row.signatures, cursor, size).where(~moves)
    found = [*session.execute(moving), *session.execute(still)]
    return sorted(found, key=lambda each: (each[1], each[0]), reverse=True)[:size]


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


def _after(sort: Sort, column: _Column, cursor: str) -> ColumnElement[bool]:
    value, _, number = cursor.partition(".")
    if len(cursor) > 64 or not (value.isascii() and value.isdecimal() and _ID.fullmatch(number)):
        return true()
    try:
        point: object = int(value) if sort is Sort.SIGNATURES else _moment(int(value))
    except (ValueError, OverflowError, OSError):
        return true()
    if isinstance(point, int) and point >= 2**63:
        return true()
    rises = sort is Sort.CLOSING
    beyond = column > point if rises else column < point
    same = _Row.id > number if rises else _Row.id < number
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

"""What is due from whom, what is late, and how each body answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from consultation.petitions.models import PetitionBody, PetitionDue, PetitionPetition
from consultation.petitions.settings import body_of
from consultation.petitions.types import PUBLIC, Clock, Due, InTime

PAGE: Final = 20
_CURSOR: Final = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class DuePage:
    """One page of what is due. next: the cursor of the page after it, "" when there is none."""

    clocks: Sequence[Clock]
    next: str


def clocks_of(session: Session, *petitions: str) -> Sequence[Clock]:
    """What is or was due for these petitions, in the order in which it was reached."""
    return _clocks(session, PetitionDue.petition.in_(petitions), PetitionDue.id.asc())


def waiting(session: Session, cursor: str = "", limit: int = PAGE) -> DuePage:
    """Everything that is due and has not come, whoever may see the petition; the most urgent first.

    cursor: of another page; anything else is the first page.
    """
    return _due_page(session, PetitionDue.met_at.is_(None), cursor, limit)


def due_page(session: Session, now: datetime, *, late: bool, cursor: str = "", limit: int = PAGE) -> DuePage:
    """Public petitions of which something has not come, each once with what was due first; the most urgent first.

    late: those whose day has passed, else those that still have time.  cursor: of another page; anything else is the
    first page.
    """
    earlier = aliased(PetitionDue)
    first = ~exists().where(
        earlier.petition == PetitionDue.petition,
        earlier.met_at.is_(None),
        _before(earlier.due_at, earlier.id, PetitionDue.due_at, PetitionDue.id),
    )
    public = exists().where(
        PetitionPetition.id == PetitionDue.petition,
        PetitionPetition.state.in_([state.value for state in PUBLIC]),
        PetitionPetition.hidden_entry.is_(None),
    )
    day = PetitionDue.due_at <= now if late else PetitionDue.due_at > now
    return _due_page(session, and_(PetitionDue.met_at.is_(None), day, public, first), cursor, limit)


def in_time(
    session: Session, now: datetime, since: datetime | None = None, body: str | None = None
) -> Sequence[InTime]:
    """How each body answers. since: only what was due since then.  body: of this one alone.

    Bodies of which nothing was due are left out.
    """
    came, in_its_time = PetitionDue.met_at.is_not(None), PetitionDue.met_at < PetitionDue.due_at
    passed = PetitionDue.due_at <= now
    rows = session.execute(
        select(
            PetitionBody,
            _number(and_(came, in_its_time)),
            _number(and_(came, ~in_its_time)),
            _number(and_(~came, passed)),
            _number(and_(~came, ~passed)),
        )
        .join(PetitionDue, PetitionBody.id == PetitionDue.body)
        .where(
            true() if since is None else PetitionDue.due_at >= since,
            true() if body is None else PetitionDue.body == body,
        )
        .group_by(PetitionBody.id)
        .order_by(PetitionBody.position, PetitionBody.id)
    )
    return [InTime(body_of(one), met, late, overdue, rest) for one, met, late, overdue, rest in rows]


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((which, 1), else_=0))


def _before(day: Any, number: Any, other_day: Any, other: Any) -> ColumnElement[bool]:
    """Whether (day, number) stands before (other_day, other)."""
    return or_(day < other_day, and_(day == other_day, number < other))


def _due_page(session: Session, where: ColumnElement[bool], cursor: str, limit: int) -> DuePage:
    after: ColumnElement[bool] = true()
    last = session.get(PetitionDue, int(cursor)) if _CURSOR.fullmatch(cursor) else None
    if last is not None:  # the row itself is the place: it never changes its day
        after = _before(last.due_at, last.id, PetitionDue.due_at, PetitionDue.id)
    found = _clocks(session, and_(where, after), PetitionDue.due_at.asc(), limit + 1)
    shown = found[:limit]
    return DuePage(shown, str(shown[-1].id) if len(found) > limit else "")


def _clocks(
    session: Session, where: ColumnElement[bool], order: ColumnElement[Any], limit: int | None = None
) -> Sequence[Clock]:
    rows = session.execute(
        select(PetitionDue, PetitionBody)
        .join(PetitionBody, PetitionBody.id == PetitionDue.body)
        .where(where)
        .order_by(order, PetitionDue.id)
        .limit(limit)
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

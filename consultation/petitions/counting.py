"""What a number of signatures sets in motion: moderation after the sponsors, and the clock of those who must answer.

`signing` calls this in the transaction of each signature that was confirmed or withdrawn, with the petition's row
locked. A threshold counts once and for ever: what is due stays due when signatures are withdrawn.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Exists, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.petitions.mailing import due_mail
from consultation.petitions.models import PetitionDue, PetitionPetition, PetitionThreshold
from consultation.petitions.settings import rules, thresholds
from consultation.petitions.store import add_event
from consultation.petitions.types import State, Threshold, What
from consultation.subjects import Subject
from identity.desk import Desk
from identity.trail import System, record
from storage.statements import insert_once, table_of

CLOCK: Final = System("petitions")
_THRESHOLD: Final = table_of(PetitionThreshold)
_DUE: Final = table_of(PetitionDue)
_PETITION: Final = table_of(PetitionPetition)


def _newly_reached(count: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    """What holds of a threshold that a petition with so many signatures reaches now; of `petition` and its `body`.

    What the same body was asked for at this number or a higher one is not asked for again: officials who change a
    threshold make no answer late that came.
    """
    asked = exists().where(
        _DUE.c.petition == bindparam("petition"),
        or_(
            _DUE.c.threshold == _THRESHOLD.c.id,
            and_(
                _DUE.c.due == _THRESHOLD.c.due,
                _DUE.c.body == func.coalesce(_THRESHOLD.c.body, bindparam("body")),
                _DUE.c.count >= _THRESHOLD.c.count,
            ),
        ),
    )
    return _THRESHOLD.c.closed.is_(False), _THRESHOLD.c.count <= count, ~asked


def reaches(count: ColumnElement[int]) -> Exists:
    """Whether a petition reaches anything with so many signatures: part of the statement that is asked for each one.

    Its parameters are `petition` and the petition's `body`.
    """
    return exists().where(*_newly_reached(count))


# Made once: putting a statement together takes longer than running it, and these are part of every signature.
_NEWLY_REACHED: Final = select(_THRESHOLD.c.id).where(*_newly_reached(bindparam("count")))
_COUNTED: Final = (
    update(_PETITION).where(_PETITION.c.id == bindparam("petition")).values(signatures=bindparam("count"))
)


def signatures_counted(
    session: Session, row: PetitionPetition, count: int, desk: Desk, now: datetime, *, reached: bool = True
) -> None:
    """The petition has `count` signatures now. row: from `lock_petition`, in this transaction.

    reached: False where `reaches` said so behind that lock.
    """
    session.execute(_COUNTED, {"petition": row.id, "count": count})
    set_committed_value(row, "signatures", count)
    if row.state == State.SPONSORS and count >= rules(session).sponsors:
        ask_moderation(row, now)
        add_event(session, row.id, What.SPONSORED, now, detail=str(count))
        happened(session, Happened.PETITION_SPONSORED, Subject("petition", row.id), at=now)
    session.flush()
    if reached and row.state == State.OPEN:
        new = set(session.scalars(_NEWLY_REACHED, {"petition": row.id, "count": count, "body": row.body}))
        for threshold in thresholds(session) if new else ():
            if threshold.id in new:
                _reach(session, row, threshold, desk, now)


def ask_moderation(row: PetitionPetition, now: datetime) -> None:
    """It waits for a moderator from now on, and takes no signatures meanwhile."""
    row.state, row.waiting_since, row.closes_at = State.MODERATION.value, now, None


def _reach(session: Session, row: PetitionPetition, threshold: Threshold, desk: Desk, now: datetime) -> None:
    body = row.body if threshold.body is None else threshold.body.id
    values = {
        "petition": row.id,
        "threshold": threshold.id,
        "count": threshold.count,
        "due": threshold.due.value,
        "body": body,
        "reached_at": now,
        "due_at": now + timedelta(days=threshold.days),
    }
    number = insert_once(session, PetitionDue, values, ("petition", "threshold"))
    if number is None:
        return
    add_event(session, row.id, What.THRESHOLD, now, body=body, detail=str(threshold.count))
    happened(session, Happened.THRESHOLD_REACHED, Subject("petition", row.id), at=now)
    due_mail(session, number, now)
    detail = {"count": str(threshold.count), "due": threshold.due.value, "body": body}
    record(desk, session, CLOCK, "petition-threshold-reached", f"petition {row.id}", detail)

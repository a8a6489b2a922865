"""What the clock does to petitions: close those whose time is over, give up those that found no sponsors.

Run again at any moment it finds nothing more to do. Signatures are decided under the same lock, so none comes in after
its petition was closed, and none that came in time is lost.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.petitions.life import close, delete_draft, drop_proposed, end
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import add_event, lock_petition
from consultation.petitions.types import State, What
from consultation.subjects import Subject
from identity.desk import Desk
from storage.session import reading, writing

DRAFT_KEPT: Final = timedelta(days=365)
"""For how long a draft stays that nobody touches."""
_AT_ONCE: Final = 500


def keep_petitions(desk: Desk) -> int:
    """Do everything whose time has come, each petition in a transaction of its own; how many there were."""
    now = desk.clock()
    row = PetitionPetition
    over = row.state.in_((State.SPONSORS.value, State.OPEN.value)) & (row.closes_at <= now)
    old = (row.state == State.DRAFT.value) & (row.changed_at <= now - DRAFT_KEPT)
    with reading(desk.engine) as session:
        ids = session.scalars(select(row.id).where(over | old).order_by(row.id).limit(_AT_ONCE)).all()
    return sum(_keep(desk, petition, now) for petition in ids)


def _keep(desk: Desk, petition: str, now: datetime) -> bool:
    with writing(desk.engine) as session:
        row = session.get(PetitionPetition, petition)
        if row is None:  # deleted by its creator since it was listed
            return False
        row = lock_petition(session, petition)
        ended = row.closes_at is not None and row.closes_at <= now
        if row.state == State.OPEN and ended:
            drop_proposed(session, row)
            close(session, row, What.CLOSED, now)
        elif row.state == State.SPONSORS and ended:
            end(row, State.WITHDRAWN, now)
            add_event(session, petition, What.LAPSED, now)
            happened(session, Happened.PETITION_LAPSED, Subject("petition", petition), at=now)
        elif row.state == State.DRAFT and row.changed_at <= now - DRAFT_KEPT:
            delete_draft(session, row)
        else:
            return False
        return True

"""A moderator takes a petition that waits for a quarter of an hour, as a case: `consultation.moderation.claims`.

Whoever started, sponsored or answered it cannot. A decision ends it, and so does an edit: other words are to be read.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consultation.moderation.claims import give_back, is_claimed, take
from consultation.petitions.errors import OwnPetition, WrongState
from consultation.petitions.models import PetitionPetition
from consultation.petitions.sponsors import Part, parts_in
from consultation.petitions.store import lock_petition
from identity.people import hold, one_person
from voting.deeds import By


@dataclass(frozen=True)
class Work:
    """Who works on a petition. claimed: somebody, now.  mine: whoever looks.  part: why whoever looks must not decide.

    until: None while nobody does.
    """

    claimed: bool
    mine: bool
    until: datetime | None
    part: Part | None


def work_on(session: Session, petition: str, person: str, now: datetime) -> Work:
    """Of a petition that is there. person: who looks."""
    row = session.get_one(PetitionPetition, petition)
    claimed = is_claimed(row, now)
    return Work(
        claimed=claimed,
        mine=claimed and row.claimed_by == person,
        until=row.claimed_until if claimed else None,
        part=parts_in(session, [petition], one_person(session, person).accounts).get(petition),
    )


def claim(session: Session, by: By, petition: str) -> None:
    """Take a petition, or keep it for another while.

    Raises: NoSuchPetition, OwnPetition, WrongState, ClaimedByOther.
    """
    person = by.actor.person_id
    hold(session, person)
    take(lock_waiting(session, by, petition), person, by.desk.clock())
    session.flush()


def release(session: Session, by: By, petition: str) -> None:
    """Let others take it; harmless when it is not one's own any more. Raises: NoSuchPetition."""
    give_back(lock_petition(session, petition), by.actor.person_id)
    session.flush()


def lock_waiting(session: Session, by: By, petition: str) -> PetitionPetition:
    """The row, locked until the transaction ends, for one who may decide about it.

    Raises: NoSuchPetition, OwnPetition, WrongState.
    """
    row = lock_petition(session, petition)
    if parts_in(session, [petition], one_person(session, by.actor.person_id).accounts):
        raise OwnPetition
    if row.waiting_since is None:
        raise WrongState
    return row

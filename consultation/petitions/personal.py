"""What petitions hold about a person: those that they started.

A published petition stays when its creator's account goes: others have signed it. What nobody but the creator has
seen is deleted; what waited for sponsors or moderation is withdrawn.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from consultation.moderation.claims import give_back
from consultation.petitions.life import PREPARING, delete_draft, drop_proposed, end
from consultation.petitions.lists import mine
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import add_event, versions
from consultation.petitions.subjects import Petitions
from consultation.petitions.types import State, What
from identity.desk import Desk
from protocol.text import format_time


class PetitionData:
    """Petitions with their versions."""

    name = "petitions"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """Everything that somebody started, with every version of the words."""
        del desk
        return [
            {
                "petition": petition.id,
                "state": petition.state.value,
                "started": format_time(petition.created_at),
                "body": petition.body.id,
                "area": None if petition.area is None else petition.area[0],
                "rejected_for": None if petition.rejection is None else petition.rejection.reason.value,
                "versions": [
                    {
                        "version": text.version,
                        "written": format_time(text.made_at),
                        "language": text.language,
                        "action": text.action,
                        "background": text.background,
                        "details": text.details,
                    }
                    for text in versions(session, petition.id, proposed=True)
                ],
            }
            for petition in mine(session, person)
        ]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """No petition leads to the person after this."""
        del desk
        rows = session.scalars(
            select(PetitionPetition)
            .where(or_(PetitionPetition.creator == person, PetitionPetition.claimed_by == person))
            .order_by(PetitionPetition.id)
            .with_for_update()
        ).all()
        for row in rows:
            give_back(row, person)
            if row.creator != person:
                continue
            if row.state == State.DRAFT:
                delete_draft(session, row)
                continue
            drop_proposed(session, row)
            if row.state in PREPARING:
                end(row, State.WITHDRAWN, now)
                add_event(session, row.id, What.WITHDRAWN, now)
        session.flush()
        Petitions().forget_author(session, person)

"""What the room holds about a person: to be given out on request, and to be forgotten with the account.

Each part of the room brings one `PersonalData`. A test fills every column that leads to a person, deletes the account,
and looks through every table; so a part that is missing here is found.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consultation.discussions.personal import DiscussionData
from consultation.following.personal import Following
from consultation.hands import Hands
from consultation.hearings.personal import HearingData
from consultation.models import ConsultationHappening, ConsultationProfile
from consultation.moderation.personal import ModerationData
from consultation.petitions.personal import PetitionData
from consultation.profiles import forget_profile
from consultation.signing.personal import SignatureData
from identity.desk import Desk

Exported = Mapping[str, object]
"""One row of an export: JSON values under names that a reader understands."""


class PersonalData(Protocol):
    """One part of the room that knows people."""

    @property
    def name(self) -> str:
        """Key of its list in the export, as `signatures`."""

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Exported]:
        """Everything about the person that this part holds. desk: opens what is sealed."""

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """No row of this part leads to the person after this. Same transaction as the account's end."""


class _Profile:
    name = "profile"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Exported]:
        del desk
        rows = session.scalars(select(ConsultationProfile).where(ConsultationProfile.person == person))
        return [{"name": row.name, "area": row.area} for row in rows]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        del desk, now
        forget_profile(session, person)


class _Happenings:
    name = "happenings"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Exported]:
        del desk, session, person
        return ()  # the deeds themselves are in the lists of their parts

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        del desk, now
        session.execute(delete(ConsultationHappening).where(ConsultationHappening.to == person))
        session.execute(
            update(ConsultationHappening).where(ConsultationHappening.by == person).values(by=None)
        )


PERSONAL: Final[tuple[PersonalData, ...]] = (
    SignatureData(),
    DiscussionData(),
    Following(),
    HearingData(),
    ModerationData(),
    PetitionData(),
    _Profile(),
    _Happenings(),
    Hands(),
)
"""All parts, in the order in which they forget: what refers to others first."""


def has_done_something(desk: Desk, session: Session, person: str) -> bool:
    """Whether any part would give something out about this account."""
    return any(part.export(desk, session, person) for part in PERSONAL)

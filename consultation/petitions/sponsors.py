"""Who has a part in a petition: who started it, signed it before it was published, or answered it for the office."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from consultation.models import ConsultationHand
from consultation.petitions.models import PetitionPetition
from consultation.signing.models import PetitionSignature


class Part(StrEnum):
    """What somebody has to do with a petition about which they do not decide."""

    STARTED = "started"
    SPONSORED = "sponsored"
    ANSWERED = "answered"


def parts_in(session: Session, petitions: Collection[str], accounts: Collection[str]) -> Mapping[str, Part]:
    """By number of the petition, the part of one person in it; those in which they have none are left out.

    accounts: all of that person.
    """
    row = PetitionPetition
    sponsored = exists().where(
        PetitionSignature.petition == row.id,
        PetitionSignature.person.in_(accounts),
        or_(row.opened_at.is_(None), PetitionSignature.signed_at < row.opened_at),
    )
    answered = exists().where(
        ConsultationHand.subject_kind == "petition",
        ConsultationHand.subject == row.id,
        ConsultationHand.person.in_(accounts),
    )
    found = select(row.id, row.creator, sponsored).where(
        row.id.in_(petitions), or_(row.creator.in_(accounts), sponsored, answered)
    )
    return {
        petition: Part.STARTED if creator in accounts else Part.SPONSORED if signed else Part.ANSWERED
        for petition, creator, signed in session.execute(found)
    }

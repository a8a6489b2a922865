"""Who stands behind a petition: whoever started it, and those who signed it before it was published."""

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from consultation.petitions.models import PetitionPetition
from consultation.signing.models import PetitionSignature


def stands_behind(session: Session, petition: str, person: str) -> bool:
    """Whether somebody started it or is one of its sponsors. Such a person does not decide about it."""
    row = PetitionPetition
    sponsored = exists().where(
        PetitionSignature.petition == row.id,
        PetitionSignature.person == person,
        or_(row.opened_at.is_(None), PetitionSignature.signed_at < row.opened_at),
    )
    found = select(row.id).where(row.id == petition, or_(row.creator == person, sponsored))
    return session.scalar(found) is not None

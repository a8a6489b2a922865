"""Under which words people signed: how many signatures stand under each version, after the words were changed.

Taken from time to time, with the numbers by area, and never for a small number: in a petition with few signers, who
confirms a change would be seen by the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consultation.hearings.small_cells import withheld_cells
from consultation.petitions.models import PetitionVersion
from consultation.signing.models import PetitionCount, PetitionSignature


@dataclass(frozen=True)
class ByVersion:
    """counts: by version, those with signatures; None where the number is withheld.

    as_of: None while they were never taken.
    """

    as_of: datetime | None
    counts: Mapping[int, int | None]


def counts_by_version(session: Session, petition: str) -> ByVersion:
    """As last taken. Numbers below five are withheld, with what would betray them."""
    counter = session.get(PetitionCount, petition)
    rows = session.execute(
        select(PetitionVersion.version, PetitionVersion.standing)
        .where(PetitionVersion.petition == petition, PetitionVersion.standing > 0)
        .order_by(PetitionVersion.version)
    ).all()
    shown = withheld_cells([standing for _, standing in rows])
    counts = {version: count for (version, _), count in zip(rows, shown, strict=True)}
    return ByVersion(None if counter is None else counter.areas_at, counts)


def take_versions(session: Session, petition: str) -> None:
    """Count by version anew. The petition's row is locked."""
    rows = session.execute(
        select(PetitionSignature.version, func.count())
        .where(PetitionSignature.petition == petition, PetitionSignature.batch.is_(None))
        .group_by(PetitionSignature.version)
    ).all()
    of_petition = PetitionVersion.petition == petition
    session.execute(
        update(PetitionVersion).where(of_petition, PetitionVersion.standing > 0).values(standing=0)
    )
    for version, count in rows:
        this = of_petition & (PetitionVersion.version == version)
        session.execute(update(PetitionVersion).where(this).values(standing=count))

"""What others see of somebody beside their words: a name that they chose, and their area."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from consultation.areas import require_area
from consultation.models import ConsultationArea, ConsultationProfile
from consultation.text import written
from consultation.titles import require_title
from protocol.text import LocalText

NAME_CHARACTERS: Final = 60


@dataclass(frozen=True)
class Profile:
    """As shown. name: empty when they want none. area: None when they named none."""

    name: str = ""
    area: LocalText | None = None
    area_id: str | None = None


def set_profile(session: Session, person: str, name: str, area: str | None) -> None:
    """From now on, also beside what was written earlier. Raises: TextRefused, NoSuchArea."""
    name = written(name, NAME_CHARACTERS, least=0)
    require_title(name)
    if area is not None:
        require_area(session, area)
    forget_profile(session, person)
    session.execute(insert(ConsultationProfile).values(person=person, name=name, area=area))


def forget_profile(session: Session, person: str) -> None:
    """As if they had never chosen."""
    session.execute(delete(ConsultationProfile).where(ConsultationProfile.person == person))


def profiles_of(session: Session, persons: Collection[str]) -> Mapping[str, Profile]:
    """Of each of these, in one query; whoever chose nothing has an empty one."""
    rows = session.execute(
        select(ConsultationProfile, ConsultationArea)
        .outerjoin(ConsultationArea, ConsultationArea.id == ConsultationProfile.area)
        .where(ConsultationProfile.person.in_(set(persons)))
    )
    found = {
        profile.person: Profile(
            profile.name, LocalText(en=area.name_en, vi=area.name_vi) if area else None, profile.area
        )
        for profile, area in rows
    }
    return {person: found.get(person, Profile()) for person in persons}

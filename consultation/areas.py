"""Areas of the site: the list from which people choose where they live."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from consultation.errors import NoSuchArea
from consultation.models import ConsultationArea
from consultation.text import written
from protocol.text import LocalText

AREAS_MAX: Final = 5_000
NAME_CHARACTERS: Final = 120


@dataclass(frozen=True)
class Area:
    """One area. id: 1 to 32 lower-case letters, digits and hyphens, as in elections."""

    id: str
    name: LocalText


def areas(session: Session) -> Sequence[Area]:
    """Those that can be chosen, in the order that officials gave them."""
    rows = session.scalars(
        select(ConsultationArea)
        .where(ConsultationArea.closed.is_(False))
        .order_by(ConsultationArea.position, ConsultationArea.id)
    )
    return [Area(row.id, LocalText(en=row.name_en, vi=row.name_vi)) for row in rows]


def require_area(session: Session, area: str) -> Area:
    """The area with this id, closed or not. Raises: NoSuchArea."""
    row = session.get(ConsultationArea, area) if len(area) <= 32 and "\0" not in area else None
    if row is None:
        raise NoSuchArea
    return Area(row.id, LocalText(en=row.name_en, vi=row.name_vi))


def set_areas(session: Session, wanted: Sequence[Area]) -> None:
    """Exactly these can be chosen from now on, in this order. Earlier ones stay known, as old signatures name them.

    Raises: TextRefused, ValueError when there are too many or an id comes twice.
    """
    if len(wanted) > AREAS_MAX or len({area.id for area in wanted}) < len(wanted):
        raise ValueError(f"There are at most {AREAS_MAX} areas, each once.")
    session.execute(update(ConsultationArea).values(closed=True))
    known = set(session.scalars(select(ConsultationArea.id)))
    for position, area in enumerate(wanted):
        values = {
            "name_en": written(area.name.en, NAME_CHARACTERS),
            "name_vi": written(area.name.vi, NAME_CHARACTERS),
            "position": position,
            "closed": False,
        }
        if area.id in known:
            session.execute(update(ConsultationArea).where(ConsultationArea.id == area.id).values(**values))
        else:
            session.execute(insert(ConsultationArea).values(id=area.id, **values))

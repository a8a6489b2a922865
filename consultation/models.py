"""Tables that all of the room shares: areas of the site, and what people let others see of themselves."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from identity.models import IdentityPerson
from storage.base import Base


class ConsultationArea(Base):
    """A part of the authority's territory, by which signatures are counted. Never deleted, only closed."""

    __tablename__ = "consultation_area"

    id: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_vi: Mapped[str]
    position: Mapped[int]
    closed: Mapped[bool]


class ConsultationProfile(Base):
    """What somebody shows of themselves beside what they write. Whoever has none is shown as a resident."""

    __tablename__ = "consultation_profile"

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    name: Mapped[str]
    """As they want to be called; empty when they want no name."""
    area: Mapped[str | None] = mapped_column(ForeignKey(ConsultationArea.id))

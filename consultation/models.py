"""Tables that all of the room shares: areas of the site, what people show of themselves, what happened to what."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from identity.models import IdentityPerson
from storage.base import Base, Id


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


class ConsultationHappening(Base):
    """What happened, for those who follow it. Kept until everybody was told."""

    __tablename__ = "consultation_happening"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    what: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[str]
    about_kind: Mapped[str]
    about: Mapped[str]
    by: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    to: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    at: Mapped[datetime]


class ConsultationHand(Base):
    """Somebody worked on a subject for the office: an answer, a consultation. They do not moderate it."""

    __tablename__ = "consultation_hand"

    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True, index=True)

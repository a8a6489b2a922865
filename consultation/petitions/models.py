"""The tables of petitions: settings that officials edit, petitions with their versions, due answers, what happened."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consultation.ballots import VoteLink
from consultation.models import ConsultationArea
from consultation.moderation.claims import Claimable
from identity.models import IdentityPerson
from storage.base import Base, Id


class PetitionSettings(Base):
    """The site's numbers: one row, number 1. Without it the defaults of `settings.Rules` hold."""

    __tablename__ = "petition_settings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sponsors: Mapped[int]
    sponsor_days: Mapped[int]
    open_days: Mapped[int]


class PetitionBody(Base):
    """Whom petitions are addressed to. Never deleted, only closed: old petitions name it."""

    __tablename__ = "petition_body"

    id: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_vi: Mapped[str]
    mail: Mapped[str]
    """Of the office, told when an answer is due; empty for none."""
    language: Mapped[str]
    """Of mails to it, `en` or `vi`; empty for both in one mail."""
    position: Mapped[int]
    closed: Mapped[bool]


class PetitionThreshold(Base):
    """A number of signatures, and what is due from whom when it is reached. Never changed, only closed."""

    __tablename__ = "petition_threshold"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    count: Mapped[int]
    due: Mapped[str]
    """A `Due`."""
    body: Mapped[str | None] = mapped_column(ForeignKey(PetitionBody.id))
    """None: the body that the petition is addressed to."""
    days: Mapped[int]
    closed: Mapped[bool]


class PetitionPetition(Claimable, Base):
    """One petition as it stands. state: a `State`.  claimed_by: while it waits, the moderator who works on it."""

    __tablename__ = "petition_petition"
    __table_args__ = (
        Index(None, "state", "opened_at", "id"),
        Index(None, "state", "signatures", "id"),
        Index(None, "state", "closes_at", "id"),
        Index(None, "body", "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[int]
    proposed: Mapped[int | None]
    """Number of a version that waits for moderation while the petition is open."""
    creator: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    """None when the account was deleted."""
    body: Mapped[str] = mapped_column(ForeignKey(PetitionBody.id))
    area: Mapped[str | None] = mapped_column(ForeignKey(ConsultationArea.id))
    """None: the whole territory."""
    signatures: Mapped[int]
    """As last counted, in the transaction of the signature."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    """When moderation was asked, while it has not decided."""
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    debate_on: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """A `Reason`, while rejected."""
    rejection: Mapped[str | None]
    """What the moderator wrote beside the reason."""
    twin: Mapped[str | None] = mapped_column(ForeignKey("petition_petition.id"))
    """The petition that asks the same, for the reason `duplicate`."""
    hidden_entry: Mapped[int | None]
    """Of the moderation log, where the words were taken away."""


class PetitionVersion(Base):
    """One version of the words. digest: of its `PetitionTextRecord`."""

    __tablename__ = "petition_version"

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    action: Mapped[str]
    background: Mapped[str]
    details: Mapped[str]
    language: Mapped[str]
    body: Mapped[str] = mapped_column(ForeignKey(PetitionBody.id))
    area: Mapped[str | None] = mapped_column(ForeignKey(ConsultationArea.id))
    made_at: Mapped[datetime]
    signatures: Mapped[int]
    """How many had signed the version before when this one was made; 0 for the first."""
    standing: Mapped[int] = mapped_column(server_default="0")
    """Signatures that count and name this version, as last taken together with those by area."""


class PetitionDue(Base):
    """A threshold that a petition has reached: what is due, from whom, by when. Made once for ever."""

    __tablename__ = "petition_due"
    __table_args__ = (
        UniqueConstraint("petition", "threshold"),
        Index(None, "met_at", "due_at"),
        Index(None, "body", "met_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id))
    threshold: Mapped[int] = mapped_column(ForeignKey(PetitionThreshold.id))
    count: Mapped[int]
    due: Mapped[str]
    body: Mapped[str] = mapped_column(ForeignKey(PetitionBody.id))
    reached_at: Mapped[datetime]
    due_at: Mapped[datetime]
    met_at: Mapped[datetime | None]


class PetitionEvent(Base):
    """One line of what happened to a petition, in order; answers and outcomes are lines with words."""

    __tablename__ = "petition_event"
    __table_args__ = (Index(None, "petition", "id"), Index(None, "what", "at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id))
    what: Mapped[str]
    at: Mapped[datetime]
    body: Mapped[str | None] = mapped_column(ForeignKey(PetitionBody.id))
    words: Mapped[str]
    language: Mapped[str]
    """In which the words were written; empty where there are none."""
    detail: Mapped[str]
    """By the kind of event: an `Outcome`, a `Reason`, a number; else empty."""
    on: Mapped[datetime | None]
    """A date that the event names."""
    hidden_entry: Mapped[int | None]


class PetitionVote(VoteLink, Base):
    """A petition that became an election: the draft's number stays, also when the draft became a vote."""

    __tablename__ = "petition_vote"

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), index=True)

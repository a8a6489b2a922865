"""The tables of signatures. What identifies a signer stands here alone, and goes when the signature does."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consultation.models import ConsultationArea
from consultation.petitions.models import PetitionPetition
from identity.models import IdentityPerson
from storage.base import Base, Id


class PetitionSignature(Base):
    """One signature that stands, also one that was removed: its person is not to sign again. Withdrawn ones are gone.

    batch: number of the removal; None while it counts.
    """

    __tablename__ = "petition_signature"
    __table_args__ = (
        UniqueConstraint("petition", "person"),
        UniqueConstraint("petition", "mailbox"),
        UniqueConstraint("petition", "entry"),
        UniqueConstraint("key"),
        Index(None, "petition", "batch", "area"),
        Index(None, "person"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str]
    """32 hexadecimal digits that name nobody; with a tag of the server they are an address of the receipt."""
    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id))
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id))
    mailbox: Mapped[bytes | None]
    """Hash of the mailbox with which they signed or signed in (`identity.people.mailbox_hash`); None without one."""
    version: Mapped[int]
    """Of the words."""
    area: Mapped[str | None] = mapped_column(ForeignKey(ConsultationArea.id))
    entry: Mapped[int]
    """Of the log."""
    salt: Mapped[bytes]
    batch: Mapped[int | None]
    mails: Mapped[bool]
    """Whether they asked to be told of answer, debate and end."""
    address_sealed: Mapped[bytes | None]
    """For these mails, of who signed by mail; else the one of their account is used."""
    language: Mapped[str]
    signed_at: Mapped[datetime]


class PetitionLink(Base):
    """A mailed link that signs once, by a button. digest: SHA-256 of its secret.  claim: as in `identity_claim`."""

    __tablename__ = "petition_link"
    __table_args__ = (Index(None, "expires_at"), Index(None, "claim"))

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id))
    claim: Mapped[bytes]
    mailbox: Mapped[bytes]
    address_sealed: Mapped[bytes]
    area: Mapped[str | None] = mapped_column(ForeignKey(ConsultationArea.id))
    mails: Mapped[bool]
    worked: Mapped[bool]
    """Whether the form came with its proof of work."""
    language: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    signature: Mapped[str | None]
    """Key of the signature that it made or found: the same link shows the same receipt again."""


class PetitionCount(Base):
    """The counter of a petition: exact in `count`; what pages say lags behind it (`counting.public_count`).

    window: beginning of the window of the last change.  shown, shown_entries: as they were before that window.
    """

    __tablename__ = "petition_count"

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    log: Mapped[int]
    version: Mapped[int]
    """Of the words that stand last in the log."""
    batches: Mapped[int]
    count: Mapped[int]
    entries: Mapped[int]
    window: Mapped[datetime]
    shown: Mapped[int]
    shown_entries: Mapped[int]
    areas_at: Mapped[datetime | None]
    """When the counts by area were last taken."""
    areas_entries: Mapped[int]
    checked_entries: Mapped[int]
    """Up to where the log was recounted last."""


class PetitionPace(Base):
    """Signatures confirmed in one minute: for what is signed most in the last hour. Old minutes are deleted."""

    __tablename__ = "petition_pace"
    __table_args__ = (Index(None, "minute"),)

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class PetitionArea(Base):
    """Signatures from one area when they were last taken together. area: "" for who named none."""

    __tablename__ = "petition_area"

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class PetitionRemoval(Base):
    """Where in the log a batch stands: the page of removals reads these entries and no others."""

    __tablename__ = "petition_removal"

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    batch: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[int]


class PetitionEnded(Base):
    """That a signature ended, while this decides whether its signer may give another. Forgotten when `until` is over.

    tag: keyed hash of a mailbox or another way to sign in, for this petition alone.  times: taken back since the row
    was made.  removed: it was declared invalid, and its account is deleted.
    """

    __tablename__ = "petition_ended"
    __table_args__ = (Index(None, "until"),)

    petition: Mapped[str] = mapped_column(ForeignKey(PetitionPetition.id), primary_key=True)
    tag: Mapped[bytes] = mapped_column(primary_key=True)
    times: Mapped[int]
    removed: Mapped[bool]
    until: Mapped[datetime]

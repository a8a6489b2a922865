"""The tables of following: who follows what, what they were told, and the address for their mails."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from identity.models import IdentityPerson
from storage.base import Base, Id


class FollowingSubject(Base):
    """Somebody follows something. subject_kind, subject: as in `consultation.subjects.Subject`."""

    __tablename__ = "following_subject"
    __table_args__ = (Index(None, "subject_kind", "subject"),)

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class FollowingNotice(Base):
    """What one person is told of one happening; that row is deleted then. Who did it is not kept here."""

    __tablename__ = "following_notice"
    __table_args__ = (
        Index(None, "person", "read_at"),
        Index(None, "mailed_at", "person"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id))
    what: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[str]
    about_kind: Mapped[str]
    about: Mapped[str]
    own: Mapped[bool]
    """Whether it was for this person alone."""
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    """When it went into a mail, or was passed over: no address was there to send it to, or it had been read."""


class FollowingContact(Base):
    """Where somebody's mails go. Both addresses are sealed under the site's key."""

    __tablename__ = "following_contact"
    __table_args__ = (UniqueConstraint("nonce"), UniqueConstraint("confirm_digest"))

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    nonce: Mapped[bytes]
    """16 random bytes that name this row in mails and in the outbox, and nothing else; others for another address."""
    sealed: Mapped[bytes | None]
    """The address that its owner confirmed."""
    sealed_next: Mapped[bytes | None]
    """One that is not confirmed yet."""
    confirm_digest: Mapped[bytes | None]
    """SHA-256 of the secret in the link that confirms it."""
    confirm_until: Mapped[datetime | None]
    mailed_on: Mapped[datetime | None]
    """When the last digest was queued."""

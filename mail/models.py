"""The table of the outbox."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id


class OutboxMail(Base):
    """One mail and what became of it. Text and address are deleted long before the row (`mail.outbox.forget`)."""

    __tablename__ = "mail_outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("token"),
        Index(None, "kind", "subject_key"),
        Index(None, "attempted_at"),
        Index(None, "state", "changed_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str]
    """Nothing is queued twice under one key."""
    kind: Mapped[str]
    subject_key: Mapped[str]
    """What it is about, for example an election's id."""
    recipient: Mapped[str | None]
    language: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str | None]
    attachment_name: Mapped[str | None]
    attachment_type: Mapped[str | None]
    attachment: Mapped[bytes | None]
    stop_link: Mapped[str | None]
    """Where mail programs post to stop mails of this sort."""
    urgent: Mapped[bool]
    secret: Mapped[bool]
    expires_at: Mapped[datetime | None]
    token: Mapped[str]
    """Names the mail in its Message-ID, its envelope and so in what comes back about it. Cannot be guessed."""
    sending: Mapped[int]
    """Counts how often a person had it sent; part of the Message-ID."""
    attempts: Mapped[int]
    """Conversations with a mail server about it, of this sending."""
    state: Mapped[str]
    reason: Mapped[str | None]
    queued_at: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    """When its text was last handed to a mail server: what the rate limit counts."""
    changed_at: Mapped[datetime]

"""The tables of moderation: reports, cases in the queue, the public log, pauses, appeals."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consultation.moderation.claims import Claimable
from identity.models import IdentityPerson
from storage.base import Base, Id


class ModerationEntry(Base):
    """One entry of the public log, as `types.Entry`; and below, what is not public. Never changed, only forgotten."""

    __tablename__ = "moderation_entry"
    __table_args__ = (Index(None, "subject_kind", "subject"),)

    number: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    action: Mapped[str]
    rule: Mapped[str | None]
    subject_kind: Mapped[str]
    subject: Mapped[str]
    digest: Mapped[bytes]
    group: Mapped[int] = mapped_column(index=True)
    answers: Mapped[int | None] = mapped_column(index=True)
    role: Mapped[str]
    deed: Mapped[int]
    record_digest: Mapped[bytes]
    by: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    """Who decided: nobody decides twice about the same thing."""
    author: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    """Whom it burdens: they may appeal."""
    template: Mapped[str | None]
    note: Mapped[str]
    """To the author, beside the template."""


class ModerationCase(Claimable, Base):
    """One thing that was reported. Later reports open the same case again, as another round."""

    __tablename__ = "moderation_case"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject"),
        Index(None, "waiting"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject: Mapped[str]
    round: Mapped[int]
    opened_at: Mapped[datetime]
    """When this round began."""
    waiting: Mapped[bool]
    urgent: Mapped[bool]
    reports: Mapped[int]
    """People who reported in this round."""


class ModerationReport(Base):
    """Somebody says that something breaks a rule. Once for each person and wording."""

    __tablename__ = "moderation_report"
    __table_args__ = (
        UniqueConstraint("case", "reporter", "digest"),
        Index(None, "case", "round"),
        Index(None, "reporter", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case: Mapped[str] = mapped_column(ForeignKey(ModerationCase.id))
    round: Mapped[int]
    reporter: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id))
    rule: Mapped[str]
    words: Mapped[str]
    digest: Mapped[bytes]
    """Of the words that were reported."""
    at: Mapped[datetime]
    decision: Mapped[int | None] = mapped_column(index=True)
    """Number of the entry by which it was decided; None while it waits, and where its subject was gone before that."""


class ModerationPause(Base):
    """Somebody may write nothing until then. lifted_at: when it was taken back."""

    __tablename__ = "moderation_pause"
    __table_args__ = (Index(None, "person", "until"),)

    entry: Mapped[int] = mapped_column(ForeignKey(ModerationEntry.number), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id))
    until: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class ModerationAppeal(Base):
    """The author of something asks another moderator. group: the decision, by the number of its first entry."""

    __tablename__ = "moderation_appeal"
    __table_args__ = (Index(None, "decided_at", "decide_by"),)

    group: Mapped[int] = mapped_column(ForeignKey(ModerationEntry.number), primary_key=True)
    author: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    words: Mapped[str]
    filed_at: Mapped[datetime]
    decide_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    granted: Mapped[bool | None]
    note: Mapped[str]
    """To the author: why."""

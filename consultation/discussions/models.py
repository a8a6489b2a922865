"""The tables of discussions: threads, contributions with their versions, and who agrees with what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from identity.models import IdentityPerson
from storage.base import Base, Id


class DiscussionThread(Base):
    """One discussion. place_kind, place: what it is about; for a free topic `topic` and its own number.

    sided: whether whoever writes says if they are for or against.  closes_at: None while no end is set.
    hidden_entry: of the moderation log, where the whole thread was taken away.
    """

    __tablename__ = "discussion_thread"
    __table_args__ = (UniqueConstraint("place_kind", "place"), Index(None, "last_at", "id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    place_kind: Mapped[str]
    place: Mapped[str]
    sided: Mapped[bool]
    made_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    last_at: Mapped[datetime]
    """When somebody wrote last; before that, when it was made."""
    contributions: Mapped[int]
    """Ever made: the number of the newest one."""
    gone: Mapped[int]
    """Of these, hidden or withdrawn."""
    hidden_entry: Mapped[int | None]


class DiscussionTopic(Base):
    """What a free topic asks. A language that its author did not write has empty words."""

    __tablename__ = "discussion_topic"

    thread: Mapped[str] = mapped_column(ForeignKey(DiscussionThread.id), primary_key=True)
    title_en: Mapped[str]
    title_vi: Mapped[str]
    words_en: Mapped[str]
    words_vi: Mapped[str]
    due_en: Mapped[str]
    """What becomes of it, and when."""
    due_vi: Mapped[str]
    author: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    office: Mapped[bool]
    """Opened by an official, for the office."""


class DiscussionSettings(Base):
    """One row: what officials have decided for all discussions."""

    __tablename__ = "discussion_settings"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    citizens_open: Mapped[bool]
    """Whether whoever is signed in may open a topic."""


class DiscussionContribution(Base):
    """What somebody wrote. number: counted in its thread.  parent: what it replies to, always one that is no reply.

    author: None when the account is gone.  words: Markdown as it was typed, empty when withdrawn.  side: `for`,
    `against` or empty.  digest: of the words that stand now.  version: of these words, from 1.
    agree_before, disagree_before: how many did on the platform from which it was imported; they are nobody here.
    score, dispute: for sorting, from the counts (`consultation.discussions.sorting`).
    """

    __tablename__ = "discussion_contribution"
    __table_args__ = (
        UniqueConstraint("thread", "number"),
        Index("ix_discussion_contribution_best", "thread", "parent", "side", "score", "id"),
        Index("ix_discussion_contribution_disputed", "thread", "parent", "side", "dispute", "id"),
        Index("ix_discussion_contribution_newest", "thread", "parent", "side", "id"),
        Index("ix_discussion_contribution_replies", "parent", "id"),
        Index(None, "author", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    thread: Mapped[str] = mapped_column(ForeignKey(DiscussionThread.id))
    number: Mapped[int]
    parent: Mapped[int | None] = mapped_column(ForeignKey("discussion_contribution.id"))
    author: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id))
    office: Mapped[bool]
    """Written by an official, for the office."""
    side: Mapped[str]
    words: Mapped[str]
    digest: Mapped[bytes]
    version: Mapped[int]
    made_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    agree: Mapped[int]
    disagree: Mapped[int]
    agree_before: Mapped[int] = mapped_column(default=0)
    disagree_before: Mapped[int] = mapped_column(default=0)
    score: Mapped[int]
    dispute: Mapped[int]
    replies: Mapped[int]
    withdrawn_at: Mapped[datetime | None]
    hidden_entry: Mapped[int | None]
    """Of the moderation log, where it was taken away."""


class DiscussionVersion(Base):
    """Words as they stood before an edit. made_at: since when they stood.  agree, disagree: how many did, with them."""

    __tablename__ = "discussion_version"

    contribution: Mapped[int] = mapped_column(ForeignKey(DiscussionContribution.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str]
    digest: Mapped[bytes]
    made_at: Mapped[datetime]
    agree: Mapped[int]
    disagree: Mapped[int]


class DiscussionVote(Base):
    """Somebody agrees or disagrees with the words that stand now. No time is kept: nobody needs to know when."""

    __tablename__ = "discussion_vote"

    contribution: Mapped[int] = mapped_column(ForeignKey(DiscussionContribution.id), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True, index=True)
    agrees: Mapped[bool]

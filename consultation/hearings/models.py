"""The tables of consultations: texts in versions, questions with answers, themes with verdicts."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consultation.ballots import VoteLink
from identity.models import IdentityPerson
from storage.base import Base, Id


class HearingHearing(Base):
    """One consultation. Its phase follows from the times and the clock (`consultation.hearings.phases`)."""

    __tablename__ = "hearing_hearing"
    __table_args__ = (Index(None, "published_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    title_en: Mapped[str]
    title_vi: Mapped[str]
    about_en: Mapped[str]
    about_vi: Mapped[str]
    opens_at: Mapped[datetime]
    """From then on people comment and answer."""
    closes_at: Mapped[datetime]
    """Until then."""
    outcome_due: Mapped[datetime]
    """When the office wants to say what came of it."""
    promised: Mapped[datetime | None]
    """When it said first, at publishing; what is overdue is counted from this."""
    put_off: Mapped[int]
    """How often it was put off since."""
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    opening_told_at: Mapped[datetime | None]
    """When followers were told and paragraphs were opened for comments."""
    closing_told_at: Mapped[datetime | None]
    outcome_at: Mapped[datetime | None]
    """When the outcome was published: the end of it."""
    participants: Mapped[int]
    """Sets of answers that stand now."""
    hidden_entry: Mapped[int | None]
    """Of the moderation log, where it was taken away."""


class HearingDocument(Base):
    """A draft text. language: in which it is written.  version: the public one, 0 before there is one.

    revision: counted up with everything that is done to it, never down: what a form had shown is known by it.
    """

    __tablename__ = "hearing_document"

    id: Mapped[str] = mapped_column(primary_key=True)
    hearing: Mapped[str] = mapped_column(ForeignKey(HearingHearing.id), index=True)
    position: Mapped[int]
    title_en: Mapped[str]
    title_vi: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    revision: Mapped[int]


class HearingVersion(Base):
    """A version of a text. published_at: None for the one that is being prepared; there is at most one."""

    __tablename__ = "hearing_version"

    document: Mapped[str] = mapped_column(ForeignKey(HearingDocument.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    note_en: Mapped[str]
    """What changed, in a sentence."""
    note_vi: Mapped[str]
    digest: Mapped[bytes | None]
    published_at: Mapped[datetime | None]


class HearingParagraph(Base):
    """What comments belong to: a paragraph that keeps its id from version to version, wherever it stands."""

    __tablename__ = "hearing_paragraph"

    id: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(ForeignKey(HearingDocument.id), index=True)
    removed_in: Mapped[int | None]
    """The version from which on it is no longer there."""
    hidden_entry: Mapped[int | None]
    """Of the moderation log, where it was taken away."""


class HearingText(Base):
    """The words of a paragraph in one version. position: from 1.

    paragraph: None for one that will be new when the version is published.  match: how the two were found to be one.
    """

    __tablename__ = "hearing_text"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document", "version"],
            ["hearing_version.document", "hearing_version.version"],
            name="fk_hearing_text_document_version_hearing_version",
        ),
        UniqueConstraint("paragraph", "version"),
    )

    document: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    paragraph: Mapped[str | None] = mapped_column(ForeignKey(HearingParagraph.id))
    match: Mapped[str]
    words: Mapped[str]


class HearingQuestion(Base):
    """One question. number: from 1.  options: JSON, a list of [English, Vietnamese]; for a scale its two ends."""

    __tablename__ = "hearing_question"
    __table_args__ = (UniqueConstraint("hearing", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hearing: Mapped[str] = mapped_column(ForeignKey(HearingHearing.id))
    number: Mapped[int]
    kind: Mapped[str]
    text_en: Mapped[str]
    text_vi: Mapped[str]
    options: Mapped[str]


class HearingAnswers(Base):
    """The answers of one person. person: None when the account is gone after the end: the counts stand."""

    __tablename__ = "hearing_answers"
    __table_args__ = (UniqueConstraint("hearing", "person"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hearing: Mapped[str] = mapped_column(ForeignKey(HearingHearing.id))
    person: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    changed_at: Mapped[datetime]


class HearingAnswer(Base):
    """What one person says to one question. choices: numbers of options from 1, joined by commas.

    words: of a question that asks for words; public after the end, without a name.  digest: of the words.
    public: 16 random hexadecimal digits by which everybody knows the words, None where there are none. `id` counts in
    the order in which answers came in, so it stays here: whoever saw a neighbour answer would find the words by it.
    """

    __tablename__ = "hearing_answer"
    __table_args__ = (UniqueConstraint("answers", "question"), Index(None, "question", "public"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    answers: Mapped[int] = mapped_column(ForeignKey(HearingAnswers.id))
    question: Mapped[int] = mapped_column(ForeignKey(HearingQuestion.id))
    public: Mapped[str | None] = mapped_column(index=True, unique=True)
    choices: Mapped[str]
    words: Mapped[str]
    digest: Mapped[bytes | None]
    hidden_entry: Mapped[int | None]
    """Of the moderation log, where the words were taken away."""


class HearingTheme(Base):
    """What many people said, and what the office does about it. verdict: None until it is decided."""

    __tablename__ = "hearing_theme"
    __table_args__ = (UniqueConstraint("hearing", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hearing: Mapped[str] = mapped_column(ForeignKey(HearingHearing.id))
    number: Mapped[int]
    title_en: Mapped[str]
    title_vi: Mapped[str]
    said_en: Mapped[str]
    """What was said, in short."""
    said_vi: Mapped[str]
    verdict: Mapped[str | None]
    reason_en: Mapped[str]
    reason_vi: Mapped[str]


class HearingVote(VoteLink, Base):
    """A consultation that became an election."""

    __tablename__ = "hearing_vote"

    hearing: Mapped[str] = mapped_column(ForeignKey(HearingHearing.id), index=True)

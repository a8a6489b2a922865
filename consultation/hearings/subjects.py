"""Consultations, paragraphs and written answers, as moderation, following and My page know them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.errors import NoSuchSubject
from consultation.hands import is_hand
from consultation.hearings.answers import ANSWER, digest_of, find_written, forget_answers
from consultation.hearings.hearings import HEARING, PARAGRAPH, is_id
from consultation.hearings.models import (
    HearingAnswer,
    HearingAnswers,
    HearingDocument,
    HearingHearing,
    HearingParagraph,
    HearingQuestion,
    HearingText,
)
from consultation.subjects import Described, Subject
from protocol.text import LocalText

_TITLE_CHARACTERS: Final = 80


class Hearings:
    """`hearing`: a whole consultation, which the office wrote."""

    name = HEARING

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """Its words are the title and what it is about, in both languages."""
        row = session.get(HearingHearing, subject_id) if is_id(subject_id) else None
        if row is None:
            return None
        words = "\n\n".join((row.title_en, row.about_en, row.title_vi, row.about_vi))
        return Described(
            subject=Subject(HEARING, row.id),
            title=row.title_vi,
            words=words,
            digest=digest_of(words),
            author=None,
            path=f"consultations/{row.id}",
            standing=row.published_at is not None and row.hidden_entry is None,
            hidden=row.hidden_entry is not None,
            names=LocalText(en=row.title_en, vi=row.title_vi),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Earlier words of the office are not kept."""
        found = self.describe(session, subject_id)
        return found.words if found is not None and found.digest == digest else None

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever worked on it for the office."""
        return is_hand(session, Subject(HEARING, subject_id), person)

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Take it away, or show it again. Raises: NoSuchSubject."""
        row = session.get(HearingHearing, subject_id, with_for_update=True) if is_id(subject_id) else None
        if row is None:
            raise NoSuchSubject
        row.hidden_entry = entry
        session.flush()

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """None: they are the office's."""
        del session, person
        return ()

    def forget_author(self, session: Session, person: str) -> None:
        """Nothing to forget: no row of this kind leads to a person."""
        del session, person


class Paragraphs:
    """`paragraph`: of a draft text, under which people comment. One that was taken out stays, with its comments."""

    name = PARAGRAPH

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """Its words are those of the newest public version in which it stands."""
        row = session.get(HearingParagraph, subject_id) if is_id(subject_id) else None
        document = None if row is None else session.get(HearingDocument, row.document)
        hearing = None if document is None else session.get(HearingHearing, document.hearing)
        if row is None or document is None or hearing is None:
            return None
        newest = session.scalar(
            select(HearingText)
            .where(HearingText.paragraph == row.id, HearingText.version <= document.version)
            .order_by(HearingText.version.desc())
            .limit(1)
        )
        words = "" if newest is None else newest.words
        return Described(
            subject=Subject(PARAGRAPH, row.id),
            title=_start(words),
            words=words,
            digest=digest_of(words),
            author=None,
            path=f"consultations/{hearing.id}/documents/{document.id}/paragraphs/{row.id}",
            standing=row.hidden_entry is None and newest is not None,
            hidden=row.hidden_entry is not None,
            above=Subject(HEARING, hearing.id),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Every version of a draft is kept."""
        row = session.get(HearingParagraph, subject_id) if is_id(subject_id) else None
        document = None if row is None else session.get(HearingDocument, row.document)
        if row is None or document is None:
            return None
        texts = session.scalars(
            select(HearingText.words)
            .where(HearingText.paragraph == row.id, HearingText.version <= document.version)
            .order_by(HearingText.version.desc())
        )
        return next((words for words in texts if digest_of(words) == digest), None)

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Nobody beside those who work on the consultation, above it."""
        del session, subject_id, person
        return False

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Take its words away in all versions, or show them again. Raises: NoSuchSubject."""
        row = session.get(HearingParagraph, subject_id, with_for_update=True) if is_id(subject_id) else None
        if row is None:
            raise NoSuchSubject
        row.hidden_entry = entry
        session.flush()

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """None: they are the office's. Comments on them are contributions."""
        del session, person
        return ()

    def forget_author(self, session: Session, person: str) -> None:
        """Nothing to forget: no row of this kind leads to a person."""
        del session, person


class WrittenAnswers:
    """`hearing-answer`: what somebody wrote to a question that asks for words. Public after the end, without a name."""

    name = ANSWER

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """None also for answers that are only choices."""
        row = find_written(session, subject_id)
        if row is None:
            return None
        answers = session.get(HearingAnswers, row.answers)
        question = session.get(HearingQuestion, row.question)
        hearing = None if answers is None else session.get(HearingHearing, answers.hearing)
        if answers is None or question is None or hearing is None:
            return None
        over = hearing.closing_told_at is not None  # noted by the clock: a subject is described without one
        return Described(
            subject=Subject(ANSWER, subject_id),
            title=_start(row.words),
            words=row.words,
            digest=row.digest or digest_of(row.words),
            author=answers.person,
            path=f"consultations/{hearing.id}/answers/{question.number}/{row.public}",
            standing=over and row.hidden_entry is None,
            hidden=row.hidden_entry is not None,
            above=Subject(HEARING, hearing.id),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Nothing changes any more once answers can be read."""
        row = find_written(session, subject_id)
        return row.words if row is not None and (row.digest or digest_of(row.words)) == digest else None

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever wrote it."""
        row = find_written(session, subject_id)
        answers = None if row is None else session.get(HearingAnswers, row.answers)
        return answers is not None and answers.person == person

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Take the words away, or show them again. Raises: NoSuchSubject."""
        row = find_written(session, subject_id)
        if row is None:
            raise NoSuchSubject
        row.hidden_entry = entry
        session.flush()

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """The newest first."""
        rows = session.scalars(
            select(HearingAnswer.public)
            .join(HearingAnswers, HearingAnswers.id == HearingAnswer.answers)
            .where(HearingAnswers.person == person, HearingAnswer.public.is_not(None))
            .order_by(HearingAnswer.id.desc())
        )
        return [Subject(ANSWER, public) for public in rows if public is not None]

    def forget_author(self, session: Session, person: str) -> None:
        """Answers to what is over belong to nobody; those to what is open are deleted."""
        forget_answers(session, person)


def _start(words: str) -> str:
    line = words.partition("\n")[0]
    return line if len(line) <= _TITLE_CHARACTERS else line[: _TITLE_CHARACTERS - 1].rstrip() + "…"

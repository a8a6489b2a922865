"""Consultations as open data: flat rows as in `consultation.open_data`. Nothing is in them that the pages do not show.

Numbers of answers are null until comments have ended, and afterwards where few people stand behind them
(`hearings.small_cells`). Written answers stand in the order of random ids, without who wrote them or when.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.models import DiscussionThread
from consultation.hearings.answers import results_of, shown_participants, written_answers
from consultation.hearings.documents import comments_of, documents_of, paragraphs_of, removed_paragraphs
from consultation.hearings.hearings import PARAGRAPH, find_public, list_hearings
from consultation.hearings.outcome import themes_of
from consultation.hearings.questions import SCALE_STEPS, choices_of, questions_of
from consultation.hearings.types import Document, Hearing, Paragraph, Phase, Question, QuestionKind, Tally
from protocol.canonical import Record
from protocol.text import Count, LocalText, Timestamp, format_time

PUBLIC: Final = (Phase.INFORM, Phase.COMMENT, Phase.REVIEW, Phase.OUTCOME)
OVER: Final = (Phase.REVIEW, Phase.OUTCOME)
_NOTHING: Final = LocalText(en="", vi="")


class HearingRow(Record, frozen=True):
    """A consultation. phase: `inform`, `comment`, `review`, `outcome`, at the time of the request.

    participants: sets of answers; null until comments have ended, and where they are fewer than five.
    """

    about_en: str
    about_vi: str
    closes_at: Timestamp
    consultation: str
    opens_at: Timestamp
    outcome_at: Timestamp | None
    outcome_due: Timestamp
    participants: Count | None
    path: str
    phase: str
    published_at: Timestamp
    title_en: str
    title_vi: str


class QuestionRow(Record, frozen=True):
    """One thing that can be answered to a question. choice: its number; 0 for no answer, or for an answer in own words.

    people: how many chose it; null until comments have ended, and where it is withheld.
    kind: `single`, `multiple`, `scale`, `text`.
    """

    choice: Count
    choice_en: str
    choice_vi: str
    kind: str
    path: str
    people: Count | None
    question: Count
    question_en: str
    question_vi: str
    withheld: bool


class ParagraphRow(Record, frozen=True):
    """A paragraph of a draft text in its public version, or in the last one in which it stood.

    removed: whether it stands in none any more.  thread: the discussion with its comments, empty while there is none.
    """

    comments: Count
    document: str
    document_en: str
    document_vi: str
    hidden_entry: Count | None
    language: str
    paragraph: str
    path: str
    position: Count
    removed: bool
    thread: str
    version: Count
    words: str


class WrittenRow(Record, frozen=True):
    """What somebody wrote to a question; there are none before comments have ended. answer: a random id."""

    answer: str
    hidden_entry: Count | None
    path: str
    question: Count
    words: str


class ThemeRow(Record, frozen=True):
    """What came of a theme; there are none before the outcome. verdict: `accepted`, `partly`, `rejected`."""

    path: str
    reason_en: str
    reason_vi: str
    said_en: str
    said_vi: str
    theme: Count
    title_en: str
    title_vi: str
    verdict: str


def hearing_rows(session: Session, after: str, limit: int, now: datetime) -> tuple[Sequence[HearingRow], str]:
    """Consultations, the newest first, and where the next page begins ("" at the end). Raises: NoSuchSubject."""
    listed = list_hearings(session, now, phases=PUBLIC, after=after, limit=limit)
    return [_hearing(each) for each in listed.hearings], listed.after


def question_rows(
    session: Session, hearing: str, after: int, limit: int, now: datetime
) -> Sequence[QuestionRow]:
    """What can be answered, question by question; the first `after` rows are left out. Raises: NoSuchSubject."""
    found = find_public(session, hearing, now)
    every: Iterator[QuestionRow]
    if found.phase in OVER:
        every = (row for tally in results_of(session, hearing, now) for row in _results(found, tally))
    else:
        every = (row for each in questions_of(session, hearing) for row in _choices(found, each))
    return list(islice(every, after, after + limit))


def paragraph_rows(
    session: Session, hearing: str, after: int, limit: int, now: datetime
) -> Sequence[ParagraphRow]:
    """Paragraphs, text by text, then those that were taken out of it. after: as above.  Raises: NoSuchSubject."""
    found = find_public(session, hearing, now)
    every = (
        (document, version, each, removed)
        for document in documents_of(session, found.id)
        if document.version
        for version, each, removed in _paragraphs(session, document)
    )
    shown = list(islice(every, after, after + limit))
    places = [each.id or "" for _, _, each, _ in shown]
    comments, threads = comments_of(session, places), _threads(session, places)
    return [
        ParagraphRow(
            comments=comments.get(place, 0),
            document=document.id,
            document_en=document.title.en,
            document_vi=document.title.vi,
            hidden_entry=each.hidden_entry,
            language=document.language,
            paragraph=place,
            path=f"{_path(found)}/documents/{document.id}/paragraphs/{place}",
            position=each.position,
            removed=removed,
            thread=threads.get(place, "") if place in comments else "",
            version=version,
            words="" if each.hidden_entry is not None else each.words,
        )
        for place, (document, version, each, removed) in zip(places, shown, strict=True)
    ]


def written_rows(
    session: Session, hearing: str, after: tuple[int, str], limit: int, now: datetime
) -> Sequence[WrittenRow]:
    """Written answers, question by question. after: question and id of the last one before.  Raises: NoSuchSubject."""
    found = find_public(session, hearing, now)
    rows: list[WrittenRow] = []
    if found.phase not in OVER:
        return rows
    asked = [each for each in questions_of(session, hearing) if each.kind is QuestionKind.TEXT]
    for question in asked:
        if question.number < after[0] or len(rows) >= limit:
            continue
        begin = after[1] if question.number == after[0] else ""
        page = written_answers(session, question, after=begin, limit=limit - len(rows))
        rows += [
            WrittenRow(
                answer=line.id,
                hidden_entry=line.hidden_entry,
                path=f"{_path(found)}/answers/{question.number}/{line.id}",
                question=question.number,
                words=line.words,
            )
            for line in page.lines
        ]
    return rows


def theme_rows(session: Session, hearing: str, after: int, limit: int, now: datetime) -> Sequence[ThemeRow]:
    """The outcome, theme by theme; after: as above.  Raises: NoSuchSubject."""
    found = find_public(session, hearing, now)
    themes = themes_of(session, hearing) if found.phase is Phase.OUTCOME else ()
    return [
        ThemeRow(
            path=_path(found),
            reason_en=theme.reason.en,
            reason_vi=theme.reason.vi,
            said_en=theme.said.en,
            said_vi=theme.said.vi,
            theme=theme.number,
            title_en=theme.title.en,
            title_vi=theme.title.vi,
            verdict="" if theme.verdict is None else theme.verdict.value,
        )
        for theme in themes[after : after + limit]
    ]


def _path(hearing: Hearing) -> str:
    return f"consultations/{hearing.id}"


def _hearing(hearing: Hearing) -> HearingRow:
    plan, over = hearing.plan, hearing.phase in OVER
    return HearingRow(
        about_en=plan.about.en,
        about_vi=plan.about.vi,
        closes_at=format_time(plan.closes_at),
        consultation=hearing.id,
        opens_at=format_time(plan.opens_at),
        outcome_at=None if hearing.outcome_at is None else format_time(hearing.outcome_at),
        outcome_due=format_time(plan.outcome_due),
        participants=shown_participants(hearing.participants) if over else None,
        path=_path(hearing),
        phase=hearing.phase.value,
        published_at=format_time(hearing.published_at or plan.opens_at),
        title_en=plan.title.en,
        title_vi=plan.title.vi,
    )


def _results(hearing: Hearing, tally: Tally) -> Sequence[QuestionRow]:
    question = tally.question
    rows = [
        _choice(hearing, question, number, people, withheld=people is None)
        for number, people in tally.counts.items()
    ]
    if question.kind is QuestionKind.TEXT:
        return [_choice(hearing, question, 0, tally.written, withheld=False)]
    return [*rows, _choice(hearing, question, 0, tally.unanswered, withheld=tally.unanswered is None)]


def _choices(hearing: Hearing, question: Question) -> Sequence[QuestionRow]:
    return [_choice(hearing, question, number, None, withheld=False) for number in (*choices_of(question), 0)]


def _choice(
    hearing: Hearing, question: Question, number: int, people: int | None, *, withheld: bool
) -> QuestionRow:
    words = _words(question, number)
    return QuestionRow(
        choice=number,
        choice_en=words.en,
        choice_vi=words.vi,
        kind=question.kind.value,
        path=_path(hearing),
        people=people,
        question=question.number,
        question_en=question.text.en,
        question_vi=question.text.vi,
        withheld=withheld,
    )


def _words(question: Question, number: int) -> LocalText:
    """Of a choice; empty for no answer and for the steps of a scale between its ends."""
    if number == 0 or not question.options:
        return _NOTHING
    if question.kind is QuestionKind.SCALE:
        ends = {1: question.options[0], SCALE_STEPS: question.options[-1]}
        return ends.get(number, _NOTHING)
    return question.options[number - 1]


def _paragraphs(session: Session, document: Document) -> Iterator[tuple[int, Paragraph, bool]]:
    for each in paragraphs_of(session, document.id, document.version):
        yield document.version, each, False
    for version, each in removed_paragraphs(session, document):
        yield version, each, True


def _threads(session: Session, paragraphs: Sequence[str]) -> Mapping[str, str]:
    rows = session.execute(
        select(DiscussionThread.place, DiscussionThread.id).where(
            DiscussionThread.place_kind == PARAGRAPH, DiscussionThread.place.in_(paragraphs)
        )
    )
    return dict(rows.all())

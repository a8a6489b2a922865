"""Consultations from beginning to end in one transaction: the verbs are told what time it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.hearings.answers import answer
from consultation.hearings.documents import (
    add_document,
    find_document,
    paragraphs_of,
    prepare_version,
    publish_version,
)
from consultation.hearings.hearings import make_hearing, publish_hearing, turn_phases
from consultation.hearings.outcome import add_theme, outcome_seen, publish_outcome, themes_of
from consultation.hearings.questions import add_question
from consultation.hearings.types import Answer, Plan, Question, QuestionKind, Theme, Verdict
from consultation.subjects import Subject
from protocol.text import LocalText

DAY = timedelta(days=1)


def text(words: str) -> LocalText:
    """In both languages."""
    return LocalText(en=words, vi=f"{words} (vi)")


OPTIONS = (text("six"), text("seven"))
QUESTIONS = (
    Question(QuestionKind.SINGLE, text("When?"), OPTIONS),
    Question(QuestionKind.MULTIPLE, text("Which days?"), OPTIONS),
    Question(QuestionKind.SCALE, text("How good?"), (text("bad"), text("good"))),
    Question(QuestionKind.TEXT, text("What else?")),
)


def running_hearing(session: Session, people: Sequence[str], now: datetime) -> str:
    """One that takes comments since yesterday and ends now: everybody has answered, the first has commented."""
    begun = now - DAY
    plan = Plan(text("Market rules"), text("We want to know."), begun, now, now + 30 * DAY)
    hearing = make_hearing(session, plan, begun)
    for question in QUESTIONS:
        add_question(session, hearing, question, begun - DAY)
    document = add_document(session, hearing, text("Draft rules"), "vi", "Mở lúc sáu giờ.\n\nRác.", begun).id
    publish_version(session, document, find_document(session, hearing, document).revision, begun)
    publish_hearing(session, hearing, begun)
    rubbish = paragraphs_of(session, document, 1)[1].id or ""
    for number, person in enumerate(people):
        said = {1: Answer((1 if number else 2,)), 2: Answer((1,)), 4: Answer((), f"Lời {number}")}
        answer(session, hearing, person, said, lambda: begun)
    thread = thread_of(session, Subject("paragraph", rubbish), begun)
    contribute(session, Writing(thread.id, people[0], "Muộn quá."), begun)
    revision = find_document(session, hearing, document).revision
    prepare_version(session, document, revision, "Mở lúc sáu giờ.", text("Rubbish is another rule"), begun)
    publish_version(session, document, revision + 1, begun)
    return hearing


def finished_hearing(session: Session, people: Sequence[str], now: datetime) -> str:
    """The same with its outcome."""
    hearing = running_hearing(session, people, now)
    turn_phases(session, now)
    theme = Theme(text("Hours"), text("Open earlier."), Verdict.PARTLY, text("Twice is fair."))
    add_theme(session, hearing, theme, now)
    publish_outcome(session, hearing, outcome_seen(themes_of(session, hearing)), now)
    return hearing

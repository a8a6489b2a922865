"""The questions of a consultation: set by officials, fixed when people begin to answer."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consultation.errors import NoSuchSubject
from consultation.hearings.errors import QuestionsFixed, QuestionWrong, TooMany
from consultation.hearings.hearings import both, lock_hearing
from consultation.hearings.models import HearingQuestion
from consultation.hearings.phases import phase_of
from consultation.hearings.types import Phase, Question, QuestionKind
from consultation.seen import require_seen
from protocol.text import LocalText

QUESTIONS_MAX: Final = 30
OPTIONS_MAX: Final = 20
OPTION_CHARACTERS: Final = 120
QUESTION_CHARACTERS: Final = 300
SCALE_STEPS: Final = 5
_ENDS: Final = 2


def add_question(session: Session, hearing: str, question: Question, now: datetime) -> int:
    """Put it behind the others; its number.

    Raises: NoSuchSubject, TextRefused, QuestionWrong, QuestionsFixed, TooMany.
    """
    _require_changeable(session, hearing, now)
    last = (
        session.scalar(select(func.max(HearingQuestion.number)).where(HearingQuestion.hearing == hearing))
        or 0
    )
    if last >= QUESTIONS_MAX:
        raise TooMany(QUESTIONS_MAX)
    row = HearingQuestion(hearing=hearing, number=last + 1)
    _fill(row, question)
    session.add(row)
    session.flush()
    return row.number


def change_question(
    session: Session, hearing: str, question_id: int, question: Question, seen: str, now: datetime
) -> None:
    """Put another one in its place. seen: of the question that the official saw, here and below.

    question_id: as its number changes when others are taken out.
    Raises: NoSuchSubject, TextRefused, QuestionWrong, ChangedMeanwhile, QuestionsFixed.
    """
    _require_changeable(session, hearing, now)
    _fill(_seen_row(session, hearing, question_id, seen), question)
    session.flush()


def remove_question(session: Session, hearing: str, question_id: int, seen: str, now: datetime) -> None:
    """Take it out; those behind it move up. Raises: NoSuchSubject, ChangedMeanwhile, QuestionsFixed."""
    _require_changeable(session, hearing, now)
    row = _seen_row(session, hearing, question_id, seen)
    session.execute(delete(HearingQuestion).where(HearingQuestion.id == row.id))
    behind = select(HearingQuestion).where(
        HearingQuestion.hearing == hearing, HearingQuestion.number > row.number
    )
    for other in session.scalars(behind.order_by(HearingQuestion.number)):
        other.number -= 1
        session.flush()  # one after the other: numbers are unique at every moment


def questions_of(session: Session, hearing: str) -> Sequence[Question]:
    """All of them, in their order."""
    rows = session.scalars(
        select(HearingQuestion).where(HearingQuestion.hearing == hearing).order_by(HearingQuestion.number)
    )
    return [_shown(row) for row in rows]


def find_question(session: Session, hearing: str, number: int) -> Question:
    """The one with this number. Raises: NoSuchSubject."""
    row = session.scalar(
        select(HearingQuestion).where(HearingQuestion.hearing == hearing, HearingQuestion.number == number)
    )
    if row is None:
        raise NoSuchSubject
    return _shown(row)


def known_question(session: Session, hearing: str, question_id: int) -> Question:
    """The one with this id. Raises: NoSuchSubject."""
    return _shown(_row(session, hearing, question_id))


def choices_of(question: Question) -> range:
    """What can be chosen: options from 1, or the steps of a scale."""
    match question.kind:
        case QuestionKind.TEXT:
            return range(0)
        case QuestionKind.SCALE:
            return range(1, SCALE_STEPS + 1)
        case _:
            return range(1, len(question.options) + 1)


def _row(session: Session, hearing: str, question_id: int) -> HearingQuestion:
    row = session.get(HearingQuestion, question_id)
    if row is None or row.hearing != hearing:
        raise NoSuchSubject
    return row


def _seen_row(session: Session, hearing: str, question_id: int, seen: str) -> HearingQuestion:
    row = _row(session, hearing, question_id)
    require_seen(seen, _shown(row).seen)
    return row


def _require_changeable(session: Session, hearing: str, now: datetime) -> None:
    if phase_of(lock_hearing(session, hearing), now) not in (Phase.DRAFT, Phase.INFORM):
        raise QuestionsFixed


def _fill(row: HearingQuestion, question: Question) -> None:
    text = both(question.text, QUESTION_CHARACTERS)
    options = [both(option, OPTION_CHARACTERS) for option in question.options]
    match question.kind:
        case QuestionKind.TEXT:
            fits = not options
        case QuestionKind.SCALE:
            fits = len(options) == _ENDS
        case _:
            fits = _ENDS <= len(options) <= OPTIONS_MAX
    distinct = (
        len({option.en for option in options}) == len({option.vi for option in options}) == len(options)
    )
    if not (fits and distinct):
        raise QuestionWrong
    row.kind, row.text_en, row.text_vi = question.kind.value, text.en, text.vi
    row.options = json.dumps([[option.en, option.vi] for option in options], ensure_ascii=False)


def _shown(row: HearingQuestion) -> Question:
    return Question(
        kind=QuestionKind(row.kind),
        text=LocalText(en=row.text_en, vi=row.text_vi),
        options=[LocalText(en=en, vi=vi) for en, vi in json.loads(row.options)],
        number=row.number,
        id=row.id,
    )

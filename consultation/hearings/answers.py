"""Answers: one set for each person, changed or taken back until the end, counted afterwards.

Nobody sees numbers before the end, officials neither: two looks before and after one answer would tell what it was.
After the end nothing changes any more. When an account goes, its answers to what is open are deleted, and those to
what is over belong to nobody: the counts were published, and a second count beside them would single somebody out.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from consultation.errors import NoSuchSubject
from consultation.following.acting import acted
from consultation.hearings.errors import AnswerWrong, NothingAnswered, WrongPhase
from consultation.hearings.hearings import HEARING, is_id, lock_hearing
from consultation.hearings.models import HearingAnswer, HearingAnswers, HearingHearing, HearingQuestion
from consultation.hearings.phases import phase_of
from consultation.hearings.questions import choices_of, questions_of
from consultation.hearings.small_cells import CELL_MIN, withheld_cells, withheld_share
from consultation.hearings.types import Answer, Phase, Question, QuestionKind, Tally
from consultation.moderation.pauses import require_not_paused
from consultation.subjects import Subject
from consultation.text import written
from crypto.transcript import tuple_hash
from identity.people import hold, one_person
from storage.statements import rows_changed

ANSWER: Final = "hearing-answer"
WORDS_MAX: Final = 2_000
PAGE: Final = 20

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class WrittenAnswer:
    """Words that somebody wrote to a question, without who; empty where an entry of moderation took them away.

    id: 16 random hexadecimal digits.
    """

    id: str
    words: str
    hidden_entry: int | None


@dataclass(frozen=True)
class WrittenPage:
    """Some of them. after: id of the last one where there are more, else empty."""

    lines: Sequence[WrittenAnswer]
    after: str


def digest_of(words: str) -> bytes:
    """Of the words, as the moderation log names them."""
    return tuple_hash("hearing", [words.encode()])


def answer(session: Session, hearing: str, person: str, answers: Mapping[int, Answer], clock: Clock) -> None:
    """Put these answers, by number of the question, in the place of the person's earlier ones.

    Questions that are not named, or answered with nothing, are left open. A person with several accounts has one set,
    which is of the account that answered last.
    Raises: Paused, NoSuchSubject (also when the account is gone), WrongPhase, AnswerWrong, NothingAnswered,
    TextRefused.
    """
    if not hold(session, person):
        raise NoSuchSubject
    row = lock_hearing(session, hearing)
    now = clock()  # under the lock: who waited for it past the end is too late
    require_not_paused(session, person, now)
    if row.hidden_entry is not None:
        raise NoSuchSubject
    if phase_of(row, now) is not Phase.COMMENT:
        raise WrongPhase
    given = _checked(questions_of(session, hearing), answers)
    if not given:
        raise NothingAnswered
    mine = _one_set(session, row, person, now)
    session.flush()
    before = {each.question: each for each in session.scalars(_answers_of(mine.id))}
    for question, said in given:
        kept = before.pop(question.id, None)
        words = said.words
        written_down = question.kind is QuestionKind.TEXT
        digest = digest_of(words) if written_down else None
        choices = ",".join(str(number) for number in said.choices)
        if kept is None:
            session.add(
                HearingAnswer(
                    answers=mine.id,
                    question=question.id,
                    public=secrets.token_hex(8) if written_down else None,
                    choices=choices,
                    words=words,
                    digest=digest,
                    hidden_entry=None,
                )
            )
        elif (kept.choices, kept.words) != (choices, words):
            kept.choices, kept.words, kept.digest = choices, words, digest
    for left in before.values():
        session.delete(left)
    session.flush()
    acted(session, person, Subject(HEARING, hearing), now)


def take_back(session: Session, hearing: str, person: str, clock: Clock) -> bool:
    """Delete all answers of the person, until the end. Whether there were any. Raises: NoSuchSubject, WrongPhase."""
    row = lock_hearing(session, hearing)
    if phase_of(row, clock()) is not Phase.COMMENT:
        raise WrongPhase
    sets = _sets_of(session, hearing, person)
    for mine in sets:
        _delete(session, row, mine)
    return bool(sets)


def answers_of(session: Session, hearing: str, person: str) -> Mapping[int, Answer]:
    """What the person has answered, by number of the question."""
    rows = session.execute(
        select(HearingQuestion.number, HearingAnswer.choices, HearingAnswer.words)
        .join(HearingAnswers, HearingAnswers.id == HearingAnswer.answers)
        .join(HearingQuestion, HearingQuestion.id == HearingAnswer.question)
        .where(HearingAnswers.hearing == hearing, HearingAnswers.person == person)
    )
    return {number: Answer(_numbers(choices), words) for number, choices, words in rows}


def results_of(session: Session, hearing: str, now: datetime) -> Sequence[Tally]:
    """Counts of all questions, what few people said withheld. Raises: NoSuchSubject, WrongPhase before the end."""
    row = session.get(HearingHearing, hearing)
    if row is None:
        raise NoSuchSubject
    if phase_of(row, now) not in (Phase.REVIEW, Phase.OUTCOME):
        raise WrongPhase
    return [_tally(session, question, row.participants) for question in questions_of(session, hearing)]


def shown_participants(participants: int) -> int | None:
    """How many took part, as everybody may know it; None where they are so few that they stay unnamed."""
    return participants if participants >= CELL_MIN else None


def written_answers(
    session: Session, question: Question, *, after: str = "", limit: int = PAGE
) -> WrittenPage:
    """What was written to a question, in the order of random ids. The caller knows that the end is past.

    In the order in which answers came in, whoever saw somebody write would find the words.
    after: id of the last one of the page before.
    """
    row = HearingAnswer
    rows = session.scalars(
        select(row)
        .where(row.question == question.id, row.public.is_not(None), row.public > after)
        .order_by(row.public)
        .limit(limit + 1)
    ).all()
    lines = [_written(each) for each in rows[:limit]]
    return WrittenPage(lines, lines[-1].id if len(rows) > limit else "")


def written_answer(session: Session, question: Question, answer_id: str) -> WrittenAnswer:
    """One of them. Raises: NoSuchSubject."""
    row = find_written(session, answer_id)
    if row is None or row.question != question.id:
        raise NoSuchSubject
    return _written(row)


def find_written(session: Session, answer_id: str) -> HearingAnswer | None:
    """The row of a written answer by its public id."""
    found = select(HearingAnswer).where(HearingAnswer.public == answer_id)
    return session.scalar(found) if is_id(answer_id) else None


def forget_answers(session: Session, person: str, now: datetime | None = None) -> None:
    """An account goes: nothing leads from answers to the person any more.

    now: decides what is over; without it, what the clock has noted does.
    """
    sets = session.execute(
        select(HearingAnswers.id, HearingAnswers.hearing)
        .where(HearingAnswers.person == person)
        .order_by(HearingAnswers.hearing)
    ).all()
    for number, hearing in sets:
        row = lock_hearing(session, hearing)
        mine = session.get(HearingAnswers, number, populate_existing=True)
        if mine is None or mine.person != person:  # another account of theirs has answered meanwhile
            continue
        over = row.closing_told_at is not None or (now is not None and row.closes_at <= now)
        if not over:
            _delete(session, row, mine)
        else:
            mine.person = None
    session.flush()


def _checked(questions: Sequence[Question], answers: Mapping[int, Answer]) -> list[tuple[Question, Answer]]:
    given = []
    for question in questions:
        said = answers.get(question.number, Answer())
        if question.kind is QuestionKind.TEXT:
            words = written(said.words, WORDS_MAX, lines=True, least=0)
            if said.choices:
                raise AnswerWrong(question.number)
            if words:
                given.append((question, Answer((), words)))
            continue
        chosen = tuple(sorted(set(said.choices)))
        several = question.kind is not QuestionKind.MULTIPLE and len(chosen) > 1
        if said.words or several or not set(chosen) <= set(choices_of(question)):
            raise AnswerWrong(question.number)
        if chosen:
            given.append((question, Answer(chosen)))
    return given


def _tally(session: Session, question: Question, participants: int) -> Tally:
    mine = HearingAnswer.question == question.id
    if question.kind is QuestionKind.TEXT:
        texts = session.scalar(select(func.count()).select_from(HearingAnswer).where(mine)) or 0
        return Tally(question, {}, None, texts)
    counted: Counter[int] = Counter()
    answered = 0
    for choices, times in session.execute(
        select(HearingAnswer.choices, func.count()).where(mine).group_by(HearingAnswer.choices)
    ):
        answered += times
        for number in _numbers(choices):
            counted[number] += times
    left_open = participants - answered
    numbers = choices_of(question)
    if question.kind is QuestionKind.MULTIPLE:
        # Each option splits everybody into two cells of its own.
        counts = {number: withheld_share(counted[number], participants) for number in numbers}
        return Tally(question, counts, withheld_share(left_open, participants))
    cells = withheld_cells([*(counted[number] for number in numbers), left_open])
    return Tally(question, dict(zip(numbers, cells, strict=False)), cells[-1])


def _one_set(session: Session, row: HearingHearing, person: str, now: datetime) -> HearingAnswers:
    """The person's set, made if there is none. Of two, from before two accounts were known as one, one is left."""
    sets = _sets_of(session, row.id, person)
    if not sets:
        row.participants += 1
        sets = [HearingAnswers(hearing=row.id, person=person, changed_at=now)]
        session.add_all(sets)
    mine, *others = sorted(sets, key=lambda each: each.person != person)
    for other in others:
        _delete(session, row, other)
    mine.person, mine.changed_at = person, now
    return mine


def _sets_of(session: Session, hearing: str, person: str) -> Sequence[HearingAnswers]:
    theirs = HearingAnswers.person.in_(one_person(session, person).accounts)
    return session.scalars(
        select(HearingAnswers)
        .where(HearingAnswers.hearing == hearing, theirs)
        .order_by(HearingAnswers.id)
        .execution_options(populate_existing=True)
    ).all()


def _answers_of(number: int) -> Select[HearingAnswer]:
    return select(HearingAnswer).where(HearingAnswer.answers == number)


def _delete(session: Session, row: HearingHearing, mine: HearingAnswers) -> None:
    rows_changed(session, delete(HearingAnswer).where(HearingAnswer.answers == mine.id))
    session.delete(mine)
    row.participants -= 1
    session.flush()


def _written(row: HearingAnswer) -> WrittenAnswer:
    return WrittenAnswer(
        row.public or "", "" if row.hidden_entry is not None else row.words, row.hidden_entry
    )


def _numbers(choices: str) -> tuple[int, ...]:
    return tuple(int(number) for number in choices.split(",")) if choices else ()

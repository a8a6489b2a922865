"""Answers: one set a person, changeable until the end, counted only afterwards."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import select

from consultation.errors import ChangedMeanwhile, NoSuchSubject, TextRefused
from consultation.hearings.answers import (
    answer,
    answers_of,
    results_of,
    take_back,
    written_answers,
)
from consultation.hearings.errors import (
    AnswerWrong,
    NothingAnswered,
    QuestionsFixed,
    QuestionWrong,
    WrongPhase,
)
from consultation.hearings.hearings import find_hearing, lock_hearing
from consultation.hearings.models import HearingAnswer, HearingAnswers
from consultation.hearings.personal import HearingData
from consultation.hearings.questions import add_question, change_question, questions_of, remove_question
from consultation.hearings.subjects import WrittenAnswers
from consultation.hearings.types import Answer, Question, QuestionKind
from consultation.kinds import describe
from consultation.leaving import delete_account
from consultation.moderation.errors import Paused
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.models import ModerationPause
from consultation.moderation.types import Action
from consultation.subjects import Subject
from identity.models import IdentityClaim
from identity.roles import Role
from protocol.text import LocalText
from tests.consultation.hearings.conftest import PLAN, Hall


def text(words: str) -> LocalText:
    return LocalText(en=words, vi=f"{words} (vi)")


OPTIONS = (text("six"), text("seven"), text("eight"))
QUESTIONS = (
    Question(QuestionKind.SINGLE, text("When?"), OPTIONS),
    Question(QuestionKind.MULTIPLE, text("Which days?"), OPTIONS),
    Question(QuestionKind.SCALE, text("How good?"), (text("bad"), text("good"))),
    Question(QuestionKind.TEXT, text("What else?")),
)
ALL = {1: Answer((2,)), 2: Answer((3, 1)), 3: Answer((5,)), 4: Answer((), "Thêm đèn.")}


@pytest.fixture
def asked(hall: Hall) -> Hall:
    return asking(hall)


@pytest.fixture
def own_asked(own_hall: Hall) -> Hall:
    return asking(own_hall)


def asking(hall: Hall) -> Hall:
    with hall.work() as session:
        for question in QUESTIONS:
            add_question(session, hall.hearing, question, hall.now())
    hall.open()
    return hall


def say(hall: Hall, person: str, answers: dict[int, Answer]) -> None:
    with hall.work() as session:
        answer(session, hall.hearing, person, answers, hall.now)


def participants(hall: Hall) -> int:
    with hall.work() as session:
        return find_hearing(session, hall.hearing, hall.now()).participants


def test_a_set_is_replaced_by_the_next_and_can_be_taken_back(own_asked: Hall) -> None:
    person = own_asked.desk.person()
    say(own_asked, person, ALL)
    with own_asked.work() as session:
        assert answers_of(session, own_asked.hearing, person) == {**ALL, 2: Answer((1, 3))}
    say(own_asked, person, {1: Answer((1,)), 4: Answer((), "  ")})
    with own_asked.work() as session:
        assert answers_of(session, own_asked.hearing, person) == {1: Answer((1,))}
    assert participants(own_asked) == 1
    with own_asked.work() as session:
        assert take_back(session, own_asked.hearing, person, own_asked.now)
        assert not take_back(session, own_asked.hearing, person, own_asked.now)
        assert session.scalar(select(HearingAnswer.id)) is None
    assert participants(own_asked) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {1: Answer((4,))},
        {1: Answer((0,))},
        {1: Answer((1, 2))},
        {2: Answer((1, 9))},
        {3: Answer((6,))},
        {1: Answer((1,), "words")},
        {4: Answer((1,))},
    ],
)
def test_what_a_question_does_not_offer_is_refused(asked: Hall, wrong: dict[int, Answer]) -> None:
    person = asked.desk.person()
    with pytest.raises(AnswerWrong):
        say(asked, person, wrong)
    assert participants(asked) == 0


def test_nothing_and_unreadable_words_are_refused(asked: Hall) -> None:
    person = asked.desk.person()
    with pytest.raises(NothingAnswered):
        say(asked, person, {9: Answer((1,))})
    with pytest.raises(TextRefused):
        say(asked, person, {4: Answer((), "a\u202eb")})


def test_the_second_of_closing_is_too_late(asked: Hall) -> None:
    person = asked.desk.person()
    asked.desk.clock.now = PLAN.closes_at - timedelta(microseconds=1)
    say(asked, person, ALL)
    asked.desk.clock.now = PLAN.closes_at
    with pytest.raises(WrongPhase):
        say(asked, person, {1: Answer((1,))})
    with asked.work() as session, pytest.raises(WrongPhase):
        take_back(session, asked.hearing, person, asked.now)


def test_who_waits_for_the_lock_past_the_end_is_too_late(own_asked: Hall) -> None:
    """They came in time, but somebody else was at work: what counts is when the answer is written down."""
    person = own_asked.desk.person()
    own_asked.desk.clock.now = PLAN.closes_at - timedelta(seconds=1)
    with ThreadPoolExecutor(1) as pool:
        with own_asked.work() as session:
            lock_hearing(session, own_asked.hearing)
            waiting = pool.submit(say, own_asked, person, ALL)
            assert wait([waiting], timeout=0.2).not_done
            own_asked.desk.clock.now = PLAN.closes_at
        with pytest.raises(WrongPhase):
            waiting.result(timeout=20)
    assert participants(own_asked) == 0


def test_two_accounts_of_one_mailbox_are_one_voice(asked: Hall) -> None:
    first, second = asked.desk.person(), asked.desk.person()
    say(asked, first, ALL)
    say(asked, second, ALL)  # nobody knew yet
    with asked.work() as session:
        for person in (first, second):
            claim = select(IdentityClaim).where(IdentityClaim.person == person)
            session.scalars(claim).one().mailbox = b"m" * 32
    say(asked, first, {1: Answer((1,))})
    assert participants(asked) == 1
    say(asked, second, {1: Answer((3,))})
    with asked.work() as session:
        assert answers_of(session, asked.hearing, first) == {}
        assert answers_of(session, asked.hearing, second) == {1: Answer((3,))}
        assert take_back(session, asked.hearing, first, asked.now)
    assert participants(asked) == 0


def test_an_account_that_goes_at_this_moment_answers_nothing(own_asked: Hall) -> None:
    desk, person = own_asked.desk.desk, own_asked.desk.person()
    with ThreadPoolExecutor(1) as pool:
        with own_asked.work() as session:
            delete_account(desk, session, person)
            waiting = pool.submit(say, own_asked, person, ALL)
            assert wait([waiting], timeout=0.2).not_done
        with pytest.raises(NoSuchSubject):
            waiting.result(timeout=20)
    assert participants(own_asked) == 0


def test_counts_are_given_after_the_end_and_small_ones_withheld(asked: Hall) -> None:
    for n in range(12):
        said = {**ALL, 4: Answer((), f"Lời {n}")}
        say(asked, asked.desk.person(), {**said, 1: Answer((1 + (n < 9),))} if n else said)
    with asked.work() as session, pytest.raises(WrongPhase):
        results_of(session, asked.hearing, asked.now())
    asked.close()
    with asked.work() as session:
        single, multiple, scale, words = results_of(session, asked.hearing, asked.now())
        page = written_answers(session, words.question, limit=10)
        rest = written_answers(session, words.question, after=page.after, limit=10)
    # 9 for the second option, 3 for the first: the 3 is small, and the 9 would tell it by the sum.
    assert (dict(single.counts), single.unanswered) == ({1: None, 2: None, 3: None}, None)
    # Twelve of twelve: the complement is small.
    assert dict(multiple.counts) == {1: None, 2: None, 3: None}
    assert dict(scale.counts) == {1: None, 2: None, 3: None, 4: None, 5: None}
    assert (words.written, len(page.lines), len(rest.lines), rest.after) == (12, 10, 2, "")
    lines = [*page.lines, *rest.lines]
    assert [line.id for line in lines] == sorted({line.id for line in lines})
    order = [int(line.words.removeprefix("Lời ")) for line in lines]
    assert sorted(order) == list(range(12))
    assert order not in (list(range(12)), list(range(12))[::-1])  # in no order that tells when each came in


def test_large_counts_are_shown(asked: Hall) -> None:
    for n in range(15):
        say(asked, asked.desk.person(), {2: Answer((1,) if n < 8 else (2,))})
    asked.close()
    with asked.work() as session:
        _, multiple, _, _ = results_of(session, asked.hearing, asked.now())
    assert dict(multiple.counts) == {1: 8, 2: 7, 3: None}


def test_questions_are_fixed_when_people_answer(hall: Hall) -> None:
    with hall.work() as session:
        for question in QUESTIONS:
            add_question(session, hall.hearing, question, hall.now())
        first, days, _, words = questions_of(session, hall.hearing)
        remove_question(session, hall.hearing, days.id, days.seen, hall.now())
        other = Question(QuestionKind.TEXT, text("Else?"))
        change_question(session, hall.hearing, words.id, other, words.seen, hall.now())
        with pytest.raises(ChangedMeanwhile):
            change_question(session, hall.hearing, words.id, other, words.seen, hall.now())
        assert [(each.number, each.kind) for each in questions_of(session, hall.hearing)] == [
            (1, QuestionKind.SINGLE),
            (2, QuestionKind.SCALE),
            (3, QuestionKind.TEXT),
        ]
        with pytest.raises(NoSuchSubject):
            remove_question(session, hall.hearing, days.id, days.seen, hall.now())
    hall.open()
    with hall.work() as session:
        with pytest.raises(QuestionsFixed):
            add_question(session, hall.hearing, QUESTIONS[0], hall.now())
        with pytest.raises(QuestionsFixed):
            remove_question(session, hall.hearing, first.id, first.seen, hall.now())


@pytest.mark.parametrize(
    "question",
    [
        Question(QuestionKind.SINGLE, text("?"), OPTIONS[:1]),
        Question(QuestionKind.MULTIPLE, text("?"), (OPTIONS[0], OPTIONS[0])),
        Question(QuestionKind.SCALE, text("?"), OPTIONS),
        Question(QuestionKind.TEXT, text("?"), OPTIONS),
    ],
)
def test_options_that_do_not_fit_are_refused(hall: Hall, question: Question) -> None:
    with hall.work() as session, pytest.raises(QuestionWrong):
        add_question(session, hall.hearing, question, hall.now())


def test_written_answers_are_public_after_the_end_and_can_be_hidden(asked: Hall) -> None:
    person = asked.desk.person()
    say(asked, person, ALL)
    kind = WrittenAnswers()
    with asked.work() as session:
        (subject,) = kind.written_by(session, person)
        described = describe(session, subject)
        assert described is not None
        assert (described.words, described.author, described.public) == ("Thêm đèn.", person, False)
    asked.close()
    with asked.work() as session:
        described = describe(session, subject)
        assert described is not None
        assert described.public
        kind.set_hidden(session, subject.id, entry=7)
        (line,) = written_answers(session, questions_of(session, asked.hearing)[3]).lines
        assert (line.words, line.hidden_entry) == ("", 7)
        chosen = session.scalar(select(HearingAnswer.id).where(HearingAnswer.digest.is_(None)).limit(1))
        assert describe(session, Subject("hearing-answer", str(chosen))) is None


@pytest.mark.parametrize("over", [False, True])
def test_an_account_that_goes_leaves_nothing_that_leads_to_it(asked: Hall, *, over: bool) -> None:
    person, other = asked.desk.person(), asked.desk.person()
    say(asked, person, ALL)
    say(asked, other, ALL)
    with asked.work() as session:
        exported = HearingData().export(asked.desk.desk, session, person)
        assert len(exported) == 1
    if over:
        asked.desk.clock.now = PLAN.closes_at
    with asked.work() as session:
        HearingData().forget(asked.desk.desk, session, person, asked.now())
        assert answers_of(session, asked.hearing, person) == {}
        left = select(HearingAnswers.person).where(HearingAnswers.hearing == asked.hearing)
        assert sorted(map(str, session.scalars(left))) == sorted(["None", other] if over else [other])
        assert HearingData().export(asked.desk.desk, session, person) == []
    assert participants(asked) == (2 if over else 1)


def test_whoever_is_paused_answers_nothing(asked: Hall) -> None:
    person = asked.desk.person()
    moderator = asked.desk.signed_in(Role.MODERATOR)
    ruling = Ruling(Action.PAUSED, Subject("hearing", asked.hearing), bytes(32), author=person)
    with asked.work() as session:
        entry = log_entry(session, asked.desk.desk, moderator, ruling)
        until = asked.now() + timedelta(days=1)
        session.add(ModerationPause(entry=entry, person=person, until=until, lifted_at=None))
    with pytest.raises(Paused):
        say(asked, person, ALL)
    asked.desk.clock.wait(days=1)
    say(asked, person, ALL)

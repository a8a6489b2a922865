"""Phases by the clock, what may change when, and what followers are told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from consultation.discussions.threads import known_thread
from consultation.errors import ChangedMeanwhile, NoSuchSubject
from consultation.happenings import What
from consultation.hearings.documents import paragraphs_of
from consultation.hearings.errors import NothingToAsk, Promised, TimesWrong, WrongPhase
from consultation.hearings.hearings import (
    change_hearing,
    find_hearing,
    find_public,
    list_hearings,
    make_hearing,
    publish_hearing,
)
from consultation.hearings.types import Phase
from consultation.models import ConsultationHappening
from consultation.subjects import Subject
from protocol.text import LocalText
from tests.consultation.hearings.conftest import PLAN, Hall

DAY = timedelta(days=1)


def told(hall: Hall) -> list[str]:
    with hall.work() as session:
        return list(session.scalars(select(ConsultationHappening.what).order_by(ConsultationHappening.id)))


def phase(hall: Hall) -> Phase:
    with hall.work() as session:
        return find_hearing(session, hall.hearing, hall.now()).phase


def test_phases_follow_the_clock_and_each_is_told_once(own_hall: Hall) -> None:
    document = own_hall.document()
    assert phase(own_hall) is Phase.DRAFT
    with own_hall.work() as session:
        with pytest.raises(NoSuchSubject):
            find_public(session, own_hall.hearing, own_hall.now())
        publish_hearing(session, own_hall.hearing, own_hall.now())
        paragraph = paragraphs_of(session, document.id, 1)[0].id
        assert find_public(session, own_hall.hearing, own_hall.now()).phase is Phase.INFORM
        thread = known_thread(session, Subject("paragraph", paragraph or ""))
        assert thread is not None
        assert not thread.is_open(own_hall.now())
    assert own_hall.turn() == 0
    assert told(own_hall) == []
    own_hall.desk.clock.now = PLAN.opens_at
    assert phase(own_hall) is Phase.COMMENT
    assert (own_hall.turn(), own_hall.turn()) == (1, 0)
    with own_hall.work() as session:
        thread = known_thread(session, Subject("paragraph", paragraph or ""))
        assert thread is not None
        assert thread.is_open(own_hall.now())
        assert not thread.is_open(PLAN.closes_at)
        page = list_hearings(session, own_hall.now(), phases=(Phase.COMMENT,))
        assert [each.id for each in page.hearings] == [own_hall.hearing]
    own_hall.desk.clock.now = PLAN.closes_at - timedelta(seconds=1)
    assert phase(own_hall) is Phase.COMMENT
    own_hall.desk.clock.now = PLAN.closes_at
    assert phase(own_hall) is Phase.REVIEW
    assert (own_hall.turn(), own_hall.turn()) == (1, 0)
    assert told(own_hall) == [What.CONSULTATION_OPENED, What.CONSULTATION_CLOSED]


def test_nothing_to_comment_on_is_not_published(hall: Hall) -> None:
    with hall.work() as session, pytest.raises(NothingToAsk):
        publish_hearing(session, hall.hearing, hall.now())


def test_what_would_be_over_is_not_published(hall: Hall) -> None:
    hall.document()
    hall.desk.clock.now = PLAN.closes_at
    with hall.work() as session, pytest.raises(TimesWrong):
        publish_hearing(session, hall.hearing, hall.now())


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, closes_at=PLAN.opens_at),
        replace(PLAN, outcome_due=PLAN.closes_at - timedelta(seconds=1)),
    ],
    ids=["no-time", "outcome-before-the-end"],
)
def test_times_that_do_not_follow_are_refused(hall: Hall, plan: object) -> None:
    with hall.work() as session, pytest.raises(TimesWrong):
        make_hearing(session, plan, hall.now())  # type: ignore[arg-type]


def test_an_end_that_is_put_off_keeps_paragraphs_open(hall: Hall) -> None:
    document = hall.document()
    hall.open()
    later = replace(PLAN, closes_at=PLAN.closes_at + timedelta(days=3))
    with hall.work() as session:
        change_hearing(session, hall.hearing, later, PLAN.seen, hall.now())
        paragraph = paragraphs_of(session, document.id, 1)[0].id
        thread = known_thread(session, Subject("paragraph", paragraph or ""))
        assert thread is not None
        assert thread.closes_at == later.closes_at


def test_what_is_past_is_not_changed(hall: Hall) -> None:
    hall.document()
    hall.open()
    later = replace(PLAN, opens_at=PLAN.opens_at + timedelta(days=1))
    with hall.work() as session, pytest.raises(WrongPhase):
        change_hearing(session, hall.hearing, later, PLAN.seen, hall.now())
    hall.close()
    later = replace(PLAN, closes_at=PLAN.closes_at + timedelta(days=1))
    with hall.work() as session, pytest.raises(WrongPhase):
        change_hearing(session, hall.hearing, later, PLAN.seen, hall.now())


def test_what_people_rely_on_is_not_taken_back(hall: Hall) -> None:
    hall.document()
    earlier = replace(PLAN, closes_at=PLAN.closes_at - DAY)
    with hall.work() as session:  # a draft may change in every way
        change_hearing(session, hall.hearing, earlier, PLAN.seen, hall.now())
        change_hearing(session, hall.hearing, PLAN, earlier.seen, hall.now())
    hall.open()
    for wrong in (
        earlier,
        replace(PLAN, title=LocalText(en="All trees", vi="Tất cả cây")),
        replace(PLAN, about=LocalText(en="Else.", vi="Khác.")),
    ):
        with hall.work() as session, pytest.raises(Promised):
            change_hearing(session, hall.hearing, wrong, PLAN.seen, hall.now())
    hall.close()
    later = PLAN
    for n in (1, 2):
        last, later = later, replace(PLAN, outcome_due=PLAN.outcome_due + n * 1_000 * DAY)
        with hall.work() as session:
            change_hearing(session, hall.hearing, later, last.seen, hall.now())
    with hall.work() as session:
        found = find_hearing(session, hall.hearing, hall.now())
    assert (found.promised, found.put_off) == (PLAN.outcome_due, 2)
    assert not found.is_overdue(PLAN.outcome_due - DAY)
    assert found.is_overdue(PLAN.outcome_due)


def test_dates_that_a_colleague_changed_are_not_overwritten_unread(hall: Hall) -> None:
    first, second = (replace(PLAN, outcome_due=PLAN.outcome_due + timedelta(days=n)) for n in (1, 2))
    with hall.work() as session:
        change_hearing(session, hall.hearing, first, PLAN.seen, hall.now())
        with pytest.raises(ChangedMeanwhile):
            change_hearing(session, hall.hearing, second, PLAN.seen, hall.now())
        change_hearing(session, hall.hearing, second, first.seen, hall.now())


def test_lists_go_on_where_the_page_before_ended(own_hall: Hall) -> None:
    made = [own_hall.hearing]
    with own_hall.work() as session:
        for _ in range(4):
            own_hall.desk.clock.wait(seconds=1)
            made.append(make_hearing(session, PLAN, own_hall.now()))
        after, seen = "", []
        while True:
            page = list_hearings(session, own_hall.now(), phases=(Phase.DRAFT,), after=after, limit=2)
            seen += [each.id for each in page.hearings]
            after = page.after
            if not after:
                break
        assert seen == made[::-1]
        assert not list_hearings(session, own_hall.now(), phases=(Phase.COMMENT, Phase.INFORM)).hearings
        with pytest.raises(NoSuchSubject):
            list_hearings(session, own_hall.now(), phases=(Phase.COMMENT,), after="x\0")

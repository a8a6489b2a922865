"""The clock of those who must answer: started once for ever, met in time or late, and said as it is."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from consultation.petitions.answering import (
    Saying,
    answer,
    refuse_debate,
    set_debate,
    set_outcome,
    take_up,
)
from consultation.petitions.clocks import clocks_of, due_page, in_time, waiting
from consultation.petitions.errors import ChangedSince, NothingDue, NotPublished
from consultation.petitions.lists import Fact, Filter, list_petitions
from consultation.petitions.mailing import TELL_BODY, TELL_SIGNERS
from consultation.petitions.settings import set_thresholds, thresholds
from consultation.petitions.store import events_of
from consultation.petitions.subjects import Answers
from consultation.petitions.types import Due, Event, InTime, Outcome, Threshold, What
from identity.trail import deeds
from storage.models import StorageJob
from storage.session import reading, writing
from tests.support.petitions import COUNCIL, WARD, PetitionsUnderTest


def test_a_threshold_starts_one_clock_for_ever(room: PetitionsUnderTest) -> None:
    petition, began = room.published(), room.site.clock()
    for count in (3, 2, 3, 4, 3):
        room.count(petition, count)
        room.site.clock.wait(hours=1)
    with reading(room.site.desk.engine) as session:
        (clock,) = clocks_of(session, petition)
        assert (clock.count, clock.due, clock.body.id) == (3, Due.ANSWER, "ward")
        assert clock.due_at == began + timedelta(days=30)
        assert [event.detail for event in events_of(session, petition) if event.what is What.THRESHOLD] == [
            "3"
        ]
        log = deeds(room.site.desk, session, 0, 50, with_names=False)
        assert [deed.subject for deed in log if deed.deed == "petition-threshold-reached"] == [
            f"petition {petition}"
        ]
        jobs = session.scalars(select(StorageJob.payload).where(StorageJob.kind == TELL_BODY)).all()
        assert len(jobs) == 1
    room.count(petition, 5)
    with reading(room.site.desk.engine) as session:
        assert [(each.due, each.body.id) for each in clocks_of(session, petition)] == [
            (Due.ANSWER, "ward"),
            (Due.DEBATE, "council"),
        ]
    other_days = [
        Threshold(0, 3, Due.ANSWER, None, 45),
        Threshold(0, 2, Due.ANSWER, WARD, 30),
        Threshold(0, 5, Due.DEBATE, COUNCIL, 90),
        Threshold(0, 6, Due.ANSWER, None, 30),
    ]
    with writing(room.site.desk.engine) as session:
        set_thresholds(session, other_days)
    room.count(petition, 5)
    with reading(room.site.desk.engine) as session:
        assert len(clocks_of(session, petition)) == 2, "who was asked is not asked again by another rule"
    room.count(petition, 6)
    with reading(room.site.desk.engine) as session:
        assert [each.count for each in clocks_of(session, petition)] == [3, 5, 6]


def test_no_clock_starts_before_publication_and_what_was_reached_counts_then(
    room: PetitionsUnderTest,
) -> None:
    with writing(room.site.desk.engine) as session:
        set_thresholds(session, [Threshold(0, 2, Due.ANSWER, None, 10)])
    petition = room.waiting()
    with reading(room.site.desk.engine) as session:
        assert not clocks_of(session, petition)
    published = room.published()
    with reading(room.site.desk.engine) as session:
        assert [each.count for each in clocks_of(session, published)] == [2]


def test_answers_in_time_late_and_missing_are_told_apart(room: PetitionsUnderTest) -> None:
    engine, clock = room.site.desk.engine, room.site.clock
    first, second, third = (room.published() for _ in range(3))
    for petition in (first, second, third):
        room.count(petition, 3)
    with writing(engine) as session:
        answer(session, room.official, first, room.saying(session, first))
    clock.wait(days=30)
    with writing(engine) as session:
        answer(session, room.official, second, room.saying(session, second))
        # Another body's word does not meet what is due from the ward.
        answer(session, room.official, third, room.saying(session, third, body="council"))
    with reading(engine) as session:
        assert [each.petition for each in waiting(session).clocks] == [third]
        assert in_time(session, clock()) == [InTime(WARD, met=1, late=1, overdue=1, waiting=0)]
        late = list_petitions(session, Filter(fact=Fact.WAITS), clock()).petitions
        assert [each.id for each in late] == [third]
        jobs = session.scalars(select(StorageJob.key).where(StorageJob.kind == TELL_SIGNERS)).all()
        assert len(jobs) == 6  # three were published, three were spoken to
    coming = [room.published() for _ in range(3)]
    for petition in coming:
        room.count(petition, 5)  # an answer and a debate are due
        clock.wait(hours=1)
    with reading(engine) as session:
        assert [each.petition for each in due_page(session, clock(), late=True).clocks] == [third]
        page = due_page(session, clock(), late=False, limit=2)
        rest = due_page(session, clock(), late=False, cursor=page.next, limit=2)
        assert [each.petition for each in [*page.clocks, *rest.clocks]] == coming
        assert (len(page.clocks), rest.next) == (2, "")
        for wrong in ("x", "0", "9" * 30, "\0"):
            assert due_page(session, clock(), late=False, cursor=wrong, limit=2) == page
        owed = waiting(session, limit=4)
        others = waiting(session, owed.next, limit=4)
        answers, debates = ([(each, due) for each in coming] for due in (Due.ANSWER, Due.DEBATE))
        found = [(each.petition, each.due) for each in [*owed.clocks, *others.clocks]]
        assert found == [(third, Due.ANSWER), *answers, *debates]
        assert (len(owed.clocks), others.next) == (4, "")


def test_an_answer_sent_twice_is_said_once(room: PetitionsUnderTest) -> None:
    petition = room.published()
    with writing(room.site.desk.engine) as session:
        said = room.saying(session, petition)
        number = answer(session, room.official, petition, said)
        with pytest.raises(ChangedSince):
            answer(session, room.official, petition, said)
        described = Answers().describe(session, str(number))
        assert described is not None
        assert (described.words, described.public, described.author) == ("We do it.", True, None)
        Answers().set_hidden(session, str(number), entry=1)
        assert [event.words for event in events_of(session, petition) if event.what is What.ANSWERED] == [""]
        for wrong in ("0", "x", "9" * 30, "\0", "-1"):
            assert Answers().describe(session, wrong) is None


def test_a_debate_is_set_moved_or_refused_with_reasons(room: PetitionsUnderTest) -> None:
    engine, clock, official = room.site.desk.engine, room.site.clock, room.official
    petition, quiet = room.published(), room.published()
    room.count(petition, 5)
    day = clock() + timedelta(days=20)
    with writing(engine) as session, pytest.raises(NothingDue):
        refuse_debate(session, official, quiet, room.saying(session, quiet, body="council"))
    with writing(engine) as session:
        set_debate(session, official, petition, room.saying(session, petition, body="council"), day)
        moved = day + timedelta(days=1)
        set_debate(session, official, petition, room.saying(session, petition, body="council"), moved)
        take_up(session, official, petition, room.saying(session, petition))
        set_outcome(session, official, petition, room.saying(session, petition), Outcome.PARTLY)
    assert room.find(petition).debate_on == moved
    assert not [event for event in events(room, quiet) if event.what is What.NO_DEBATE]
    with reading(engine) as session:
        met = {clock.due: clock.met_at for clock in clocks_of(session, petition)}
    assert met == {Due.ANSWER: None, Due.DEBATE: clock()}


def test_what_is_not_published_is_not_answered(room: PetitionsUnderTest) -> None:
    petition = room.waiting()
    with writing(room.site.desk.engine) as session, pytest.raises(NotPublished):
        answer(session, room.official, petition, Saying("ward", "Yes.", "en", 0))


def test_thresholds_that_stay_keep_their_number(room: PetitionsUnderTest) -> None:
    with writing(room.site.desk.engine) as session:
        before = thresholds(session)
        set_thresholds(session, [before[1], Threshold(0, 9, Due.ANSWER, COUNCIL, 5)])
        after = thresholds(session)
        assert after[0].id == before[1].id
        assert {each.id for each in after}.isdisjoint({before[0].id})
        for wrong in (Threshold(0, 0, Due.ANSWER, None, 5), Threshold(0, 5, Due.ANSWER, None, 0)):
            with pytest.raises(ValueError, match="range"):
                set_thresholds(session, [wrong])
        with pytest.raises(ValueError, match="range"):
            set_thresholds(session, [after[0], after[0]])


def events(room: PetitionsUnderTest, petition: str) -> list[Event]:
    with reading(room.site.desk.engine) as session:
        return list(events_of(session, petition))

"""Two at once: the row's lock decides, and what is counted once is counted once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from consultation.leaving import delete_account
from consultation.petitions import life
from consultation.petitions.clocks import clocks_of
from consultation.petitions.deciding import Rejecting, admit, reject
from consultation.petitions.errors import TooManyPetitions, WrongState
from consultation.petitions.life import PREPARED_MAX
from consultation.petitions.personal import PetitionData
from consultation.petitions.store import events_of, find_petition
from consultation.petitions.types import Reason, State, What
from identity.deleting import lock_to_delete
from identity.roles import Role
from storage.errors import DatabaseBusy
from storage.session import reading, writing
from tests.support.petitions import LAKE, PetitionsUnderTest
from voting.deeds import By

NOT_YET = 0.2
"""Seconds in which whoever waits for nobody would be done."""


def together(*deeds: Callable[[], object]) -> list[BaseException | None]:
    """Run them at once; what each raised."""
    start, raised = threading.Barrier(len(deeds)), list[BaseException | None]([None] * len(deeds))

    def run(number: int, deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
        except Exception as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def test_of_two_moderators_one_decides(room: PetitionsUnderTest) -> None:
    petition, engine = room.waiting(), room.site.desk.engine
    other = By(room.site.desk, room.site.signed_in(Role.MODERATOR, name="Minh"))

    def publish() -> None:
        with writing(engine) as session:
            admit(session, room.moderator, petition, 1)

    def refuse() -> None:
        with writing(engine) as session:
            reject(session, other, petition, 1, Rejecting(Reason.JOKE, "Not meant."))

    raised = together(publish, refuse)
    assert sum(error is None for error in raised) == 1
    assert all(isinstance(error, WrongState | DatabaseBusy) for error in raised if error is not None)
    with reading(engine) as session:
        whats = [event.what for event in events_of(session, petition)]
    assert (What.PUBLISHED in whats) is not (What.REJECTED in whats)


@pytest.mark.parametrize("publishes", [True, False])
def test_who_leaves_while_a_moderator_decides_is_gone_and_nothing_is_busy(
    room: PetitionsUnderTest, publishes: bool
) -> None:
    """Deleting an account locks it and then its petitions; a decision names the account and holds the petition."""
    petition, desk, clock = room.published(), room.site.desk, room.site.clock
    with writing(desk.engine) as session:
        life.edit(session, room.lan, petition, 1, replace(LAKE, details="Other words."), clock())

    def judge() -> None:
        with writing(desk.engine) as session:
            if publishes:
                admit(session, room.moderator, petition, 2)
            else:
                reject(session, room.moderator, petition, 2, Rejecting(Reason.JOKE, "Not meant."))

    with ThreadPoolExecutor(1) as pool:
        with writing(desk.engine) as session:
            lock_to_delete(session, room.lan)
            judging = pool.submit(judge)
            wait([judging], NOT_YET)  # it has locked what it locks first
            delete_account(desk, session, room.lan)
        with pytest.raises(WrongState):  # the words that waited went with their author
            judging.result()
    assert room.find(petition).creator is None


def test_a_threshold_that_many_reach_at_once_starts_one_clock(room: PetitionsUnderTest) -> None:
    petition = room.published()
    raised = together(*(lambda: room.count(petition, 3) for _ in range(6)))
    assert all(error is None or isinstance(error, DatabaseBusy) for error in raised)
    with reading(room.site.desk.engine) as session:
        assert len(clocks_of(session, petition)) == 1


def test_what_a_deleted_account_started(room: PetitionsUnderTest) -> None:
    draft, sponsors, published = room.started(), room.submitted(), room.published()
    desk = room.site.desk
    with writing(desk.engine) as session:
        assert len(PetitionData().export(desk, session, room.lan)) == 3
        PetitionData().forget(desk, session, room.lan, room.site.clock())
        assert not PetitionData().export(desk, session, room.lan)
        states = [find_petition(session, petition).state for petition in (sponsors, published)]
        assert states == [State.WITHDRAWN, State.OPEN]
        assert not events_of(session, draft)


def test_forms_sent_at_once_begin_no_more_than_one_by_one(room: PetitionsUnderTest) -> None:
    for _ in range(PREPARED_MAX - 1):
        room.started()
    raised = together(*[room.started] * 6)
    assert sum(error is None for error in raised) == 1
    assert all(isinstance(error, TooManyPetitions | DatabaseBusy) for error in raised if error is not None)

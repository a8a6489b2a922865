"""One moderator at a time reads and decides about a petition that waits; and what was decided before."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from consultation.hands import note_hand
from consultation.leaving import delete_account
from consultation.moderation.claims import CLAIMED
from consultation.moderation.errors import ClaimedByOther, NotClaimed
from consultation.moderation.types import Action
from consultation.petitions import life
from consultation.petitions.claiming import Work, claim, release, work_on
from consultation.petitions.deciding import Rejecting, admit, reject
from consultation.petitions.errors import ChangedSince, NoSuchPetition, OwnPetition, WrongState
from consultation.petitions.judged import judged_before
from consultation.petitions.lists import waiting_for_moderation
from consultation.petitions.models import PetitionPetition
from consultation.petitions.sponsors import Part
from consultation.petitions.store import last_words
from consultation.petitions.types import Reason, State
from consultation.signing.models import PetitionSignature
from consultation.subjects import Subject
from identity.people import set_roles
from identity.roles import Role
from storage.errors import DatabaseBusy
from storage.session import reading, writing
from tests.consultation.petitions.test_together import together
from tests.support.petitions import LAKE, PetitionsUnderTest
from voting.deeds import By

JOKE = Rejecting(Reason.JOKE, "Not meant.")
FREE = Work(claimed=False, mine=False, until=None, part=None)


def second(room: PetitionsUnderTest) -> By:
    return By(room.site.desk, room.site.signed_in(Role.MODERATOR, name="Minh"))


def taken(room: PetitionsUnderTest, by: By, petition: str) -> None:
    with writing(room.site.desk.engine) as session:
        claim(session, by, petition)


def given_back(room: PetitionsUnderTest, by: By, petition: str) -> None:
    with writing(room.site.desk.engine) as session:
        release(session, by, petition)


def work(room: PetitionsUnderTest, by: By, petition: str) -> Work:
    with reading(room.site.desk.engine) as session:
        return work_on(session, petition, by.actor.person_id, room.site.clock())


def read(room: PetitionsUnderTest, petition: str) -> tuple[int, bytes]:
    with reading(room.site.desk.engine) as session:
        words = last_words(session, petition)
    return words.version, words.digest


def decided(room: PetitionsUnderTest, by: By, petition: str, *, publish: bool) -> None:
    """As the page does it: the words were read in an earlier transaction."""
    version, digest = read(room, petition)
    with writing(room.site.desk.engine) as session:
        if publish:
            admit(session, by, petition, version, digest)
        else:
            reject(session, by, petition, version, JOKE, digest)


def changed(room: PetitionsUnderTest, petition: str, details: str) -> None:
    version, _ = read(room, petition)
    with writing(room.site.desk.engine) as session:
        assert life.edit(
            session, room.lan, petition, version, replace(LAKE, details=details), room.site.clock()
        )


@pytest.mark.parametrize("publish", [True, False])
def test_whoever_has_taken_it_decides_and_nobody_else(room: PetitionsUnderTest, publish: bool) -> None:
    petition, mai, minh = room.waiting(), room.moderator, second(room)
    with pytest.raises(NotClaimed):
        decided(room, mai, petition, publish=publish)
    taken(room, mai, petition)
    assert work(room, mai, petition) == Work(True, True, room.site.clock() + CLAIMED, None)
    assert work(room, minh, petition) == Work(True, False, room.site.clock() + CLAIMED, None)
    with reading(room.site.desk.engine) as session:
        for by, mine in ((mai, True), (minh, False)):
            (line,) = waiting_for_moderation(session, by.actor.person_id, room.site.clock())
            assert (line.claimed, line.mine, line.part) == (True, mine, None)
    with pytest.raises(ClaimedByOther):
        taken(room, minh, petition)
    with pytest.raises(ClaimedByOther):
        decided(room, minh, petition, publish=publish)
    with writing(room.site.desk.engine) as session, pytest.raises(ClaimedByOther):
        reject(session, minh, petition, 1, JOKE)  # nor what is read and decided in one transaction
    assert room.find(petition).state is State.MODERATION
    with reading(room.site.desk.engine) as session:
        assert judged_before(session, petition) == []
    decided(room, mai, petition, publish=publish)
    assert room.find(petition).state is (State.OPEN if publish else State.REJECTED)
    assert work(room, mai, petition) == FREE
    with pytest.raises(WrongState):
        taken(room, mai, petition)


def test_it_comes_back_after_a_quarter_of_an_hour_or_when_it_is_given_back(room: PetitionsUnderTest) -> None:
    petition, mai, minh, clock = room.waiting(), room.moderator, second(room), room.site.clock
    taken(room, mai, petition)
    given_back(room, minh, petition)  # harmless
    assert work(room, mai, petition).mine
    clock.wait(seconds=CLAIMED.total_seconds() - 1)
    with pytest.raises(ClaimedByOther):
        taken(room, minh, petition)
    taken(room, mai, petition)  # for another while
    clock.wait(seconds=CLAIMED.total_seconds() - 1)
    assert work(room, mai, petition).mine
    clock.wait(seconds=1)
    assert work(room, mai, petition) == FREE
    with pytest.raises(NotClaimed):
        decided(room, mai, petition, publish=True)
    taken(room, minh, petition)
    with pytest.raises(ClaimedByOther):
        decided(room, mai, petition, publish=True)
    given_back(room, minh, petition)
    assert work(room, minh, petition) == FREE
    assert room.find(petition).state is State.MODERATION
    for deed in (claim, release):
        with writing(room.site.desk.engine) as session, pytest.raises(NoSuchPetition):
            deed(session, mai, "0" * 16)


def test_of_two_who_take_it_at_once_one_has_it(room: PetitionsUnderTest) -> None:
    petition, both = room.waiting(), (room.moderator, second(room))

    def deed(by: By) -> Callable[[], None]:
        return lambda: taken(room, by, petition)

    raised = together(*map(deed, both))
    assert all(isinstance(error, ClaimedByOther | DatabaseBusy) for error in raised if error is not None)
    assert [work(room, by, petition).mine for by in both] == [error is None for error in raised]
    assert sum(error is None for error in raised) == 1


def test_an_edit_ends_it_and_so_does_whatever_leaves_nothing_to_decide(room: PetitionsUnderTest) -> None:
    waiting, published, clock = room.waiting(), room.published(), room.site.clock
    changed(room, published, "We ask for 20 lamps.")
    for petition in (waiting, published):
        taken(room, room.moderator, petition)
        version, digest = read(room, petition)
        changed(room, petition, "We ask for 30 lamps.")
        assert work(room, room.moderator, petition) == FREE
        with writing(room.site.desk.engine) as session, pytest.raises(ChangedSince):
            admit(session, room.moderator, petition, version, digest)
        taken(room, room.moderator, petition)
    with writing(room.site.desk.engine) as session:
        life.withdraw(session, room.lan, waiting, clock())
        life.close_early(session, room.lan, published, clock())
        assert session.scalars(select(PetitionPetition.claimed_by)).all() == [None, None]


def test_whoever_started_or_sponsored_it_cannot_take_it(room: PetitionsUnderTest) -> None:
    petition, other, sponsor, starter = room.waiting(), room.published(), second(room), room.moderator
    engine, now = room.site.desk.engine, room.site.clock()
    with writing(engine) as session:
        for entry, signed in enumerate((petition, other)):  # the second when it was published already
            session.add(
                PetitionSignature(
                    key=signed, petition=signed, person=sponsor.actor.person_id, version=1, entry=entry, salt=b"",
                    mails=False, language="en", signed_at=now,
                )
            )  # fmt: skip
        session.get_one(PetitionPetition, other).creator = starter.actor.person_id
        session.flush()
        life.edit(session, starter.actor.person_id, other, 1, replace(LAKE, details="More."), now)
    for by, refused, part, allowed in (
        (sponsor, petition, Part.SPONSORED, other),
        (starter, other, Part.STARTED, petition),
    ):
        with reading(engine) as session:
            waits = waiting_for_moderation(session, by.actor.person_id, now)
        assert {line.petition: line.part for line in waits} == {refused: part, allowed: None}
        assert work(room, by, refused).part is part
        with pytest.raises(OwnPetition):
            taken(room, by, refused)
        taken(room, by, allowed)
        given_back(room, by, allowed)
        assert not work(room, by, refused).claimed


def test_whoever_answered_it_for_the_office_cannot_take_its_new_words(room: PetitionsUnderTest) -> None:
    petition, moderator = room.published(), room.moderator
    changed(room, petition, "More.")
    assert work(room, moderator, petition).part is None
    with writing(room.site.desk.engine) as session:
        note_hand(session, Subject("petition", petition), moderator.actor.person_id)
    assert work(room, moderator, petition).part is Part.ANSWERED
    with pytest.raises(OwnPetition):
        taken(room, moderator, petition)
    taken(room, second(room), petition)


def test_the_account_of_who_has_taken_it_is_deleted(room: PetitionsUnderTest) -> None:
    petition, minh, desk = room.waiting(), second(room), room.site.desk
    taken(room, minh, petition)
    with writing(desk.engine) as session:
        set_roles(session, minh.actor.person_id, [])
        delete_account(desk, session, minh.actor.person_id)
        assert session.scalars(select(PetitionPetition.claimed_by)).all() == [None]
    taken(room, room.moderator, petition)


def test_what_was_decided_before_is_told_in_order(room: PetitionsUnderTest) -> None:
    petition, clock = room.waiting(), room.site.clock
    changed(room, petition, "Before anybody has looked.")  # no moderator's deed
    for publish in (True, False, True):
        clock.wait(days=1)
        taken(room, room.moderator, petition)
        decided(room, room.moderator, petition, publish=publish)
        changed(room, petition, f"After {clock()}.")
    with reading(room.site.desk.engine) as session:
        found = judged_before(session, petition)
    assert [(each.edit, each.entry and each.entry.action) for each in found] == [
        (False, None),
        (False, Action.LEFT),
        (True, None),
    ]
    assert [each.entry.rule for each in found if each.entry] == [Reason.JOKE.value]

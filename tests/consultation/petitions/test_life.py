"""From the draft to the end: who may do what when, and that the last second is decided under the lock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consultation.errors import TextRefused
from consultation.happenings import What as Happened
from consultation.models import ConsultationHappening
from consultation.petitions import keeping
from consultation.petitions.deciding import Rejecting, admit, readmit, reject
from consultation.petitions.errors import (
    ChangedSince,
    NoSuchBody,
    NoSuchPetition,
    NoSuchTwin,
    NotSignable,
    NotTheCreator,
    OwnPetition,
    TooManyPetitions,
    WrongState,
)
from consultation.petitions.keeping import keep_petitions
from consultation.petitions.life import (
    PREPARED_MAX,
    Edited,
    close_early,
    create_draft,
    edit,
    save_draft,
    submit,
    withdraw,
)
from consultation.petitions.lists import (
    Fact,
    Filter,
    Sort,
    list_petitions,
    waiting_for_moderation,
)
from consultation.petitions.models import PetitionPetition
from consultation.petitions.settings import bodies, set_bodies
from consultation.petitions.store import events_of, find_petition, lock_petition, require_signable, versions
from consultation.petitions.types import Petition, Reason, State, What
from consultation.similar.index import similar_petitions
from identity.roles import Role
from protocol.petition_text import PetitionTextRecord
from storage.session import reading, writing
from tests.support.petitions import COUNCIL, LAKE, WARD, PetitionsUnderTest
from voting.deeds import By


def signable(room: PetitionsUnderTest, petition: str) -> bool:
    with writing(room.site.desk.engine) as session:
        try:
            require_signable(lock_petition(session, petition), room.site.clock())
        except NotSignable:
            return False
        return True


def test_a_petition_from_draft_to_archive(room: PetitionsUnderTest) -> None:
    petition = room.started()
    assert not signable(room, petition)
    with writing(room.site.desk.engine) as session:
        save_draft(session, room.lan, petition, replace(LAKE, action="  Light  Sen Lake "), room.site.clock())
        submit(session, room.lan, petition, room.site.clock())
    assert room.find(petition).text.action == "Light Sen Lake"
    assert signable(room, petition)
    room.count(petition, 1)
    assert room.find(petition).state is State.SPONSORS
    room.count(petition, 2)
    assert room.find(petition).state is State.MODERATION
    assert not signable(room, petition)
    with writing(room.site.desk.engine) as session:
        waits = waiting_for_moderation(session, room.moderator.actor.person_id, room.site.clock())
        assert [(each.petition, each.edit) for each in waits] == [(petition, False)]
        admit(session, room.moderator, petition, 1)
        with pytest.raises(WrongState):
            admit(session, room.moderator, petition, 1)
    found = room.find(petition)
    assert found.closes_at == room.site.clock() + timedelta(days=180)
    room.site.clock.wait(days=180, seconds=-1)
    assert keep_petitions(room.site.desk) == 0
    assert signable(room, petition)
    room.site.clock.wait(seconds=1)
    assert not signable(room, petition), "closed to the second, also before the clock has noted it"
    assert keep_petitions(room.site.desk) == 1
    assert keep_petitions(room.site.desk) == 0
    with reading(room.site.desk.engine) as session:
        whats = [event.what for event in events_of(session, petition)]
        assert whats == [What.SUBMITTED, What.SPONSORED, What.PUBLISHED, What.CLOSED]
        archived = Filter(frozenset({State.CLOSED}), fact=Fact.ARCHIVED)
        assert [each.id for each in list_petitions(session, archived, room.site.clock()).petitions] == [
            petition
        ]
        assert not list_petitions(session, Filter(), room.site.clock()).petitions


def test_an_edit_holds_at_once_before_and_after_a_look_when_published(room: PetitionsUnderTest) -> None:
    petition, clock = room.waiting(), room.site.clock
    more = replace(LAKE, details="We ask for 20 lamps.", body="council")
    with writing(room.site.desk.engine) as session:
        assert edit(session, room.lan, petition, 1, LAKE, clock()) is None
        assert edit(session, room.lan, petition, 1, more, clock()) == Edited(2, proposed=False)
        with pytest.raises(ChangedSince):
            admit(session, room.moderator, petition, 1)
        admit(session, room.moderator, petition, 2)
    room.count(petition, 4)
    again = replace(more, details="We ask for 30 lamps.", body="ward")
    with writing(room.site.desk.engine) as session:
        assert edit(session, room.lan, petition, 2, again, clock()) == Edited(3, proposed=True)
        with pytest.raises(ChangedSince):
            edit(session, room.lan, petition, 2, LAKE, clock())
        assert edit(session, room.lan, petition, 3, again, clock()) == Edited(3, proposed=True)
        shown = find_petition(session, petition)
        assert (shown.text.version, shown.text.details, shown.state) == (2, more.details, State.OPEN)
        assert [text.version for text in versions(session, petition)] == [2, 1]
        waits = waiting_for_moderation(session, room.moderator.actor.person_id, clock())
        assert [each.edit for each in waits] == [True]
        admit(session, room.moderator, petition, 3)
    found = room.find(petition)
    assert (found.text.version, found.text.details, found.body.id) == (3, again.details, "council")
    assert found.text.signatures == 4
    assert found.text.digest == found.text.record.digest
    with reading(room.site.desk.engine) as session:
        digests = {text.digest for text in versions(session, petition)}
        told = [row.what for row in session.query(ConsultationHappening).order_by(ConsultationHappening.id)]
    assert len(digests) == 3
    assert told.count(Happened.PETITION_EDITED) == 2


def test_a_rejection_is_published_hidden_on_grounds_and_taken_back(room: PetitionsUnderTest) -> None:
    twin, petition = room.published(), room.waiting()
    engine, clock = room.site.desk.engine, room.site.clock
    with writing(engine) as session:
        with pytest.raises(NoSuchTwin):
            reject(session, room.moderator, petition, 1, Rejecting(Reason.DUPLICATE, "See there.", petition))
        entry = reject(session, room.moderator, petition, 1, Rejecting(Reason.DUPLICATE, "See there.", twin))
    found = room.find(petition)
    assert (found.state, found.hidden, entry) == (State.REJECTED, False, 1)
    assert found.rejection is not None
    assert (found.rejection.reason, found.rejection.twin) == (Reason.DUPLICATE, twin)
    with reading(engine) as session:
        listed = list_petitions(session, Filter(frozenset({State.REJECTED}), sort=Sort.REJECTED), clock())
        assert [each.id for each in listed.petitions] == [petition]
    clock.wait(days=1)
    with writing(engine) as session:
        readmit(session, room.site.desk, petition)
        with pytest.raises(WrongState):
            readmit(session, room.site.desk, petition)
    assert signable(room, petition)
    with reading(engine) as session:
        similar = {found.subject.id for found in similar_petitions(session, LAKE.action)}
        assert similar == {petition, twin}
    hidden = room.waiting()
    with writing(engine) as session:
        reject(session, room.moderator, hidden, 1, Rejecting(Reason.PERSONAL_DATA, "It names a neighbour."))
    assert room.find(hidden).hidden


def test_nobody_decides_about_their_own_petition(shared: PetitionsUnderTest) -> None:
    both = By(shared.site.desk, shared.site.signed_in(Role.MODERATOR, name="Lan"))
    with writing(shared.site.desk.engine) as session:
        now = shared.site.clock()
        petition = create_draft(session, both.actor.person_id, LAKE, now)
        submit(session, both.actor.person_id, petition, now)
    shared.count(petition, 2)
    with writing(shared.site.desk.engine) as session:
        with pytest.raises(OwnPetition):
            admit(session, both, petition, 1)
        with pytest.raises(OwnPetition):
            reject(session, both, petition, 1, Rejecting(Reason.JOKE, "No."))


def test_only_its_creator_changes_it_and_only_while_it_may_be(shared: PetitionsUnderTest) -> None:
    other = shared.site.person()
    petition, clock = shared.published(), shared.site.clock
    with writing(shared.site.desk.engine) as session:
        with pytest.raises(NotTheCreator):
            close_early(session, other, petition, clock())
        with pytest.raises(WrongState):
            withdraw(session, shared.lan, petition, clock())
        with pytest.raises(WrongState):
            save_draft(session, shared.lan, petition, LAKE, clock())
        for address in ("0" * 16, "G" * 16, "0" * 17, "", "\0" * 16):
            with pytest.raises(NoSuchPetition):
                withdraw(session, shared.lan, address, clock())
        close_early(session, shared.lan, petition, clock())
        with pytest.raises(WrongState):
            close_early(session, shared.lan, petition, clock())
    assert shared.find(petition).closed_at == clock()
    draft = shared.started()
    with writing(shared.site.desk.engine) as session:
        withdraw(session, shared.lan, draft, clock())
        assert session.get(PetitionPetition, draft) is None
    waiting = shared.waiting()
    with writing(shared.site.desk.engine) as session:
        withdraw(session, shared.lan, waiting, clock())
    assert shared.find(waiting).state is State.WITHDRAWN


@pytest.mark.parametrize(
    "draft",
    [
        replace(LAKE, action="a" * 81),
        replace(LAKE, background="b" * 501),
        replace(LAKE, details="c" * 1001),
        replace(LAKE, action=" \n "),
        replace(LAKE, background=""),
        replace(LAKE, action="Light\u202ethe lake"),
        replace(LAKE, details="nul\0"),
        replace(LAKE, action="z" + "\u0301" * 9),
        replace(LAKE, details="x" * 10_000_000),
        replace(LAKE, action="You won, see https://evil.example/x"),
        replace(LAKE, action="Write to lan@example.org"),
        replace(LAKE, action="Nhận ngay: evil.vn"),
        replace(LAKE, action="Nhận ngay: evil。com"),
        replace(LAKE, action="Light Sen L\u0430ke"),
        replace(LAKE, action="Light S\u0395N Lake"),
        replace(LAKE, action="\u2066Light\u2069 the lake"),
        replace(LAKE, action="\ufeff"),
    ],
)
def test_words_that_cannot_be_published_are_refused(shared: PetitionsUnderTest, draft: object) -> None:
    with (
        writing(shared.site.desk.engine) as session,
        pytest.raises(TextRefused),
    ):
        create_draft(session, shared.lan, draft, shared.site.clock())  # type: ignore[arg-type]


def test_a_title_with_abbreviations_names_no_address(shared: PetitionsUnderTest) -> None:
    for action in (
        "Mở lại chợ ở TP.HCM, Q.Bình Thạnh",
        "Pay 1.5 million/month",
        "Sửa đường số 3/2. Tối quá",
        "Осветить озеро, 5 kΩ",
    ):
        draft = replace(LAKE, action=action, details="www.example.org")
        assert shared.find(shared.started(draft)).text.action == action


def test_one_spelling_has_one_digest(shared: PetitionsUnderTest) -> None:
    composed = shared.find(shared.started(replace(LAKE, action="Chiếu sáng hồ Sen"))).text.record
    decomposed = shared.find(
        shared.started(replace(LAKE, action="Chie\u0302\u0301u sa\u0301ng ho\u0302\u0300 Sen"))
    ).text.record
    assert composed.action == decomposed.action
    fields = ("action", "background", "details", "language", "body", "area", "version")
    same = PetitionTextRecord(
        petition=composed.petition, **{name: getattr(decomposed, name) for name in fields}
    )
    assert same.digest == composed.digest


def test_a_closed_body_is_addressed_no_more_and_old_petitions_keep_it(room: PetitionsUnderTest) -> None:
    petition = room.submitted()
    with writing(room.site.desk.engine) as session:
        set_bodies(session, [COUNCIL])
        assert [body.id for body in bodies(session)] == ["council"]
        with pytest.raises(NoSuchBody):
            create_draft(session, room.lan, LAKE, room.site.clock())
        set_bodies(session, [COUNCIL, WARD])
    assert room.find(petition).body.name == WARD.name


def test_one_person_prepares_a_handful_of_petitions(room: PetitionsUnderTest) -> None:
    for _ in range(PREPARED_MAX):
        last = room.started()
    with pytest.raises(TooManyPetitions):
        room.started()
    with writing(room.site.desk.engine) as session:
        withdraw(session, room.lan, last, room.site.clock())
    room.started()


def test_the_clock_gives_up_what_found_no_sponsors_and_forgets_drafts(room: PetitionsUnderTest) -> None:
    draft, lonely = room.started(), room.submitted()
    room.site.clock.wait(days=30)
    assert keep_petitions(room.site.desk) == 1
    assert room.find(lonely).state is State.WITHDRAWN
    room.site.clock.now += keeping.DRAFT_KEPT
    assert keep_petitions(room.site.desk) == 1
    with reading(room.site.desk.engine) as session, pytest.raises(NoSuchPetition):
        find_petition(session, draft)


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.SIGNATURES, Sort.CLOSING])
def test_every_petition_is_on_exactly_one_page(room: PetitionsUnderTest, sort: Sort) -> None:
    made = []
    for number in range(5):
        made.append(room.published())
        room.count(made[-1], 2 + number // 2)
        room.site.clock.wait(hours=number % 2)
    seen: list[Petition] = []
    cursor = ""
    with reading(room.site.desk.engine) as session:
        while True:
            page = list_petitions(session, Filter(sort=sort), room.site.clock(), cursor, limit=2)
            seen += page.petitions
            if not (cursor := page.next):
                break
        for wrong in ("x", "1.", "-1." + "0" * 16, "9" * 40 + "." + "0" * 16, "1.\0", "٣." + "0" * 16):
            first = list_petitions(session, Filter(sort=sort), room.site.clock(), wrong, 2)
            assert first.petitions == seen[:2]
    assert sorted(each.id for each in seen) == sorted(made)
    if sort is Sort.SIGNATURES:
        assert [each.signatures for each in seen] == [4, 3, 3, 2, 2]

"""Nobody judges about what belongs to something of theirs, and a refused appeal is reversed by a third one alone."""

import pytest

from consultation.discussions.contributions import Writing, contribute, edit, withdraw
from consultation.discussions.threads import thread_of
from consultation.discussions.topics import Text, Topic, open_topic
from consultation.hands import note_hand
from consultation.happenings import What
from consultation.hearings.documents import paragraphs_of
from consultation.kinds import KINDS, describe
from consultation.moderation.appeals import appeal, decide_appeal, find_appeal, own_decision
from consultation.moderation.decisions import restore, restoring
from consultation.moderation.errors import AppealOpen, Conflict, GroundMissing, NotHidden
from consultation.moderation.log import entries_about
from consultation.moderation.ties import Tie, tie_of
from consultation.moderation.types import Action, Template
from consultation.petitions.answering import answer
from consultation.petitions.deciding import admit
from consultation.petitions.errors import OwnPetition
from consultation.signing.models import PetitionSignature
from consultation.subjects import Subject
from identity.roles import Role
from identity.sessions import SignedIn
from storage.session import reading, writing
from tests.consultation.hearings.conftest import begun
from tests.support.moderated import Moderated, actions, told
from tests.support.petitions import prepare
from voting.deeds import By


def signed_in_as(here: Moderated, person: str) -> SignedIn:
    who = here.on.who(here.on.session(person))
    assert who is not None
    return who


def test_whoever_has_a_part_in_what_stands_above_does_not_decide(here: Moderated) -> None:
    engine, on = here.on.desk.engine, here.on
    ward, hall = prepare(on), begun(on)
    document = hall.document()
    hall.open()
    sponsor, asker, replier, signer = (on.person(name) for name in ("Sponsor", "Asker", "Replier", "Signer"))
    petition = ward.waiting()

    def sign(person: str, entry: int) -> None:
        with writing(engine) as session:
            session.add(
                PetitionSignature(
                    key=person, petition=petition, person=person, version=1, entry=entry, salt=b"", mails=False,
                    language="en", signed_at=on.clock(),
                )
            )  # fmt: skip

    sign(sponsor, 0)
    on.clock.wait(minutes=1)
    by_sponsor = By(on.desk, signed_in_as(here, sponsor))
    with writing(engine) as session, pytest.raises(OwnPetition):
        admit(session, by_sponsor, petition, 1)
    with writing(engine) as session:
        admit(session, ward.moderator, petition, 1)
    ward.count(petition, 3)
    on.clock.wait(days=1)
    sign(signer, 1)
    with writing(engine) as session:
        now = on.clock()
        said = answer(session, ward.official, petition, ward.saying(session, petition))
        about = thread_of(session, Subject("petition", petition), now)
        first = contribute(session, Writing(about.id, asker, "I ask."), now)
        reply = contribute(session, Writing(about.id, replier, "You fool!", parent=first.number), now)
        topic = open_topic(session, Topic(Text(en="Why?"), office=True), asker, now)
        inside = contribute(session, Writing(topic.id, replier, "So."), now)
        paragraph = paragraphs_of(session, document.id, 1)[0].id or ""
        margin = thread_of(session, Subject("paragraph", paragraph), now)
        note_hand(session, Subject("hearing", hall.hearing), sponsor)
    official = ward.official.actor.person_id
    discussion, comment = Subject("topic", about.id), Subject("contribution", str(first.id))
    for subject, person, tie in (
        (Subject("petition", petition), ward.lan, Tie.AUTHOR),
        (Subject("petition", petition), sponsor, Tie.PART),
        (discussion, ward.lan, Tie.PART),
        (discussion, sponsor, Tie.PART),
        (discussion, official, Tie.PART),
        (discussion, signer, None),
        (comment, ward.lan, Tie.PART),
        (comment, official, Tie.PART),
        (comment, asker, Tie.AUTHOR),
        (comment, replier, None),
        (Subject("contribution", str(reply.id)), asker, Tie.PART),
        (Subject("answer", str(said)), official, Tie.PART),
        (Subject("topic", topic.id), asker, Tie.AUTHOR),
        (Subject("contribution", str(inside.id)), asker, Tie.PART),
        (Subject("hearing", hall.hearing), sponsor, Tie.PART),
        (Subject("paragraph", paragraph), sponsor, Tie.PART),
        (Subject("topic", margin.id), sponsor, Tie.PART),
        (Subject("topic", margin.id), asker, None),
    ):
        with reading(engine) as session:
            assert tie_of(session, subject, person) is tie, (subject, person)


def test_nor_about_an_appeal_nor_shows_it_again(here: Moderated) -> None:
    group = here.decided(here.reported("1"), here.first, Template.ADDRESS_OF_OTHERS)
    here.notes.hung_by.add(here.second.person_id)
    with writing(here.on.desk.engine) as session, pytest.raises(Conflict):
        restore(session, here.on.desk, here.second, Subject("note", "1"), "")
    with writing(here.on.desk.engine) as session:
        appeal(session, here.author, group, "It is my own address.", here.now)
        assert find_appeal(session, group, here.second.person_id).tie is Tie.PART
    with writing(here.on.desk.engine) as session, pytest.raises(Conflict):
        decide_appeal(session, here.on.desk, here.second, group, granted=False, note="No.")
    assert here.notes.notes["1"].hidden


def test_a_refused_appeal_is_reversed_by_a_third_moderator_with_a_new_ground(here: Moderated) -> None:
    desk, subject = here.on.desk, Subject("note", "1")
    group = here.decided(here.reported("1"), here.first, Template.ADDRESS_OF_OTHERS, days=7)
    with reading(desk.engine) as session:
        assert not restoring(session, subject, here.first.person_id).refused
    with writing(desk.engine) as session:
        appeal(session, here.author, group, "It is my own address.", here.now)
    third = here.on.signed_in(Role.MODERATOR, name="Chi")
    with reading(desk.engine) as session, pytest.raises(AppealOpen):
        restoring(session, subject, third.person_id)
    with writing(desk.engine) as session:
        decide_appeal(session, desk, here.second, group, granted=False, note="It is not yours.")
    for by in (here.first, here.second):
        with writing(desk.engine) as session, pytest.raises(Conflict):
            restore(session, desk, by, subject, "I thought again.")
    with writing(desk.engine) as session, pytest.raises(GroundMissing):
        restore(session, desk, third, subject, "  ")
    assert here.notes.notes["1"].hidden
    with writing(desk.engine) as session:
        restore(session, desk, third, subject, "The land register names the author.")
    assert here.notes.notes["1"].public
    assert actions(here, subject) == [
        Action.HIDDEN, Action.PAUSED, Action.UPHELD, Action.RESTORED, Action.LIFTED, Action.REVERSED,
    ]  # fmt: skip
    with reading(desk.engine) as session:
        log = entries_about(session, subject)
        assert (log[-1].answers, log[-1].group) == (log[2].number, group)
        own = own_decision(session, here.author, group, here.now)
        assert (own.stands, own.back_note) == (False, "The land register names the author.")
        with pytest.raises(NotHidden):
            restoring(session, subject, third.person_id)
    assert told(here, here.author)[-1] == What.CONTENT_RESTORED


def test_earlier_words_are_found_by_their_digest_until_they_are_withdrawn(here: Moderated) -> None:
    engine = here.on.desk.engine
    with writing(engine) as session:
        thread = thread_of(session, Subject("topic", "1" * 16), here.now)
        made = contribute(session, Writing(thread.id, here.author, "The first words"), here.now)
        subject = Subject("contribution", str(made.id))
        found = describe(session, subject)
        assert found is not None
        edit(session, made.id, here.author, "Other words", version=1, now=here.now)
    kind = KINDS["contribution"]
    with reading(engine) as session:
        assert kind.worded(session, subject.id, found.digest) == "The first words"
        assert kind.worded(session, subject.id, b"x" * 32) is None
    with writing(engine) as session:
        withdraw(session, made.id, here.author, here.now)
    with reading(engine) as session:
        assert kind.worded(session, subject.id, found.digest) is None

"""One person, one signature; the count that pages say, the count of the log, and what is left after withdrawing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from consultation.leaving import delete_account
from consultation.petitions.deciding import admit
from consultation.petitions.errors import NotSignable
from consultation.petitions.life import close_early, edit
from consultation.petitions.mailing import event_mail_key
from consultation.petitions.models import PetitionEvent
from consultation.signing.counting import public_count, reconcile, take_due_areas, trending
from consultation.signing.ending import remove_signatures, signed_by, withdraw
from consultation.signing.errors import (
    NoSuchSignature,
    RemovedAlready,
    SignedInOtherSpelling,
    SigningLinkUnusable,
    WordsChanged,
)
from consultation.signing.models import PetitionCount, PetitionLink, PetitionSignature
from consultation.signing.signing import look
from consultation.signing.telling import contacts_of
from crypto.encoding import decode_base64url
from identity.people import find_by_claim, person_hash
from identity.types import EMAIL
from mail.models import OutboxMail
from mail.outbox import Mail, queue_mail
from protocol.petition import commit
from storage.engine import empty_journal
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest
from tests.support.personal import Trace, found_in_files, found_in_tables, traces
from tests.support.petitions import LAKE


def count_of(signing: SigningUnderTest, petition: str) -> int:
    with reading(signing.desk.engine) as session:
        rows = session.scalar(
            select(func.count())
            .select_from(PetitionSignature)
            .where(PetitionSignature.petition == petition, PetitionSignature.batch.is_(None))
        )
        counter = session.get_one(PetitionCount, petition).count
    assert rows == counter == signing.petitions.find(petition).signatures
    return counter


def test_each_way_to_sign_counts_and_is_recounted(signing: SigningUnderTest, tmp_path: Path) -> None:
    petition = signing.published()
    signing.sign(petition)
    signing.confirm(signing.ask(petition, "hoa@example.org"))
    verdict = signing.verified(tmp_path / "export", petition)
    assert count_of(signing, petition) == verdict.recount.count == 2
    assert list(verdict.recount.texts.values()) == [1]
    assert next(iter(verdict.words.values())).action.startswith("Light the east bank")


def test_a_repeat_gets_the_same_receipt_and_changes_nothing(shared: SigningUnderTest, tmp_path: Path) -> None:
    petition, lan = shared.published(), shared.site.person("")
    key = shared.sign(petition, lan)
    files = shared.files(petition)
    assert shared.sign(petition, lan) == key
    assert shared.files(petition) == files
    token = shared.ask(petition, "binh@example.org")
    first = shared.confirm(token)
    assert shared.confirm(token) == first
    assert shared.confirm(shared.ask(petition, "Binh@Example.org")) == first
    assert shared.verified(tmp_path / "e", petition).recount.count == 2


def test_mail_and_sign_in_of_one_person_are_one(shared: SigningUnderTest) -> None:
    petition, lan = shared.published(), shared.site.person("")
    by_sign_in = shared.sign(petition, lan)
    assert shared.confirm(shared.ask(petition, f"{lan}@example.org")) == by_sign_in
    by_mail = shared.confirm(shared.ask(petition, "li.an+x@gmail.com"))
    with pytest.raises(SignedInOtherSpelling):
        shared.confirm(shared.ask(petition, "lian@googlemail.com"))
    assert shared.confirm(shared.ask(petition, "Li.An+x@gmail.com")) == by_mail
    with reading(shared.desk.engine) as session:
        person = find_by_claim(session, EMAIL, person_hash(shared.desk.keys, EMAIL, "li.an+x@gmail.com"))
    assert person is not None
    with reading(shared.desk.engine) as session:
        assert [each.key for each in signed_by(session, person)] == [by_mail]
    assert count_of(shared, petition) == 2


def test_opening_the_link_signs_nothing(shared: SigningUnderTest) -> None:
    petition = shared.published()
    token = shared.ask(petition, "chi@example.org")
    for _ in range(3):
        with reading(shared.desk.engine) as session:
            assert look(shared.desk, session, token).signature is None
    with reading(shared.desk.engine) as session:
        assert session.get(PetitionCount, petition) is None
    shared.site.clock.wait(hours=25)
    with pytest.raises(SigningLinkUnusable):
        shared.confirm(token)


def test_the_second_of_closing(shared: SigningUnderTest) -> None:
    petition = shared.published()
    closes = shared.petitions.find(petition).closes_at
    assert closes is not None
    before = shared.site.clock.now
    shared.site.clock.now = closes - timedelta(seconds=1)
    shared.sign(petition)
    lan, hoa = shared.people(2)
    shared.site.clock.now = closes
    with pytest.raises(NotSignable):
        shared.sign(petition, lan)
    with pytest.raises(NotSignable):
        shared.sign(petition, hoa)
    assert count_of(shared, petition) == 1
    shared.site.clock.now = before


def test_two_at_the_same_instant(signing: SigningUnderTest, tmp_path: Path) -> None:
    petition = signing.published()
    token, twin = signing.ask(petition, "minh@example.org"), signing.ask(petition, "MINH@example.org")
    others = [signing.ask(petition, f"p{number}@example.org") for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(signing.confirm, [token, twin, token, *others]))
    assert len(set(keys)) == 7
    assert keys[0] == keys[1] == keys[2]
    assert count_of(signing, petition) == 7
    assert signing.verified(tmp_path / "e", petition).recount.count == 7
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: _withdrawn(signing, keys[0]), range(4)))
    assert sorted(ended) == [False, False, False, True]
    assert count_of(signing, petition) == 6


def _withdrawn(signing: SigningUnderTest, key: str) -> bool:
    try:
        with writing(signing.desk.engine) as session:
            withdraw(signing.desk, session, key)
    except NoSuchSignature:
        return False
    return True


def test_an_edit_asks_again_and_old_signatures_still_count(shared: SigningUnderTest, tmp_path: Path) -> None:
    petition, lan = shared.published(), shared.site.person("")
    key = shared.sign(petition, lan)
    shared.sign(petition)
    with writing(shared.desk.engine) as session:
        words = replace(LAKE, details="We ask for 20 lamps.")
        edit(session, shared.petitions.lan, petition, 1, words, shared.site.clock())
        admit(session, shared.petitions.moderator, petition, 2)
    with pytest.raises(WordsChanged):
        shared.sign(petition, version=1)
    assert shared.sign(petition, lan, version=2) == key
    recount = shared.verified(tmp_path / "e", petition).recount
    assert (recount.count, list(recount.by_text.values()), recount.withdrawn) == (2, [1, 1], 1)
    assert count_of(shared, petition) == 2


def test_withdrawing_leaves_nothing_that_identifies(shared: SigningUnderTest, tmp_path: Path) -> None:
    petition, lan = shared.published(), shared.site.person("")
    key = shared.sign(petition, lan)
    receipt = shared.receipt(key)
    salt, folder = decode_base64url(receipt.salt, 32), Path(str(shared.desk.engine.url.database)).parent
    assert found_in_files(folder, [Trace("salt", salt)])  # control: it is there
    with writing(shared.desk.engine) as session:
        withdraw(shared.desk, session, key)
    empty_journal(shared.desk.engine)
    assert not found_in_files(
        folder, [Trace("salt", salt)]
    )  # neither in pages that are free now, nor in the journal
    recount = shared.verified(tmp_path / "e", petition).recount
    assert (recount.count, recount.withdrawn) == (0, 1)
    with pytest.raises(NoSuchSignature):
        shared.receipt(key)
    # Whoever has the whole database and the server's keys can compute the signer's mark, and still try no salt.
    with reading(shared.desk.engine) as session:
        assert session.scalar(select(PetitionSignature.salt).where(PetitionSignature.key == key)) is None
    assert commit(bytes(32), petition, bytes(32), bytes(16), None).hex() not in receipt.entry.commitment
    assert shared.sign(petition, lan) != key


def test_deleting_the_account_withdraws(signing: SigningUnderTest, tmp_path: Path) -> None:
    petition, address = signing.published(), "mai.tran@example.org"
    key = signing.confirm(signing.ask(petition, address, mails=True))
    signing.ask(petition, address)
    signing.sign(petition)
    keys = signing.desk.keys
    claim = person_hash(keys, EMAIL, address)
    with reading(signing.desk.engine) as session:
        person = find_by_claim(session, EMAIL, claim)
        salt = session.scalars(select(PetitionSignature.salt).where(PetitionSignature.key == key)).one()
    with writing(signing.desk.engine) as session:
        (contact,) = contacts_of(signing.desk, session, petition, "", 10, at=signing.site.clock())
    assert person is not None
    assert (contact.key, contact.address) == (key, address)
    with writing(signing.desk.engine) as session:
        delete_account(signing.desk, session, person)
    sought = traces(person, [address], [claim, salt])
    assert not found_in_tables(signing.desk.engine, sought)
    if signing.desk.engine.dialect.name == "sqlite":
        empty_journal(signing.desk.engine)
        assert not found_in_files(tmp_path, sought)
    recount = signing.verified(tmp_path / "export", petition).recount
    assert (recount.count, recount.withdrawn) == (1, 1)
    with reading(signing.desk.engine) as session:
        assert not session.scalar(select(func.count()).select_from(PetitionLink))


def test_removal_is_public_and_keeps_the_person_from_signing_again(
    shared: SigningUnderTest, tmp_path: Path
) -> None:
    petition, people = shared.published(), shared.people(4)
    keys = [shared.sign(petition, person) for person in people]
    with reading(shared.desk.engine) as session:
        rows = session.execute(select(PetitionSignature.id, PetitionSignature.key)).all()
    ids = [number for number, key in rows if key in keys[:3]]
    with writing(shared.desk.engine) as session:
        removed = remove_signatures(
            shared.desk,
            session,
            petition,
            ids,
            "Made by one program",
            shared.petitions.moderator.actor,
            shared.site.clock(),
        )
    assert (removed.batch, removed.count) == (1, 3)
    assert shared.sign(petition, people[0]) == keys[0]
    verdict = shared.verified(tmp_path / "e", petition)
    assert verdict.recount.count == count_of(shared, petition) == 1
    assert [(batch.number, batch.count, batch.reason) for batch in verdict.recount.batches] == [
        (1, 3, "Made by one program")
    ]
    # Else whoever made it up would take it back and sign anew.
    with writing(shared.desk.engine) as session, pytest.raises(RemovedAlready):
        withdraw(shared.desk, session, keys[0])
    assert shared.sign(petition, people[0]) == keys[0]
    assert count_of(shared, petition) == 1


def test_mails_about_a_signature_that_was_withdrawn_are_forgotten(shared: SigningUnderTest) -> None:
    petition, address = shared.published(), "gone@example.org"
    key = shared.confirm(shared.ask(petition, address, mails=True))
    news = Mail(address, "en", "Answered", "Read it", "petition-news", petition)
    with writing(shared.desk.engine) as session:
        event = session.scalars(select(PetitionEvent.id).where(PetitionEvent.petition == petition)).first()
        assert event is not None
        queue_mail(session, news, key=event_mail_key(event, key), now=shared.site.clock())
        recipients = select(OutboxMail.recipient).where(OutboxMail.subject_key == petition)
        assert session.scalars(recipients).all() == [address, address]
        withdraw(shared.desk, session, key)
        assert session.scalars(recipients).all() == [None, None]


def test_the_public_count_lags_and_never_jumps_back(shared: SigningUnderTest) -> None:
    petition, clock = shared.published(), shared.site.clock
    clock.now = clock.now.replace(second=0, microsecond=0)
    seen = []
    for _ in range(25):
        shared.sign(petition)
        clock.wait(seconds=3)
        with reading(shared.desk.engine) as session:
            found = public_count(session, petition, clock())
            earlier = public_count(session, petition, clock() - timedelta(seconds=4))
        assert earlier.count <= found.count
        assert found.as_of <= clock()
        seen.append(found.count)
    assert seen == sorted(seen)
    assert seen[-1] >= 25 - 4
    assert seen[0] == 0


def test_trending_counts_the_last_hour(shared: SigningUnderTest) -> None:
    shared.site.clock.wait(hours=2)
    quiet, loud = shared.published(), shared.published()
    for petition in (quiet, loud, loud):
        shared.sign(petition)
    with reading(shared.desk.engine) as session:
        assert trending(session, shared.site.clock(), 10)[:2] == []  # nobody sees one arrive
    shared.site.clock.wait(minutes=1)
    with reading(shared.desk.engine) as session:
        assert trending(session, shared.site.clock(), 10)[:2] == [(loud, 2), (quiet, 1)]
    shared.site.clock.wait(minutes=61)
    with reading(shared.desk.engine) as session:
        assert trending(session, shared.site.clock(), 10) == []


def test_reconciling_finds_a_counter_that_was_changed(shared: SigningUnderTest) -> None:
    petition = shared.published()
    shared.sign(petition)
    assert reconcile(shared.desk) == []
    shared.sign(petition)
    with writing(shared.desk.engine) as session:
        session.get_one(PetitionCount, petition).count = 7
    (found,) = reconcile(shared.desk)
    assert (found.log, found.rows, found.counter) == (2, 2, 7)
    assert reconcile(shared.desk) == []
    assert count_of(shared, petition) == 2


def test_a_closed_petition_can_still_be_left(shared: SigningUnderTest) -> None:
    petition = shared.published()
    key = shared.sign(petition)
    with writing(shared.desk.engine) as session:
        close_early(session, shared.petitions.lan, petition, shared.site.clock())
    with pytest.raises(NotSignable):
        shared.sign(petition)
    with writing(shared.desk.engine) as session:
        withdraw(shared.desk, session, key)
    assert count_of(shared, petition) == 0
    assert take_due_areas(shared.desk) >= 1

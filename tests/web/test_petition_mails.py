"""Jobs that write mails about petitions: one to each who asked, however often they run."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consultation.petitions.answering import answer
from consultation.petitions.keeping import keep_petitions
from consultation.petitions.mailing import NEWS, TELL_BODY, TELL_SIGNERS, signers_mails
from consultation.petitions.models import PetitionEvent
from consultation.petitions.subjects import Petitions
from consultation.petitions.types import What
from consultation.signing.telling import stop_mails
from mail.models import OutboxMail
from mail.outbox import TOO_LATE, Mail, MailState, queue_mail
from storage.models import StorageJob
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.killing import run_program
from tests.support.petitions import PetitionsUnderTest, petitions_under_test
from tests.support.signatures import Signatures
from web import petition_mails
from web.i18n import Text
from web.petition_mails import DUE, PetitionMails

LINES_AT_LEAST = 100
NOT_YET = 0.2
"""Seconds in which somebody who is not made to wait has long been done."""


@dataclass
class Mailing:
    """A petition with three signers who asked for mails and one who did not, one of the three at the same mailbox."""

    room: PetitionsUnderTest
    petition: str
    worker: Worker

    def work(self) -> None:
        while self.worker.run_once():
            pass

    def mails(self, kind: str) -> list[OutboxMail]:
        with reading(self.room.site.desk.engine) as session:
            found = list(session.scalars(select(OutboxMail).where(OutboxMail.kind == kind)))
            session.expunge_all()
            return found


@pytest.fixture
def mailing(either_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailing]:
    monkeypatch.setattr(petition_mails, "AT_ONCE", 2)
    with petitions_under_test(either_database_url, tmp_path) as room:
        petition, signatures = room.published(), Signatures(room.site)
        room.site.clock.wait(minutes=1)
        for name, mails in (("an", True), ("binh", True), ("chi", True), ("dung", False)):
            signatures.confirm(signatures.ask(petition, f"{name}@example.org", mails=mails))
        desk = room.site.desk
        writer = PetitionMails(desk, Text("Ward", "Phường"), "024 0000 0123", "Asia/Ho_Chi_Minh")
        yield Mailing(room, petition, Worker(desk.engine, writer.handlers(), desk.clock))


def test_each_who_asked_gets_one_mail_for_an_answer(mailing: Mailing) -> None:
    room, petition, engine = mailing.room, mailing.petition, mailing.room.site.desk.engine
    mailing.work()
    (due,) = mailing.mails(DUE)
    assert due.recipient == "ward@example.org"
    with writing(engine) as session:
        number = answer(session, room.official, petition, room.saying(session, petition))
    mailing.work()
    assert {mail.recipient for mail in mailing.mails(NEWS)} == {
        f"{name}@example.org" for name in ("an", "binh", "chi")
    }
    assert all(f"/petitions/{petition}" in (mail.text or "") for mail in mailing.mails(NEWS))
    with writing(engine) as session:
        # As after a restore of an older job: everything is asked for again under other keys.
        session.query(StorageJob).delete()
        signers_mails(session, number, room.site.clock())
    mailing.work()
    assert len(mailing.mails(NEWS)) == 3


def test_whoever_stops_the_mails_while_one_is_written_is_forgotten_with_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with petitions_under_test(database_url, tmp_path) as room, ThreadPoolExecutor(1) as pool:
        petition, signatures, desk = room.published(), Signatures(room.site), room.site.desk
        room.site.clock.wait(minutes=1)
        key = signatures.confirm(signatures.ask(petition, "an@example.org", mails=True))
        writer = PetitionMails(desk, Text("Ward", "Phường"), "024 0000 0123", "Asia/Ho_Chi_Minh")
        mailing = Mailing(room, petition, Worker(desk.engine, writer.handlers(), desk.clock))
        pressed: list[Future[None]] = []

        def stop() -> None:
            with writing(desk.engine) as session:
                stop_mails(session, key)

        def queue_later(session: Session, mail: Mail, *, key: str, now: datetime) -> int:
            """The address is known, the mail is not there yet: now its owner presses."""
            pressed.append(pool.submit(stop))
            wait(pressed, NOT_YET)
            return queue_mail(session, mail, key=key, now=now)

        with writing(desk.engine) as session:
            answer(session, room.official, petition, room.saying(session, petition))
        with monkeypatch.context() as slow:
            slow.setattr(petition_mails, "queue_mail", queue_later)
            mailing.work()
        (press,) = pressed
        press.result()
        assert not [mail for mail in mailing.mails(NEWS) if mail.recipient or mail.text]


@pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.slow)])
def test_whoever_tells_them_is_killed_and_each_is_told_once(tmp_path: Path, step: int) -> None:
    seen = run_program("tests.web.kill_telling", str(tmp_path), str(step))
    assert seen == ["1 1 True"] * (len(seen) - 1) + ["1 1 False"]
    assert len(seen) * step > LINES_AT_LEAST


def test_a_mailbox_that_takes_no_mails_is_left_alone(mailing: Mailing) -> None:
    room, petition, engine = mailing.room, mailing.petition, mailing.room.site.desk.engine

    def answered(state: MailState, reason: str) -> set[str | None]:
        """Who was told of one more answer; all mails to An end like this."""
        with writing(engine) as session:
            number = answer(session, room.official, petition, room.saying(session, petition))
        mailing.work()
        mails = [mail for mail in mailing.mails(NEWS) if mail.key.startswith(f"{NEWS} {number} ")]
        with writing(engine) as session:
            ours = (OutboxMail.kind == NEWS) & (OutboxMail.recipient == "an@example.org")
            session.execute(update(OutboxMail).where(ours).values(state=state.value, reason=reason))
        return {mail.recipient for mail in mails}

    everybody = {f"{name}@example.org" for name in ("an", "binh", "chi")}
    assert answered(MailState.BOUNCED, "5.1.1 no such mailbox") == everybody
    assert answered(MailState.REFUSED, TOO_LATE) == everybody  # once may be a fault
    assert (
        answered(MailState.BOUNCED, "5.1.1 no such mailbox") == everybody
    )  # our own fault is none of theirs
    assert answered(MailState.BOUNCED, "5.1.1 no such mailbox") == everybody - {"an@example.org"}


def test_closing_is_told_once_and_nothing_of_what_is_hidden(mailing: Mailing) -> None:
    room, engine = mailing.room, mailing.room.site.desk.engine
    mailing.work()
    with writing(engine) as session:
        Petitions().set_hidden(session, mailing.petition, entry=1)
    room.site.clock.wait(days=180)
    assert keep_petitions(room.site.desk) == 1
    mailing.work()
    assert not mailing.mails(NEWS)
    with writing(engine) as session:
        Petitions().set_hidden(session, mailing.petition, entry=None)
        session.query(StorageJob).filter(StorageJob.kind.in_((TELL_SIGNERS, TELL_BODY))).delete()
        closed = select(PetitionEvent.id).where(PetitionEvent.what == What.CLOSED.value)
        signers_mails(session, session.scalars(closed).one(), room.site.clock())
    mailing.work()
    assert len(mailing.mails(NEWS)) == 3
    assert all((mail.subject or "").startswith("Closed:") for mail in mailing.mails(NEWS))

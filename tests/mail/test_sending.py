"""From the outbox to a real mail server: what arrives, what is tried again, what is not."""

import threading
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mail.errors import NoSuchMail, NotResendable, TextGone, UnusableAddress
from mail.message import Letter
from mail.models import OutboxMail
from mail.outbox import (
    ADDRESS_KEPT,
    SEND,
    TEXT_KEPT,
    Attachment,
    MailState,
    delivery,
    forget,
    overview,
    queue_mail,
    resend,
    states,
)
from mail.sending import GIVEN_UP_AFTER, TROUBLE_PAUSE, handlers, next_place, send_due
from mail.server import MailServer
from mail.smtp import Handed, hand_over
from storage.errors import LeaseLost
from storage.jobs import LEASE, JobState, claim, dead
from storage.models import StorageJob
from storage.session import reading, writing
from tests.mail.outbox_hands import Outbox, make_mail
from tests.support.mail_servers import SENDER, Post, free_port


def test_what_arrives_is_what_was_queued(outbox: Outbox, post: Post) -> None:
    pdf = Attachment("receipt.pdf", "application/pdf", bytes(range(256)) * 40)
    outbox.queue(attachment=pdf)
    assert outbox.send(post.server()) == 1
    [taken] = post.taken
    message = taken.message
    assert (taken.sender, taken.recipients) == (SENDER, ("lan@example.org",))
    assert message["Subject"] == make_mail().subject
    assert message["From"].addresses[0].display_name == "Phường Đồng Sen"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["To"] == "lan@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == outbox.now
    row = outbox.row()
    assert message["Message-ID"] == f"<{row.token}.1@example.org>"
    body = message.get_body()
    assert body is not None
    assert body["Content-Language"] == "vi"
    assert (
        body.get_content().replace("\r\n", "\n") == make_mail().text
    )  # dots at the beginning of lines as well
    [file] = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "receipt.pdf",
        "application/pdf",
        pdf.data,
    )
    assert max(len(line) for line in taken.data.split(b"\r\n")) <= 998
    assert taken.data.isascii()
    assert (row.state, row.reason, row.attempts) == (MailState.SENT, None, 1)
    assert outbox.send(post.server()) == 0


def test_a_key_is_one_mail(outbox: Outbox, post: Post) -> None:
    first = outbox.queue("notice")
    assert outbox.queue("notice", subject="Other words") == first
    outbox.send(post.server())
    assert outbox.queue("notice") == first
    outbox.send(post.server())
    assert len(post.taken) == 1


def test_a_mail_of_a_deed_that_failed_is_not_sent(outbox: Outbox, post: Post) -> None:
    def deed() -> None:
        with writing(outbox.engine) as session:
            queue_mail(session, make_mail(), key="one", now=outbox.now)
            raise RuntimeError("the deed failed")

    with pytest.raises(RuntimeError, match="the deed failed"):
        deed()
    assert outbox.send(post.server()) == 0
    assert post.connections == 0


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_refusal_for_good_is_not_tried_again(outbox: Outbox, post: Post, step: str) -> None:
    setattr(post.how, step, "550 5.1.1 <lan@example.org>: no such person here")
    outbox.queue()
    outbox.send(post.server())
    row = outbox.row()
    assert (row.state, row.reason) == (MailState.REFUSED, "550 5.1.1 <(address)>: no such person here")
    outbox.later(days=3)
    assert outbox.send(post.server()) == 0
    assert len(post.tried) == 1


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_temporary_refusal_is_tried_again_later_and_concerns_nobody_else(
    outbox: Outbox, post: Post, step: str
) -> None:
    setattr(post.how, step, "451 4.7.1 Greylisted, come back")
    outbox.queue("one")
    outbox.send(post.server())
    row = outbox.row()
    assert (row.state, row.reason, row.attempts) == (MailState.QUEUED, "451 4.7.1 Greylisted, come back", 1)
    setattr(post.how, step, None)
    outbox.queue("two", to="minh@example.org")
    outbox.send(post.server())
    assert [taken.recipients for taken in post.taken] == [("minh@example.org",)]
    outbox.later(hours=1)
    outbox.send(post.server())
    assert [outbox.state(1), outbox.state(2)] == [MailState.SENT, MailState.SENT]
    assert post.ids()[1] == f"<{row.token}.1@example.org>"  # the same Message-ID at every attempt


def test_after_days_of_temporary_refusals_it_is_given_up(outbox: Outbox, post: Post) -> None:
    post.how.rcpt = "452 4.2.2 Mailbox full"
    outbox.queue()
    begun = outbox.now
    while outbox.state() is MailState.QUEUED:
        outbox.send(post.server())
        outbox.later(minutes=30)
    assert GIVEN_UP_AFTER < outbox.now - begun < GIVEN_UP_AFTER + timedelta(hours=3)
    assert outbox.row().reason == "Given up after 2 days. 452 4.2.2 Mailbox full"
    assert outbox.state() is MailState.REFUSED
    assert 24 < len(post.tried) < 60
    with reading(outbox.engine) as session:
        assert dead(session) == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("550 5.7.1 Sender not allowed", "550 5.7.1 Sender not allowed"),
        ("421 4.3.2 Going down", "421 4.3.2 Going down"),
    ],
)
def test_trouble_with_the_server_lets_all_mails_wait_and_gives_none_up(
    outbox: Outbox, post: Post, answer: str, reason: str
) -> None:
    post.how.mail = answer
    for number in range(5):
        outbox.queue(str(number))
    outbox.queue("urgent", urgent=True)
    outbox.send(post.server())
    assert post.connections == 1
    assert outbox.row(6).reason == reason
    assert {outbox.state(number) for number in range(1, 7)} == {MailState.QUEUED}
    post.how.mail = None
    outbox.later(seconds=TROUBLE_PAUSE.total_seconds())
    outbox.send(post.server())
    assert {outbox.state(number) for number in range(1, 7)} == {MailState.SENT}
    assert len(post.taken) == 6


def test_no_server_at_all_is_waited_for(outbox: Outbox, post: Post) -> None:
    away = Post(free_port()).server()
    outbox.queue()
    outbox.send(away)
    assert outbox.state() is MailState.QUEUED
    assert outbox.row().reason == "The mail server cannot be reached (ConnectionRefusedError)."
    outbox.later(minutes=1)
    outbox.send(post.server())
    assert outbox.state() is MailState.SENT


@pytest.mark.parametrize("step", ["mail", "rcpt"])
def test_a_connection_that_ends_before_the_dot_is_tried_again(outbox: Outbox, post: Post, step: str) -> None:
    post.how.hang_up = step
    outbox.queue()
    outbox.send(post.server())
    assert outbox.state() is MailState.QUEUED
    post.how.hang_up = None
    outbox.later(hours=1)
    outbox.send(post.server())
    assert outbox.state() is MailState.SENT
    assert len(post.taken) == 1


@pytest.mark.parametrize(("step", "arrived"), [("before-answer", 0), ("after-accepting", 1)])
def test_a_connection_that_ends_after_the_dot_leaves_it_unknown(
    outbox: Outbox, post: Post, step: str, arrived: int
) -> None:
    """From here the two cases look the same, so the mail is not sent again until a person says so."""
    post.how.hang_up = step
    outbox.queue()
    outbox.send(post.server())
    assert outbox.state() is MailState.UNKNOWN
    post.how.hang_up = None
    outbox.later(days=1)
    assert outbox.send(post.server()) == 0
    assert len(post.taken) == arrived
    with writing(outbox.engine) as session:
        resend(session, 1, now=outbox.now)
    outbox.send(post.server())
    assert outbox.state() is MailState.SENT
    assert len(post.taken) == arrived + 1
    assert len(set(post.ids())) == arrived + 1  # another Message-ID, so that no relay drops it as a copy


def test_a_server_that_is_silent_after_the_dot(
    outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mail.smtp.WHOLE_SECONDS", 0.5)
    post.how.pause_seconds = 1.5
    outbox.queue()
    outbox.send(post.server())
    assert outbox.state() is MailState.UNKNOWN


def test_resending(outbox: Outbox, post: Post) -> None:
    number = outbox.queue()
    with writing(outbox.engine) as session, pytest.raises(NotResendable):
        resend(session, number, now=outbox.now)
    outbox.send(post.server())
    with writing(outbox.engine) as session:
        with pytest.raises(NoSuchMail):
            resend(session, 77, now=outbox.now)
        with pytest.raises(UnusableAddress):
            resend(session, number, now=outbox.now, to="nowhere")
        resend(session, number, now=outbox.now, to="lan@example.net")
    with writing(outbox.engine) as session, pytest.raises(NotResendable):  # pressed twice
        resend(session, number, now=outbox.now)
    outbox.send(post.server())
    assert [taken.recipients for taken in post.taken] == [("lan@example.org",), ("lan@example.net",)]
    with reading(outbox.engine) as session:
        shown = delivery(session, "one")
    assert shown is not None
    assert (shown.sendings, shown.state, shown.to) == (2, MailState.SENT, "lan@example.net")


def test_a_secret_text_is_gone_with_its_outcome(outbox: Outbox, post: Post) -> None:
    outbox.queue("kept")
    outbox.queue("secret", secret=True, text="https://vote.example.org/sign-in/0123456789\n")
    outbox.send(post.server())
    assert outbox.row(1).text is not None
    row = outbox.row(2)
    assert (row.state, row.text, row.subject) == (MailState.SENT, None, None)
    with writing(outbox.engine) as session, pytest.raises(TextGone):
        resend(session, 2, now=outbox.now)
    with reading(outbox.engine) as session:
        [first, second] = states(session, "cast-notice", "election").rows
    assert (first.resendable, second.resendable) == (True, False)


def test_a_mail_that_would_come_too_late_is_not_sent(outbox: Outbox, post: Post) -> None:
    expires = outbox.now + timedelta(minutes=15)
    outbox.queue("early", expires_at=expires)
    outbox.send(post.server())
    outbox.queue("late", expires_at=expires, secret=True)
    outbox.later(minutes=15)
    outbox.send(post.server())
    assert [outbox.state(1), outbox.state(2)] == [MailState.SENT, MailState.REFUSED]
    assert outbox.row(2).text is None
    assert len(post.taken) == 1


def test_texts_and_addresses_are_deleted_and_states_stay(outbox: Outbox, post: Post) -> None:
    outbox.queue("sent")
    outbox.send(post.server())
    outbox.queue("never", expires_at=outbox.now + timedelta(hours=1), secret=True)  # nobody sends this one

    def tidy() -> int:
        with writing(outbox.engine) as session:
            return forget(session, outbox.now)

    assert tidy() == 0
    outbox.later(seconds=TEXT_KEPT.total_seconds() + 1)
    assert tidy() > 0
    sent, never = outbox.row(1), outbox.row(2)
    assert (sent.text, sent.subject, sent.recipient, sent.state) == (None, None, "lan@example.org", "sent")
    assert (never.text, never.state) == (None, "refused")
    outbox.later(seconds=ADDRESS_KEPT.total_seconds() + 1)
    assert tidy() > 0
    assert tidy() == 0
    assert [outbox.row(number).recipient for number in (1, 2)] == [None, None]
    with reading(outbox.engine) as session:
        shown = states(session, "cast-notice", "election")
        assert [(row.key, row.to, row.resendable) for row in shown.rows] == [
            ("never", None, False),
            ("sent", None, False),
        ]
        assert overview(session)[0].counts[MailState.SENT] == 1
    assert outbox.queue("sent") == 1  # the key is remembered, so nothing goes twice
    assert outbox.send(post.server()) == 1  # the job of the mail that nobody sent, which finds it settled
    assert len(post.taken) == 1


def test_a_mail_whose_job_died_in_the_middle_does_not_stay_on_its_way(outbox: Outbox) -> None:
    number = outbox.queue(secret=True)
    with writing(outbox.engine) as session:
        session.execute(update(OutboxMail).values(state=MailState.SENDING))
        session.execute(update(StorageJob).values(state=JobState.DEAD))
        assert forget(session, outbox.now + timedelta(hours=23)) == 0
        assert forget(session, outbox.now + timedelta(hours=25)) > 0
    row = outbox.row(number)
    assert (row.state, row.text) == (MailState.UNKNOWN, None)


def test_delivery_states_are_counted_and_paged(outbox: Outbox, post: Post) -> None:
    for number in range(5):
        outbox.queue(f"voter-{number}")
    outbox.queue("other", kind="reminder")
    outbox.queue("elsewhere", subject_key="other-election")
    outbox.send(post.server())
    post.how.rcpt = "550 No"
    outbox.queue("refused")
    outbox.send(post.server())
    with reading(outbox.engine) as session:
        everything = states(session, "cast-notice", "election")
        first = states(session, "cast-notice", "election", limit=2)
        second = states(session, "cast-notice", "election", limit=2, offset=2)
        refused = states(session, "cast-notice", "election", state=MailState.REFUSED)
        assert delivery(session, "nobody") is None
    assert everything.counts == dict.fromkeys(MailState, 0) | {MailState.SENT: 5, MailState.REFUSED: 1}
    assert [row.key for row in everything.rows][:2] == [
        "refused",
        "voter-0",
    ]  # what needs a person comes first
    assert [row.key for row in (*first.rows, *second.rows)] == [row.key for row in everything.rows[:4]]
    assert [row.key for row in refused.rows] == ["refused"]
    assert refused.counts == everything.counts
    assert "lan@example.org" not in repr(everything)


def test_the_rate_holds_in_every_minute_for_all_workers_together(outbox: Outbox, post: Post) -> None:
    """30 mails, 10 a minute: two workers take turns, and no window of 60 seconds sees more than ten."""
    for number in range(30):
        outbox.queue(str(number), urgent=number % 2 == 0)
    server = post.server(per_minute=10)
    workers = [outbox.worker(server) for _ in range(2)]
    times = []
    for _ in range(150):
        for worker in workers:
            before = len(post.taken)
            worker.run_once()
            times += [outbox.now] * (len(post.taken) - before)
        outbox.later(seconds=2)
    assert len(times) == 30
    for moment in times:
        assert sum(moment - timedelta(minutes=1) < other <= moment for other in times) <= 10


def test_an_urgent_mail_overtakes_thousands(outbox: Outbox, post: Post) -> None:
    for number in range(60):
        outbox.queue(str(number))
    server = post.server(per_minute=20)
    for _ in range(60):
        outbox.send(server)
        outbox.later(seconds=2)
    assert len(post.taken) == 32  # in two minutes; a batch leaves a fifth of each free
    outbox.send(server)
    outbox.queue("link", urgent=True, to="linh@example.org")
    outbox.send(server)
    assert post.taken[-1].recipients == ("linh@example.org",)


def test_places_in_the_minute(outbox: Outbox) -> None:
    for number in range(10):
        outbox.queue(str(number))
    with writing(outbox.engine) as session:
        for number, row in enumerate(session.scalars(select(OutboxMail))):
            row.attempted_at = outbox.now - timedelta(seconds=number)
    with writing(outbox.engine) as session:
        assert next_place(session, 10, True, outbox.now) == outbox.now + timedelta(seconds=51)
        assert next_place(session, 11, True, outbox.now) == outbox.now
        assert next_place(session, 11, False, outbox.now) > outbox.now


def test_two_workers_that_race_send_every_mail_once(outbox: Outbox, post: Post) -> None:
    for number in range(12):
        outbox.queue(str(number), to=f"voter-{number}@example.org")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            outbox.send(post.server())
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.send(post.server())
    assert failures == []
    assert sorted(taken.recipients[0] for taken in post.taken) == sorted(
        f"voter-{number}@example.org" for number in range(12)
    )


def test_a_worker_that_slept_before_the_dot_sends_nothing(
    outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ran out during the conversation; by now another worker may send the mail."""
    outbox.queue()
    server = post.server()

    def slow(server: MailServer, letter: Letter, now: datetime) -> AbstractContextManager[Handed]:
        outbox.later(seconds=LEASE.total_seconds())
        return hand_over(server, letter, now)

    monkeypatch.setattr("mail.sending.hand_over", slow)
    with writing(outbox.engine) as session:
        job = claim(session, [SEND], outbox.clock)
    assert job is not None
    with pytest.raises(LeaseLost):
        handlers(outbox.engine, server)[SEND](job)
    assert (post.tried, post.taken) == (["lan@example.org"], [])
    assert outbox.state() is MailState.QUEUED
    monkeypatch.undo()
    assert outbox.send(server) == 1
    assert len(post.taken) == 1


def test_a_worker_that_slept_after_the_dot_still_tells_the_truth(outbox: Outbox, post: Post) -> None:
    """Meanwhile another one called the mail unknown; the answer that the first one heard is better."""
    outbox.queue(secret=True)
    server = post.server()
    first = outbox.worker(server)
    thread = threading.Thread(target=first.run_once)
    post.how.pause_seconds = 1.0
    thread.start()
    while outbox.state() is not MailState.SENDING:
        time.sleep(0.01)
    outbox.later(seconds=LEASE.total_seconds())
    assert outbox.send(server) == 1
    assert outbox.state() is MailState.UNKNOWN
    thread.join()
    assert outbox.state() is MailState.SENT
    assert len(post.taken) == 1
    outbox.later(days=1)
    assert outbox.send(server) == 0


def test_sending_as_a_program_of_its_own(outbox: Outbox, post: Post) -> None:
    for number in range(5):
        outbox.queue(str(number))
    assert send_due(outbox.engine, post.server(), outbox.clock, threading.Event())
    assert len(post.taken) == 5
    post.how.rcpt = "450 Later"
    outbox.queue("later")
    assert not send_due(
        outbox.engine, post.server(), lambda: datetime.now(UTC), threading.Event(), timedelta(seconds=0.5)
    )
    stop = threading.Event()
    stop.set()
    assert not send_due(outbox.engine, post.server(), outbox.clock, stop)


def test_a_program_of_its_own_does_not_wait_for_ever(
    outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts are no progress: the mail server refuses us again and again, and the program ends."""
    monkeypatch.setattr("mail.sending.TROUBLE_PAUSE", timedelta(seconds=0.05))
    post.how.mail = "550 5.7.1 Not you"
    outbox.now = datetime.now(UTC)
    outbox.queue()
    begun = time.monotonic()
    assert not send_due(
        outbox.engine, post.server(), lambda: datetime.now(UTC), threading.Event(), timedelta(seconds=1)
    )
    assert time.monotonic() - begun < 10
    assert post.connections > 1
    assert outbox.state() is MailState.QUEUED

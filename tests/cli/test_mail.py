"""`psephos mail` and `psephos worker`: commands, and workers of which one is killed and another started."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from mail.models import OutboxMail
from mail.outbox import SEND, SEND_URGENT, Mail, MailState, delivery, queue_mail
from storage.engine import make_engine
from storage.jobs import FAILURES_MAX, enqueue
from storage.models import StorageJob
from storage.session import reading, writing
from tests.cli.desk import PSEPHOS, START_SECONDS, Ended, clean_environment, free_port, run_here
from tests.mail.test_bounces import postfix
from tests.support.databases import make_tables
from tests.support.mail_servers import Post, mail_server

DONE, UNUSABLE = 0, 2


@dataclass
class Place:
    """A folder with a database, and a mail server to send to. port: of the mail server."""

    folder: Path
    engine: Engine
    port: int

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PSEPHOS_DATABASE_URL": f"sqlite:///{self.folder / 'psephos.db'}",
            "PSEPHOS_SECRETS": str(self.folder / "secrets"),
            "PSEPHOS_SMTP_URL": f"smtp+plain://127.0.0.1:{self.port}",
            "PSEPHOS_MAIL_FROM": "Phường Đồng Sen <vote@example.org>",
            "PSEPHOS_MAIL_PER_MINUTE": "6000",
        }

    def run(self, *arguments: str, stdin: bytes = b"", **settings: str) -> Ended:
        ended = run_here(arguments, self.folder, {**self.settings, **settings}, stdin)
        assert "Traceback" not in ended.err
        return ended

    def queue(self, key: str) -> None:
        with writing(self.engine) as session:
            mail = Mail(f"{key}@example.org", "vi", "Chào", "Xin chào\n", "letter", "election")
            queue_mail(session, mail, key=key, now=datetime.now(UTC))

    def state(self, key: str) -> MailState | None:
        with reading(self.engine) as session:
            found = delivery(session, key)
        return None if found is None else found.state

    def wait_for(self, key: str, state: MailState) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.state(key) is not state:
            assert time.monotonic() < deadline, self.state(key)
            time.sleep(0.05)


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, post: Post) -> Iterator[Place]:
    engine = make_engine(f"sqlite:///{tmp_path / 'psephos.db'}")
    make_tables(engine)
    yield Place(tmp_path, engine, post.port)
    engine.dispose()


@contextmanager
def working(place: Place) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*PSEPHOS, "worker"],
        cwd=place.folder,
        env=clean_environment(**place.settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_test_mail(place: Place, post: Post) -> None:
    ended = place.run("mail", "test", "hoa@example.org")
    assert (ended.code, ended.err) == (DONE, "")
    assert ended.out.startswith("127.0.0.1 accepted the mail.")
    [taken] = post.taken
    assert taken.recipients == ("hoa@example.org",)
    post.how.rcpt = "550 5.1.1 <hoa@example.org> is not here"
    refused = place.run("mail", "test", "hoa@example.org")
    assert refused.code == UNUSABLE
    assert f"Error: 127.0.0.1, port {post.port}: 550 5.1.1 <(address)> is not here" in refused.err
    assert "This is not an e-mail address." in place.run("mail", "test", "hoa").err
    none = place.run("mail", "test", "hoa@example.org", PSEPHOS_SMTP_URL="none")
    assert (none.code, "This site sends no mail." in none.err) == (UNUSABLE, True)
    away = place.run(
        "mail", "test", "hoa@example.org", PSEPHOS_SMTP_URL=f"smtp+plain://localhost:{free_port()}"
    )
    assert "The mail server cannot be reached" in away.err


def test_a_worker_sends_is_killed_sends_on_and_ends_when_told(place: Place, post: Post) -> None:
    post.how.pause_seconds = 1.0
    place.queue("one")
    with working(place) as process:
        place.wait_for("one", MailState.SENDING)
        process.kill()
    post.how.pause_seconds = 0.0
    assert place.state("one") is MailState.SENDING
    place.queue("two")
    with working(place) as process:
        place.wait_for("two", MailState.SENT)
        assert place.state("one") is MailState.SENDING  # its lease is not over yet
        with writing(place.engine) as session:
            # Of the mails alone: the worker's own duties would lose theirs in the middle of a deed.
            mails = update(StorageJob).where(StorageJob.kind.in_((SEND, SEND_URGENT)))
            session.execute(mails.values(lease_until=datetime(2026, 1, 1, tzinfo=UTC)))
        place.wait_for("one", MailState.UNKNOWN)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, out, err) == (DONE, "Working. Ctrl-C ends it.\n", "")
    assert sorted(taken.recipients[0] for taken in post.taken) in (
        ["one@example.org", "two@example.org"],
        ["two@example.org"],
    )
    shown = place.run("mail", "state")
    counts, troubled = shown.out.splitlines()
    assert counts == "letter  election  1 sent, 1 unknown"
    assert re.fullmatch(
        r"1  one  unknown  \d{4}-\d\d-\d\d \d\d:\d\d UTC  The program ended while .*", troubled
    )
    assert "@" not in shown.out
    assert "There is no such mail" in place.run("mail", "resend", "99").err
    assert place.run("mail", "resend", "1", "--to", "other@example.org").code == DONE
    with working(place):
        place.wait_for("one", MailState.SENT)
    assert post.taken[-1].recipients == ("other@example.org",)


def test_bounces_come_by_pipe_by_file_and_by_maildir(place: Place) -> None:
    labels = []
    for key in ("pipe", "file", "maildir"):
        place.queue(key)
    with writing(place.engine) as session:
        session.execute(update(OutboxMail).values(state=MailState.SENT))
    with reading(place.engine) as session:
        labels = [f"{row.token}.1" for row in session.query(OutboxMail).order_by(OutboxMail.id)]
    heard = place.run("mail", "bounces", stdin=postfix(labels[0]))
    assert heard.out.startswith("1 bounced, 0 arrived after all, 0 nothing new, 0 about no mail of ours")
    mailbox = place.folder / "mbox"
    mailbox.write_bytes(b"From a\n" + postfix(labels[1]) + b"\nFrom b\n" + b"Subject: holiday\n\nAway.\n")
    heard = place.run("mail", "bounces", "mbox")
    assert heard.out.startswith("1 bounced")
    assert heard.out.endswith("1 no delivery reports.\n")
    for folder in ("new", "cur", "tmp"):
        (place.folder / "Maildir" / folder).mkdir(parents=True)
    (place.folder / "Maildir" / "new" / "1").write_bytes(postfix(labels[2]))
    assert place.run("mail", "bounces", "Maildir").out.startswith("1 bounced")
    assert place.run("mail", "bounces", "Maildir").out.startswith("0 bounced")
    assert {place.state(key) for key in ("pipe", "file", "maildir")} == {MailState.BOUNCED}
    assert "nowhere cannot be read" in place.run("mail", "bounces", "nowhere").err


def test_dead_jobs_are_shown_and_tried_again(place: Place) -> None:
    assert place.run("worker", "state").out == "0 waiting, 0 dead.\n"
    with writing(place.engine) as session:
        number = enqueue(session, "note", {}, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert "Nobody works: a job has been due since 2026-01-01 00:00 UTC." in place.run("worker", "state").out
    with writing(place.engine) as session:
        session.execute(
            update(StorageJob).values(
                state="dead", failures=FAILURES_MAX, reason="KeyError at x.py:1", ended_at=datetime.now(UTC)
            )
        )
    shown = place.run("worker", "state").out
    assert shown.startswith("0 waiting, 1 dead.\n")
    assert f"{number}  note" in shown
    assert f"{FAILURES_MAX} failures: KeyError at x.py:1" in shown
    assert place.run("worker", "retry", str(number)).code == DONE
    again = place.run("worker", "retry", str(number))
    assert (again.code, "No dead job has this number." in again.err) == (UNUSABLE, True)

"""The work in the server's own process: done, started again when it dies, and ended in order."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mail.outbox import Mail, MailState, delivery, queue_mail
from storage.engine import make_engine
from storage.jobs import Handler, Job, enqueue
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.databases import make_tables
from tests.support.mail_servers import mail_server
from web.background import Standing, background
from web.serving import application
from web.settings import read_settings

SECONDS = 15


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'psephos.sqlite'}")
    make_tables(engine)
    yield engine
    engine.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def put(engine: Engine, kind: str = "note") -> None:
    with writing(engine) as session:
        enqueue(session, kind, {}, now=now())


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def worker(engine: Engine, handler: Handler) -> Worker:
    return Worker(engine, {"note": handler}, now)


def test_jobs_are_done_in_the_background_of_the_block(engine: Engine) -> None:
    done, before = threading.Event(), set(threading.enumerate())
    put(engine)
    with background([worker(engine, lambda _: done.set())]) as standing:
        assert done.wait(SECONDS)
        assert standing() is Standing.WORKING
    assert standing() is Standing.STOPPED
    assert not [thread for thread in threading.enumerate() if thread not in before]
    with background([]) as standing:
        assert standing() is Standing.STOPPED


class Death(BaseException):
    """What no handler is guarded against: as SystemExit of a library."""


def test_a_worker_that_dies_is_noticed_and_said_and_starts_again(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    died, done = threading.Event(), threading.Event()

    def handler(job: Job) -> None:
        if not died.is_set():
            died.set()
            raise Death("ann@example.org")
        done.set()

    put(engine)
    with caplog.at_level(logging.CRITICAL), background([worker(engine, handler)]) as standing:
        assert died.wait(SECONDS)
        wait_for(lambda: standing() is Standing.DEAD)
        wait_for(lambda: standing() is Standing.WORKING)
        put(engine)
        assert done.wait(SECONDS)
    assert "The background work ended by itself (Death). It starts again." in caplog.messages
    assert "ann" not in caplog.text


def test_a_worker_that_hangs_is_noticed_and_the_other_goes_on(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.background.STUCK_SECONDS", 2.0)
    monkeypatch.setattr("web.background.WATCH_SECONDS", 0.1)
    free, other_done = threading.Event(), threading.Event()
    put(engine)
    put(engine, "other")

    def hang(_: Job) -> None:
        free.wait(SECONDS)

    hanging = worker(engine, hang)
    other = Worker(engine, {"other": lambda _: other_done.set()}, now)
    with caplog.at_level(logging.CRITICAL), background([hanging, other]) as standing:
        assert other_done.wait(SECONDS)
        wait_for(lambda: standing() is Standing.STUCK)
        wait_for(lambda: bool(caplog.messages))
        free.set()
        time.sleep(0.5)
    assert caplog.messages == ["One job has been going on for ten minutes. Restart the server."]


def test_a_long_job_that_renews_its_lease_does_not_hang(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key ceremony of a trial run must not take the server from the voters of a real vote."""
    monkeypatch.setattr("web.background.STUCK_SECONDS", 1.0)
    seen: list[Standing] = []
    begun, done = threading.Event(), threading.Event()

    def long(job: Job) -> None:
        begun.wait(SECONDS)
        for _ in range(10):
            time.sleep(0.3)
            with writing(engine) as session:
                job.renew(session)
            seen.append(standing())
        done.set()

    put(engine)
    with background([worker(engine, long)]) as standing:
        begun.set()
        assert done.wait(SECONDS)
    assert set(seen) == {Standing.WORKING}


def test_the_end_waits_for_the_job_under_way_but_not_for_ever(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, free = threading.Event(), threading.Event()

    def handler(job: Job) -> None:
        begun.set()
        free.wait(SECONDS)

    put(engine)
    with background([worker(engine, handler)]):
        assert begun.wait(SECONDS)
        threading.Timer(0.3, free.set).start()
    assert free.is_set()
    free.clear()
    begun.clear()
    monkeypatch.setattr("web.background.Background.close.__defaults__", (0.3,))
    put(engine)
    started = time.monotonic()
    with background([worker(engine, handler)]):
        assert begun.wait(SECONDS)
    assert time.monotonic() - started < SECONDS / 2
    free.set()


def test_the_server_sends_what_its_pages_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: settings, application, outbox, thread, a mail server; and nothing is left running."""
    monkeypatch.chdir(tmp_path)
    with mail_server() as post:
        settings = replace(
            read_settings({"PSEPHOS_DATABASE_URL": f"sqlite:///{tmp_path / 'psephos.db'}"}),
            mail_server=post.server(),
        )
        with application(settings, casting_workers=1) as app:
            engine = app.state.office.engine
            with writing(engine) as session:
                mail = Mail("lan@example.org", "vi", "Chào", "Xin chào\n", "letter", "site")
                queue_mail(session, mail, key="one", now=now())
            wait_for(lambda: state(engine) is MailState.SENT)
            assert app.state.background() is Standing.WORKING
        assert [taken.recipients for taken in post.taken] == [("lan@example.org",)]
        with application(settings, casting_workers=1, jobs=False) as app:
            assert app.state.background() is Standing.STOPPED


def state(engine: Engine) -> MailState | None:
    with reading(engine) as session:
        found = delivery(session, "one")
    return None if found is None else found.state

"""One server as several processes: all of them answer, whichever ends is started again, and none stays."""

import logging
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio import to_thread
from starlette.testclient import TestClient

from cli.serve import PROCESSES_MAX
from tests.cli.desk import free_port
from tests.support import descendants
from web import processes
from web.background import Standing
from web.casting_pool import CONNECTIONS as CASTING_CONNECTIONS
from web.processes import NoneLives, Processes, listening_sockets, several
from web.serving import BEAT_SECONDS, CONNECTIONS, COUNTING_CONNECTIONS, application, opened
from web.settings import Settings, read_settings
from web.threads import READERS, WRITERS

SECONDS = 60


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    port = free_port()
    return read_settings({"PSEPHOS_PORT": str(port), "PSEPHOS_BASE_URL": f"http://localhost:{port}"})


@pytest.fixture
def children() -> Callable[[], set[int]]:
    """Gives those that answer requests: others that were there before may be an earlier test's."""
    others = spawned()
    return lambda: spawned() - others


@contextmanager
def serving(settings: Settings) -> Iterator[Processes]:
    """Two of them, and nobody who looks after them."""
    with opened(settings), listening_sockets(settings, 2) as listening:
        made = Processes(settings, listening, 1)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def looked_after(settings: Settings) -> Iterator[None]:
    """Two of them, both there, and somebody who looks after them until the block ends."""
    stop = threading.Event()
    with several(settings, 2, 1) as look_after:
        looking = threading.Thread(target=look_after, args=(stop.is_set,))
        looking.start()
        try:
            wait_for(lambda: {readiness(settings) for _ in range(20)} == {200})
            yield
        finally:
            stop.set()
            looking.join()


def test_all_of_them_answer_and_know_of_the_background_work(
    settings: Settings, children: Callable[[], set[int]]
) -> None:
    with serving(settings) as made:
        wait_for(lambda: readiness(settings) == 200)
        made.tell(Standing.DEAD)
        time.sleep(2.5)  # each keeps its verdict for two seconds
        assert {readiness(settings) for _ in range(20)} == {503}
        made.tell(Standing.WORKING)
        time.sleep(2.5)
        assert {readiness(settings) for _ in range(20)} == {200}
        numbers = children()
        assert len(numbers) == 2
        used = {number: processor_ticks(number) for number in numbers}
        for _ in range(200):  # each over a connection of its own
            assert readiness(settings) == 200
        assert all(processor_ticks(number) > used[number] for number in numbers)
    assert not children()


def test_one_that_ends_by_itself_is_started_again(
    settings: Settings,
    children: Callable[[], set[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(processes, "PROVEN_SECONDS", 0)
    with looked_after(settings), caplog.at_level(logging.CRITICAL):
        before = children()
        os.kill(min(before), signal.SIGKILL)
        wait_for(lambda: len(children() - before) == 1)
        assert readiness(settings) == 200
    assert not children()
    assert [record.getMessage() for record in caplog.records] == [
        "A process that answers requests ended by itself (-9)."
    ]


@pytest.mark.thorough
def test_one_that_hangs_is_started_again(
    settings: Settings,
    children: Callable[[], set[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(processes, "PROVEN_SECONDS", 0)
    with looked_after(settings), caplog.at_level(logging.CRITICAL):
        before = children()
        os.kill(min(before), signal.SIGSTOP)
        monkeypatch.setattr(processes, "SILENT_SECONDS", 3 * BEAT_SECONDS)
        wait_for(lambda: children() - before and min(before) not in children())
        assert max(before) in children()
    assert "A process that answers requests hangs. It is ended." in caplog.messages


def test_those_that_end_at_once_are_not_started_for_ever(
    settings: Settings, children: Callable[[], set[int]]
) -> None:
    with several(settings, 2, 1) as look_after:
        os.kill(min(children()), signal.SIGKILL)
        with pytest.raises(NoneLives, match="right after its start"):
            look_after(lambda: False)
    assert not children()


def test_few_threads_answer(settings: Settings) -> None:
    with application(settings, 1, jobs=False) as app, TestClient(app) as client:
        assert client.portal is not None
        assert client.portal.call(lambda: to_thread.current_default_thread_limiter().total_tokens) == READERS


def test_the_processes_of_a_server_have_connections_enough() -> None:
    """PostgreSQL has a hundred, three of them its owner's. Background work and casting have some as well."""
    answering = PROCESSES_MAX * (CONNECTIONS + COUNTING_CONNECTIONS)
    casting = PROCESSES_MAX * (CASTING_CONNECTIONS + 1)
    assert answering + CONNECTIONS + casting <= 97
    assert CONNECTIONS > READERS + WRITERS  # who reads may read beside it


def spawned() -> set[int]:
    """Processes of this one that a new interpreter was started for."""
    found = descendants.children(os.getpid())
    return {number for number in found if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()}


def processor_ticks(number: int) -> int:
    state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return int(state[11]) + int(state[12])


def readiness(settings: Settings) -> int | None:
    """Status; None while nobody answers."""
    try:
        with urllib.request.urlopen(f"{settings.base_url}/readyz", timeout=SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)

"""Whatever fails in the middle of an append, the log is whole afterwards and goes on."""

import multiprocessing
import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, PoolProxiedConnection, event, text

from board.log import LogId, sign_checkpoint
from storage.engine import make_engine
from storage.errors import StorageFull
from storage.session import reading, writing
from tests.board.appender import die_before_committing
from tests.board.records import KEY, START, append_number, leaf_of, require_whole

BEFORE = [leaf_of(number) for number in range(5)]


class DiskFailed(Exception):
    """What the test throws."""


@pytest.fixture
def filled(engine: Engine, log_id: LogId) -> LogId:
    with writing(engine) as session:
        for number in range(5):
            append_number(session, log_id, number)
        sign_checkpoint(session, log_id, KEY, START)
    return log_id


def append_and_sign(engine: Engine, log_id: LogId, number: int) -> None:
    with writing(engine) as session:
        append_number(session, log_id, number)
        sign_checkpoint(session, log_id, KEY, START)


def statements_of_one_deed(engine: Engine, log_id: LogId) -> int:
    counted: list[object] = []
    listener = lambda *arguments: counted.append(arguments)  # noqa: E731  (removed by identity below)
    event.listen(engine, "before_cursor_execute", listener)
    append_and_sign(engine, log_id, 5)
    event.remove(engine, "before_cursor_execute", listener)
    return len(counted)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_a_fault_at_any_statement_stores_nothing(engine: Engine, filled: LogId, moment: str) -> None:
    count = statements_of_one_deed(engine, filled)  # also the control: without a fault it is stored
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5)]
    assert count >= 10
    for failing in range(count):
        remaining = iter(range(failing))

        def fail(*_: object, remaining: Iterator[int] = remaining) -> None:
            if next(remaining, None) is None:
                raise DiskFailed

        event.listen(engine, moment, fail)
        with pytest.raises(DiskFailed):
            append_and_sign(engine, filled, 6)
        event.remove(engine, moment, fail)
        assert require_whole(engine, filled) == [*BEFORE, leaf_of(5)]
    append_and_sign(engine, filled, 6)
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5), leaf_of(6)]


def test_a_commit_that_fails_stores_nothing(engine: Engine, filled: LogId) -> None:
    def fail(_: Connection) -> None:
        raise DiskFailed

    event.listen(engine, "commit", fail)
    with pytest.raises(DiskFailed):
        append_and_sign(engine, filled, 5)
    event.remove(engine, "commit", fail)
    assert require_whole(engine, filled) == BEFORE
    append_and_sign(engine, filled, 5)
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5)]


def test_a_commit_that_succeeds_without_saying_so_stores_everything(
    engine: Engine, filled: LogId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after COMMIT arrived: failed, as the caller sees it, yet stored, and stored once."""
    commit = engine.dialect.do_commit

    def commit_and_fail(connection: PoolProxiedConnection) -> None:
        commit(connection)
        raise DiskFailed

    with monkeypatch.context() as broken:
        broken.setattr(engine.dialect, "do_commit", commit_and_fail)
        with pytest.raises(DiskFailed):
            append_and_sign(engine, filled, 5)
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5)]
    append_and_sign(engine, filled, 6)
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5), leaf_of(6)]


def test_a_killed_process_stores_nothing(engine: Engine, database_url: str, filled: LogId) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=die_before_committing, args=(database_url, filled)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert require_whole(engine, filled) == BEFORE
    append_and_sign(engine, filled, 5)
    assert require_whole(engine, filled) == [*BEFORE, leaf_of(5)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_stores_nothing_half(engine: Engine, database_url: str, filled: LogId) -> None:
    """SQLite refuses to grow the file, at whichever page of whichever append that comes to."""
    full = make_engine(database_url)
    with reading(engine) as session:
        pages = session.scalar(text("PRAGMA page_count"))
    assert pages is not None

    @event.listens_for(full, "checkout")
    def limit(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 8}").close()  # type: ignore[attr-defined]

    stored = 5
    with pytest.raises(StorageFull):  # noqa: PT012
        for number in range(5, 1000):
            append_and_sign(full, filled, number)
            stored += 1
    full.dispose()
    assert 5 < stored < 1000
    assert require_whole(engine, filled) == [leaf_of(number) for number in range(stored)]
    append_and_sign(engine, filled, stored)
    assert require_whole(engine, filled) == [leaf_of(number) for number in range(stored + 1)]

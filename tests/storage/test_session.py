"""Engines and transactions keep the same promises on both databases."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, Executable, ForeignKey, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.base import Base
from storage.engine import make_engine
from storage.errors import DatabaseBusy, StorageFull, UnsupportedDatabase
from storage.migrate import migrate
from storage.session import reading, writing


class Tables(DeclarativeBase):
    """Tables of this test only, outside the product's metadata."""

    type_annotation_map = Base.type_annotation_map


class Shelf(Tables):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)


class Book(Tables):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf: Mapped[int] = mapped_column(ForeignKey(Shelf.id))
    lent_at: Mapped[datetime | None]


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url, lock_wait_seconds=1)
    with engine.begin() as connection:
        Tables.metadata.create_all(connection)
    yield engine
    engine.dispose()


def shelves(engine: Engine) -> list[int]:
    with reading(engine) as session:
        return list(session.scalars(select(Shelf.id).order_by(Shelf.id)))


def test_a_deed_is_stored_as_a_whole(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(insert(Shelf).values(id=1))
        session.execute(insert(Shelf).values(id=2))
    assert shelves(engine) == [1, 2]


def fail_after(engine: Engine, *statements: Executable) -> None:
    """A deed that does these things and then fails."""
    with writing(engine) as session:
        for statement in statements:
            session.execute(statement)
        raise RuntimeError("half way")


def test_a_failed_deed_leaves_no_trace(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        fail_after(engine, insert(Shelf).values(id=1), insert(Shelf).values(id=2))
    assert shelves(engine) == []


def test_tables_are_part_of_the_transaction(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        fail_after(engine, text("CREATE TABLE late (id INTEGER)"))
    with pytest.raises(DBAPIError), reading(engine) as session:
        session.execute(text("SELECT id FROM late"))


def test_a_reading_session_cannot_write(engine: Engine) -> None:
    with pytest.raises(DBAPIError), reading(engine) as session:
        session.execute(insert(Shelf).values(id=1))
    with writing(engine) as session:  # and does not leave its connection like that
        session.execute(insert(Shelf).values(id=2))
    assert shelves(engine) == [2]


def test_a_reading_session_sees_one_snapshot_and_holds_nobody_up(engine: Engine) -> None:
    with reading(engine) as session:
        assert session.scalars(select(Shelf.id)).all() == []
        with writing(engine) as other:
            other.execute(insert(Shelf).values(id=1))
        assert session.scalars(select(Shelf.id)).all() == []
    assert shelves(engine) == [1]


def test_what_a_writer_checked_holds_until_it_writes(engine: Engine) -> None:
    """Check, then act, in two threads: without the lock both would find no shelf and both would put one up."""
    both_ready = threading.Barrier(2)
    with writing(engine) as session:
        session.execute(insert(Shelf).values(id=100))

    def put_up_the_only_shelf(number: int) -> None:
        both_ready.wait()
        with writing(engine) as session:
            session.scalars(select(Shelf.id).where(Shelf.id == 100).with_for_update()).one()
            if not session.scalars(select(Shelf.id).where(Shelf.id < 100)).all():
                session.execute(insert(Shelf).values(id=number))

    threads = [threading.Thread(target=put_up_the_only_shelf, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelves(engine)) == 2


def test_waiting_too_long_is_an_error_with_a_sentence(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(insert(Shelf).values(id=1))
    with writing(engine) as session:
        session.scalars(select(Shelf).with_for_update()).all()
        with pytest.raises(DatabaseBusy, match="nothing was stored"), writing(engine) as other:
            other.scalars(select(Shelf).with_for_update()).all()


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(insert(Book).values(id=1, shelf=9, lent_at=None))


def test_times_come_back_in_utc(engine: Engine) -> None:
    hanoi = timezone(timedelta(hours=7))
    with writing(engine) as session:
        session.execute(insert(Shelf).values(id=1))
        session.execute(
            insert(Book).values(id=1, shelf=1, lent_at=datetime(2026, 11, 24, 6, 30, tzinfo=hanoi))
        )
        session.execute(insert(Book).values(id=2, shelf=1, lent_at=None))
    with reading(engine) as session:
        lent_at, never = session.scalars(select(Book.lent_at).order_by(Book.id)).all()
    assert lent_at == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert lent_at.utcoffset() == timedelta(0)
    assert never is None


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    naive = datetime(2026, 11, 24)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a zone"), writing(engine) as session:
        session.execute(insert(Book).values(id=1, shelf=1, lent_at=naive))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://user:s3cret@host/votes",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "postgresql://user:s3cret@host:port/votes",
    ],
)
def test_other_databases_are_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(UnsupportedDatabase) as refused:
        make_engine(url)
    assert "Use sqlite:///" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_plain_name_of_postgresql_means_our_driver(postgres_url: str) -> None:
    engine = make_engine(postgres_url.replace("postgresql+psycopg:", "postgresql:"))
    with reading(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_what_is_stored_is_not_in_the_text_of_a_fault(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    wanted = text("INSERT INTO no_such_table VALUES (:address)")
    with pytest.raises(DBAPIError) as fault, writing(engine) as session:
        session.execute(wanted, {"address": "hoa@example.org"})
    assert "no_such_table" in str(fault.value)
    assert "hoa@example.org" not in str(fault.value)
    engine.dispose()


def test_a_full_disk_is_said_and_leaves_nothing(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    migrate(engine)
    if engine.dialect.name == "sqlite":
        no_room = "PRAGMA max_page_count = 1"  # never below what is there already
        fill = "INSERT INTO web_rate VALUES (:key, 0, 0, 0, 0)"
    else:
        # No test can fill PostgreSQL's disk; its own error stands in, raised by the server.
        no_room = "SELECT 1"
        fill = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'no space left'; END $$"

    def deed() -> None:
        with writing(engine) as session:
            session.execute(text(no_room))
            session.execute(text("INSERT INTO web_rate VALUES ('first', 0, 0, 0, 0)"))
            for number in range(200):
                session.execute(text(fill), {"key": f"{number}{'x' * 4000}"} if ":key" in fill else {})

    with pytest.raises(StorageFull, match="nothing was stored"):
        deed()
    with reading(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM web_rate")) == 0
    engine.dispose()


def test_another_fault_of_the_database_is_not_called_a_full_disk(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    with pytest.raises(DBAPIError), writing(engine) as session:
        session.execute(text("SELECT * FROM no_such_table"))
    engine.dispose()


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_threads_of_one_process_take_turns(empty_database_url: str) -> None:
    """Also over two engines for one file; who waits too long is told so and has written nothing."""
    first, second = make_engine(empty_database_url), make_engine(empty_database_url, lock_wait_seconds=0)
    with writing(first) as session:
        session.execute(text("CREATE TABLE turns (number INTEGER)"))
        with pytest.raises(DatabaseBusy), writing(second):
            raise AssertionError("two writers at once")
    with writing(second) as session:
        session.execute(text("INSERT INTO turns VALUES (1)"))
    with pytest.raises(ZeroDivisionError), writing(first) as session:
        raise ZeroDivisionError
    with reading(second) as session, pytest.raises(DBAPIError):
        session.execute(text("INSERT INTO turns VALUES (2)"))
    with writing(second) as session:  # the same connection that could only read
        session.execute(text("INSERT INTO turns VALUES (3)"))
        assert session.scalar(text("SELECT count(*) FROM turns")) == 2
    first.dispose()
    second.dispose()


def test_who_waits_for_another_process_notices_soon(tmp_path: Path) -> None:
    """SQLite by itself would look after 228 and then after 328 milliseconds."""
    path = tmp_path / "site.db"
    engine = make_engine(f"sqlite:///{path}")
    with writing(engine):
        pass  # the file exists
    late = min(_seconds_late(engine, path, held=0.235) for _ in range(3))
    engine.dispose()
    assert late < 0.05


def _seconds_late(engine: Engine, path: Path, held: float) -> float:
    """How long after the writer of another connection a writer of ours begins."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun: list[float] = []

    def write() -> None:
        with writing(engine):
            begun.append(time.monotonic())

    waiting = threading.Thread(target=write)
    waiting.start()
    time.sleep(held)
    ended = time.monotonic()
    other.execute("COMMIT")
    waiting.join()
    other.close()
    return begun[0] - ended

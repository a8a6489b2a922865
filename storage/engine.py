"""Engines for the two databases, each made to keep the same promises.

SQLite: the driver's own transactions start too late (at the first write, after the checks that the write
rests on) and commit before DDL, so it is told to start none, and `begin` does: BEGIN IMMEDIATE for writing,
which admits one writer at a time, plain BEGIN for reading, which sees one snapshot (WAL). SQLite lets who waits for
the writer sleep up to a tenth of a second between two looks, longer than most have anything to write. So the threads
of one process take turns by `Turn`, and the one whose turn it is looks every millisecond whether another process has
ended.

PostgreSQL: writing is READ COMMITTED with row locks; reading is REPEATABLE READ, the same one snapshot.
"""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import DatabaseBusy, UnsupportedDatabase

LOCK_WAIT_SECONDS: Final = 30
CONNECTIONS: Final = 15
HIDE_PARAMETERS: Final = True
"""The text of a database's error goes into the log: with the statement, but not with the addresses and links in it."""
REPEATABLE_READ: Final = psycopg.IsolationLevel.REPEATABLE_READ
READ_ONLY: Final = "psephos_read_only"
"""Execution option of connections whose transactions only read."""

TURN: Final = "psephos_turn"
"""Execution option: the `Turn` of a database whose writers take turns."""

SQLITE_PRIMARY_CODE: Final = 0xFF
"""Of an error of SQLite: the rest says more about the same."""
_RETRY_SECONDS: Final = 0.02
_LOOK_SECONDS: Final = 0.001
_QUERY_ONLY: Final = "psephos_query_only"
_LOCKS: Final[defaultdict[str, Lock]] = defaultdict(Lock)
"""By file: a process may have several engines for it."""

_FORMS: Final = "Use sqlite:///folder/file.sqlite or postgresql://user@host/database."


@dataclass(frozen=True)
class Turn:
    """Writing, one thread after another. wait_seconds: before `DatabaseBusy`."""

    lock: Lock
    wait_seconds: float

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for it; it ends with the block. Raises: DatabaseBusy."""
        if not self.lock.acquire(timeout=self.wait_seconds):
            raise DatabaseBusy
        try:
            yield
        finally:
            self.lock.release()


def make_engine(
    url: str, lock_wait_seconds: int = LOCK_WAIT_SECONDS, connections: int = CONNECTIONS
) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`. Connects only when first used.

    lock_wait_seconds: how long a transaction waits for another's lock before `DatabaseBusy`.  connections: at the same
    time, at most; of PostgreSQL, which has so many (100) for all processes and servers together.
    Transactions belong in `session.writing` and `session.reading`. Raises: UnsupportedDatabase.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        # The address is not repeated: it may hold a password.
        raise UnsupportedDatabase(f"The database's address cannot be read. {_FORMS}") from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, lock_wait_seconds)
        case "postgresql":
            return _postgresql(parsed, lock_wait_seconds, connections)
        case other:
            raise UnsupportedDatabase(f"Databases of the kind “{other}” are not supported. {_FORMS}")


def _sqlite(url: URL, lock_wait_seconds: int) -> Engine:
    if url.database in (None, "", ":memory:") or url.query:
        raise UnsupportedDatabase(f"SQLite needs a file, several connections share it. {_FORMS}")
    engine = create_engine(
        url,
        hide_parameters=HIDE_PARAMETERS,
        connect_args={"timeout": lock_wait_seconds},
        execution_options={TURN: Turn(_LOCKS[str(Path(url.database).resolve())], lock_wait_seconds)},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        _switch_to_wal(connection, lock_wait_seconds)
        # FULL: a promise is given after the commit, so the commit must outlive a power cut.
        # Deleted means deleted: SQLite overwrites with zeros what it would else leave in the file.
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        if connection.info.get(_QUERY_ONLY) != read_only:
            connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
            connection.info[_QUERY_ONLY] = read_only
        if read_only:
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection, lock_wait_seconds)

    return engine


def empty_journal(engine: Engine) -> None:
    """Write SQLite's journal into its file and cut it off: it holds rows as they were before they were deleted.

    While somebody reads an older state it stays, until the next call. PostgreSQL does this by itself: its VACUUM
    frees what was deleted, its journal goes by `max_wal_size`.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _begin_writing(connection: Connection, wait_seconds: int) -> None:
    """Be the only writer from here on. What waiting does not mend, or not in time, is SQLAlchemy's error."""
    raw = cast(sqlite3.Connection, connection.connection.dbapi_connection)
    deadline = time.monotonic() + wait_seconds
    raw.execute("PRAGMA busy_timeout = 0").close()
    try:
        while _is_taken(raw) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout = {wait_seconds * 1000}").close()


def _is_taken(connection: sqlite3.Connection) -> bool:
    """Begin to write, unless somebody else is writing: whether that is so."""
    try:
        connection.execute("BEGIN IMMEDIATE").close()
    except sqlite3.Error as error:  # another fault is said when SQLAlchemy begins
        return getattr(error, "sqlite_errorcode", 0) & SQLITE_PRIMARY_CODE == sqlite3.SQLITE_BUSY
    return False


def _switch_to_wal(connection: sqlite3.Connection, wait_seconds: int) -> None:
    """Changes a new file only, but then SQLite does not wait for another connection that is doing the same."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _postgresql(url: URL, lock_wait_seconds: int, connections: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=HIDE_PARAMETERS,
        connect_args={"options": f"-c lock_timeout={lock_wait_seconds}s"},
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver says it with BEGIN, which it sends along with the first statement.
        raw = cast("psycopg.Connection[object]", connection.connection.driver_connection)
        read_only = bool(connection.get_execution_options().get(READ_ONLY, False))
        raw.read_only = read_only
        raw.isolation_level = REPEATABLE_READ if read_only else None

    return engine

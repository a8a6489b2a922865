"""Databases with all tables: copied from one that each test process migrates once.

The migrations are tested in tests/storage/test_migrate.py; everywhere else they would be most of the time.
"""

import atexit
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import OperationalError

import storage.engine
from storage.base import Base
from storage.engine import READ_ONLY, empty_journal, make_engine
from storage.migrate import migrate
from tests.support.folders import own_folder
from tests.support.postgres import PostgresServer

KINDS = ("sqlite", "postgresql")
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.thorough))
"""For tests that meet each of them; on PostgreSQL they are thorough tests."""


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    """All engines of a process share what SQLAlchemy has compiled: else each test compiles every statement anew.

    Two dialects of one kind count as the same, because what was compiled is kept by dialect and statement.
    """
    compiled: dict[object, object] = {}

    def create(url: URL, **options: Any) -> Engine:
        kept = {**options.pop("execution_options", {}), "compiled_cache": compiled}
        return create_engine(url, execution_options=kept, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.engine, "create_engine", create)
        for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(scope="session", autouse=True)
def readers_lock_nothing() -> Iterator[None]:
    """SQLite refuses to write in a transaction that reads, and passes over a lock there; PostgreSQL refuses both."""

    def look(connection: Connection, statement: object, *_: object) -> None:
        locks = getattr(statement, "_for_update_arg", None) is not None
        if (
            locks
            and connection.dialect.name == "sqlite"
            and connection.get_execution_options().get(READ_ONLY)
        ):
            raise OperationalError(str(statement), None, sqlite3.OperationalError("a reader locks"))

    event.listen(Engine, "before_execute", look)
    yield
    event.remove(Engine, "before_execute", look)


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with all tables; a test that asks for it runs on SQLite and on PostgreSQL."""
    with database(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
def either_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same on one of the two, by the test's name: half of the tests of a file meet each of them.

    For pages and answers, whose statements the tests of the rooms below run on both.
    """
    kind = KINDS[crc32(request.node.nodeid.encode()) % len(KINDS)]
    with database(kind, request, tmp_path) as url:
        yield url


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same without tables."""
    if request.param == "sqlite":
        return _sqlite_url(tmp_path)
    url: str = request.getfixturevalue("postgres_url")
    return url


@contextmanager
def database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of a database of this kind with all tables, in a fixture of any scope."""
    if kind == "sqlite":
        url = _sqlite_url(folder)
        make_tables(make_engine(url))
        yield url
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.fresh_database(tables=True) as url:
            yield url


def make_tables(engine: Engine) -> None:
    """What `migrate` does for an empty database. One on PostgreSQL has its tables from the fixtures here."""
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        if not path.exists():
            shutil.copyfile(_template(), path)


def write_rows(engine: Engine, rows: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """Fill tables that are empty, by name, with rows as another database had them; numbers go on behind theirs."""
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if made := rows.get(table.name):
                names = [column.name for column in table.columns]
                connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in made])
                number = table.autoincrement_column
                if number is not None and engine.dialect.name == "postgresql":
                    connection.execute(
                        select(
                            func.setval(
                                func.pg_get_serial_sequence(table.name, number.name), func.max(number)
                            )
                        )
                    )


@cache
def _template() -> Path:
    folder = own_folder("tables")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "template.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    empty_journal(engine)
    engine.dispose()
    return path


def _sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'psephos.sqlite'}"

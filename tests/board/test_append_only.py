"""The database refuses every verb that would change or remove what stands on the board.

Each attempt runs as a program with the server's own password would run it, past all of our code.
"""

# ruff: noqa: S608  (SQL put together from this file's own names is what the test is about)

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

import board.models  # noqa: F401  (its tables belong to the metadata)
from board.log import LogId, sign_checkpoint
from storage.base import Base
from storage.session import reading, writing
from tests.board.records import KEY, START, append_number, require_whole

# Table → a column to change, its first row's key, all its columns.
TABLES = {
    "board_log": ("origin", "id = 1", ["id", "origin"]),
    "board_body": ("body", "digest IS NOT NULL", ["digest", "body"]),
    "board_entry": ("leaf", '"index" = 0', ["log_id", '"index"', "kind", "time", "digest", "leaf"]),
    "board_node": ("hash", 'level = 0 AND "index" = 0', ["log_id", "level", '"index"', "hash"]),
    "board_checkpoint": ("note", "size = 2", ["log_id", "size", "note", "signed_at"]),
}
UNIQUE = {
    "board_log": ["id", "origin"],
    "board_body": ["digest"],
    "board_entry": ['log_id, "index"'],
    "board_node": ['log_id, level, "index"'],
    "board_checkpoint": ["log_id, size"],
}
BOTH = ["update", "update-nothing-in-place", "delete", "delete-all", "upsert"]
SQLITE = [*BOTH, "insert-or-replace", "replace", "insert-or-ignore", "update-or-replace"]
POSTGRESQL = [*BOTH, "truncate", "truncate-cascade", "merge-update", "merge-delete", "as-a-replica"]


def statements(verb: str, table: str) -> list[str]:
    """The SQL of one attempt; each of its statements must be refused."""
    column, first, columns = TABLES[table]
    names = ", ".join(columns)
    row = f"SELECT {names} FROM {table} WHERE {first} LIMIT 1"
    match verb:
        case "update":
            return [f"UPDATE {table} SET {column} = {column} || {column} WHERE {first}"]
        case "update-nothing-in-place":
            return [f"UPDATE {table} SET {column} = {column}"]
        case "delete":
            return [f"DELETE FROM {table} WHERE {first}"]
        case "delete-all":
            return [f"DELETE FROM {table}"]
        case "upsert":
            return [
                f"INSERT INTO {table} ({names}) SELECT * FROM ({row}) AS old WHERE true "
                f"ON CONFLICT ({unique}) DO UPDATE SET {column} = excluded.{column}"
                for unique in UNIQUE[table]
            ]
        case "insert-or-replace" | "replace" | "insert-or-ignore":
            return [f"{verb.replace('-', ' ').upper()} INTO {table} ({names}) {row}"]
        case "update-or-replace":
            return [f"UPDATE OR REPLACE {table} SET {column} = {column}"]
        case "truncate":
            return [f"TRUNCATE {table}"]
        case "truncate-cascade":
            return [f"TRUNCATE {table} CASCADE"]
        case "merge-update" | "merge-delete":
            deed = f"UPDATE SET {column} = new.{column}" if verb == "merge-update" else "DELETE"
            on = " AND ".join(f"{table}.{each} = new.{each}" for each in UNIQUE[table][0].split(", "))
            return [f"MERGE INTO {table} USING ({row}) AS new ON {on} WHEN MATCHED THEN {deed}"]
        case "as-a-replica":
            return [f"SET LOCAL session_replication_role = replica; DELETE FROM {table}"]
    raise AssertionError(verb)


@pytest.fixture
def filled(engine: Engine, log_id: LogId) -> Iterator[LogId]:
    """A log of two entries and a head, read again, whole, at the end of the test."""
    with writing(engine) as session:
        append_number(session, log_id, 0)
        append_number(session, log_id, 1)
        sign_checkpoint(session, log_id, KEY, START)
    before = content(engine)
    yield log_id
    assert content(engine) == before
    assert len(require_whole(engine, log_id)) == 2


def content(engine: Engine) -> dict[str, list[str]]:
    with reading(engine) as session:
        return {
            table: sorted(str(tuple(row)) for row in session.execute(text(f"SELECT * FROM {table}")))
            for table in TABLES
        }


def test_every_table_of_the_board_is_tried() -> None:
    assert set(TABLES) == {name for name in Base.metadata.tables if name.startswith("board_")}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", SQLITE)
def test_sqlite_refuses(engine: Engine, filled: LogId, table: str, verb: str) -> None:
    for statement in statements(verb, table):
        with pytest.raises(IntegrityError, match=f"{table} is append-only"), writing(engine) as session:
            session.execute(text(statement))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("verb", POSTGRESQL)
def test_postgresql_refuses(engine: Engine, filled: LogId, table: str, verb: str) -> None:
    # A plain TRUNCATE of a table that others refer to is refused for that reason, before any trigger.
    referred_to = verb == "truncate" and table in ("board_log", "board_body")
    reason = "foreign key constraint" if referred_to else "is append-only"
    for statement in statements(verb, table):
        with pytest.raises(Exception, match=reason), writing(engine) as session:
            session.execute(text(statement))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("values", ["(1, 'another')", "(99, (SELECT origin FROM board_log))"])
def test_replacing_through_either_unique_column_is_refused(
    engine: Engine, filled: LogId, values: str
) -> None:
    """INSERT OR REPLACE deletes every row that shares any unique value, not only the primary key."""
    with pytest.raises(IntegrityError, match="append-only"), writing(engine) as session:
        session.execute(text(f"INSERT OR REPLACE INTO board_log (id, origin) VALUES {values}"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", [table for table in TABLES if table != "board_log"])
def test_no_table_has_a_hidden_row_number(engine: Engine, filled: LogId, table: str) -> None:
    """Through a hidden rowid REPLACE would reach a row whose visible values are all new."""
    with pytest.raises(Exception, match="no such column: rowid"), reading(engine) as session:
        session.execute(text(f"SELECT rowid FROM {table}"))


def test_inserting_something_new_is_what_it_still_takes(engine: Engine, log_id: LogId) -> None:
    """Control: the tables are not simply read-only."""
    with writing(engine) as session:
        session.execute(text("INSERT INTO board_log (origin) VALUES ('one'), ('two')"))
        append_number(session, log_id, 0)
    assert len(require_whole(engine, log_id)) == 1

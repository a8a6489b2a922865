"""Transactions: one for each deed, committed at the end or left without a trace."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage.engine import READ_ONLY, SQLITE_PRIMARY_CODE, TURN, Turn
from storage.errors import DatabaseBusy, StorageFull

Beside = Callable[[Session], None]
"""What else belongs to a transaction that a verb opens itself: it runs last, and may raise."""


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session that commits when the block ends and rolls back when it raises.

    On SQLite the only writer from its first line on; on PostgreSQL each verb locks the rows on which its
    decisions rest. Raises: DatabaseBusy, StorageFull.
    """
    turn: Turn | None = engine.get_execution_options().get(TURN)
    try:
        with (
            nullcontext() if turn is None else turn.taken(),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # takes SQLite's write lock now, before anything is read
            yield session
    except DBAPIError as error:
        if _is_busy(error):
            raise DatabaseBusy from error
        if _is_full(error):
            raise StorageFull from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one snapshot and cannot write (the database refuses)."""
    with Session(engine) as session, session.begin():
        session.connection(execution_options={READ_ONLY: True})  # before it begins
        yield session


def _is_busy(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & SQLITE_PRIMARY_CODE in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


def _is_full(error: DBAPIError) -> bool:
    """Only what is certain: both databases roll back. A disk that fails in another way may have written."""
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & SQLITE_PRIMARY_CODE == sqlite3.SQLITE_FULL
    return isinstance(cause, psycopg.errors.DiskFull)

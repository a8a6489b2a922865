"""A storage of the library `limits` in the database of the site, so that all processes and servers agree.

One row for each key, one statement for each hit: it counts and decides under the row's lock (on SQLite: under the
lock of the only writer), so racing processes never admit more than the limit together.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from limits import errors
from limits.storage import SlidingWindowCounterSupport, Storage
from sqlalchemy import CursorResult, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import StorageError
from storage.session import reading, writing

Clock = Callable[[], float]
"""Seconds since 1970."""

# The row as it stands in the period of this hit. A server whose clock is ahead may have begun the next one already.
_BEFORE: Final = """
    CASE WHEN web_rate.period >= :period THEN web_rate.hits_before
         WHEN web_rate.period = :period - 1 THEN web_rate.hits
         ELSE 0 END
"""
_NOW: Final = "CASE WHEN web_rate.period >= :period THEN web_rate.hits ELSE 0 END"

_TAKE: Final = f"""
    INSERT INTO web_rate (key, period, hits, hits_before, expires_at_ms)
    VALUES (:key, :period, :amount, 0, :expires_at_ms)
    ON CONFLICT (key) DO UPDATE SET
        hits_before = {_BEFORE},
        hits = {_NOW} + :amount,
        period = CASE WHEN web_rate.period > :period THEN web_rate.period ELSE :period END,
        expires_at_ms = :expires_at_ms
"""  # noqa: S608  (nothing from outside is in it)

# Hits times milliseconds: 600 an hour are beyond 32 bits, which PostgreSQL would calculate in.
_LEFT, _PERIOD = "CAST(:left_ms AS BIGINT)", "CAST(:period_ms AS BIGINT)"
_TAKE_IF_FREE: Final = text(
    f"{_TAKE} WHERE ({_BEFORE}) * {_LEFT} + ({_NOW} + :amount) * {_PERIOD} <= :limit * {_PERIOD} RETURNING hits"
)
_TAKE_ANYHOW: Final = text(f"{_TAKE} RETURNING hits")
_LOOK: Final = text("SELECT period, hits, hits_before, expires_at_ms FROM web_rate WHERE key = :key")
_FORGET: Final = text("DELETE FROM web_rate WHERE key = :key")
_FORGET_ALL: Final = text("DELETE FROM web_rate")
_SWEEP: Final = text("DELETE FROM web_rate WHERE expires_at_ms <= :now_ms")


class SqlStorage(Storage, SlidingWindowCounterSupport):
    """For the strategy “sliding window counter” (and “fixed window”, which every storage of the library can do).

    Why the sliding counter: a fixed window admits twice the limit around its edge, a moving window keeps a row for
    every hit. The counter keeps one row and weighs the last period's hits by how much of that period is still within
    reach. A refused hit does not count, so nobody is kept out by going on trying.

    engine: of a migrated database.  Faults of the database come out as `limits.errors.StorageError` where
    wrap_exceptions is set.
    """

    STORAGE_SCHEME = ["psephos-database"]  # noqa: RUF012  (the library reads it from the class)

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = True,
        *,
        engine: Engine,
        clock: Clock = time.time,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._engine, self._clock = engine, clock

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a database that cannot answer raises."""
        return SQLAlchemyError, StorageError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take `amount` of `limit` in `expiry` seconds, or take nothing and say False."""
        if amount > limit:
            return False
        return self._write(_TAKE_IF_FREE, **self._moment(expiry, 2), key=key, limit=limit, amount=amount) > 0

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the period before, seconds for which they still count, hits of this period, seconds likewise."""
        moment = self._moment(expiry, 2)
        period, left = moment["period"], moment["left_ms"] / 1000
        with reading(self._engine) as session:
            row = session.execute(_LOOK, {"key": key}).one_or_none()
        if row is None or row.period < period - 1:
            return 0, 0.0, 0, 0.0
        if row.period == period - 1:
            return row.hits, left, 0, 0.0
        return row.hits_before, left, row.hits, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002  (the library's signature)
        """Begin this key's count again."""
        self.clear(key)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a fixed window; the hits in it."""
        return self._write(_TAKE_ANYHOW, **self._moment(expiry, 1), key=key, amount=amount)

    def get(self, key: str) -> int:
        """Hits in the fixed window."""
        row = self._row(key)
        return 0 if row is None or row.expires_at_ms <= self._now_ms() else int(row.hits)

    def get_expiry(self, key: str) -> float:
        """When the key's count ends, in seconds since 1970; now where there is none."""
        row = self._row(key)
        return self._clock() if row is None else row.expires_at_ms / 1000

    def check(self) -> bool:
        """Whether the database answers."""
        try:
            self._row("")
        except self.base_exceptions:
            return False
        return True

    def reset(self) -> int | None:
        """Forget every count; how many there were."""
        with writing(self._engine) as session:
            return _changed(session.execute(_FORGET_ALL))

    def clear(self, key: str) -> None:
        """Forget this key."""
        with writing(self._engine) as session:
            session.execute(_FORGET, {"key": key})

    def sweep(self) -> int:
        """Remove what has expired; how many rows. Raises: `limits.errors.StorageError`."""
        try:
            with writing(self._engine) as session:
                return _changed(session.execute(_SWEEP, {"now_ms": self._now_ms()}))
        except self.base_exceptions as error:
            raise errors.StorageError(error) from error

    def _write(self, statement: Any, **values: Any) -> int:
        """The hits after the statement, or 0 if it changed nothing."""
        with writing(self._engine) as session:
            return session.execute(statement, values).scalar_one_or_none() or 0

    def _row(self, key: str) -> Any:
        with reading(self._engine) as session:
            return session.execute(_LOOK, {"key": key}).one_or_none()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _moment(self, expiry: int, periods: int) -> dict[str, int]:
        """Where now lies. periods: after how many of them the count says nothing any more."""
        length, now = expiry * 1000, self._now_ms()
        period = now // length
        return {
            "period": period,
            "period_ms": length,
            "left_ms": length - now % length,
            "expires_at_ms": (period + periods) * length,
        }


def _changed(result: Any) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0

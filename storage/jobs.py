"""Deeds that are done later: a queue in one table, the same on SQLite and PostgreSQL.

A job is enqueued in the transaction of the deed that wants it: both are stored or neither. A worker takes it under a
lease with a number that grows with every taking (fencing, after Kleppmann, "How to do distributed locking", 2016).
A worker that is late, because it slept or was thought dead, finds the number changed and its transaction is rolled
back. So a handler that calls `Job.finish` in the transaction of its effect takes effect exactly once; one whose effect
lies outside the database (a mail) takes it at least once and has to guard itself.

Leases compare the clocks of different servers: these must agree within a minute (NTP). The number does not need them.
"""

import json
import re
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from storage.errors import LeaseLost, NoSuchJob
from storage.models import StorageJob, StorageJobPause
from storage.statements import insert_once, rows_changed

LEASE: Final = timedelta(minutes=5)
"""For how long a worker has a job to itself; a longer one calls `Job.renew`."""

FAILURES_MAX: Final = 10
"""After so many failures a job is dead: it waits for a person."""

BACKOFF: Final = timedelta(seconds=10)
BACKOFF_MAX: Final = timedelta(hours=1)

KEPT: Final = timedelta(days=7)
"""For how long a job that is done is remembered, so that its key cannot be used again."""

PAYLOAD_BYTES_MAX: Final = 4096
PERIOD_SECONDS_MAX: Final = 86_400

_KIND: Final = re.compile("[a-z][a-z0-9-]{0,39}")

Payload = Mapping[str, str | int]


class JobState(StrEnum):
    """Where a job stands. One that a worker holds is waiting too, under a lease."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class Later(Exception):
    """Raised by a handler: not now, and nobody failed. Try again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Again in {seconds:.0f} seconds.")
        self.seconds = seconds


class GiveUp(Exception):
    """Raised by a handler: trying again is of no use. reason: for the operator, without names and addresses."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Job:
    """A job in the hands of a worker. claim: the fencing number of this taking.  alive: told at each renewal."""

    id: int
    kind: str
    payload: Payload
    claim: int
    failures: int
    clock: Callable[[], datetime]
    alive: Callable[[], None] = lambda: None

    def require(self, session: Session) -> None:
        """Lock the job and check that it is still ours until this transaction ends. Raises: LeaseLost."""
        held = select(StorageJob.id).where(_held(self, self.clock())).with_for_update()
        if session.scalar(held) is None:
            raise LeaseLost

    def finish(self, session: Session) -> None:
        """Mark the job done, in the transaction of its effect: both or neither. Raises: LeaseLost."""
        if not _conclude(session, self):
            raise LeaseLost

    def renew(self, session: Session, lease: timedelta = LEASE) -> None:
        """Have it for a whole lease more. Raises: LeaseLost."""
        now = self.clock()
        if not _changed(session, _held(self, now), lease_until=now + lease):
            raise LeaseLost
        self.alive()


Handler = Callable[[Job], None]
"""Does a job: raises to have it tried again, `Later` to put it off, `GiveUp` to lay it before a person."""


def enqueue(
    session: Session,
    kind: str,
    payload: Payload,
    *,
    now: datetime,
    run_at: datetime | None = None,
    key: str | None = None,
    priority: int = 5,
) -> int:
    """Have a job done once, after this transaction commits. Gives its number.

    payload: texts and whole numbers, at most 4 KiB, nothing secret.  run_at: not before; `now` unless given.
    key: a second call with the same kind and key enqueues nothing, until a week after the first one is done.
    priority: lower goes first.  Raises: ValueError for what no program should pass.
    """
    text = json.dumps(dict(payload), ensure_ascii=False, separators=(",", ":"))
    if not _KIND.fullmatch(kind) or len(text.encode()) > PAYLOAD_BYTES_MAX:
        raise ValueError("A job has a kind of up to 40 small letters and a payload of up to 4 KiB.")
    values = {
        "kind": kind,
        "key": key,
        "payload": text,
        "priority": priority,
        "period_seconds": None,
        "run_at": run_at or now,
        "created_at": now,
    }
    return _insert_once(session, values)


def plan(session: Session, kind: str, seconds: int, now: datetime) -> None:
    """Have a duty done once in every period, whichever and however many servers run.

    seconds: 1 … 86400. Periods begin at multiples of it since 1970, so that all servers mean the same ones. A period in
    which no server ran is left out. The first time is now.
    """
    if not _KIND.fullmatch(kind) or not 1 <= seconds <= PERIOD_SECONDS_MAX:
        raise ValueError("A duty has a kind of up to 40 small letters and a period of at most a day.")
    values = {
        "kind": kind,
        "key": _PERIODIC,
        "payload": "{}",
        "priority": 0,
        "period_seconds": seconds,
        "run_at": now,
        "created_at": now,
    }
    number = _insert_once(session, values)
    other_period = and_(StorageJob.id == number, StorageJob.period_seconds != seconds)
    _changed(session, other_period, period_seconds=seconds, run_at=now)


_PERIODIC: Final = "every-period"


def _insert_once(session: Session, values: Mapping[str, object]) -> int:
    whole = {**values, "state": JobState.WAITING.value, "claim": 0, "failures": 0}
    number = insert_once(session, StorageJob, whole, ("kind", "key"))
    if number is None:
        same = (StorageJob.kind == values["kind"]) & (StorageJob.key == values["key"])
        number = session.scalars(select(StorageJob.id).where(same)).one()
    return number


def pause(session: Session, kind: str, until: datetime) -> None:
    """Let all jobs of a kind wait: what hinders one hinders them all. A longer pause stays."""
    row = session.get(StorageJobPause, kind, with_for_update=True)
    if row is None:
        insert_once(session, StorageJobPause, {"kind": kind, "until": until}, ("kind",))
    else:
        row.until = max(row.until, until)


def claim(
    session: Session, kinds: Sequence[str], clock: Callable[[], datetime], lease: timedelta = LEASE
) -> Job | None:
    """Take the next job that is due; None when there is none. What others are taking is passed over.

    A lease that ran out counts as a failure: whoever had it died or hangs. A job that kills its workers again and
    again is dead after `FAILURES_MAX` of them.
    """
    now = clock()
    while True:
        row = session.scalar(_due(kinds, now).limit(1).with_for_update(skip_locked=True, of=StorageJob))
        if row is None:
            return None
        if row.lease_until is not None:
            row.failures += 1
            row.reason = "The worker ended or hung in the middle."
            if row.failures >= FAILURES_MAX and row.period_seconds is None:
                row.state, row.lease_until, row.ended_at = JobState.DEAD, None, now
                session.flush()
                continue
        row.claim += 1
        row.lease_until = now + lease
        session.flush()
        return Job(row.id, row.kind, json.loads(row.payload), row.claim, row.failures, clock)


def is_due(session: Session, kinds: Sequence[str], now: datetime) -> bool:
    """Whether `claim` would find a job, without a lock."""
    return session.scalar(_due(kinds, now).with_only_columns(StorageJob.id).limit(1)) is not None


def _due(kinds: Sequence[str], now: datetime) -> Select[StorageJob]:
    paused = select(StorageJobPause.kind).where(StorageJobPause.until > now)
    return (
        select(StorageJob)
        .where(
            StorageJob.state == JobState.WAITING,
            StorageJob.run_at <= now,
            StorageJob.kind.in_(kinds),
            StorageJob.kind.not_in(paused),
            or_(StorageJob.lease_until.is_(None), StorageJob.lease_until <= now),
        )
        .order_by(StorageJob.priority, StorageJob.run_at, StorageJob.id)
    )


def settle(
    session: Session, job: Job, error: Exception | None, jitter: Callable[[], float]
) -> JobState | None:
    """Write down how a handler ended. None: the job was finished by its handler, or is another's by now.

    error: what it raised; None when it returned.  jitter: a number from 0 to 1, so that what failed together does not
    come back together.
    """
    now = job.clock()
    if error is None:
        return JobState.DONE if _conclude(session, job) else None
    held = _held(job, now)
    if isinstance(error, Later):
        again = now + timedelta(seconds=max(error.seconds, 0.0))
        return JobState.WAITING if _changed(session, held, lease_until=None, run_at=again) else None
    row = session.scalar(select(StorageJob).where(held).with_for_update())
    if row is None:
        return None
    row.failures += 1
    row.reason = describe(error)
    row.lease_until = None
    if row.period_seconds is not None:
        row.run_at = min(now + backoff(row.failures, jitter()), next_period(row.period_seconds, now))
    elif row.failures >= FAILURES_MAX or isinstance(error, GiveUp):
        row.state, row.ended_at = JobState.DEAD, now
    else:
        row.run_at = now + backoff(row.failures, jitter())
    return JobState(row.state)


def _conclude(session: Session, job: Job) -> bool:
    now = job.clock()
    held = _held(job, now)
    period = session.scalar(select(StorageJob.period_seconds).where(held).with_for_update())
    if period is not None:
        following = next_period(period, now)
        return _changed(session, held, lease_until=None, run_at=following, failures=0, reason=None)
    return _changed(session, held, lease_until=None, state=JobState.DONE.value, ended_at=now, reason=None)


def _held(job: Job, now: datetime) -> ColumnElement[bool]:
    return and_(
        StorageJob.id == job.id,
        StorageJob.claim == job.claim,
        StorageJob.state == JobState.WAITING,
        StorageJob.lease_until > now,
    )


def _changed(session: Session, which: ColumnElement[bool], **values: object) -> bool:
    return rows_changed(session, update(StorageJob).where(which).values(values)) == 1


def next_period(seconds: int, now: datetime) -> datetime:
    """When the period after the current one begins."""
    return datetime.fromtimestamp((int(now.timestamp()) // seconds + 1) * seconds, UTC)


def backoff(failures: int, jitter: float) -> timedelta:
    """How long to wait after so many failures: doubled each time up to an hour, of which the last half by chance."""
    whole: timedelta = min(BACKOFF * 2 ** min(failures - 1, 20), BACKOFF_MAX)
    return whole * (0.5 + jitter / 2)


def system_jitter() -> float:
    """A number from 0 to 1."""
    return secrets.randbelow(1_000_001) / 1_000_000


def describe(error: Exception) -> str:
    """Kind and place of an error. Its text stays out: it may hold an address or a name."""
    if isinstance(error, GiveUp):
        return error.reason
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def work_left(session: Session, kinds: Sequence[str]) -> bool:
    """Whether any job of these kinds waits, due or not."""
    waiting = select(StorageJob.id).where(StorageJob.state == JobState.WAITING, StorageJob.kind.in_(kinds))
    return session.scalar(waiting.limit(1)) is not None


@dataclass(frozen=True)
class DeadJob:
    """A job that waits for a person."""

    id: int
    kind: str
    failures: int
    reason: str
    ended_at: datetime


@dataclass(frozen=True)
class Backlog:
    """How the work stands. oldest_due: since when the longest waiting job could have been done."""

    waiting: int
    dead: int
    oldest_due: datetime | None


def backlog(session: Session, now: datetime) -> Backlog:
    """What waits and what is dead. A `oldest_due` of minutes ago means that no worker is alive."""
    by_state = session.execute(select(StorageJob.state, func.count()).group_by(StorageJob.state))
    counts = {state: number for state, number in by_state}  # noqa: C416  (rows are no pairs for mypy)
    oldest = session.scalar(
        select(func.min(StorageJob.run_at)).where(
            StorageJob.state == JobState.WAITING,
            StorageJob.run_at <= now,
            or_(StorageJob.lease_until.is_(None), StorageJob.lease_until <= now),
            StorageJob.kind.not_in(select(StorageJobPause.kind).where(StorageJobPause.until > now)),
        )
    )
    return Backlog(counts.get(JobState.WAITING, 0), counts.get(JobState.DEAD, 0), oldest)


def dead(session: Session, limit: int = 100) -> list[DeadJob]:
    """The dead jobs, the newest first."""
    rows = session.scalars(
        select(StorageJob)
        .where(StorageJob.state == JobState.DEAD)
        .order_by(StorageJob.id.desc())
        .limit(limit)
    )
    return [
        DeadJob(row.id, row.kind, row.failures, row.reason or "", row.ended_at or row.created_at)
        for row in rows
    ]


def revive(session: Session, job_id: int, now: datetime) -> None:
    """Try a dead job again, as if it had never failed. Raises: NoSuchJob."""
    which = and_(StorageJob.id == job_id, StorageJob.state == JobState.DEAD)
    if not _changed(session, which, state=JobState.WAITING.value, failures=0, run_at=now, ended_at=None):
        raise NoSuchJob


def forget(session: Session, now: datetime, kept: timedelta = KEPT) -> int:
    """Delete jobs that were done long ago. Dead ones stay until a person revived them. Gives their number."""
    gone = delete(StorageJob).where(StorageJob.state == JobState.DONE, StorageJob.ended_at < now - kept)
    return rows_changed(session, gone)

"""A program for test_jobs_killed.py: does a job again and again, killed one line later each time, and looks what is
left.

Prints for each time: effects of the job, its state, and whether the process was killed.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, func, select

from storage.engine import make_engine
from storage.jobs import LEASE, Job, enqueue
from storage.models import StorageJob
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.killing import killed_at

FILES = (
    "storage/jobs.py",
    "storage/worker.py",
    "storage/session.py",
    "storage/statements.py",
    "tests/storage/kill_jobs.py",
)
BEGIN = datetime(2026, 11, 29, tzinfo=UTC)
PATIENCE_SECONDS = 20


def main(url: str, how: str, step: str) -> None:
    """how: `work` kills whoever does a job, `enqueue` whoever enqueues one beside another row.  step: in lines."""
    engine = make_engine(url)
    line, killed = 1, True
    while killed:
        now = BEGIN + timedelta(hours=line)
        if how == "work":
            _enqueue(engine, line, now)
        engine.dispose()  # no connection is shared with the process that dies; what was compiled is
        deed = _worker(engine, at(now)).run_once if how == "work" else partial(_enqueue, engine, line, now)
        killed = killed_at(line, FILES, deed)
        _recover(engine, now + LEASE)
        sys.stdout.write(f"{_left(engine, line, now)} {killed}\n")
        line += int(step)
    engine.dispose()


def _left(engine: Engine, line: int, now: datetime) -> str:
    with reading(engine) as session:
        counts = [
            session.scalar(select(func.count()).where(StorageJob.kind == kind, StorageJob.created_at == now))
            for kind in ("effect", "deed")
        ]
        state = session.scalar(
            select(StorageJob.state).where(StorageJob.kind == "note", StorageJob.key == str(line))
        )
    return f"{counts[0]} {counts[1]} {state}"


def _enqueue(engine: Engine, line: int, now: datetime) -> None:
    with writing(engine) as session:
        enqueue(session, "deed", {}, now=now)
        number = enqueue(session, "note", {"made": now.isoformat()}, now=now, key=str(line))
    assert number > 0  # a line after the commit, to die at


def at(now: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: now


def _worker(engine: Engine, clock: Callable[[], datetime]) -> Worker:
    def effect(job: Job) -> None:
        with writing(engine) as session:
            made = datetime.fromisoformat(str(job.payload["made"]))
            enqueue(session, "effect", {}, now=made)
            job.finish(session)

    return Worker(engine, {"note": effect}, clock)


def _recover(engine: Engine, now: datetime) -> None:
    """Work after the lease ran out. PostgreSQL may need a moment to notice that a client is dead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        while _worker(engine, at(now)).run_once():
            pass
        with reading(engine) as session:
            waiting = session.scalar(
                select(func.count()).where(StorageJob.kind == "note", StorageJob.state == "waiting")
            )
        if not waiting:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Whoever does the jobs of `storage.jobs`: a loop for a thread or a process of its own, until it is told to stop."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import StorageError
from storage.jobs import (
    GiveUp,
    Handler,
    Job,
    JobState,
    Later,
    claim,
    describe,
    is_due,
    plan,
    settle,
    system_jitter,
)
from storage.session import reading, writing

IDLE_SECONDS: Final = 1.0
"""Pause between two looks into an empty queue."""
TROUBLE_SECONDS: Final = 5.0
"""Pause after the database failed."""

log = logging.getLogger("psephos.jobs")


class Worker:
    """Does jobs, one after the other. Any number of them, in any number of processes, share one queue.

    handlers: a job whose kind is not among them is left for a worker of another release.
    duties: kinds of `handlers` that are done in every period, with its length in seconds.
    """

    def __init__(
        self,
        engine: Engine,
        handlers: Mapping[str, Handler],
        clock: Callable[[], datetime],
        duties: Mapping[str, int] | None = None,
        jitter: Callable[[], float] = system_jitter,
    ) -> None:
        self._engine = engine
        self._handlers = dict(handlers)
        self._kinds = sorted(handlers)
        self._clock = clock
        self._duties = dict(duties or {})
        self._jitter = jitter
        self._planned = False
        self._seen = time.monotonic()
        unknown = sorted(set(self._duties) - set(self._handlers))
        if unknown:
            raise ValueError(f"Nobody does the duty “{unknown[0]}”.")

    def run_once(self) -> bool:
        """Do the next job that is due, if there is one. Gives whether there was.

        Raises what the database raises. An error of the handler is written down with the job and logged.
        """
        self._plan_duties()
        with reading(self._engine) as session:  # an idle worker never takes SQLite's one place for writing
            if not is_due(session, self._kinds, self._clock()):
                return False
        with writing(self._engine) as session:
            job = claim(session, self._kinds, self._clock)
        if job is None:
            return False
        error = self._do(replace(job, alive=self._note_alive))
        with writing(self._engine) as session:
            state = settle(session, job, error, self._jitter)
        if state is JobState.DEAD:
            log.error("Job %d (%s) is dead and waits for a person: psephos worker state", job.id, job.kind)
        return True

    def silent_seconds(self) -> float:
        """For how long it has been about one thing: a job since it renewed its lease, or a look into the queue."""
        return time.monotonic() - self._seen

    def run_until(self, stop: threading.Event, idle_seconds: float = IDLE_SECONDS) -> None:
        """Do jobs until `stop` is set; the one under way is finished first. A failing database is waited for."""
        while not stop.is_set():
            self._note_alive()
            try:
                busy = self.run_once()
            except (SQLAlchemyError, StorageError, OSError) as error:
                log.warning("The database failed (%s). Trying again.", describe(error))
                stop.wait(TROUBLE_SECONDS)
                continue
            if not busy:
                stop.wait(idle_seconds)

    def _note_alive(self) -> None:
        self._seen = time.monotonic()

    def _plan_duties(self) -> None:
        if self._planned:
            return
        with writing(self._engine) as session:
            for kind, seconds in self._duties.items():
                plan(session, kind, seconds, self._clock())
        self._planned = True

    def _do(self, job: Job) -> Exception | None:
        try:
            self._handlers[job.kind](job)
        except (Later, GiveUp) as wanted:
            return wanted
        except Exception as error:
            log.warning("Job %d (%s) failed: %s", job.id, job.kind, describe(error))
            return error
        return None

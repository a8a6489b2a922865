"""The worker that lives in the server's own process: a thread, and a second one that watches over it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from storage.worker import Worker

WATCH_SECONDS: Final = 5.0
STUCK_SECONDS: Final = 600.0
"""Longer than any job may have its lease without renewing it."""
STOP_SECONDS: Final = 10.0
"""For how long the end of the server waits for the job under way. A mail that is cut off is sent or shown later."""

log = logging.getLogger("psephos.jobs")


class Standing(StrEnum):
    """How the background work of this process stands."""

    WORKING = "working"
    STUCK = "stuck"
    """One job has been going on for ten minutes."""
    DEAD = "dead"
    """The thread ended though nobody told it to; it is started again within seconds."""
    STOPPED = "stopped"


class Background:
    """Runs a worker in a thread and starts it again, and says so, whenever it ends by itself."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread = self._start()
        self._watch = threading.Thread(target=self._look_after_it, name="psephos-watch", daemon=True)
        self._watch.start()

    def standing(self) -> Standing:
        """How the work stands."""
        if self._stop.is_set():
            return Standing.STOPPED
        if not self._thread.is_alive():
            return Standing.DEAD
        return Standing.STUCK if self._worker.silent_seconds() > STUCK_SECONDS else Standing.WORKING

    def close(self, seconds: float = STOP_SECONDS) -> None:
        """Let the job under way end, for so many seconds at most, and take no other."""
        self._stop.set()
        self._ended.set()
        self._watch.join(seconds)
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("A job was still going on and is taken up again after the next start.")

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="psephos-worker", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            self._worker.run_until(self._stop)
        finally:
            self._ended.set()

    def _look_after_it(self) -> None:
        said_stuck = False
        while not self._stop.is_set():
            self._ended.wait(WATCH_SECONDS)
            if self._stop.is_set():
                return
            standing = self.standing()
            if self._ended.is_set() or standing is Standing.DEAD:
                self._thread.join()
                self._ended.clear()
                log.critical("The background work ended by itself. It starts again.")
                self._stop.wait(1)
                if not self._stop.is_set():
                    self._thread = self._start()
            elif standing is Standing.STUCK and not said_stuck:
                log.critical(
                    "One job has been going on for %d minutes. Restart the server.", STUCK_SECONDS // 60
                )
            said_stuck = standing is Standing.STUCK


@contextmanager
def background(worker: Worker | None) -> Iterator[Callable[[], Standing]]:
    """Work in the background of the block. None: another process does."""
    if worker is None:
        yield lambda: Standing.STOPPED
        return
    running = Background(worker)
    try:
        yield running.standing
    finally:
        running.close()

"""Workers that live in the server's own process: each a thread, and one more that watches over them."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from storage.worker import Worker

WATCH_SECONDS: Final = 5.0
STUCK_SECONDS: Final = 600.0
"""Longer than any job may have its lease without renewing it."""
STOP_SECONDS: Final = 10.0
"""For how long the end of the server waits for jobs under way. A mail that is cut off is sent or shown later."""

log = logging.getLogger("psephos.jobs")


class Standing(StrEnum):
    """How the background work of this process stands: as its worst worker."""

    STOPPED = "stopped"
    """Nobody works here: another process does, or the server ends."""
    WORKING = "working"
    STUCK = "stuck"
    """One job has been going on for ten minutes."""
    DEAD = "dead"
    """A worker ended though nobody told it to; it is started again within seconds."""


class _Hand:
    """One worker and its thread."""

    def __init__(self, worker: Worker, stop: threading.Event, wake: threading.Event) -> None:
        self._worker, self._stop, self._wake = worker, stop, wake
        self.said_stuck = False
        self.start()

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, name="psephos-worker", daemon=True)
        self.thread.start()

    def standing(self) -> Standing:
        if not self.thread.is_alive():
            return Standing.DEAD
        return Standing.STUCK if self._worker.silent_seconds() > STUCK_SECONDS else Standing.WORKING

    def _run(self) -> None:
        try:
            self._worker.run_until(self._stop)
        except BaseException as error:
            log.critical("The background work ended by itself (%s). It starts again.", type(error).__name__)
        finally:
            self._wake.set()


class Background:
    """Runs workers in threads, and starts each again, and says so, when it ends by itself."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._hands = [_Hand(worker, self._stop, self._wake) for worker in workers]
        self._watch = threading.Thread(target=self._look_after_them, name="psephos-watch", daemon=True)
        self._watch.start()

    def standing(self) -> Standing:
        """How the work stands."""
        if self._stop.is_set() or not self._hands:
            return Standing.STOPPED
        found = {hand.standing() for hand in self._hands}
        return next(each for each in (Standing.DEAD, Standing.STUCK, Standing.WORKING) if each in found)

    def close(self, seconds: float = STOP_SECONDS) -> None:
        """Let the jobs under way end, for so many seconds at most, and take no others."""
        self._stop.set()
        self._wake.set()
        self._watch.join(seconds)
        for hand in self._hands:
            hand.thread.join(seconds)
        if any(hand.thread.is_alive() for hand in self._hands):
            log.warning("A job was still going on. It is taken up again after the next start.")

    def _look_after_them(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(WATCH_SECONDS)
            self._wake.clear()
            for hand in self._hands:
                standing = hand.standing()
                if standing is Standing.DEAD and not self._stop.wait(1):
                    hand.start()
                if standing is Standing.STUCK and not hand.said_stuck:
                    log.critical("One job has been going on for ten minutes. Restart the server.")
                hand.said_stuck = standing is Standing.STUCK


@contextmanager
def background(workers: Sequence[Worker]) -> Iterator[Callable[[], Standing]]:
    """Work in the background of the block. Gives how the work stands, when called."""
    running = Background(workers)
    try:
        yield running.standing
    finally:
        running.close()

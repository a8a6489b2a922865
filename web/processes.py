"""One server as several processes: an interpreter runs one line at a time, so each processor needs one of its own.

All of them answer at one address, each at a socket of its own (SO_REUSEPORT), among which the system deals out who
connects: at one for all, whoever wakes first would take everybody who waits. The process that started them answers
nobody: it does the background work, keeps the sockets, starts again whichever ends by itself, and ends all of them when
it is told to.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ctypes import c_byte, c_double
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import RawValue
from typing import Final

from web.background import Standing, background
from web.casting_pool import end_with_parent
from web.duties import workers
from web.serving import DRAIN_SECONDS, Place, application, opened, server, settle
from web.settings import Settings

PROVEN_SECONDS: Final = 10.0
"""Whoever has lived so long did not end because of the settings."""
REST_SECONDS: Final = 1.0
"""Before one is started again."""
CLOSING_SECONDS: Final = 60.0
"""For ballots that wait to be checked, when what was under way has been answered."""
SILENT_SECONDS: Final = 60.0
"""Without a beat of its event loop, or before the first: then nobody is answered there any more."""
BACKLOG: Final = 2048
"""Who may wait until a process is there to answer."""
_LOOK_SECONDS: Final = 0.5

# A new interpreter for each: no connection or lock is inherited.
_SPAWN: Final = get_context("spawn")
_STANDINGS: Final = tuple(Standing)

log = logging.getLogger("psephos.web")


class NoneLives(Exception):
    """They end as soon as they are started."""

    def __init__(self) -> None:
        super().__init__(
            "A process that answers requests ended right after its start. The lines above say why."
        )


class AddressTaken(Exception):
    """Nothing can listen at the address of the site."""


class Processes:
    """Those that answer requests, each in its place. casting_workers: as of `web.serving.application`.

    listening: a socket for each.
    """

    def __init__(
        self, settings: Settings, listening: Sequence[socket.socket], casting_workers: int | None
    ) -> None:
        # How the background work stands, its place in `_STANDINGS`: all of them read what one writes.
        self._standing = RawValue(c_byte, _STANDINGS.index(Standing.STOPPED))
        self._arguments = (settings, casting_workers, self._standing)
        self._listening = {Place(number, len(listening)): each for number, each in enumerate(listening)}
        self._beats = {place: RawValue(c_double, 0.0) for place in self._listening}
        self._living = {place: self._start(place) for place in self._listening}
        self._started_at = time.monotonic()

    def tell(self, standing: Standing) -> None:
        """Let all of them know how the background work stands."""
        self._standing.value = _STANDINGS.index(standing)

    def look_after(self, told_to_stop: Callable[[], bool]) -> None:
        """Wait for a moment, or until one ends; start again what ended by itself. Raises: NoneLives."""
        wait([process.sentinel for process in self._living.values()], _LOOK_SECONDS)
        for place, process in self._living.items():
            if told_to_stop():  # as perhaps all of them were
                return
            if process.is_alive():
                if time.monotonic() - self._beats[place].value > SILENT_SECONDS:
                    log.critical("A process that answers requests hangs. It is ended.")
                    process.kill()
                continue
            if time.monotonic() - self._started_at < PROVEN_SECONDS:
                raise NoneLives
            log.critical("A process that answers requests ended by itself (%s).", process.exitcode)
            time.sleep(REST_SECONDS)
            self._living[place] = self._start(place)

    def close(self) -> None:
        """Let what is under way end, for a while, and then all of them."""
        until = time.monotonic() + DRAIN_SECONDS + CLOSING_SECONDS
        while (living := self._alive()) and time.monotonic() < until:
            for process in living:
                process.terminate()  # again where one was just beginning and did not hear it
            wait([process.sentinel for process in living], _LOOK_SECONDS)
        for process in self._alive():
            log.critical("A process that answers requests does not end. It is killed.")
            process.kill()
            process.join()

    def _alive(self) -> list[SpawnProcess]:
        return [process for process in self._living.values() if process.is_alive()]

    def _start(self, place: Place) -> SpawnProcess:
        self._beats[place].value = time.monotonic()  # until its own first one
        arguments = (place, self._listening[place], self._beats[place], *self._arguments)
        process = _SPAWN.Process(target=_answer, args=arguments)
        # Ctrl-C in a terminal reaches all processes. It is for this one, which then tells the others; whoever is still
        # loading its modules would end with a complaint. (The tracker, when it starts, lets it through again.)
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return process


@contextmanager
def several(
    settings: Settings, count: int, casting_workers: int | None = None, *, jobs: bool = True
) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """The site in so many processes, which end with the block. Gives what looks after them until it is told to stop.

    casting_workers: processes that check ballots, as of `web.serving.application`.  jobs: whether this process does the
    background work.  Raises: as `application`, AddressTaken.
    """
    with (
        opened(settings) as (office, desk),
        listening_sockets(settings, count) as listening,
        background(workers(office, desk, settings) if jobs else []) as standing,
    ):
        processes = Processes(settings, listening, casting_workers)

        def look_after(told_to_stop: Callable[[], bool]) -> None:
            """Raises: NoneLives."""
            while not told_to_stop():
                processes.tell(standing())
                processes.look_after(told_to_stop)

        try:
            yield look_after
        finally:
            processes.close()


@contextmanager
def listening_sockets(settings: Settings, count: int) -> Iterator[list[socket.socket]]:
    """So many at the address of the site; they are closed with the block. Raises: AddressTaken."""
    address = (settings.host, settings.port)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with ExitStack() as stack:
        try:
            # Alone first: a second server would share the address without a word.
            socket.create_server(address, family=family).close()
            made = [
                stack.enter_context(
                    socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=True)
                )
                for _ in range(count)
            ]
        except OSError as error:
            raise AddressTaken from error
        yield made


def _answer(
    place: Place,
    listening: socket.socket,
    beat: c_double,
    settings: Settings,
    casting_workers: int | None,
    standing: c_byte,
) -> None:
    """What one of them does until it is told to end, or until whoever started it is gone."""
    # uvicorn ends in order at either, and is told again until it does. Nothing else may end what is being opened or
    # closed here: the casting processes would stay.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end_with_parent(_tell_to_end)

    async def alive() -> None:
        beat.value = time.monotonic()

    found = partial(_said, standing)
    with application(settings, casting_workers, jobs=False, place=place, standing=found) as app:
        settle()
        server(app, settings, alive).run([listening])


def _said(standing: c_byte) -> Standing:
    return _STANDINGS[standing.value]


def _tell_to_end() -> None:
    while True:  # as the parent would: until it is heard
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(REST_SECONDS)

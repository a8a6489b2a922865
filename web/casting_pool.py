"""Processes that check and store ballots: the arithmetic never runs on the event loop, nor beside it.

A ballot crosses as bytes and comes back as bytes or as a refusal, so that nothing else needs to travel.
"""

import asyncio
import os
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Final, Literal

from protocol.canonical import encode_canonical
from protocol.errors import ProtocolError
from storage.engine import make_engine
from storage.errors import DatabaseBusy, StorageFull
from voting.casting import cast_ballot, post_challenge
from voting.errors import ServerAtFault, TooSoon, VotingError
from voting.office import Office
from voting.server_keys import ServerKeys
from web.rate_limits import CASTING, Limiter, TooManyRequests

Deed = Literal["ballot", "challenge"]

WAITING_PER_WORKER: Final = 200
"""Requests that may wait for one process: some seconds of work, and a bound on the memory that they take."""

CONNECTIONS: Final = 2
"""To the database, of one process: one ballot at a time."""

_BUSY: Final = "busy"


@dataclass(frozen=True)
class Refusal:
    """Nothing was stored. code: stable.  sentence: for the person."""

    code: str
    sentence: str


class CastingFault(Exception):
    """A casting process failed in a way that is no refusal; the text is its traceback, for the log."""


class CastingPool:
    """The casting door of a running server. workers: processes, each with its own connection and key tables."""

    def __init__(self, database_url: str, secrets_folder: Path, workers: int) -> None:
        self._arguments = (database_url, secrets_folder)
        self._workers = workers
        self._waiting = 0
        self._of_network: Counter[str] = Counter()
        self._pool = self._new_pool()

    async def put(
        self, deed: Deed, election_id: str, request: bytes, permit: str | None = None, network: str = ""
    ) -> bytes | Refusal:
        """Cast a ballot or post a challenge; the canonical answer, or why not.

        permit: of the sign-in that stands behind a ballot, where the election asks one.  network: where it came from;
        a whole ward may vote behind one, so nothing counts it while there is room.
        Raises: CastingFault, BrokenProcessPool (a process was killed; new ones take the next request). After
        either the ballot may be stored or not.
        """
        if self._is_full(network):
            return Refusal(
                _BUSY, "Too many ballots are waiting and nothing was stored. Try again in a moment."
            )
        pool = self._pool
        self._waiting += 1
        self._of_network[network] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                pool, _put, deed, election_id, request, permit
            )
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = self._new_pool()
            raise
        finally:
            self._waiting -= 1
            self._of_network[network] -= 1
            if not self._of_network[network]:
                del self._of_network[network]

    def _is_full(self, network: str) -> bool:
        """Half of the places are for whoever comes; of the other half nobody gets any who holds half of all."""
        places = WAITING_PER_WORKER * self._workers
        half = places // 2
        return self._waiting >= places or (self._waiting >= half and self._of_network[network] >= half)

    def close(self) -> None:
        """Let what is under way end, then stop."""
        self._pool.shutdown()

    def _new_pool(self) -> Executor:
        # A new interpreter for each: no connection or lock is inherited.
        return ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=_start, initargs=self._arguments
        )


def put_at(
    office: Office, deed: Deed, election_id: str, request: bytes, permit: str | None = None
) -> bytes | Refusal:
    """What a casting process does with one request.

    Raises: ServerAtFault, and other faults: none of them is the voter's.
    """
    try:
        if deed == "ballot":
            cast = cast_ballot(office, election_id, request, permit)
            return encode_canonical(
                {
                    "index": cast.index,
                    "leaf": cast.leaf,
                    "promise": cast.promise,
                    "sequence": cast.sequence,
                }
            )
        posted = post_challenge(office, election_id, request)
        return encode_canonical({"index": posted.index, "leaf": posted.leaf})
    except ServerAtFault:
        raise
    except (VotingError, ProtocolError) as error:
        return Refusal(error.code, str(error))
    except DatabaseBusy as error:
        return Refusal(_BUSY, str(error))
    except StorageFull as error:
        return Refusal(error.code, str(error))


_office: Office | None = None


def end_with_parent(end: Callable[[], None]) -> None:
    """Call `end` when whoever started this process is gone, also when it was killed and could tell nobody."""
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            end()

    threading.Thread(target=wait, name="psephos-parent", daemon=True).start()


def _start(database_url: str, secrets_folder: Path) -> None:
    global _office  # noqa: PLW0603  (one office for the life of a worker process)
    end_with_parent(partial(os._exit, 1))  # what is under way is rolled back
    limiter = Limiter.open(database_url, secrets_folder, connections=1)
    _office = Office(
        make_engine(database_url, connections=CONNECTIONS),
        ServerKeys.open(secrets_folder),
        attempt=partial(count_attempt, limiter),
    )


def count_attempt(limiter: Limiter, election_id: str, credential: bytes) -> None:
    """One more ballot or challenge of this voting code, wherever it came from. Raises: TooSoon."""
    try:
        limiter.count(CASTING, election_id.encode() + credential)
    except TooManyRequests as error:
        raise TooSoon(error.retry_after) from error


def _put(deed: Deed, election_id: str, request: bytes, permit: str | None) -> bytes | Refusal:
    if _office is None:
        raise RuntimeError("This process was not started by a casting pool.")
    try:
        return put_at(_office, deed, election_id, request, permit)
    except Exception as error:
        # Some exceptions cannot be unpickled on the other side, and one of those would break the whole pool.
        raise CastingFault("".join(traceback.format_exception(error))) from None

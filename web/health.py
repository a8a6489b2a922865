"""Whether this server lives and can do its work: for a supervisor or a load balancer, telling strangers nothing.

The answer is one word; what is wrong stands in the log.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from storage.errors import StorageError
from storage.session import reading
from voting.errors import SecretMissing
from voting.office import Office, State, state_of
from voting.preparation import list_elections
from web.access import Access, AccessRoute
from web.background import Standing

log = logging.getLogger("psephos.web")

KEPT_SECONDS: Final = 2
"""However often somebody asks, the database is asked once in this time."""
_FRESH: Final = {"Cache-Control": "no-store"}
_KEYS_NEEDED: Final = frozenset({State.FROZEN, State.OPEN, State.CLOSED})


@dataclass
class Readiness:
    """The last verdict, and how to come to a new one."""

    clock: Callable[[], float] = time.monotonic
    _faults: tuple[str, ...] = ()
    _asked_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request) -> Response:
        """GET /readyz"""
        # Who comes while somebody looks gets the last verdict: a database that dawdles must not hold many threads.
        if self._lock.acquire(blocking=False):
            try:
                if self.clock() - self._asked_at >= KEPT_SECONDS:
                    faults = faults_of(request)
                    for fault in set(faults) - set(self._faults):
                        log.critical("Not ready: %s", fault)
                    self._faults, self._asked_at = faults, self.clock()
            finally:
                self._lock.release()
        ready = not self._faults
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503, _FRESH)


def faults_of(request: Request) -> tuple[str, ...]:
    """What is missing: the database, a key of an election that is not over, the background work."""
    office: Office = request.app.state.office
    found = []
    try:
        with reading(office.engine) as session:
            elections = [row.id for row in list_elections(session) if state_of(row) in _KEYS_NEEDED]
        for election in elections:
            office.keys.load(election)  # from the files: the keys in memory do not outlive a restart
    except (SQLAlchemyError, StorageError) as error:
        found.append(f"the database does not answer ({type(error).__name__}).")
    except SecretMissing as error:
        found.append(str(error))
    standing: Standing = request.app.state.background()
    if standing in {Standing.DEAD, Standing.STUCK}:
        found.append(f"the background work is {standing}.")
    return tuple(found)


async def alive(_: Request) -> Response:
    """GET /healthz: the event loop answers, even when every thread is taken."""
    return PlainTextResponse("alive\n", headers=_FRESH)


def health_routes() -> list[AccessRoute]:
    """Both addresses."""
    return [
        AccessRoute("/healthz", alive, access=Access.PUBLIC),
        AccessRoute("/readyz", Readiness().answer, access=Access.PUBLIC),
    ]

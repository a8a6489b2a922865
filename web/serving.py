"""A running server: settings in, an application with database, keys, casting processes and pages out."""

import gc
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn
from sqlalchemy import Engine
from starlette.applications import Starlette

from identity.desk import Desk
from identity.opening import open_desk
from storage.engine import make_engine
from storage.migrate import migrate
from voting.office import Office
from voting.server_keys import ServerKeys
from web.api.bundles import BYTES_MAX, Bundles, bundle_folder, bundle_path
from web.app import create_app
from web.background import Standing, background
from web.casting_pool import CastingPool
from web.duties import workers
from web.live.source import LivePages
from web.rate_limits import Limiter
from web.routes.api import api_routes
from web.sense import open_sense
from web.settings import Settings
from web.threads import READERS, WRITERS

DRAIN_SECONDS: Final = 10
BEAT_SECONDS: Final = 5
CONNECTIONS: Final = READERS + WRITERS + 2
"""To the database, of one process for what it answers. A page may read beside what it reads; none waits for ever."""
COUNTING_CONNECTIONS: Final = 5
"""The same for the counts of limits."""


@dataclass(frozen=True)
class Place:
    """Which of the processes of one server this is. number: from 0.  of: how many there are."""

    number: int = 0
    of: int = 1


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Office, Desk]]:
    """Votes and people of the site, on its database, migrated.

    Raises: UnsupportedDatabase, DatabaseTooNew, SecretsUnsafe, KeyMissing.
    """
    engine = make_engine(settings.database_url, connections=CONNECTIONS)
    try:
        migrate(engine)
        yield votes_and_people(engine, settings)
    finally:
        engine.dispose()


def votes_and_people(engine: Engine, settings: Settings) -> tuple[Office, Desk]:
    """Of the site, on a database that is migrated. Raises: SecretsUnsafe, KeyMissing."""
    office = Office(engine, ServerKeys.open(settings.secrets))
    desk = open_desk(
        engine,
        settings.secrets,
        settings.base_url,
        settings.assurance,
        office.clock,
        settings.mail_domains,
    )
    return office, desk


@contextmanager
def application(
    settings: Settings,
    casting_workers: int | None = None,
    jobs: bool = True,
    place: Place = Place(),
    standing: Callable[[], Standing] | None = None,
) -> Iterator[Starlette]:
    """The site on its database; the casting processes and the background work end with the block.

    casting_workers: processes that check ballots, one for each processor unless given; of all places together, one at
    least in each.  jobs: whether this process does the background work; otherwise `psephos worker` does, or another
    process of this server, and then standing says how it stands there.
    Raises: as `opened`.
    """
    with opened(settings) as (office, desk):
        limiter = Limiter.open(
            settings.database_url, settings.secrets, settings.trusted_proxies, COUNTING_CONNECTIONS
        )
        names = [f"{settings.host}-{settings.port}-{number}" for number in range(place.of)]
        own = bundle_folder(names.pop(place.number))
        bundles = Bundles(own, BYTES_MAX // place.of, [bundle_path(name) for name in names])
        casting = CastingPool(
            settings.database_url,
            settings.secrets,
            max(1, (casting_workers or os.cpu_count() or 1) // place.of),
        )
        try:
            app = create_app(settings, LivePages(office), api_routes(), desk)
            app.state.office, app.state.casting, app.state.limiter = office, casting, limiter
            app.state.bundles, app.state.sense = bundles, open_sense(settings)
            with background(workers(office, desk, settings) if jobs else []) as here:
                app.state.background = standing or here
                yield app
        finally:
            casting.close()
            bundles.close()
            limiter.close()


def server(
    app: Starlette, settings: Settings, alive: Callable[[], Awaitable[None]] | None = None
) -> uvicorn.Server:
    """An HTTP server for the site; `run_until_told` runs it. alive: called every few seconds while it answers."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            callback_notify=alive,
            timeout_notify=BEAT_SECONDS,
        )
    )


def run_until_told(http: uvicorn.Server) -> None:
    """Serve until Ctrl-C or SIGTERM; then what is under way ends, and so does this call.

    Raises: SystemExit when nothing can listen at the address.
    """
    # uvicorn ends in order and then raises the signal again. The default of SIGTERM would kill this process before
    # the casting processes are told to end, and they would stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settle()
    try:
        http.run()
    except KeyboardInterrupt:
        return


def settle() -> None:
    """What was made to start with is there until the end: looking through it for what can go takes half a second, again
    and again, and nobody is answered meanwhile.
    """
    gc.collect()
    gc.freeze()

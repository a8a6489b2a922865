"""A running server: settings in, an application with database, keys, casting processes and pages out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from identity.opening import open_desk
from storage.engine import make_engine
from storage.migrate import migrate
from voting.office import Office
from voting.server_keys import ServerKeys
from web.api.bundles import Bundles, bundle_folder
from web.app import create_app
from web.background import background
from web.casting_pool import CastingPool
from web.duties import workers
from web.live.source import LivePages
from web.rate_limits import Limiter
from web.routes.api import api_routes
from web.sense import open_sense
from web.settings import Settings

DRAIN_SECONDS = 10


@contextmanager
def application(
    settings: Settings, casting_workers: int | None = None, jobs: bool = True
) -> Iterator[Starlette]:
    """The site on its database, migrated; the casting processes and the background work end with the block.

    casting_workers: processes that check ballots, one for each processor unless given.  jobs: whether this process does
    the background work; otherwise `psephos worker` does.
    Raises: UnsupportedDatabase, DatabaseTooNew, SecretsUnsafe, KeyMissing.
    """
    engine = make_engine(settings.database_url)
    migrate(engine)
    office = Office(engine, ServerKeys.open(settings.secrets))
    desk = open_desk(
        engine,
        settings.secrets,
        settings.base_url,
        settings.assurance,
        office.clock,
        settings.mail_domains,
    )
    limiter = Limiter.open(settings.database_url, settings.secrets, settings.trusted_proxies)
    bundles = Bundles(bundle_folder(f"{settings.host}-{settings.port}"))
    casting = CastingPool(settings.database_url, settings.secrets, casting_workers or os.cpu_count() or 1)
    try:
        app = create_app(settings, LivePages(office), api_routes(), desk)
        app.state.office, app.state.casting, app.state.limiter = office, casting, limiter
        app.state.bundles, app.state.sense = bundles, open_sense(settings)
        with background(workers(office, desk, settings) if jobs else []) as app.state.background:
            yield app
    finally:
        casting.close()
        bundles.close()
        limiter.close()
        engine.dispose()


def server(app: Starlette, settings: Settings) -> uvicorn.Server:
    """An HTTP server for the site; `run()` blocks until it is told to stop."""
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
        )
    )

"""The Starlette application: middleware, routes, error pages, put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from identity.desk import Desk
from identity.oidc.flow import SignInProviders
from storage.errors import StorageFull
from web import errors
from web.assets import site_assets
from web.limits import BodyCeiling
from web.pages.common import PageNotFound, Site
from web.pages.moderation import HiddenHere
from web.pages.source import PageSource
from web.rendering import renderer
from web.routes.moderation_record import on_hidden
from web.routes.pages import page_routes
from web.routes.private import private_routes
from web.security import CrossOriginProtection, SecurityHeaders
from web.settings import Settings
from web.threads import few_readers


def create_app(
    settings: Settings, pages: PageSource, api_routes: Sequence[BaseRoute] = (), desk: Desk | None = None
) -> Starlette:
    """The whole site.

    pages: where page contexts come from. api_routes: the public API (full paths), answered before the pages.
    desk: people and sessions; without it the site has its public pages alone.
    The first middleware of the list is the outermost: headers are on every answer, also on refusals.
    """
    help_line = settings.help_line.replace(" ", "\u00a0")  # a telephone number stays on one line
    site = Site(settings.name, settings.authority, help_line, settings.base_url, settings.time_zone)
    app = Starlette(
        lifespan=_few_threads,
        routes=[*api_routes, *page_routes(), *(private_routes() if desk else ())],
        middleware=[
            Middleware(SecurityHeaders, https=settings.https),
            Middleware(CrossOriginProtection, base_url=settings.base_url),
            Middleware(GZipMiddleware, minimum_size=500, compresslevel=6),
            Middleware(errors.Faults),
            Middleware(BodyCeiling),
        ],
        exception_handlers={
            HTTPException: errors.on_http_error,
            HiddenHere: on_hidden,
            PageNotFound: errors.on_missing,
            StorageFull: errors.on_full,
        },
    )
    # The router would redirect to whatever host and scheme the request claims; behind a proxy that is plain http.
    app.router.redirect_slashes = False
    app.state.renderer = renderer(site, site_assets())
    app.state.pages, app.state.desk, app.state.settings = pages, desk, settings
    if desk is not None:
        app.state.providers = SignInProviders(settings.providers, settings.base_url, desk.engine, desk.clock)
    return app


@asynccontextmanager
async def _few_threads(_: Starlette) -> AsyncIterator[None]:
    few_readers()
    yield

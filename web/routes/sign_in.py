"""Signing in and out."""

from starlette.requests import Request
from starlette.responses import Response

from web.access import Access, AccessRoute
from web.errors import language_of
from web.links import Links
from web.visitor import leave


def sign_out(request: Request) -> Response:
    """POST /{lang}/sign-out"""
    return leave(request, Links(language_of(request)).home())


def sign_in_routes() -> list[AccessRoute]:
    """All of the above."""
    return [AccessRoute("/{lang}/sign-out", sign_out, access=Access.PUBLIC, methods=["POST"])]

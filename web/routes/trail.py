"""The site log: for everybody without names, for those who may with them; its checkpoints for whoever keeps them."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity import trail
from identity.roles import Permission
from storage.session import reading
from web.access import Access, AccessRoute, render
from web.pages.common import PageNotFound
from web.people_texts import ACTOR_ROLES, DEEDS
from web.visitor import desk_of

PAGE: Final = 50
CHECKPOINT: Final = "/api/v1/site/checkpoint"


def public(request: Request) -> Response:
    """GET /{lang}/trail?page="""
    return _page(request, with_names=False)


def with_names(request: Request) -> Response:
    """GET /{lang}/staff/trail?page="""
    return _page(request, with_names=True)


def trail_routes() -> list[AccessRoute]:
    """All of the above."""
    return [
        AccessRoute("/{lang}/trail", public, access=Access.PUBLIC),
        AccessRoute("/{lang}/staff/trail", with_names, access=Permission.READ_TRAIL),
    ]


def _page(request: Request, *, with_names: bool) -> Response:
    desk = desk_of(request)
    with reading(desk.engine) as session:
        total = trail.size(desk, session)
        pages = max(1, -(-total // PAGE))
        number = _number(request, pages)
        start = (number - 1) * PAGE
        found = trail.deeds(desk, session, start, PAGE, with_names=with_names)
    values = {
        "deeds": list(reversed(found)),
        "with_names": with_names,
        "number": number,
        "pages": pages,
        "total": total,
        "words": DEEDS,
        "roles": ACTOR_ROLES,
        "checkpoint": CHECKPOINT,
    }
    return render(request, "staff/trail.html", values)


def _number(request: Request, pages: int) -> int:
    """Pages count from 1 at the oldest deed; the newest unless asked for."""
    text = request.query_params.get("page")
    if text is None:
        return pages
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= pages):
        raise PageNotFound(text)
    return int(text)

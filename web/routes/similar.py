"""Petitions that resemble what somebody is writing: a part of the page while they type, and a page of its own."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation.similar.fold import CHARACTERS_MAX
from storage.session import reading
from web.access import Access, AccessRoute, render
from web.errors import language_of
from web.forms import Form
from web.live.petitions import lines_of
from web.rate_limits import hit
from web.rate_rules import SIMILAR
from web.sense import similar_of
from web.visitor import desk_of

SHOWN: Final = 5
LETTERS_LEAST: Final = 4
"""Fewer say nothing about a petition."""


def similar(request: Request) -> Response:
    """GET /{lang}/petitions/similar?action=&background=: as a part for htmx, else as a page with a form."""
    hit(request, SIMILAR)
    asked = {name: request.query_params.get(name, "")[:CHARACTERS_MAX] for name in ("action", "background")}
    text = "\n".join(asked.values()).strip()
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found = similar_of(request.app)(session, text, SHOWN) if len(text) >= LETTERS_LEAST else []
        lines = lines_of(session, [each.subject.id for each in found], desk.clock())
    part = request.headers.get("hx-request") == "true"
    values = {"lines": lines, "asked": bool(text), "form": Form.filled(language_of(request), asked)}
    template = "similar/_part.html" if part else "similar/page.html"
    return render(request, template, values, headers={"Vary": "HX-Request", "Cache-Control": "no-store"})


def similar_routes() -> list[AccessRoute]:
    """Before `/petitions/{petition}`: `similar` is no petition."""
    return [AccessRoute("/{lang}/petitions/similar", similar, access=Access.PUBLIC)]

"""Petitions for citizens: lists and public pages without cookies.

They are the same for everybody, so they may be cached. What depends on the reader has addresses of its own: in
`web.routes.petition_writing`, and signing and its receipt in `web.routes.signing`.
"""

import re
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation.petitions.types import HIDING
from storage.session import reading
from web.access import Access, AccessRoute, render
from web.live.petitions import answers_page, petition_page, petitions_page, versions_page
from web.live.source import LivePages
from web.pages.petitions import Narrowed
from web.petition_texts import OUTCOMES, REASONS
from web.rate_limits import hit
from web.rate_rules import SIMILAR
from web.routes.office_common import office_of
from web.visitor import desk_of

SOUGHT_MAX: Final = 100
VALUE_MAX: Final = 64
_VERSION: Final = re.compile(r"[1-9][0-9]{0,5}")
_NO_STORE: Final = {"Cache-Control": "no-store"}


def petitions(request: Request) -> Response:
    """GET /{lang}/petitions?q=&state=&area=&body=&sort=&after="""
    narrowed = _narrowed(request)
    if narrowed.sought:
        hit(request, SIMILAR)
    with reading(desk_of(request).engine) as session:
        page = petitions_page(session, narrowed, _asked(request, "after"), desk_of(request).clock())
    return render(request, "petitions/list.html", {"page": page, "reasons": REASONS})


def rejected(request: Request) -> Response:
    """GET /{lang}/petitions/rejected: the published reasons, and what was rejected for them."""
    with reading(desk_of(request).engine) as session:
        page = petitions_page(
            session, Narrowed(state="rejected"), _asked(request, "after"), desk_of(request).clock()
        )
    return render(request, "petitions/rejected.html", {"page": page, "reasons": REASONS, "hiding": HIDING})


def answers(request: Request) -> Response:
    """GET /{lang}/petitions/answers?late=&waiting=: what is overdue, and who answers in time."""
    with reading(desk_of(request).engine) as session:
        now = desk_of(request).clock()
        page = answers_page(session, now, _asked(request, "late"), _asked(request, "waiting"))
    return render(request, "petitions/answers.html", {"page": page})


def one(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}"""
    votes = LivePages(office_of(request))
    with reading(desk_of(request).engine) as session:
        page = petition_page(
            session, request.path_params["petition"], desk_of(request).clock(), partial(votes.votes, session)
        )
    values = {"page": page, "reasons": REASONS, "outcomes": OUTCOMES}
    return render(request, "petitions/page.html", values, headers={} if page.petition.public else _NO_STORE)


def all_versions(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/versions?before="""
    asked = _asked(request, "before")
    before = int(asked) if _VERSION.fullmatch(asked) else None
    with reading(desk_of(request).engine) as session:
        page = versions_page(session, request.path_params["petition"], before)
    headers = {} if page.petition.public else _NO_STORE
    return render(request, "petitions/versions.html", {"page": page}, headers=headers)


def petition_routes() -> list[AccessRoute]:
    """All of the above. After whatever has a word of its own below `/petitions`."""
    every, every_one = "/{lang}/petitions", "/{lang}/petitions/{petition}"
    public = Access.PUBLIC
    return [
        AccessRoute(every, petitions, access=public),
        AccessRoute(f"{every}/rejected", rejected, access=public),
        AccessRoute(f"{every}/answers", answers, access=public),
        AccessRoute(every_one, one, access=public),
        AccessRoute(f"{every_one}/versions", all_versions, access=public),
    ]


def _asked(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:VALUE_MAX]


def _narrowed(request: Request) -> Narrowed:
    return Narrowed(
        sought=request.query_params.get("q", "")[:SOUGHT_MAX].strip(),
        state=_asked(request, "state"),
        area=_asked(request, "area"),
        body=_asked(request, "body"),
        sort=_asked(request, "sort") or "newest",
    )

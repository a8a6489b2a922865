"""Who may ask what: every route of the site is declared with what it needs, and tested with every role.

`AccessRoute` decides before its handler runs: is somebody signed in, may they do this, is the posted form one that
this site gave to them. Handlers are plain functions, which run in a worker thread (they read the database); a handler
of the API may be `async`.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from functools import wraps
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from identity.roles import Permission
from identity.sessions import SignedIn
from web import csrf, problems
from web.errors import language_of
from web.forms import FORM_BYTES_MAX, Form, MalformedForm, read_form
from web.i18n import is_language
from web.limits import BodyTooLarge, read_body
from web.links import Links
from web.pages.common import PageNotFound
from web.rendering import Renderer
from web.security import SAFE_METHODS
from web.threads import as_writer
from web.visitor import is_own_form, signed_in

__all__ = [
    "FORM_REFUSED",
    "Access",
    "AccessRoute",
    "Handler",
    "Needs",
    "actor",
    "body_of",
    "form_of",
    "go",
    "render",
    "signed_in",
]

Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]
API: Final = "/api/"
JSON: Final = "application/json"
_PARAMETER: Final = re.compile(r"\{[^}]*\}")


class Access(Enum):
    """What a route needs that is no permission."""

    PUBLIC = "public"
    """Everybody."""
    SIGNED_IN = "signed in"
    """Anybody who is signed in, citizens too."""
    STAFF = "staff"
    """Anybody with a role, after the second factor."""


Needs = Access | Permission
"""A permission counts only after the second factor, as everything that a role gives."""


class AccessRoute(Route):
    """A route and what it needs.

    methods: a form is posted.  limit: bytes of a body.  json: whether what is posted is JSON from a script of ours
    (`body_of`), with the token in a header, instead of a form (`form_of`).
    Routes of the API are public and read their bodies themselves: no cookie, no token.
    """

    def __init__(
        self,
        path: str,
        handler: Handler,
        *,
        access: Needs,
        methods: Sequence[str] = ("GET",),
        limit: int = FORM_BYTES_MAX,
        json: bool = False,
    ) -> None:
        if path.startswith(API) and access is not Access.PUBLIC:
            raise ValueError(f"{path}: the API knows no sign-in.")
        if "{lang}" not in path and access is not Access.PUBLIC:
            raise ValueError(f"{path}: a page that refuses needs a language to say so.")
        self.access, self.json, self.limit, self.handler = access, json, limit, handler
        self.is_api = path.startswith(API)
        # The longest text that every address of this route has. Most of the site's hundreds of routes are passed over
        # by looking for it, in a tenth of the time that their pattern takes.
        self._literal = max(_PARAMETER.split(path), key=len)
        super().__init__(path, self._guarded(handler), methods=list(methods))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As every route, but quick to say no."""
        if scope["type"] == "http" and self._literal not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        @wraps(handler)
        async def answer(request: Request) -> Response:
            # By the route and not by the address: `/{lang}/office` is also asked for as `/api/office`.
            if not self.is_api:
                _require_language(request)
                refusal = await _refusal(request, self.access, limit=self.limit, json=self.json)
                if refusal is not None:
                    return refusal
            if inspect.iscoroutinefunction(self.handler):
                return await cast(Callable[[Request], Awaitable[Response]], self.handler)(request)
            handle = cast(Callable[[Request], Response], self.handler)
            if request.method in SAFE_METHODS:
                return await run_in_threadpool(handle, request)
            return await as_writer(handle, request)

        return answer


def actor(request: Request) -> SignedIn:
    """Who is signed in, on a route that is not public."""
    found = signed_in(request)
    if found is None:
        raise LookupError("Only a guarded route may ask for its actor.")
    return found


def form_of(request: Request) -> Form:
    """The form that was posted, its token checked; an empty one when nothing was posted."""
    found: Form | None = getattr(request.state, "form", None)
    return found or Form(language_of(request))


def body_of(request: Request) -> bytes:
    """The JSON that a script of ours posted to a route with `json=True`."""
    body: bytes = request.state.body
    return body


def render(
    request: Request,
    template: str,
    values: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page in the language of its address."""
    renderer: Renderer = request.app.state.renderer
    return renderer.respond(
        request, language_of(request), template, values or {}, status=status, headers=headers
    )


def go(target: str) -> Response:
    """On to `target` after a form was carried out: loading that page again repeats nothing."""
    return RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})


FORM_REFUSED: Final = 422
"""Status of a page that shows a form again, with what is wrong in it."""


async def _refusal(request: Request, access: Needs, *, limit: int, json: bool) -> Response | None:
    """Why this request is not carried out; None if it may be."""
    visitor = None if access is Access.PUBLIC else await run_in_threadpool(signed_in, request)
    allowed = _is_allowed(access, visitor)
    posted = request.method not in SAFE_METHODS
    if not posted:
        return None if allowed else await run_in_threadpool(_send_elsewhere, request, visitor)
    if json:
        return await _refusal_of_json(request, allowed=allowed, limit=limit)
    if not allowed and visitor is not None:
        return await run_in_threadpool(_forbidden, request, visitor)
    # Whoever is signed out gets back what was typed; a large file is not worth reading for that.
    form = await _typed(request, limit) if allowed else await _rescued(request, min(limit, FORM_BYTES_MAX))
    if not allowed:
        return await run_in_threadpool(_kept, request, form, "signed-out")
    if form is None:
        raise MalformedForm
    if not await run_in_threadpool(_is_own, request, form.value(csrf.FIELD)):
        return await run_in_threadpool(_kept, request, form, "foreign-form")
    request.state.form = form
    return None


async def _refusal_of_json(request: Request, *, allowed: bool, limit: int) -> Response | None:
    if not allowed:
        return problems.problem(403, "not-permitted", "Sign in, with your second factor if you have a role.")
    if not await run_in_threadpool(_is_own, request, request.headers.get(csrf.HEADER, "")):
        return problems.problem(403, "foreign-form", "This page is too old. Load it again and try once more.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise MalformedForm
    request.state.body = await read_body(request, limit=limit)
    return None


async def _typed(request: Request, limit: int) -> Form | None:
    """The form; None for what is none. Raises: BodyTooLarge."""
    try:
        return await read_form(request, language_of(request), limit=limit)
    except MalformedForm:
        return None


async def _rescued(request: Request, limit: int) -> Form | None:
    """The same of somebody who may not send it, to give it back; None also when it is too long for that."""
    try:
        return await _typed(request, limit)
    except BodyTooLarge:
        return None


def _is_own(request: Request, token: str) -> bool:
    return is_own_form(request, token)


def _is_allowed(access: Needs, visitor: SignedIn | None) -> bool:
    match access:
        case Access.PUBLIC:
            return True
        case Access.SIGNED_IN:
            return visitor is not None
        case Access.STAFF:
            return visitor is not None and visitor.is_staff_ready
        case Permission():
            return visitor is not None and visitor.may(access)


def _require_language(request: Request) -> None:
    language = request.path_params.get("lang")
    if language is not None and not is_language(language):
        raise PageNotFound(language)


def _send_elsewhere(request: Request, visitor: SignedIn | None) -> Response:
    """To sign-in, to the second factor, or to the sentence that this is not for them."""
    links = Links(language_of(request))
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if visitor is None:
        target = links.sign_in()
    elif visitor.is_staff and visitor.sure_enough and not visitor.is_staff_ready:
        target = links.second_factor()
    else:
        return _forbidden(request, visitor)
    return RedirectResponse(
        f"{target}?{urlencode({'next': here})}", status_code=303, headers={"Cache-Control": "no-store"}
    )


def _forbidden(request: Request, visitor: SignedIn) -> Response:
    unready = visitor.is_staff and visitor.sure_enough and not visitor.is_staff_ready
    weak = visitor.is_staff and not visitor.sure_enough
    values = {"unready": unready, "weak": weak, "staff": visitor.is_staff}
    return render(request, "access/forbidden.html", values, status=HTTPStatus.FORBIDDEN)


def _kept(request: Request, form: Form | None, why: str) -> Response:
    """Not carried out, and nothing that was typed is lost: it can be sent again from the page that says so.

    Offered only where the browser itself says that the form came from this site: another site must not be able to
    lay its own values before somebody who then confirms them.
    """
    own = request.headers.get("sec-fetch-site") == "same-origin"
    fields = [
        (name, value)
        for name, values in (form.fields if form is not None and own else {}).items()
        for value in values
        if name not in _NEVER_SHOWN
    ]
    values = {
        "why": why,
        "fields": fields,
        "readable": [value for name, value in fields if value and name not in _UNREAD],
        "action": request.url.path,
        "files": bool(form and form.files),
    }
    return render(request, "access/kept.html", values, status=HTTPStatus.FORBIDDEN)


_NEVER_SHOWN: Final = frozenset({csrf.FIELD, "code", "secret", "work", "work-on"})
"""Fields that no page repeats: tokens, secrets, and the browser's work, which nobody reads and nobody can use twice."""
_UNREAD: Final = frozenset({"deed", "version", "seen", "draft"})
"""Fields that are sent again and say nothing to a reader."""

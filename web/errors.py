"""What people and programs see when something is not there or goes wrong."""

import logging
from math import ceil
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import problems
from web.i18n import N_, Language, is_language, preferred, translations
from web.rate_limits import TooManyRequests
from web.rendering import Renderer

log = logging.getLogger("psephos.web")

NOT_FOUND: Final = (
    N_("Page not found"),
    N_("There is nothing at this address. If you typed it, compare it with your letter."),
)
NOT_ALLOWED: Final = (
    N_("This cannot be done here"),
    N_("This address does not take what was sent. Go back and try again."),
)
TOO_LARGE: Final = (
    N_("Too much was sent"),
    N_("What was sent is longer than anything that this page needs. Go back and try again."),
)
TOO_MANY_TITLE: Final = N_("Too many tries")
TOO_MANY_MINUTES: Final = N_(
    "Too many tries came one after the other, so this one was not carried out. Try again in %(count)d min."
)
TOO_MANY_HOURS: Final = N_(
    "Too many tries came one after the other, so this one was not carried out. Try again in %(count)d h."
)
BUSY: Final = (
    N_("Not possible at this moment"),
    N_("The server cannot take this now, and nothing was done. Wait a minute and try again."),
)
FAULT: Final = (
    N_("Something went wrong on this server"),
    N_("It is not your fault. If you were casting a vote, look under “Check my ballot” whether it arrived."),
)
_FAULT_SENTENCE: Final = (
    "Something went wrong on this server. "
    "If you were casting a vote, look up its receipt code before you try again."
)
FULL: Final = (
    N_("The server has no room left"),
    N_("Nothing was stored. Tell the help desk, and try again later."),
)
WORDS: Final = {404: NOT_FOUND, 405: NOT_ALLOWED, 413: TOO_LARGE, 503: BUSY, 507: FULL}


def language_of(request: Request) -> Language:
    """The language in the address, else the one that the browser prefers."""
    first = request.url.path.split("/")[1]
    return first if is_language(first) else preferred(request.headers.get("accept-language", ""))


def too_many(language: Language, seconds: int) -> tuple[str, str]:
    """Title and sentence for who came too often. seconds: until the next try."""
    gettext = translations(language).gettext
    minutes = ceil(seconds / 60)
    if minutes <= 90:
        return gettext(TOO_MANY_TITLE), gettext(TOO_MANY_MINUTES) % {"count": minutes}
    return gettext(TOO_MANY_TITLE), gettext(TOO_MANY_HOURS) % {"count": ceil(minutes / 60)}


def respond(
    request: Request, renderer: Renderer, status: int, error: HTTPException | None = None
) -> Response:
    """The error as a page; as a fragment to a part of a page that asked for one."""
    language = language_of(request)
    gettext = translations(language).gettext
    if isinstance(error, TooManyRequests):
        title, sentence = too_many(language, error.retry_after)
    else:
        words_of_status = WORDS.get(status, FAULT if status >= 500 else NOT_ALLOWED)
        title, sentence = (gettext(words) for words in words_of_status)
    words = {"title": title, "sentence": sentence}
    if request.headers.get("hx-request-type") == "partial":
        part = request.headers.get("hx-target", "").rpartition("#")[2]
        return renderer.respond(request, language, "_error_part.html", {**words, "part": part}, status=status)
    headers = {
        **(error.headers or {} if error else {}),
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return renderer.respond(request, language, "error.html", words, status=status, headers=headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Refused by the routing or a limit."""
    if not isinstance(error, HTTPException):
        raise TypeError("registered for HTTPException only") from error
    if problems.is_api(request):
        return problems.from_http(error)
    return respond(request, request.app.state.renderer, error.status_code, error)


async def on_missing(request: Request, error: Exception) -> Response:
    """No such vote, entry or page."""
    if problems.is_api(request):
        return problems.problem(404, "not-found", str(error) or "There is nothing at this address.")
    return respond(request, request.app.state.renderer, 404)


async def on_full(request: Request, error: Exception) -> Response:
    """No room left on the disk of the database: nothing was stored, and it is said so."""
    log.error("%s %s: no room left", request.method, request.url.path)
    if problems.is_api(request):
        return problems.refused("storage-full", str(error))
    return respond(request, request.app.state.renderer, 507)


class Faults:
    """Turns a fault of ours into an answer, inside the security headers. The log has the details; the answer none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception:
            request = Request(scope)
            log.exception("%s %s failed", request.method, request.url.path)
            if started:
                raise  # half an answer is out: break the connection, so that nobody takes it for a whole one
            await _fault(request)(scope, receive, send)


def _fault(request: Request) -> Response:
    if problems.is_api(request):
        return problems.problem(500, "fault", _FAULT_SENTENCE)
    return respond(request, request.app.state.renderer, 500)

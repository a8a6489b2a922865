"""What every answer carries, and which requests are refused before a route sees them."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""No inline script, no inline style, nothing from another host."""

# A form in the booth can never be sent, even if the script that reads it fails: the code stays on the device.
BOOTH_CSP: Final[Mapping[str, str]] = {**CSP, "form-action": "'none'"}

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), browsing-topics=(), camera=(self), display-capture=(), geolocation=(), "
        "gyroscope=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}
HSTS: Final = "max-age=63072000; includeSubDomains"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
API: Final = "/api/"


def policy(directives: Mapping[str, str]) -> str:
    """A Content-Security-Policy header."""
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class SecurityHeaders:
    """Adds the headers above to every answer; a route that sets its own policy keeps it."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app, self._https = app, https
        self._policy = policy(CSP)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self._policy)
                if self._https:
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        await self._app(scope, receive, with_headers)


class CrossOriginProtection:
    """Refuses forms and scripts of other websites that would act in a reader's name (CSRF), without tokens.

    Every browser since 2020 says with Sec-Fetch-Site where a request comes from; older ones send Origin with
    every unsafe request. A request with neither does not come from a browser, has nobody's cookies, and passes.
    The API is exempt: it never reads a cookie, so another site gains nothing that it could not send itself.
    Source: Filippo Valsorda, "Cross-Site Request Forgery" (2025), net/http.CrossOriginProtection of Go 1.25.
    """

    def __init__(self, app: ASGIApp, *, base_url: str) -> None:
        self._app, self._origin = app, _origin(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "http" and not self._allowed(scope):
            answer = PlainTextResponse(
                "This form was sent from another website and was not carried out. Open the page here and try again.",
                status_code=403,
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or scope["path"].startswith(API):
            return True
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        return origin is None or _origin(origin) == self._origin


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()

"""How an answer of the API is kept, asked for again, and read by scripts of other sites."""

import hashlib
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical

FOR_EVER: Final = "public, max-age=31536000, immutable"
"""For what its address fixes: a body by its digest, a proof between two sizes."""
SHORT: Final = "public, max-age=10"
REVALIDATE: Final = "public, no-cache"
"""To be kept, and asked for again each time: 304 while the board has not grown."""
NOT_KEPT: Final = "no-store"
"""For what tells whom somebody looked up: it does not stay on a shared computer or in a proxy."""

_EXPOSED: Final = "ETag, RateLimit, RateLimit-Policy, Retry-After, Content-Disposition"
_PREFLIGHT_SECONDS: Final = "86400"

CORS: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": _EXPOSED,
    # The site's own default forbids other sites to embed it; this is open data.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""On every answer of a reading route. Never with credentials: the API reads no cookie.

Not on casting: a page of another site that casts is what a false booth looks like. It could send a ballot, for a
ballot is signed and needs no cookie, but it cannot read the promise. Programs that are no browser need no CORS.
"""

PREFLIGHT: Final[Mapping[str, str]] = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, Range, If-Range",
    "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
}


def json_answer(record: object, cache: str) -> Response:
    """A record as canonical JSON. cache: one of the above."""
    return bytes_answer(encode_canonical(record), cache)


def bytes_answer(data: bytes, cache: str, media_type: str = "application/json") -> Response:
    """Exact bytes."""
    return Response(data, headers={"Cache-Control": cache}, media_type=media_type)


def conditional(request: Request, answer: Response) -> Response:
    """The answer with its ETag, or 304 for who has it already. HEAD gets no body."""
    body = bytes(getattr(answer, "body", b""))  # a stream has none, and brings its own ETag if it has one
    if answer.status_code == 200 and body and "etag" not in answer.headers:
        # Weak: the same record may travel compressed.
        answer.headers["ETag"] = f'W/"{encode_base64url(hashlib.sha256(body).digest()[:16])}"'
    if answer.status_code == 200 and is_known(request, answer.headers.get("etag", "")):
        return not_modified(answer.headers)
    if request.method == "HEAD":
        return Response(None, answer.status_code, dict(answer.headers))
    return answer


def not_modified(of: Mapping[str, str]) -> Response:
    """304, with the headers that a kept copy is renewed by (RFC 9110 section 15.4.5). of: headers of the 200."""
    kept = {name: value for name, value in of.items() if name not in ("content-length", "content-type")}
    return Response(None, 304, kept)


def is_known(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag, by the weak comparison (RFC 9110 section 13.1.2)."""
    asked = request.headers.get("if-none-match")
    if asked is None or not etag:
        return False
    return asked.strip() == "*" or _opaque(etag) in {_opaque(item) for item in asked.split(",")}


def _opaque(etag: str) -> str:
    return etag.strip().removeprefix("W/")

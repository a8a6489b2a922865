"""Errors as problem documents (RFC 9457): one shape for every error of the API.

A domain error carries a stable `code` and a sentence; which HTTP status belongs to a code is decided here and
nowhere else. Codes are part of the API: the browser client has a translated sentence for each.
"""

import json
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"

TYPES: Final = "urn:psephos:problem:"

STATUSES: Final = {
    "malformed-ballot": 400,
    "malformed-challenge": 400,
    "malformed-code": 400,
    "malformed-query": 400,
    "malformed-record": 400,
    "sign-in-needed": 401,
    "permit-expired": 403,
    "revoked-credential": 403,
    "unknown-credential": 403,
    "bad-signature": 403,
    "code-not-found": 404,
    "election-not-found": 404,
    "entry-not-found": 404,
    "challenge-not-found": 404,
    "already-cast": 409,
    "already-challenged": 409,
    "challenged": 409,
    "closed": 409,
    "not-frozen": 409,
    "not-open": 409,
    "repeated-ciphertext": 409,
    "sign-in-conflict": 409,
    "wrong-sequence": 409,
    "too-large": 413,
    "too-many-challenges": 429,
    "too-soon": 429,
    "busy": 503,
    "storage-full": 507,
    # Of the server itself.
    "not-found": 404,
    "method-not-allowed": 405,
    "unsupported-media-type": 415,
    "range-not-satisfiable": 416,
    "too-many-requests": 429,
    "fault": 500,
}
"""HTTP status of each code."""

_OF_HTTP: Final = {
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    429: "too-many-requests",
    503: "busy",
}
"""Codes for what was refused before any domain saw it. (Phrases of HTTP change with Python's releases.)"""

UNCODED_STATUS: Final = 422
"""For every other domain code: the request was understood, and what it carries is wrong."""


def problem(status: int, code: str, detail: str, **extra: object) -> Response:
    """One problem document. `code` is stable and machine-readable; `detail` is a sentence for people."""
    content = {
        "type": f"{TYPES}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    return Response(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def from_domain(error: Exception) -> Response:
    """The document for a domain error that has `code`."""
    return refused(str(getattr(error, "code", "rejected")), str(error))


def refused(code: str, sentence: str) -> Response:
    """The document for a domain code."""
    return problem(STATUSES.get(code, UNCODED_STATUS), code, sentence)


def from_http(error: HTTPException) -> Response:
    """The document for what the routing refused: no such address, wrong method, body too large."""
    code = _OF_HTTP.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "-"))
    headers = dict(error.headers or {})
    detail = error.detail
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(verb.strip() for verb in headers["Allow"].split(",")))
        detail = f"This address answers {headers['Allow']}."
    response = problem(error.status_code, code, detail)
    response.headers.update(headers)
    return response


def is_api(request: Request) -> bool:
    """Whether the asker is a program: programs get problem documents, people get pages."""
    return request.url.path.startswith("/api/")

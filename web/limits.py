"""Bounds on what a request may send: a ceiling for the whole server, and a tight limit for each route that reads."""

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CEILING_BYTES: Final = 8 * 1024 * 1024
"""The largest body that any route can accept: a ballot with the 4,096 proof branches that the protocol allows, at
3072 bits, is below 7 MB."""


UPLOADS: Final = re.compile(r"/(?:en|vi)/office/drafts/[0-9a-f]{32}/(?:voters|roll)")
UPLOAD_CEILING_BYTES: Final = 64 * 1024 * 1024
"""Voters' lists and rolls of large towns. Their routes read nothing before they know who sends it."""


class BodyTooLarge(HTTPException):
    """The body is longer than this route takes; nothing of it was kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request is longer than the {limit} bytes that can be right here.")


async def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body, read only as far as `limit` bytes. Raises: BodyTooLarge."""
    announced = request.headers.get("content-length", "")
    # By its digits first: Python refuses to read a number of thousands of them.
    if announced.isascii() and announced.isdecimal() and (len(announced) > 15 or int(announced) > limit):
        raise BodyTooLarge(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(limit)
    return bytes(body)


class BodyCeiling:
    """No route ever sees more than the ceiling, whether it remembered its own limit or not."""

    def __init__(self, app: ASGIApp, *, ceiling: int = CEILING_BYTES) -> None:
        self._app, self._ceiling = app, ceiling

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0
        ceiling = UPLOAD_CEILING_BYTES if UPLOADS.fullmatch(scope["path"]) else self._ceiling

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > ceiling:
                    raise BodyTooLarge(ceiling)
            return message

        await self._app(scope, counted, send)

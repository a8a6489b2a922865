"""Clients that speak with a site in this process, all on one event loop as at a server."""

import atexit
import warnings
from collections.abc import Collection
from contextlib import ExitStack
from functools import cache
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp, Message, Scope

with warnings.catch_warnings():
    # Starlette would rather have httpx2, which is another package of the same client.
    warnings.filterwarnings("ignore", message="Using `httpx`")
    from starlette.testclient import TestClient as TestClient  # noqa: PLC0414 - for others, who would be warned


class ServerFault(AssertionError):
    """An answer says that the server failed, and the test did not expect it."""


class OneLoop(httpx.BaseTransport):
    """Requests to an application on the event loop that all tests of this process share.

    That of Starlette's client starts a thread and a loop for each request and asks it six times: most of what a
    request costs. An application that breaks off answers 500, as at a server.
    """

    def __init__(self, app: ASGIApp, client: tuple[str, int]) -> None:
        self.app, self.client = app, client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request and the whole answer."""
        url = request.url
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "scheme": url.scheme,
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self.client,
            "server": (url.host, url.port or {"http": 80, "https": 443}[url.scheme]),
            "state": {},
        }
        status, headers, body = _portal().call(_answer, self.app, scope, request.read())
        if request.method == "HEAD":
            body = b""
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body), request=request)


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Message] = []
    complete = anyio.Event()
    requests = iter([{"type": "http.request", "body": body}])

    async def receive() -> Message:
        for message in requests:
            return message
        await complete.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            complete.set()

    try:
        await app(scope, receive, send)
    except Exception:
        if not complete.is_set():
            return 500, [], b"The answer was broken off."
    start, *parts = sent
    return start["status"], list(start["headers"]), b"".join(part.get("body", b"") for part in parts)


def client_on(
    app: ASGIApp,
    *,
    faults: Collection[int] = (),
    address: tuple[str, int] = ("testclient", 50000),
    **options: Any,
) -> TestClient:
    """A client that sees faults as a browser does. An answer from 500 on fails the test, unless it is one of `faults`.

    address: whence it comes.
    """
    client = TestClient(app, raise_server_exceptions=False, **options)
    client._transport = OneLoop(app, address)

    def look(answer: httpx.Response) -> None:
        if answer.status_code >= 500 and answer.status_code not in faults:
            answer.read()
            asked = answer.request
            raise ServerFault(f"{asked.method} {asked.url}: {answer.status_code} {answer.text}")

    client.event_hooks = {"response": [look]}
    return client


@cache
def _portal() -> BlockingPortal:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(start_blocking_portal())

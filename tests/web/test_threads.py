"""Whoever waits to write keeps nobody from reading."""

import threading

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.support.clients import TestClient
from web.access import Access, AccessRoute
from web.pace import in_step
from web.threads import READERS, WRITERS, few_readers

SECONDS = 30


def test_as_many_writers_as_there_are_leave_all_readers_their_threads() -> None:
    held, waiting = threading.Event(), threading.Semaphore(0)

    def write(_: Request) -> Response:
        waiting.release()
        held.wait(SECONDS)
        return PlainTextResponse("written")

    def read(_: Request) -> Response:
        return PlainTextResponse("read")

    async def start() -> None:
        few_readers()

    everybody, post = Access.PUBLIC, ("POST",)
    routes = [
        AccessRoute("/api/one", write, access=everybody, methods=post),
        AccessRoute("/api/in-step", in_step(write), access=everybody, methods=post),
        AccessRoute("/api/page", read, access=everybody),
    ]
    with TestClient(Starlette(routes=routes)) as client:
        assert client.portal is not None
        client.portal.call(start)
        addresses = ["/api/one", "/api/in-step"] * (READERS + WRITERS)
        writers = [threading.Thread(target=client.post, args=(address,)) for address in addresses]
        for writer in writers:
            writer.start()
        for _ in range(WRITERS):
            assert waiting.acquire(timeout=SECONDS)
        assert client.get("/api/page").text == "read"
        assert not waiting.acquire(timeout=0.2)  # no more of them at once
        held.set()
        for writer in writers:
            writer.join()
    for _ in addresses[WRITERS:]:
        assert waiting.acquire(blocking=False)

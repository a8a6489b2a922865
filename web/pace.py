"""Answers that come in step: how long a deed took does not say whether there was anything left to do.

Who signs again gets the page of the first time. But a first signature is written, entered into a log and signed by the
site, some milliseconds of work that a repeat does not need, and whoever watches the line sees when an answer leaves.
So it leaves at the next beat after the deed. Doing the work twice for nothing would cost the same and hide less: what
is written waits for the disk.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from web.threads import as_writer

BEAT: Final = 0.1
"""Seconds. Several times what either takes also on a busy machine, and too short to be noticed."""


def in_step(handler: Callable[[Request], Response]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """A handler, run in a thread, whose answer, also a refusal, leaves at a beat counted from its beginning.

    While it waits it holds no thread: else whoever sends many forms would have all of them.
    """

    @wraps(handler)
    async def paced(request: Request) -> Response:
        began = time.monotonic()
        try:
            return await as_writer(handler, request)
        finally:
            await asyncio.sleep(until_beat(time.monotonic() - began))

    return paced


def until_beat(taken: float) -> float:
    """Seconds from `taken` to the next beat, more than 0 and at most BEAT."""
    return BEAT - taken % BEAT

"""In which threads handlers run: some for those that read, others for those that write.

An interpreter runs one of them at a time; more only take turns, which costs a third of the time when sixteen do.
Whoever writes may have to wait for another's lock, half a minute at worst, and holds a thread meanwhile: never one of
those that everybody's pages need.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

READERS: Final = 6
WRITERS: Final = 4
_WRITERS: Final[RunVar[CapacityLimiter]] = RunVar("writers")
T = TypeVar("T")


def few_readers() -> None:
    """Let reading have so many threads from now on; of the event loop that runs."""
    to_thread.current_default_thread_limiter().total_tokens = READERS


async def as_writer(deed: Callable[..., T], *arguments: object) -> T:
    """Run what may wait for a lock. (What only reads: `starlette.concurrency.run_in_threadpool`.)"""
    try:
        limiter = _WRITERS.get()
    except LookupError:
        limiter = CapacityLimiter(WRITERS)
        _WRITERS.set(limiter)
    return await to_thread.run_sync(deed, *arguments, limiter=limiter)

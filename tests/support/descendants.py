"""Processes that another one has started, and theirs; Linux alone says it."""

import time
from pathlib import Path


def children(process: int) -> set[int]:
    """That it has started, whichever of its threads did."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return {int(number) for thread in threads for number in thread.read_text().split()}


def descendants(process: int) -> set[int]:
    """Its children and theirs."""
    found = children(process)
    return found.union(*(descendants(child) for child in found))


def require_gone(processes: set[int], seconds: float) -> None:
    """They end by themselves, but not before their parent."""
    deadline = time.monotonic() + seconds
    while (
        left := {each for each in processes if Path(f"/proc/{each}").exists()}
    ) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left

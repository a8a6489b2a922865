"""Progress on stderr for work of more than two seconds; stdout stays for answers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

SHOW_AFTER_SECONDS = 2.0

Show = Callable[[int, int], None]
"""show(done, expected): `expected` 0 when nobody knows it."""


class Progress:
    """Bars that appear only once their work has taken two seconds."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    @contextmanager
    def task(self, label: str) -> Iterator[Show]:
        """Show the work of the block under this label."""
        bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=False,
        )
        started, task = time.monotonic(), None

        def show(done: int, expected: int) -> None:
            nonlocal task
            if time.monotonic() - started < SHOW_AFTER_SECONDS:
                return
            if task is None:
                bar.start()
                task = bar.add_task(label, total=max(expected, done, 1))
            _update(bar, task, done, expected)

        try:
            yield show
        finally:
            if task is not None:
                bar.stop()


def _update(bar: Bar, task: TaskID, done: int, expected: int) -> None:
    bar.update(task, completed=done, total=max(expected, done, 1))

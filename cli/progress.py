"""Progress on stderr for work of more than two seconds; stdout stays for answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
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
        """Show the work of the block under this label, also when it never says how far it is."""
        bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[steps]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=False,
        )
        task = bar.add_task(label, total=None, steps="")
        appearance = threading.Timer(SHOW_AFTER_SECONDS, bar.start)
        appearance.daemon = True
        appearance.start()

        def show(done: int, expected: int) -> None:
            total = max(expected, done, 1)
            bar.update(task, completed=done, total=total, steps=f"{done}/{total}")

        try:
            yield show
        finally:
            appearance.cancel()
            appearance.join()
            if bar.live.is_started:  # to stop one that never appeared writes an empty line into a file
                bar.stop()

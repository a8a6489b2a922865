"""Folders of a test run beside pytest's own. Each says in its name which process made it, so that a later run removes
what one that was killed has left, with the PostgreSQL server that still works there.
"""

import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folders in it are made by mkdtemp
SECONDS: Final = 10
"""For a server to end that does not write anything any more."""
_NAME: Final = re.compile(r"psephos-(?:pg|tables)-([0-9]+)-\w+")


def own_folder(purpose: str, place: Path | None = None) -> Path:
    """A new folder of this process. purpose: `pg` or `tables`.  place: where; None for where temporary files are."""
    for one in (MEMORY, Path(tempfile.gettempdir())):
        remove_left_over(one)
    return Path(tempfile.mkdtemp(prefix=f"psephos-{purpose}-{os.getpid()}-", dir=place))


def remove_left_over(place: Path) -> None:
    """Remove the folders of processes that are gone; others may do the same at this moment."""
    for folder in place.glob("psephos-*"):
        name = _NAME.fullmatch(folder.name)
        if name is not None and not _runs(int(name[1])):
            _stop_server(folder)
            shutil.rmtree(folder, ignore_errors=True)


def server_in(folder: Path) -> int | None:
    """The process of the PostgreSQL server whose data are here; None for none that runs.

    Only one that works in this folder: the number in its file may be that of another process by now.
    """
    try:
        number = int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
        return number if Path(f"/proc/{number}/cwd").readlink() == folder.resolve() else None
    except (OSError, ValueError):
        return None


def _stop_server(folder: Path) -> None:
    ends = time.monotonic() + SECONDS
    server = server_in(folder)
    if server is not None:
        try:
            os.kill(server, signal.SIGQUIT)  # at once: nobody needs what it holds
        except OSError:
            return
    while server is not None and server_in(folder) == server and time.monotonic() < ends:
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True

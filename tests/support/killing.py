"""Processes that are killed at a chosen line of our code, as the kernel kills them: no `finally`, no rollback.

Only for programs without threads (they fork): tests start them with `run_program`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType
from typing import Any

from tests.support.repository import ROOT

SECONDS = 300


def killed_at(line: int, files: Collection[str], deed: Callable[[], object]) -> bool:
    """Do `deed` in a process that dies before the line with this number of all lines that run in `files`, from 1.

    files: paths below the repository. Gives whether it died; False when the deed ended first.
    """
    process = os.fork()
    if process == 0:
        _die_at(line, {str(ROOT / file) for file in files})
        status = 1
        try:
            deed()
            status = 0
        finally:
            sys.settrace(None)
            os._exit(status)
    _, ended = os.waitpid(process, 0)
    if os.WIFSIGNALED(ended):
        assert os.WTERMSIG(ended) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(ended) == 0, "the deed failed by itself"
    return False


def _die_at(line: int, files: set[str]) -> None:
    left = line

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def run_program(module: str, *arguments: str) -> list[str]:
    """The lines that a test's program prints; it must end well."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()

"""A person at a terminal: a real pseudo-terminal, so that what is typed without echo can be told from what is shown."""

import os
import re
import select
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Answers = Mapping[str, Callable[["re.Match[str]"], str]]
"""Pattern of a question → what is typed. A question is recognised at the end of what the terminal shows."""

SILENCE_SECONDS = 300


def at_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], answers: Answers
) -> tuple[int, str]:
    """Run a command on a terminal of its own and answer what it asks; exit code, and all that the terminal showed."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env=dict(environment),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: os.login_tty(slave),  # noqa: PLW1509  (so that /dev/tty is this terminal)
    )
    os.close(slave)
    shown = b""
    answered = 0
    try:
        while select.select([master], [], [], SILENCE_SECONDS)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the last program has left the terminal
                break
            if not piece:
                break
            shown += piece
            waiting = shown[answered:].decode("utf-8", "replace")
            for question, answer in answers.items():
                if found := re.search(f"{question}$", waiting):
                    answered = len(shown)
                    os.write(master, answer(found).encode() + b"\n")
                    break
        else:
            process.kill()
    finally:
        os.close(master)
    return process.wait(), shown.decode("utf-8", "replace").replace("\r\n", "\n")

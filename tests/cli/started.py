"""The program, started once and forked for each command: what a whole guide of commands costs is then the commands.

A command runs on the terminal, in the folder and with the variables of whoever asks, and its exit code goes back. What
differs from a start of its own: the terminal is not its /dev/tty, so passphrases are read from where it reads the rest.
`psephos trustee identity` is started as it is, and asks for its passphrase there.
"""

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cli.main import run
from tests.cli.desk import clean_environment, with_test_key
from tests.support.repository import ROOT
from tests.support.stretching import CHEAP_PROGRAM, cheap_stretching

NO_EXIT_CODE = 99
CLIENT = """#!{python} -SE
import json, os, socket, sys

if sys.argv[1:3] == ["trustee", "identity"]:
    os.execv({python!r}, [{python!r}, "-c", {program!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as asking:
    asking.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asking, [asked], [0, 1, 2])
    code = asking.recv(1)
sys.exit(code[0] if code else {no_exit_code})
"""

_ASKED_BYTES_MAX = 100_000
_COMMANDS = ("verify", "check_challenge", "vote", "election", "registrar", "trustee")


@contextmanager
def started(program: Path) -> Iterator[None]:
    """A file that is run as `psephos` meanwhile. Files are sealed cheaply, and `trustee keys` takes the test key."""
    folder = Path(tempfile.mkdtemp(prefix="psephos-"))  # the address of a socket has at most 107 bytes
    address = str(folder / "socket")
    process = subprocess.Popen(
        [sys.executable, "-c", f"from tests.cli.started import fork_for_each; fork_for_each({address!r})"],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        program.write_text(
            CLIENT.format(
                python=sys.executable, program=CHEAP_PROGRAM, address=address, no_exit_code=NO_EXIT_CODE
            ),
            encoding="utf-8",
        )
        program.chmod(0o700)
        yield
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder)


def fork_for_each(address: str) -> None:
    """Run one command after the other, each in a process of its own, until killed."""
    for name in _COMMANDS:
        importlib.import_module(f"cli.{name}")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            asking, _ = listening.accept()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            with asking:
                if os.fork() == 0:
                    listening.close()
                    _answer(asking)


def _answer(asking: socket.socket) -> None:
    asked, terminal, _, _ = socket.recv_fds(asking, _ASKED_BYTES_MAX, 3)
    arguments, folder, environment = json.loads(asked)
    for number, descriptor in enumerate(terminal):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = _run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    asking.send(bytes([code]))
    os._exit(code)


def _run(arguments: list[str]) -> int:
    with ExitStack() as stack:
        stack.enter_context(cheap_stretching())
        stack.enter_context(with_test_key())
        try:
            run(arguments)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else NO_EXIT_CODE
    return NO_EXIT_CODE

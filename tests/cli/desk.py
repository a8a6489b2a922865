"""A desk in a folder of its own, at which elections are held by commands; servers; and a terminal to type at.

The three-trustee key comes from the committed test key: the real `psephos trustee keys` runs, with its ceremony
alone taken out (`with_test_key`). The real ceremony is in the slow tests.
"""

import http.client
import io
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.main import run
from crypto.signature import SigningKey
from protocol.ceremony_record import make_ceremony_body
from protocol.manifest import Manifest, decode_manifest
from rehearsal.ceremony import Trustees
from tests.support.keys import load_test_key
from voting.code_book import open_book

PASSPHRASE = "mười hai con voi"
DONE, REFUTED, UNUSABLE = 0, 1, 2
START_SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run_here(
    arguments: Iterable[object], folder: Path, settings: Mapping[str, str], stdin: bytes = b""
) -> Ended:
    """Run `psephos …` in this process, in a folder, with these settings alone."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("PSEPHOS_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in arguments])
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Desk:
    """Commands run in this process, in `folder`, with its database and its secrets. port: of its server."""

    folder: Path
    port: int = 8000

    @property
    def environment(self) -> dict[str, str]:
        """The settings."""
        return {
            "PSEPHOS_DATABASE_URL": f"sqlite:///{self.folder / 'psephos.sqlite'}",
            "PSEPHOS_SECRETS": str(self.folder / "secrets"),
            "PSEPHOS_PORT": str(self.port),
        }

    def __call__(self, *arguments: object, typed: Sequence[str] = (), **settings: str) -> Ended:
        """Run `psephos …`. typed: the answers to its questions."""
        stdin = "".join(f"{line}\n" for line in typed).encode()
        return run_here(arguments, self.folder, {**self.environment, **settings}, stdin)

    def do(self, *arguments: object, typed: Sequence[str] = ()) -> str:
        """Run a command that must succeed; what it prints."""
        ended = self(*arguments, typed=typed)
        assert ended.code == DONE, (arguments, ended)
        return ended.out

    def refused(self, *arguments: object, typed: Sequence[str] = (), **settings: str) -> str:
        """Run a command that must end with exit code 2, one sentence on stderr and nothing changed; the sentence."""
        before = self.everything()
        ended = self(*arguments, typed=typed, **settings)
        assert (ended.code, ended.out) == (UNUSABLE, ""), ended
        assert ended.err.startswith("Error: "), ended
        assert "Traceback" not in ended.err
        assert self.everything() == before, "something was written"
        return ended.err

    def everything(self) -> dict[str, bytes]:
        """Every file in the folder with its bytes; of the database what it holds, not how."""
        # SQLite's log and index come and go with each connection.
        return {
            str(path.relative_to(self.folder)): _dump(path) if path.suffix == ".sqlite" else path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    def write(self, name: str, text: str) -> Path:
        """A text file in the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def election(self) -> str:
        """The election's id."""
        return self.manifest.election

    @property
    def manifest(self) -> Manifest:
        """What `election create` wrote."""
        return decode_manifest((self.folder / "terms" / "manifest.json").read_bytes().removesuffix(b"\n"))

    @property
    def api(self) -> str:
        """The election's address on the desk's server."""
        return f"http://localhost:{self.port}/api/v1/elections/{self.election}"

    def codes(self) -> list[str]:
        """The voting codes in the registrar's file."""
        return _codes_in((self.folder / "codes.sealed").read_bytes())

    def code_file(self, voter: int) -> Path:
        """A file with the code of a voter (from 0), for `--code-file`."""
        return self.write(f"code-{voter}", self.codes()[voter] + "\n")

    def copy(self, folder: Path, port: int = 8000) -> "Desk":
        """The same desk in another folder, to be changed."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Desk(folder, port)


@cache
def _codes_in(sealed: bytes) -> list[str]:
    return [line.code.written for line in open_book(sealed, PASSPHRASE).lines]


def _dump(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    try:
        return "\n".join(connection.iterdump()).encode()
    finally:
        connection.close()


VOTERS = "voter,area,weight\nBùi Thị Hoa,north,1\nTrần Minh,south,1\nVõ Văn Lâm,south,1\n"
CLOSE_EARLY = ("--name", "Ngô Thị Sáu", "--reason", "Everybody has voted.")
"""Who closes before the time, and why."""
LONG_AGO_AND_LATER = (timedelta(hours=-1), timedelta(days=1))


def toml(keys: Sequence[tuple[str, str]], **changes: str) -> str:
    """An official's file for these trustees (name, public key). changes: field=TOML, "" leaves a field out."""
    now = datetime.now(UTC).replace(microsecond=0)
    opens, closes = (now + change for change in LONG_AGO_AND_LATER)
    fields = {
        "authority": '{ en = "Test Ward", vi = "Phường Thử" }',
        "bits": "2048",
        "ceremony": '"one-machine"',
        "closes_at": closes.isoformat(),
        "objection_seconds": "0",
        "opens_at": opens.isoformat(),
        "threshold": "1" if len(keys) == 1 else "2",
        "time_zone": '"Asia/Ho_Chi_Minh"',
        "title": '{ en = "Which lane first?", vi = "Ngõ nào trước?" }',
        "areas": '[{ id = "north", name = { en = "North", vi = "Bắc" } },'
        ' { id = "south", name = { en = "South", vi = "Nam" } }]',
        "small_areas": "{ max_share = [1, 1], min_credentials = 1, min_same_weight = 1, open_whole = true }",
        "questions": '[{ kind = "choose-one", id = "lane", text = { en = "Which?", vi = "Ngõ nào?" }, options = ['
        '{ id = "a", label = { en = "Lane A", vi = "Ngõ A" } },'
        '{ id = "b", label = { en = "Lane B", vi = "Ngõ B" } }] }]',
        "trustees": "[" + ", ".join(f'{{ name = "{name}", key = "{key}" }}' for name, key in keys) + "]",
    }
    return "".join(f"{name} = {value}\n" for name, value in {**fields, **changes}.items() if value)


def identities(desk: Desk, count: int) -> list[tuple[str, str]]:
    """Signing keys of so many trustees, by command; (name, public key) of each."""
    desk.write("passphrase", PASSPHRASE + "\n")
    found = []
    for number in range(1, count + 1):
        name = f"Trustee {number}"
        out = desk.do(
            "trustee", "identity", "--name", name, "--out", f"{number}.id", "--passphrase-file", "passphrase"
        )
        found.append((name, out.split('key = "')[1].split('"')[0]))
    return found


@contextmanager
def with_test_key() -> Iterator[None]:
    """`psephos trustee keys` takes the committed test key instead of holding the ceremony of three."""

    def no_ceremony(manifest: Manifest, signing: Sequence[SigningKey], *_: object) -> Trustees:
        record, shares = load_test_key(f"threshold-2of3-{manifest.bits}")
        body = make_ceremony_body(manifest.election, record, manifest.size, b"T" * 32)
        return Trustees(tuple(signing), shares, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.trustee.hold_ceremony", no_ceremony)
        yield


def draft(desk: Desk, trustees: int = 3, **changes: str) -> None:
    """Identities and a draft, by command."""
    desk.write("election.toml", toml(identities(desk, trustees), **changes))
    desk.do("election", "create", "election.toml", "--terms", "terms")


def prepare(desk: Desk, voters: str = VOTERS) -> None:
    """Keys, codes and the trustees' signatures of a draft, by command; all that is needed to freeze it."""
    files = [f"{number}.id" for number in range(1, len(desk.manifest.trustees) + 1)]
    desk.do("trustee", "keys", "terms", *files, "--out", "keys", "--passphrase-file", "passphrase")
    desk.write("voters.csv", voters)
    desk.do(
        "registrar",
        "make",
        "terms",
        "voters.csv",
        "--codes",
        "codes.sealed",
        "--passphrase-file",
        "passphrase",
    )
    for number in range(1, len(files) + 1):
        sign_freeze(desk, number, f"freeze-{number}")


def sign_freeze(desk: Desk, trustee: int, out: str) -> None:
    """A trustee's signature of the fingerprint."""
    key = ("--key", f"keys/trustee-{trustee}.key", "--passphrase-file", "passphrase")
    desk.do("trustee", "sign-freeze", "terms", *key, "--out", out)


def freeze_signatures(desk: Desk) -> list[str]:
    """The files of `prepare`."""
    return [f"freeze-{number}" for number in range(1, len(desk.manifest.trustees) + 1)]


def sign(desk: Desk, deed: str, trustee: int, out: str, *options: str) -> Ended:
    """`psephos trustee state` or `open` on a fresh bundle."""
    bundle = f"bundle-for-{out}"
    desk.do("election", "bundle", desk.election, "--out", bundle)
    key = ("--key", f"keys/trustee-{trustee}.key", "--passphrase-file", "passphrase")
    return desk("trustee", deed, bundle, *key, "--out", out, *options)


# Servers.


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PSEPHOS = (sys.executable, "-c", "from cli.main import run; run()")
"""The installed program as another process starts it."""


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of Psephos, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PSEPHOS_")}
    return {**kept, **settings}


@contextmanager
def serving(desk: Desk, *options: str, processes: int = 1) -> Iterator["subprocess.Popen[str]"]:
    """`psephos serve` in a process of its own, ended as an operator ends it.

    processes: that answer requests; one is the process itself.
    """
    process = subprocess.Popen(
        [*PSEPHOS, "serve", "--workers", "1", "--processes", str(processes), *options],
        cwd=desk.folder,
        env=clean_environment(**desk.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for(desk, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_SECONDS)


def _wait_for(desk: Desk, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", desk.port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("The server did not start.")


Answer = tuple[int, bytes]
"""Status and body."""
Twist = Callable[[str, str, Answer], Answer]
"""(method, path below the election, the honest answer) → what the voter gets."""


@contextmanager
def standing_between(desk: Desk, twist: Twist) -> Iterator[str]:
    """A server that passes everything on to the desk's and changes the answers: its address of the election."""

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            honest = http.client.HTTPConnection("localhost", desk.port)
            path = f"/api/v1/elections/{desk.election}{self.path}"
            honest.request(self.command, path, self.rfile.read(length), {"Content-Type": "application/json"})
            response = honest.getresponse()
            status, body = twist(self.command, self.path, (response.status, response.read()))
            honest.close()
            if status == 0:  # hang up
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the client has read enough

        do_GET = do_POST = _pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    between = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=between.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{between.server_address[1]}"
    finally:
        between.shutdown()
        thread.join()
        between.server_close()

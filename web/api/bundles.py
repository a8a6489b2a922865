"""The bundle as a file that is compressed once and then only read.

A bundle is as large as the board, and everybody wants it on the evening of the result. It is kept as one zip file for
each election in a folder of this server (`bundle_folder`); when the board has grown, the next request builds a new one.
Requests that come meanwhile wait for the same build, on the event loop and in no thread.

While votes are cast, the board grows with every request: then a bundle may be a little old, so that building takes a
twentieth of one processor at most. It is whole and consistent all the same, for the state that its checkpoint signs.
"""

import asyncio
import hashlib
import logging
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from audits.bundle import zip_bundle
from board import log as board
from board.log import LogId
from crypto.encoding import encode_base64url
from storage.session import reading
from voting.office import State, state_of
from web.api.reading import frozen, office_of
from web.api.responses import REVALIDATE, is_known, not_modified

log = logging.getLogger("psephos.web")

BYTES_MAX: Final = 4 * 1024**3
"""Of all kept bundles together, beyond those handed out in the last `GRACE_SECONDS`."""
GRACE_SECONDS: Final = 60
BUILD_SHARE: Final = 20
"""While an election is open, a bundle is used for this many times the seconds that it took to build."""
_PIECE_BYTES: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass
class Kept:
    """One zip file. size: entries of the board that it holds at least.  etag: of its bytes."""

    path: Path
    size: int
    etag: str
    length_bytes: int
    build_seconds: float
    built_at: float
    given_at: float


@dataclass
class Bundles:
    """The kept bundles of one running server. folder: its own."""

    engine: Engine
    folder: Path
    bytes_max: int = BYTES_MAX
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, Kept] = field(default_factory=dict, repr=False)
    _building: dict[str, "Future[Kept]"] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _number: int = 0
    # One at a time: compressing is work for a processor, and ballots need them too.
    _builder: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="bundle"), repr=False
    )

    async def get(self, election_id: str, size: int, *, growing: bool) -> Kept:
        """The bundle of a board that has `size` entries now. growing: votes are being cast.

        Raises: OSError (the disk is full), and what `zip_bundle` raises.
        """
        while True:
            with self._lock:
                kept = self._kept.get(election_id)
                if kept is not None and self._is_fresh(kept, size, growing=growing):
                    kept.given_at = self.clock()
                    return kept
                future = self._building.get(election_id)
                if future is None:
                    future = self._builder.submit(self._build, election_id, size)
                    self._building[election_id] = future
            kept = await asyncio.shield(asyncio.wrap_future(future))
            if growing or kept.size >= size:
                return kept

    def close(self) -> None:
        """Let a build end, then remove everything."""
        self._builder.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_fresh(self, kept: Kept, size: int, *, growing: bool) -> bool:
        if kept.size >= size:
            return True
        return growing and self.clock() - kept.built_at < BUILD_SHARE * kept.build_seconds

    def _build(self, election_id: str, size: int) -> Kept:
        try:
            kept = self._write(election_id, size)
            with self._lock:
                before = self._kept.get(election_id)
                self._kept[election_id] = kept
            if before is not None:
                before.path.unlink(missing_ok=True)  # who reads it has it open
            self._make_room()
            return kept
        finally:
            with self._lock:
                del self._building[election_id]

    def _write(self, election_id: str, size: int) -> Kept:
        began = self.clock()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._number += 1  # one thread builds
        path = self.folder / f"{election_id}-{self._number}.zip"
        digest, length = hashlib.sha256(), 0
        try:
            with path.open("wb") as out:
                for piece in zip_bundle(self.engine, election_id):
                    out.write(piece)
                    digest.update(piece)
                    length += len(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        now = self.clock()
        # A digest of the bytes: another server's zip of the same board may be compressed by another zlib, and a
        # download that is taken up again there must notice.
        etag = f'"{encode_base64url(digest.digest()[:16])}"'
        return Kept(path, size, etag, length, now - began, now, now)

    def _make_room(self) -> None:
        with self._lock:
            now = self.clock()
            total = sum(kept.length_bytes for kept in self._kept.values())
            for name, kept in sorted(self._kept.items(), key=lambda item: item[1].given_at):
                if total <= self.bytes_max:
                    return
                if now - kept.given_at >= GRACE_SECONDS:
                    total -= kept.length_bytes
                    del self._kept[name]
                    kept.path.unlink(missing_ok=True)


def bundle_folder(name: str) -> Path:
    """An empty folder for this server's bundles, the same at every start, so that a killed server leaves no second.

    name: what no other server of this machine has (address and port).
    """
    folder = (
        Path(tempfile.gettempdir()) / f"psephos-bundles-{os.getuid()}-{re.sub('[^0-9A-Za-z]', '-', name)}"
    )
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            # Anyone can put something there; then the folder has a name that nobody knew before.
            return Path(tempfile.mkdtemp(prefix="psephos-bundles-"))
        folder.chmod(0o700)
        for old in folder.glob("*.zip"):
            old.unlink()
    return folder


async def bundle(request: Request) -> Response:
    """GET …/bundle: the whole public record as a zip file."""
    bundles: Bundles = request.app.state.bundles
    election_id = request.path_params["election"]
    size, growing = await run_in_threadpool(_board_now, request)
    headers = {
        "Cache-Control": REVALIDATE,
        "Content-Disposition": f'attachment; filename="psephos-{election_id}.zip"',
    }
    try:
        kept = await bundles.get(election_id, size, growing=growing)
        headers |= {"ETag": kept.etag, "Accept-Ranges": "bytes"}
        if is_known(request, kept.etag):
            return not_modified(headers)
        first, last = _range(request, kept)
        file = await run_in_threadpool(kept.path.open, "rb")
    except OSError as error:
        # No room to keep it: then it is compressed for this reader alone.
        log.warning("The bundle of %s cannot be kept: %s", election_id, type(error).__name__)
        return StreamingResponse(
            zip_bundle(bundles.engine, election_id), headers=headers, media_type="application/zip"
        )
    headers["Content-Length"] = str(last + 1 - first)
    status = 200
    if last + 1 - first < kept.length_bytes:
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{kept.length_bytes}"
    if request.method == "HEAD":
        file.close()
        return Response(None, status, headers, "application/zip")
    return StreamingResponse(_pieces(file, first, last), status, headers, "application/zip")


def _board_now(request: Request) -> tuple[int, bool]:
    with reading(office_of(request).engine) as session:
        row = frozen(session, request)
        return board.tree_size(session, LogId(row.log_id)), state_of(row) is State.OPEN


def _range(request: Request, kept: Kept) -> tuple[int, int]:
    """First and last byte that are asked for: all, unless one range of this very file is (RFC 9110 section 14).

    Raises: HTTPException 416.
    """
    whole = 0, kept.length_bytes - 1
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or request.headers.get("if-range", kept.etag) != kept.etag:
        return whole  # no range, several, or of another file: the answer is all of it
    start, end = found.groups()
    if start:
        first, last = int(start), min(int(end) if end else whole[1], whole[1])
    elif end:
        first, last = max(0, kept.length_bytes - int(end)), whole[1]
    else:
        return whole
    if first > last:
        raise HTTPException(
            416,
            f"The bundle has {kept.length_bytes} bytes.",
            {"Content-Range": f"bytes */{kept.length_bytes}"},
        )
    return first, last


async def _pieces(file: BinaryIO, first: int, last: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(first)
        left = last + 1 - first
        while left > 0:
            piece = await run_in_threadpool(file.read, min(_PIECE_BYTES, left))
            if not piece:
                raise OSError("A kept bundle became shorter.")
            left -= len(piece)
            yield piece

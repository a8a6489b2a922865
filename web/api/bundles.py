"""The bundle as a file that is compressed once and then only read.

A bundle is as large as the board, and everybody wants it on the evening of the result. It is kept as one zip file for
each election in a folder of this server (`bundle_folder`); when the board has grown, the next request builds a new one.
Requests that come meanwhile share the build: after a second they read along as the file grows, so that no proxy gives
up on a large board; those that name an ETag or a part wait for its end. All wait on the event loop and in no thread.

While votes are cast, the board grows with every request: then a bundle may be a little old, so that building takes a
twentieth of one processor at most. It is whole and consistent all the same, for the state that its checkpoint signs.
"""

import asyncio
import errno
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
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
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
FREE_BYTES_MIN: Final = 1 << 29
"""Of the disk: ballots may be stored on it too, and go first."""
PATIENCE_SECONDS: Final = 1.0
"""A small bundle is done by then, and goes out with its length and ETag."""
_PIECE_BYTES: Final = 1 << 18
_LOOK_SECONDS: Final = 0.05
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
class Build:
    """A zip file that is being made. size: entries of the board that it will hold at least."""

    size: int
    path: Path
    written: int = 0
    """Bytes that are in the file."""
    finished: "Future[Kept]" = field(default_factory=Future)

    async def end(self) -> Kept:
        """Wait for its end. Raises: what went wrong."""
        return await asyncio.shield(asyncio.wrap_future(self.finished))

    async def ends_within(self, seconds: float) -> bool:
        """Wait so long, and until there is something to read. Raises: what went wrong by then."""
        await asyncio.wait({asyncio.wrap_future(self.finished)}, timeout=seconds)
        while not self.written and not self.finished.done():
            await asyncio.sleep(_LOOK_SECONDS)
        if self.finished.done():
            self.finished.result()
        return self.finished.done()

    async def read(self) -> AsyncIterator[bytes]:
        """The file from its beginning, as it grows. Raises: what went wrong, so that half does not look like all."""
        await self.ends_within(0)  # until then there may be no file
        with await run_in_threadpool(self.path.open, "rb") as file:
            while True:
                done, written = self.finished.done(), self.written
                while file.tell() < written:
                    yield await run_in_threadpool(file.read, min(_PIECE_BYTES, written - file.tell()))
                if done:
                    self.finished.result()
                    return
                await asyncio.sleep(_LOOK_SECONDS)


@dataclass
class Bundles:
    """The kept bundles of one running server. folder: its own."""

    engine: Engine
    folder: Path
    bytes_max: int = BYTES_MAX
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, Kept] = field(default_factory=dict, repr=False)
    _building: dict[str, Build] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _numbers: "count[int]" = field(default_factory=count, repr=False)
    # One at a time: compressing is work for a processor, and ballots need them too.
    _builder: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="bundle"), repr=False
    )

    async def get(self, election_id: str, size: int, *, growing: bool) -> Kept:
        """The bundle of a board that has `size` entries now. growing: votes are being cast.

        Raises: OSError (the disk is full), and what `zip_bundle` raises.
        """
        while True:
            found = await self.get_or_follow(election_id, size, growing=growing)
            if isinstance(found, Kept):
                return found
            kept = await found.end()
            if growing or kept.size >= size:
                return kept

    async def get_or_follow(self, election_id: str, size: int, *, growing: bool) -> Kept | Build:
        """As `get`, or a build under way that will be what `get` gives. Raises: as `get`."""
        while True:
            with self._lock:
                kept = self._kept.get(election_id)
                if kept is not None and self._is_fresh(kept, size, growing=growing):
                    kept.given_at = self.clock()
                    return kept
                build = self._building.get(election_id)
                if build is None:
                    build = Build(size, self.folder / f"{election_id}-{next(self._numbers)}.zip")
                    self._building[election_id] = build
                    self._builder.submit(self._run, election_id, build)
            if growing or build.size >= size:
                return build
            await build.end()  # it began before the polls closed

    def close(self) -> None:
        """Let a build end, then remove everything."""
        self._builder.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_fresh(self, kept: Kept, size: int, *, growing: bool) -> bool:
        if kept.size >= size:
            return True
        return growing and self.clock() - kept.built_at < BUILD_SHARE * kept.build_seconds

    def _run(self, election_id: str, build: Build) -> None:
        try:
            kept = self._write(election_id, build)
            with self._lock:
                before = self._kept.get(election_id)
                self._kept[election_id] = kept
                del self._building[election_id]
            with suppress(OSError):
                if before is not None:
                    before.path.unlink(missing_ok=True)  # who reads it has it open
                self._make_room()
        except BaseException as error:
            with self._lock:
                self._building.pop(election_id, None)
            with suppress(OSError):
                build.path.unlink(missing_ok=True)
            build.finished.set_exception(error)
        else:
            build.finished.set_result(kept)

    def _write(self, election_id: str, build: Build) -> Kept:
        began = self.clock()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < FREE_BYTES_MIN:
            raise OSError(errno.ENOSPC, "Too little room for bundles")
        digest = hashlib.sha256()
        with build.path.open("wb", buffering=0) as out:
            for piece in zip_bundle(self.engine, election_id):
                if out.write(piece) != len(piece):
                    raise OSError(errno.ENOSPC, "Too little room for bundles")
                digest.update(piece)
                build.written += len(piece)
        now = self.clock()
        # A digest of the bytes: another server's zip of the same board may be compressed by another zlib, and a
        # download that is taken up again there must notice.
        etag = f'"{encode_base64url(digest.digest()[:16])}"'
        return Kept(build.path, build.size, etag, build.written, now - began, now, now)

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
        found = await bundles.get_or_follow(election_id, size, growing=growing)
        if (
            isinstance(found, Build)
            and not _asks_for_more_than_all(request)
            and not await found.ends_within(PATIENCE_SECONDS)
        ):
            return StreamingResponse(found.read(), 200, headers, "application/zip")
        kept = found if isinstance(found, Kept) else await bundles.get(election_id, size, growing=growing)
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


def _asks_for_more_than_all(request: Request) -> bool:
    """Whether the answer needs the ETag or the length, which are known at the end only."""
    return request.method == "HEAD" or "if-none-match" in request.headers or "range" in request.headers


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

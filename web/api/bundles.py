"""A bundle as a file that is compressed once and then only read.

A bundle is as large as the board, and everybody wants it on the evening of the result. It is kept as one zip file for
each election and each petition in a folder of this server (`bundle_folder`); when the board has grown, the next request
builds a new one. Requests that come meanwhile share the build: after a second they read along as the file grows, so
that no proxy gives up on a large board; those that name an ETag or a part wait for its end. All wait on the event loop
and in no thread.

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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
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
_NUMBERED: Final = re.compile(r"-[0-9]+")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass(frozen=True)
class Source:
    """What a bundle is made of. size: entries now.  growing: more are coming, so that it may be a little old.

    name: what no other has.  pieces: makes it, of at least `size` entries.
    """

    name: str
    size: int
    growing: bool
    pieces: Callable[[], Iterator[bytes]]


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
    """The kept bundles of one process of a running server. folder: its own.  beside: those of the others."""

    folder: Path
    bytes_max: int = BYTES_MAX
    beside: Sequence[Path] = ()
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, Kept] = field(default_factory=dict, repr=False)
    _building: dict[str, Build] = field(default_factory=dict, repr=False)
    _ended: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _numbers: "count[int]" = field(default_factory=count, repr=False)
    # One at a time: compressing is work for a processor, and ballots need them too.
    _builder: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="bundle"), repr=False
    )

    async def get(self, source: Source) -> Kept:
        """The bundle of this source. Raises: OSError (the disk is full), and what `source.pieces` raises."""
        while True:
            found = await self.get_or_follow(source)
            if isinstance(found, Kept):
                return found
            kept = await found.end()
            if source.growing or kept.size >= source.size:
                return kept

    async def get_or_follow(self, source: Source) -> Kept | Build:
        """As `get`, or a build under way that will be what `get` gives. Raises: as `get`."""
        name = source.name
        while True:
            with self._lock:
                kept = self._kept.get(name)
                if kept is not None and not kept.path.exists():  # another process was told to forget it
                    del self._kept[name]
                    kept = None
                if kept is not None and self._is_fresh(kept, source):
                    kept.given_at = self.clock()
                    return kept
                build = self._building.get(name)
                if build is None:
                    build = Build(source.size, self.folder / f"{name}-{next(self._numbers)}.zip")
                    self._building[name] = build
                    self._builder.submit(self._run, source, build)
            if source.growing or build.size >= source.size:
                return build
            await build.end()  # it began before the polls closed

    def forget(self, name: str) -> None:
        """Remove what is kept under this name, by any process of this server; harmless where nothing is."""
        with self._lock:
            kept = self._kept.pop(name, None)
        if kept is not None:
            kept.path.unlink(missing_ok=True)
        for folder in self.beside:
            for path in folder.glob(f"{name}-*.zip"):
                if _NUMBERED.fullmatch(path.stem.removeprefix(name)):  # and not what begins alike
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give up what is being built, and remove everything."""
        self._ended = True
        self._builder.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_fresh(self, kept: Kept, source: Source) -> bool:
        if kept.size >= source.size:
            return True
        return source.growing and self.clock() - kept.built_at < BUILD_SHARE * kept.build_seconds

    def _run(self, source: Source, build: Build) -> None:
        try:
            kept = self._write(source, build)
            with self._lock:
                before = self._kept.get(source.name)
                self._kept[source.name] = kept
                del self._building[source.name]
            with suppress(OSError):
                if before is not None:
                    before.path.unlink(missing_ok=True)  # who reads it has it open
                self._make_room()
        except BaseException as error:
            with self._lock:
                self._building.pop(source.name, None)
            with suppress(OSError):
                build.path.unlink(missing_ok=True)
            build.finished.set_exception(error)
        else:
            build.finished.set_result(kept)

    def _write(self, source: Source, build: Build) -> Kept:
        began = self.clock()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < FREE_BYTES_MIN:
            raise OSError(errno.ENOSPC, "Too little room for bundles")
        digest = hashlib.sha256()
        with build.path.open("wb", buffering=0) as out:
            for piece in source.pieces():
                if self._ended:
                    raise OSError(errno.ECANCELED, "The server ends")
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


def bundle_path(name: str) -> Path:
    """Where `bundle_folder` is, nearly always."""
    return Path(tempfile.gettempdir()) / f"psephos-bundles-{os.getuid()}-{re.sub('[^0-9A-Za-z]', '-', name)}"


def bundle_folder(name: str) -> Path:
    """An empty folder for this server's bundles, the same at every start, so that a killed server leaves no second.

    name: what no other server of this machine has (address and port).
    """
    folder = bundle_path(name)
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


def election_source(engine: Engine, election_id: str, size: int, *, growing: bool) -> Source:
    """The bundle of an election. growing: votes are being cast."""
    return Source(election_id, size, growing, lambda: zip_bundle(engine, election_id))


async def bundle(request: Request) -> Response:
    """GET …/bundle: the whole public record as a zip file."""
    election_id = request.path_params["election"]
    size, growing = await run_in_threadpool(_board_now, request)
    source = election_source(office_of(request).engine, election_id, size, growing=growing)
    return await answer_with(request.app.state.bundles, request, source, f"psephos-{election_id}.zip")


async def answer_with(bundles: Bundles, request: Request, source: Source, file_name: str) -> Response:
    """The bundle of this source as the answer to a request, whole or the part that it asks for.

    Raises: HTTPException 416.
    """
    headers = {
        "Cache-Control": REVALIDATE,
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }
    try:
        found = await bundles.get_or_follow(source)
        if (
            isinstance(found, Build)
            and not _asks_for_more_than_all(request)
            and not await found.ends_within(PATIENCE_SECONDS)
        ):
            return StreamingResponse(found.read(), 200, headers, "application/zip")
        kept = found if isinstance(found, Kept) else await bundles.get(source)
        headers |= {"ETag": kept.etag, "Accept-Ranges": "bytes"}
        if is_known(request, kept.etag):
            return not_modified(headers)
        first, last = _range(request, kept, growing=source.growing)
        file = await run_in_threadpool(kept.path.open, "rb")
    except OSError as error:
        # No room to keep it: then it is compressed for this reader alone.
        log.warning("The bundle of %s cannot be kept: %s", source.name, type(error).__name__)
        return StreamingResponse(source.pieces(), headers=headers, media_type="application/zip")
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


def _range(request: Request, kept: Kept, *, growing: bool) -> tuple[int, int]:
    """First and last byte that are asked for: all, unless one range of this very file is (RFC 9110 section 14).

    growing: then another process, or this one a minute later, has another file, and only who names the file gets a
    part of it.  Raises: HTTPException 416.
    """
    whole = 0, kept.length_bytes - 1
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or request.headers.get("if-range", "" if growing else kept.etag) != kept.etag:
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

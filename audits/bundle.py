"""The public record of one election as a folder that needs nothing else (PROTOCOL section 10)."""

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from protocol.bundle_key import bundle_key, encode_bundle_key
from voting.errors import NotFrozen
from voting.models import VotingElection
from voting.office import read_terms

CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class BundleFile:
    """One file of a bundle. chunks: its bytes, to be read once."""

    name: str
    chunks: Iterator[bytes]


def bundle_files(session: Session, row: VotingElection) -> Iterator[BundleFile]:
    """Every file of the bundle, in one snapshot of the board. session: a reading one, open until all is read.

    Raises: NotFrozen while there is no board.
    """
    terms = read_terms(session, row)
    log_id = LogId(row.log_id)
    yield BundleFile("key.json", iter((encode_bundle_key(bundle_key(terms)),)))
    yield BundleFile("board.jsonl", _lines(session, log_id, 0))
    yield BundleFile("bodies.jsonl", _lines(session, log_id, 1))
    size = board.tree_size(session, log_id)
    yield BundleFile("checkpoint", iter((board.checkpoint_at(session, log_id, size).encode(),)))
    if row.closing_index is not None:
        note = board.checkpoint_at(session, log_id, row.closing_index + 1)
        yield BundleFile("closing-checkpoint", iter((note.encode(),)))
    if row.result_index is not None:
        body = board.body(session, board.entry(session, log_id, row.result_index).digest)
        yield BundleFile("result.json", iter((body + b"\n",)))


def _lines(session: Session, log_id: LogId, part: int) -> Iterator[bytes]:
    for entry in board.iter_leaves_and_bodies(session, log_id):
        yield entry[part] + b"\n"


def write_bundle(session: Session, row: VotingElection, folder: Path) -> None:
    """Write the bundle into a new folder; complete, or the folder is not there under this name.

    Raises: FileExistsError when the folder exists; NotFrozen.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; a bundle is written into a new folder.")
    if row.fingerprint is None:
        raise NotFrozen
    unfinished = folder.with_name(f".{folder.name}.unfinished-{os.getpid()}")
    unfinished.mkdir(parents=True)
    for file in bundle_files(session, row):
        with (unfinished / file.name).open("wb") as out:
            for chunk in file.chunks:
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    unfinished.rename(folder)


def zip_bundle(session: Session, row: VotingElection) -> Iterator[bytes]:
    """The bundle as a zip file, piece by piece: memory does not grow with the board."""
    buffer = _Pipe()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in bundle_files(session, row):
            with archive.open(f"{row.id}/{file.name}", "w", force_zip64=True) as member:
                for chunk in file.chunks:
                    member.write(chunk)
                    if len(buffer) >= CHUNK_BYTES:
                        yield buffer.take()
    yield buffer.take()


class _Pipe(io.RawIOBase):
    """A file that can only be written to; what was written is taken from its other end."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def __len__(self) -> int:
        return len(self._held)

    def take(self) -> bytes:
        """All that was written since the last call."""
        held = bytes(self._held)
        self._held.clear()
        return held

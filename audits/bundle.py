"""The public record of one election as a folder that needs nothing else (PROTOCOL section 10)."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from protocol.bundle_key import bundle_key, encode_bundle_key
from storage.archive import ArchiveFile, zip_stream
from storage.session import reading
from voting.errors import NotFrozen
from voting.models import VotingElection
from voting.office import find_election, read_terms

_PAGE_ENTRIES = 100


Reading = Callable[[], AbstractContextManager[Session]]
"""Opens a reading session; called again for each page of the board."""


def bundle_files(open_session: Reading, election_id: str) -> Iterator[ArchiveFile]:
    """Every file of the bundle, of the board as it stands when the first one is asked for.

    The board only grows, so its size is a snapshot: no transaction stays open while a slow reader takes the pieces.
    Raises: NoSuchElection, NotFrozen while there is no board.
    """
    with open_session() as session:
        row = find_election(session, election_id)
        key = encode_bundle_key(bundle_key(read_terms(session, row)))
        log_id = LogId(row.log_id)
        size = board.tree_size(session, log_id)
        last = {"checkpoint": board.checkpoint_at(session, log_id, size).encode()}
        if row.closing_index is not None:
            note = board.checkpoint_at(session, log_id, row.closing_index + 1)
            last["closing-checkpoint"] = note.encode()
        if row.result_index is not None:
            entry = board.entry(session, log_id, row.result_index)
            last["result.json"] = board.body(session, entry.digest) + b"\n"
    yield ArchiveFile("key.json", iter((key,)))
    yield ArchiveFile("board.jsonl", _lines(open_session, log_id, size, 0))
    yield ArchiveFile("bodies.jsonl", _lines(open_session, log_id, size, 1))
    for name, content in last.items():
        yield ArchiveFile(name, iter((content,)))


def _lines(open_session: Reading, log_id: LogId, size: int, part: int) -> Iterator[bytes]:
    for start in range(0, size, _PAGE_ENTRIES):
        with open_session() as session:
            page = list(
                islice(board.iter_leaves_and_bodies(session, log_id, start), min(_PAGE_ENTRIES, size - start))
            )
        for entry in page:
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
    try:
        for file in bundle_files(lambda: nullcontext(session), row.id):
            with (unfinished / file.name).open("wb") as out:
                for chunk in file.chunks:
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def zip_bundle(engine: Engine, election_id: str) -> Iterator[bytes]:
    """The bundle as a zip file, piece by piece: memory does not grow with the board. Raises: as `bundle_files`."""
    return zip_stream(election_id, bundle_files(lambda: reading(engine), election_id))

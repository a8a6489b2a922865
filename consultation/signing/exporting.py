"""The record of a petition that everybody can recount: its log as it was when the present window began.

Never later: whoever asks for the record every second would else see each signature arrive (PROTOCOL section 13). The
log only grows, so the size is a snapshot, and no transaction stays open while somebody reads slowly.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.petitions.store import find_petition, versions
from consultation.signing.counting import public_count
from consultation.signing.ledger import origin_of
from consultation.signing.models import PetitionCount
from crypto.encoding import encode_base64url
from identity.desk import Desk
from protocol.canonical import encode_canonical
from protocol.petition import PetitionKey, PublishedCount, TextEntry, decode_entry
from protocol.text import format_time
from storage.archive import ArchiveFile, zip_stream
from storage.session import reading

_BATCH: Final = 1_000


class NoRecord(Exception):
    """A petition that nobody has signed has no log; in its first window the log is not public yet."""


@dataclass(frozen=True)
class PublicRecord:
    """What is public of a petition's log now. checkpoint: of exactly so many entries.

    shows_words: whether the words go with it; not those that moderation took away, or their author withdrew.
    """

    log: LogId
    key: PetitionKey
    checkpoint: str
    published: PublishedCount
    shows_words: bool

    @property
    def petition(self) -> str:
        """Its number."""
        return self.published.petition

    @property
    def entries(self) -> int:
        """Of the log."""
        return self.published.entries


def public_record(desk: Desk, session: Session, petition: str, now: datetime) -> PublicRecord:
    """Raises: NoRecord, NoSuchPetition."""
    counter, shown = session.get(PetitionCount, petition), public_count(session, petition, now)
    if counter is None or not shown.entries:
        raise NoRecord
    log = LogId(counter.log)
    key = PetitionKey(
        log_key=encode_base64url(desk.keys.log.public_key),
        origin=origin_of(desk, petition),
        petition=petition,
    )
    published = PublishedCount(
        count=shown.count, entries=shown.entries, petition=petition, time=format_time(shown.as_of)
    )
    note = board.checkpoint_at(session, log, shown.entries)
    return PublicRecord(log, key, note, published, find_petition(session, petition).shows_words)


Reading = Callable[[], AbstractContextManager[Session]]
"""Opens a reading session; called again for each page of the log."""


def record_files(open_session: Reading, record: PublicRecord) -> Iterator[ArchiveFile]:
    """The files of PROTOCOL section 13, each read when it is asked for."""
    logged = set[int]()
    yield ArchiveFile("board.jsonl", _leaves(open_session, record, logged))
    yield ArchiveFile("checkpoint", iter([record.checkpoint.encode()]))
    yield ArchiveFile("key.json", iter([_line(record.key)]))
    yield ArchiveFile("published.json", iter([_line(record.published)]))
    yield ArchiveFile("texts.jsonl", _words(open_session, record, logged))


def export_files(desk: Desk, session: Session, petition: str, now: datetime) -> dict[str, bytes]:
    """All of them in memory, for one who reads them at once. Raises: NoRecord, NoSuchPetition."""
    files = record_files(lambda: nullcontext(session), public_record(desk, session, petition, now))
    return {file.name: b"".join(file.chunks) for file in files}


def zip_record(desk: Desk, record: PublicRecord) -> Iterator[bytes]:
    """The files as one zip, piece by piece."""
    return zip_stream(f"petition-{record.petition}", record_files(lambda: reading(desk.engine), record))


def _leaves(open_session: Reading, record: PublicRecord, logged: set[int]) -> Iterator[bytes]:
    """logged: gets the versions of the words that stand in the log; one that nobody signed does not."""
    for start in range(0, record.entries, _BATCH):
        with open_session() as session:
            page = board.leaves(session, record.log, start, min(_BATCH, record.entries - start))
        for leaf in page:
            if b'"kind":"text"' in leaf:
                entry = decode_entry(leaf)
                if isinstance(entry, TextEntry):
                    logged.add(entry.version)
        yield b"".join(leaf + b"\n" for leaf in page)


def _words(open_session: Reading, record: PublicRecord, logged: set[int]) -> Iterator[bytes]:
    """Read last, and asked again whether they may be shown: a slow reader gets none that were hidden meanwhile."""
    with open_session() as session:
        if not record.shows_words or not find_petition(session, record.petition).shows_words:
            return
        texts = [text.record for text in reversed(versions(session, record.petition))]
    yield from (_line(text) for text in texts if text.version in logged)


def _line(record: object) -> bytes:
    return encode_canonical(record) + b"\n"

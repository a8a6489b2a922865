"""What a signer keeps, and the record that everybody can recount."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.petitions.store import find_petition, versions
from consultation.signing.counting import public_count
from consultation.signing.ending import find_signature
from consultation.signing.ledger import origin_of
from consultation.signing.models import PetitionCount, PetitionSignature
from consultation.signing.signing import signer_mark
from crypto.encoding import encode_base64url
from identity.desk import Desk
from protocol.canonical import encode_canonical
from protocol.petition import (
    PetitionKey,
    PetitionReceipt,
    PublishedCount,
    RemovalEntry,
    SignatureEntry,
    TextEntry,
    decode_entry,
)
from protocol.text import format_time

_BATCH: Final = 1_000
_TAG: Final = "petition-receipt"
_KEY_HEX: Final = 32
_ZIP_TIME: Final = (2000, 1, 1, 0, 0, 0)
"""The same record makes the same file."""


class NoRecord(Exception):
    """A petition that nobody has signed has no log."""


def handle_of(desk: Desk, key: str) -> str:
    """The secret address of a receipt: the signature's key and a tag of this server, 64 hexadecimal digits."""
    return key + desk.keys.tag(_TAG, key.encode()).hex()


def key_in(desk: Desk, handle: str) -> str | None:
    """The key in such an address; None for one that this server did not make."""
    key = handle[:_KEY_HEX]
    good = len(handle) == 2 * _KEY_HEX and handle.isascii() and handle == handle_of(desk, key)
    return key if good else None


def receipt_of(desk: Desk, session: Session, key: str) -> PetitionReceipt:
    """The receipt of a signature, with a proof for the newest head. Raises: NoSuchSignature."""
    row: PetitionSignature = find_signature(session, key)
    counter = session.get_one(PetitionCount, row.petition)
    log_id = LogId(counter.log)
    size = board.tree_size(session, log_id)
    entry = decode_entry(board.entry(session, log_id, row.entry).leaf)
    if not isinstance(entry, SignatureEntry):
        raise LookupError(f"Entry {row.entry} of {row.petition} is no signature.")
    return PetitionReceipt(
        area=row.area,
        checkpoint=board.checkpoint_at(session, log_id, size),
        entry=entry,
        inclusion=tuple(map(encode_base64url, board.inclusion_proof(session, log_id, row.entry, size))),
        log_key=encode_base64url(desk.keys.log.public_key),
        origin=origin_of(desk, row.petition),
        salt=encode_base64url(row.salt),
        signer=encode_base64url(signer_mark(desk, row.petition, row.person)),
    )


def has_record(session: Session, petition: str) -> bool:
    """Whether somebody has ever signed, so that there is a log."""
    return session.get(PetitionCount, petition) is not None


def removals(session: Session, petition: str) -> list[RemovalEntry]:
    """All batches that were removed, the newest first."""
    counter = session.get(PetitionCount, petition)
    if counter is None or not counter.batches:
        return []
    found = [decode_entry(leaf) for leaf in _leaves(session, counter)]
    return [entry for entry in reversed(found) if isinstance(entry, RemovalEntry)]


def export_files(desk: Desk, session: Session, petition: str, now: datetime) -> dict[str, bytes]:
    """The files of PROTOCOL section 13. Words that moderation took away are not in them. Raises: NoRecord."""
    counter = session.get(PetitionCount, petition)
    if counter is None:
        raise NoRecord
    shown = public_count(session, petition, now)
    key = PetitionKey(
        log_key=encode_base64url(desk.keys.log.public_key),
        origin=origin_of(desk, petition),
        petition=petition,
    )
    published = PublishedCount(
        count=shown.count, entries=shown.entries, petition=petition, time=format_time(shown.as_of)
    )
    leaves = list(_leaves(session, counter))
    logged = set[int]() if find_petition(session, petition).hidden else _versions(leaves)
    texts = [text.record for text in reversed(versions(session, petition)) if text.version in logged]
    return {
        "board.jsonl": _lines(leaves),
        "checkpoint": board.latest_checkpoint(session, LogId(counter.log)).encode(),
        "key.json": _lines([encode_canonical(key)]),
        "published.json": _lines([encode_canonical(published)]),
        "texts.jsonl": _lines(map(encode_canonical, texts)),
    }


def export_zip(desk: Desk, session: Session, petition: str, now: datetime) -> bytes:
    """The same as one file. Raises: NoRecord."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, data in export_files(desk, session, petition, now).items():
            archive.writestr(
                zipfile.ZipInfo(f"petition-{petition}/{name}", _ZIP_TIME), data, zipfile.ZIP_DEFLATED
            )
    return memory.getvalue()


def _leaves(session: Session, counter: PetitionCount) -> Iterator[bytes]:
    for start in range(0, counter.entries, _BATCH):
        for entry in board.entries(session, LogId(counter.log), start, _BATCH):
            yield entry.leaf


def _versions(leaves: Iterable[bytes]) -> set[int]:
    """Versions of the words that stand in the log; one that nobody signed does not."""
    named = (decode_entry(leaf) for leaf in leaves if b'"kind":"text"' in leaf)
    return {entry.version for entry in named if isinstance(entry, TextEntry)}


def _lines(records: Iterable[bytes]) -> bytes:
    return b"".join(record + b"\n" for record in records)

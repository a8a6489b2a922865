"""The verbs of an append-only log.

Every verb takes a session (`storage.session`): the appending ones a writing session, so that an entry, its body,
its tree nodes and the head are stored together with whatever else the deed changes, or not at all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, and_, bindparam, func, insert, select
from sqlalchemy.orm import Session

from board.appending import MAX_LEAF_BYTES, open_log
from board.errors import LogExists, NoCheckpoint, NoSuchBody, NoSuchEntry, NoSuchLog
from board.models import BoardBody, BoardCheckpoint, BoardEntry, BoardLog
from board.nodes import computed
from board.types import Entry, Head, LogId, Proven
from crypto import checkpoint as signed
from crypto import merkle
from crypto.signature import SigningKey
from storage.statements import table_of

__all__ = [
    "MAX_LEAF_BYTES",
    "Entry",
    "Head",
    "LogId",
    "Proven",
    "append",
    "body",
    "checkpoint_at",
    "consistency_proof",
    "create_log",
    "entries",
    "entry",
    "find_by_digest",
    "find_log",
    "inclusion_proof",
    "iter_leaves_and_bodies",
    "latest_checkpoint",
    "leaves",
    "lock",
    "open_log",
    "proven",
    "root",
    "sign_checkpoint",
    "tree_size",
]

_BATCH_ENTRIES: Final = 100
_ENTRY: Final = table_of(BoardEntry).c
_CHECKPOINT: Final = table_of(BoardCheckpoint).c
_LATER: Final = table_of(BoardEntry).alias().c
_LOG: Final[BindParameter[int]] = bindparam("log")
# Made once: putting a statement together takes longer than running it.
_LAST: Final = select(func.max(_ENTRY.index)).where(_ENTRY.log_id == _LOG)
_ENTRIES: Final = (
    select(_ENTRY.index, _ENTRY.kind, _ENTRY.time, _ENTRY.digest, _ENTRY.leaf)
    .where(_ENTRY.log_id == _LOG, _ENTRY.index >= bindparam("start"), _ENTRY.index < bindparam("end"))
    .order_by(_ENTRY.index)
)
_ANNOUNCING: Final = (
    select(_ENTRY.index, _ENTRY.kind, _ENTRY.time, _ENTRY.digest, _ENTRY.leaf)
    .where(_ENTRY.log_id == _LOG, _ENTRY.digest == bindparam("digest"))
    .order_by(_ENTRY.index)
)
_LEAVES: Final = _ENTRIES.with_only_columns(_ENTRY.leaf)
_NOTE: Final = select(_CHECKPOINT.note).where(
    _CHECKPOINT.log_id == _LOG, _CHECKPOINT.size == bindparam("size")
)
_LATEST: Final = (
    select(_CHECKPOINT.note).where(_CHECKPOINT.log_id == _LOG).order_by(_CHECKPOINT.size.desc()).limit(1)
)
_PROVEN: Final = (
    select(
        _ENTRY.index,
        _ENTRY.kind,
        _ENTRY.time,
        _ENTRY.digest,
        _ENTRY.leaf,
        _CHECKPOINT.note,
        select(func.max(_LATER.index)).where(_LATER.log_id == _LOG).scalar_subquery(),
    )
    .select_from(
        table_of(BoardEntry).outerjoin(
            table_of(BoardCheckpoint),
            and_(_CHECKPOINT.log_id == _LOG, _CHECKPOINT.size == bindparam("size")),
        )
    )
    .where(_ENTRY.log_id == _LOG, _ENTRY.index == bindparam("index"))
)


def create_log(session: Session, origin: str) -> LogId:
    """A new, empty log. origin: first line of its checkpoints. Raises: LogExists, MalformedCheckpoint."""
    signed.parse_checkpoint_text(signed.Checkpoint(origin, 0, merkle.EMPTY_ROOT).text())
    if session.scalar(select(BoardLog.id).where(BoardLog.origin == origin)) is not None:
        raise LogExists(origin)
    return LogId(session.execute(insert(BoardLog).values(origin=origin).returning(BoardLog.id)).scalar_one())


def find_log(session: Session, origin: str) -> LogId:
    """The log with this origin. Raises: NoSuchLog."""
    number = session.scalar(select(BoardLog.id).where(BoardLog.origin == origin))
    if number is None:
        raise NoSuchLog(f"There is no log “{origin}”.")
    return LogId(number)


def lock(session: Session, log_id: LogId) -> Head:
    """As `open_log`, for who only wants to know where the log ends. Raises: NoSuchLog."""
    return open_log(session, log_id).head


def append(
    session: Session, log_id: LogId, *, leaf: bytes, body: bytes, digest: bytes, kind: str, time: datetime
) -> Entry:
    """Append one leaf and lay its body beside the log; the arguments are as for `OpenLog.append`.

    Raises: NoSuchLog, EntryRejected, TimeWentBack.
    """
    log = open_log(session, log_id)
    entry = log.append(leaf=leaf, body=body, digest=digest, kind=kind, time=time)
    log.store()
    return entry


def sign_checkpoint(session: Session, log_id: LogId, signing_key: SigningKey, now: datetime) -> str:
    """As `OpenLog.sign`, for a log that nothing is appended to here. Raises: NoSuchLog, BoardInconsistent."""
    return open_log(session, log_id).sign(signing_key, now)


def tree_size(session: Session, log_id: LogId) -> int:
    """Number of entries. 0 also for a log that does not exist."""
    last: int | None = session.scalar(_LAST, {"log": log_id})
    return 0 if last is None else last + 1


def entry(session: Session, log_id: LogId, index: int) -> Entry:
    """Raises: NoSuchEntry."""
    found = entries(session, log_id, index, 1)
    if index < 0 or not found:
        raise NoSuchEntry(f"The log has no entry {index}.")
    return found[0]


def entries(session: Session, log_id: LogId, start: int, limit: int) -> list[Entry]:
    """Up to `limit` entries from index `start` on, in order; fewer at the end of the log."""
    rows = session.execute(_ENTRIES, {"log": log_id, "start": start, "end": start + limit})
    return [Entry(*row) for row in rows]


def leaves(session: Session, log_id: LogId, start: int, limit: int) -> Sequence[bytes]:
    """As `entries`, the leaves alone."""
    return session.scalars(_LEAVES, {"log": log_id, "start": start, "end": start + limit}).all()


def find_by_digest(session: Session, log_id: LogId, digest: bytes) -> list[Entry]:
    """All entries that announce the body with this digest, in order."""
    rows = session.execute(_ANNOUNCING, {"log": log_id, "digest": digest})
    return [Entry(*row) for row in rows]


def body(session: Session, digest: bytes) -> bytes:
    """The body under this digest. Raises: NoSuchBody."""
    found = session.scalar(select(BoardBody.body).where(BoardBody.digest == digest))
    if found is None:
        raise NoSuchBody(digest)
    return found


def iter_leaves_and_bodies(session: Session, log_id: LogId, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """(leaf, body) of every entry from `start` on, in order, a hundred at a time in memory.

    In a reading session the whole iteration sees one snapshot.
    """
    while True:
        rows = session.execute(
            select(BoardEntry.leaf, BoardBody.body)
            .join(BoardBody, BoardBody.digest == BoardEntry.digest)
            .where(
                BoardEntry.log_id == log_id,
                BoardEntry.index >= start,
                BoardEntry.index < start + _BATCH_ENTRIES,
            )
            .order_by(BoardEntry.index)
        ).all()
        for row in rows:
            yield row.leaf, row.body
        if len(rows) < _BATCH_ENTRIES:
            return
        start += _BATCH_ENTRIES


def root(session: Session, log_id: LogId, size: int) -> bytes:
    """The RFC 6962 tree hash over the first `size` entries. Raises: NoSuchEntry."""
    _require_reached(session, log_id, size)
    return computed(session, log_id, lambda get_node: merkle.tree_root(get_node, size))


def inclusion_proof(session: Session, log_id: LogId, index: int, size: int) -> list[bytes]:
    """For `crypto.merkle.verify_inclusion`. Raises: NoSuchEntry, OutOfRange unless 0 ≤ index < size."""
    _require_reached(session, log_id, size)
    return computed(session, log_id, lambda get_node: merkle.inclusion_proof(get_node, index, size))


def proven(session: Session, log_id: LogId, index: int, size: int) -> Proven:
    """An entry with what shows that the head of exactly this size covers it, in two queries.

    Raises: NoSuchEntry, NoCheckpoint, OutOfRange unless 0 ≤ index < size.
    """
    found = session.execute(_PROVEN, {"log": log_id, "index": index, "size": size}).one_or_none()
    if found is None:
        raise NoSuchEntry(f"The log has no entry {index}.")
    *columns, note, last = found
    if note is None:
        raise NoCheckpoint(f"No checkpoint of this log was signed at size {size}.")
    if size > last + 1:
        raise NoSuchEntry(f"The log has {last + 1} entries, it has not reached size {size}.")
    path = computed(session, log_id, lambda get_node: merkle.inclusion_proof(get_node, index, size))
    return Proven(Entry(*columns), note, path)


def consistency_proof(session: Session, log_id: LogId, old: int, new: int) -> list[bytes]:
    """For `crypto.merkle.verify_consistency`. Raises: NoSuchEntry, OutOfRange unless 0 ≤ old ≤ new."""
    _require_reached(session, log_id, new)
    return computed(session, log_id, lambda get_node: merkle.consistency_proof(get_node, old, new))


def latest_checkpoint(session: Session, log_id: LogId) -> str:
    """The signed note of the largest head so far. Raises: NoCheckpoint."""
    note: str | None = session.scalar(_LATEST, {"log": log_id})
    if note is None:
        raise NoCheckpoint("No checkpoint of this log was signed yet.")
    return note


def checkpoint_at(session: Session, log_id: LogId, size: int) -> str:
    """The signed note of exactly this size. Raises: NoCheckpoint."""
    note: str | None = session.scalar(_NOTE, {"log": log_id, "size": size})
    if note is None:
        raise NoCheckpoint(f"No checkpoint of this log was signed at size {size}.")
    return note


def _require_reached(session: Session, log_id: LogId, size: int) -> None:
    reached = tree_size(session, log_id)
    if size > reached:
        raise NoSuchEntry(f"The log has {reached} entries, it has not reached size {size}.")

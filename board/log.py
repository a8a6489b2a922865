"""The verbs of an append-only log.

Every verb takes a session (`storage.session`): the appending ones a writing session, so that an entry, its body,
its tree nodes and the head are stored together with whatever else the deed changes, or not at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType, TypeVar

from sqlalchemy import Select, and_, func, insert, or_, select
from sqlalchemy.orm import Session

from board.errors import (
    BoardInconsistent,
    EntryRejected,
    LogExists,
    NoCheckpoint,
    NoSuchBody,
    NoSuchEntry,
    NoSuchLog,
    TimeWentBack,
)
from board.models import BoardBody, BoardCheckpoint, BoardEntry, BoardLog, BoardNode
from crypto import checkpoint as signed
from crypto import merkle
from crypto.signature import SigningKey
from crypto.transcript import tuple_hash

LogId = NewType("LogId", int)
"""The database's number of a log. Outside, a log is named by its origin."""

MAX_LEAF_BYTES: Final = 65_534
"""An entry of a tlog bundle has its length in 16 bits, and C2SP asks for less than the full range."""

_BATCH_ENTRIES: Final = 100

_Proof = TypeVar("_Proof")


@dataclass(frozen=True)
class Entry:
    """One entry of a log."""

    index: int
    kind: str
    time: datetime
    digest: bytes
    leaf: bytes

    @property
    def leaf_hash(self) -> bytes:
        """RFC 6962 hash of the leaf."""
        return merkle.leaf_hash(self.leaf)


@dataclass(frozen=True)
class Head:
    """Where a log ends."""

    size: int
    last_time: datetime | None
    """Time of the last entry; None while there is none."""


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
    """Keep others from appending until this transaction ends, and say where the log ends.

    Whoever writes a time into a leaf takes it after this call, at least `last_time`. On SQLite a writing
    session holds the lock anyway. Raises: NoSuchLog.
    """
    if session.scalar(select(BoardLog.id).where(BoardLog.id == log_id).with_for_update()) is None:
        raise NoSuchLog(f"There is no log number {log_id}.")
    last = session.execute(
        select(BoardEntry.index, BoardEntry.time)
        .where(BoardEntry.log_id == log_id)
        .order_by(BoardEntry.index.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return Head(0, None)
    index, time = last
    return Head(index + 1, time)


def append(
    session: Session, log_id: LogId, *, leaf: bytes, body: bytes, digest: bytes, kind: str, time: datetime
) -> Entry:
    """Append one leaf and lay its body beside the log.

    leaf: the record that the tree covers, 1 to MAX_LEAF_BYTES.  digest: H_body(kind, body).
    kind, time: as the leaf says; the caller made or decoded it.
    Raises: NoSuchLog, EntryRejected, TimeWentBack.
    """
    if not 0 < len(leaf) <= MAX_LEAF_BYTES:
        raise EntryRejected(f"A leaf has 1 to {MAX_LEAF_BYTES} bytes, not {len(leaf)}.")
    if tuple_hash("body", [kind.encode("ascii"), body]) != digest:
        raise EntryRejected("The digest is not that of this body under this kind.")
    head = lock(session, log_id)
    if head.last_time is not None and time < head.last_time:
        raise TimeWentBack(time, head.last_time)
    entry = Entry(head.size, kind, time, digest, leaf)
    tree = _computed(session, log_id, lambda get_node: merkle.CompactTree.from_nodes(get_node, head.size))
    finished = tree.append(entry.leaf_hash)
    # A body may be announced twice (in two logs, or an act repeated); by its digest it is the same body.
    if session.scalar(select(BoardBody.digest).where(BoardBody.digest == digest)) is None:
        session.execute(insert(BoardBody).values(digest=digest, body=body))
    session.execute(
        insert(BoardEntry).values(
            log_id=log_id, index=entry.index, kind=kind, time=time, digest=digest, leaf=leaf
        )
    )
    session.execute(
        insert(BoardNode),
        [
            {"log_id": log_id, "level": node.level, "index": node.index, "hash": node.hash}
            for node in finished
        ],
    )
    return entry


def tree_size(session: Session, log_id: LogId) -> int:
    """Number of entries. 0 also for a log that does not exist."""
    last = session.scalar(select(func.max(BoardEntry.index)).where(BoardEntry.log_id == log_id))
    return 0 if last is None else last + 1


def entry(session: Session, log_id: LogId, index: int) -> Entry:
    """Raises: NoSuchEntry."""
    found = entries(session, log_id, index, 1)
    if index < 0 or not found:
        raise NoSuchEntry(f"The log has no entry {index}.")
    return found[0]


def entries(session: Session, log_id: LogId, start: int, limit: int) -> list[Entry]:
    """Up to `limit` entries from index `start` on, in order; fewer at the end of the log."""
    rows = session.execute(
        _select_entries(log_id)
        .where(BoardEntry.index >= start, BoardEntry.index < start + limit)
        .order_by(BoardEntry.index)
    )
    return [Entry(*row) for row in rows]


def find_by_digest(session: Session, log_id: LogId, digest: bytes) -> list[Entry]:
    """All entries that announce the body with this digest, in order."""
    rows = session.execute(
        _select_entries(log_id).where(BoardEntry.digest == digest).order_by(BoardEntry.index)
    )
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
    return _computed(session, log_id, lambda get_node: merkle.tree_root(get_node, size))


def inclusion_proof(session: Session, log_id: LogId, index: int, size: int) -> list[bytes]:
    """For `crypto.merkle.verify_inclusion`. Raises: NoSuchEntry, OutOfRange unless 0 ≤ index < size."""
    _require_reached(session, log_id, size)
    return _computed(session, log_id, lambda get_node: merkle.inclusion_proof(get_node, index, size))


def consistency_proof(session: Session, log_id: LogId, old: int, new: int) -> list[bytes]:
    """For `crypto.merkle.verify_consistency`. Raises: NoSuchEntry, OutOfRange unless 0 ≤ old ≤ new."""
    _require_reached(session, log_id, new)
    return _computed(session, log_id, lambda get_node: merkle.consistency_proof(get_node, old, new))


def sign_checkpoint(session: Session, log_id: LogId, signing_key: SigningKey, now: datetime) -> str:
    """Sign the log's present head and keep the note; the one that is there already if nothing was appended.

    Before it signs it checks that the log continues the last head that it signed.
    Raises: NoSuchLog, BoardInconsistent.
    """
    size = lock(session, log_id).size
    last = session.scalar(_select_notes(log_id).limit(1))
    if last is not None:
        before = signed.parse_checkpoint_text(signed.parse_note(last).text)
        if before.size > size or root(session, log_id, before.size) != before.root:
            raise BoardInconsistent(last)
        if before.size == size:
            return last
    origin = session.scalars(select(BoardLog.origin).where(BoardLog.id == log_id)).one()
    note = signed.sign_checkpoint(signed.Checkpoint(origin, size, root(session, log_id, size)), signing_key)
    session.execute(insert(BoardCheckpoint).values(log_id=log_id, size=size, note=note, signed_at=now))
    return note


def latest_checkpoint(session: Session, log_id: LogId) -> str:
    """The signed note of the largest head so far. Raises: NoCheckpoint."""
    note = session.scalar(_select_notes(log_id).limit(1))
    if note is None:
        raise NoCheckpoint("No checkpoint of this log was signed yet.")
    return note


def checkpoint_at(session: Session, log_id: LogId, size: int) -> str:
    """The signed note of exactly this size. Raises: NoCheckpoint."""
    note = session.scalar(_select_notes(log_id).where(BoardCheckpoint.size == size))
    if note is None:
        raise NoCheckpoint(f"No checkpoint of this log was signed at size {size}.")
    return note


def _select_entries(log_id: LogId) -> Select[int, str, datetime, bytes, bytes]:
    return select(
        BoardEntry.index, BoardEntry.kind, BoardEntry.time, BoardEntry.digest, BoardEntry.leaf
    ).where(BoardEntry.log_id == log_id)


def _select_notes(log_id: LogId) -> Select[str]:
    """Newest first."""
    return (
        select(BoardCheckpoint.note)
        .where(BoardCheckpoint.log_id == log_id)
        .order_by(BoardCheckpoint.size.desc())
    )


def _require_reached(session: Session, log_id: LogId, size: int) -> None:
    reached = tree_size(session, log_id)
    if size > reached:
        raise NoSuchEntry(f"The log has {reached} entries, it has not reached size {size}.")


def _computed(session: Session, log_id: LogId, compute: Callable[[merkle.GetNode], _Proof]) -> _Proof:
    """What `compute` makes of the stored nodes, fetched in one query.

    It runs twice: once to learn which nodes it asks for (that depends on sizes only), once with them.
    """
    wanted: set[tuple[int, int]] = set()

    def note_down(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return merkle.EMPTY_ROOT

    compute(note_down)
    if not wanted:
        return compute(note_down)
    rows = session.execute(
        select(BoardNode.level, BoardNode.index, BoardNode.hash).where(
            or_(
                *(
                    and_(BoardNode.log_id == log_id, BoardNode.level == level, BoardNode.index == index)
                    for level, index in sorted(wanted)
                )
            )
        )
    )
    nodes = {(level, index): node_hash for level, index, node_hash in rows}
    return compute(lambda level, index: nodes[level, index])

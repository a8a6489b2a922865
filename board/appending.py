"""A log that is open for appending: locked once, read once, stored with one statement for each table.

Between `open_log` and the end of the transaction nobody else appends, so where the log ends and what its tree looks
like is known from then on; a deed of several entries and a signed head costs hardly more than a deed of one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, and_, bindparam, func, insert, select
from sqlalchemy.orm import Session

from board.errors import BoardInconsistent, EntryRejected, NoSuchLog, TimeWentBack
from board.models import BoardBody, BoardCheckpoint, BoardEntry, BoardLog, BoardNode
from board.nodes import computed
from board.types import Entry, Head, LogId
from crypto import checkpoint as signed
from crypto import merkle
from crypto.signature import SigningKey
from crypto.transcript import tuple_hash
from storage.statements import insert_all, insert_once, table_of

MAX_LEAF_BYTES: Final = 65_534
"""An entry of a tlog bundle has its length in 16 bits, and C2SP asks for less than the full range."""

_LOG: Final = table_of(BoardLog)
_ENTRY: Final = table_of(BoardEntry)
_CHECKPOINT: Final = table_of(BoardCheckpoint)
_ID: Final[BindParameter[int]] = bindparam("log")
# Made once: putting a statement together takes longer than running it.
_LOCKED: Final = select(_LOG.c.id).where(_LOG.c.id == _ID).with_for_update()
_LAST: Final = select(func.max(_ENTRY.c.index)).where(_ENTRY.c.log_id == _ID).scalar_subquery()
_LARGEST: Final = select(func.max(_CHECKPOINT.c.size)).where(_CHECKPOINT.c.log_id == _ID).scalar_subquery()
_END: Final = (
    select(_LOG.c.origin, _ENTRY.c.index, _ENTRY.c.time, _ENTRY.c.digest, _CHECKPOINT.c.note)
    .select_from(
        _LOG.outerjoin(_ENTRY, and_(_ENTRY.c.log_id == _ID, _ENTRY.c.index == _LAST)).outerjoin(
            _CHECKPOINT, and_(_CHECKPOINT.c.log_id == _ID, _CHECKPOINT.c.size == _LARGEST)
        )
    )
    .where(_LOG.c.id == _ID)
    .with_for_update(of=_LOG)
)
_KNOWN_BODIES: Final = select(table_of(BoardBody).c.digest).where(
    table_of(BoardBody).c.digest.in_(bindparam("digests", expanding=True))
)
_ADD_ENTRY: Final = insert(_ENTRY)
_ADD_NODE: Final = insert(table_of(BoardNode))
_ADD_CHECKPOINT: Final = insert(_CHECKPOINT)


@dataclass
class OpenLog:
    """From `open_log`. What is appended is stored by `store` or `sign`, whichever comes first."""

    session: Session
    id: LogId
    origin: str
    head: Head
    """Where the log ends, with what was appended here."""
    _known_body: bytes | None
    """Digest of a body that is stored for certain: the last entry refers to it."""
    _note: str | None
    """Of the largest head that was signed."""
    _tree: merkle.CompactTree | None = None
    _roots: dict[int, bytes] = field(default_factory=dict)
    _entries: list[Entry] = field(default_factory=list)
    _bodies: dict[bytes, bytes] = field(default_factory=dict)
    _nodes: list[merkle.Node] = field(default_factory=list)

    def append(self, *, leaf: bytes, body: bytes, digest: bytes, kind: str, time: datetime) -> Entry:
        """One more entry, with its body beside the log.

        leaf: the record that the tree covers, 1 to MAX_LEAF_BYTES.  digest: H_body(kind, body).
        kind, time: as the leaf says; the caller made or decoded it.  Raises: EntryRejected, TimeWentBack.
        """
        if not 0 < len(leaf) <= MAX_LEAF_BYTES:
            raise EntryRejected(f"A leaf has 1 to {MAX_LEAF_BYTES} bytes, not {len(leaf)}.")
        if tuple_hash("body", [kind.encode("ascii"), body]) != digest:
            raise EntryRejected("The digest is not that of this body under this kind.")
        if self.head.last_time is not None and time < self.head.last_time:
            raise TimeWentBack(time, self.head.last_time)
        entry = Entry(self.head.size, kind, time, digest, leaf)
        self._nodes += self._loaded().append(entry.leaf_hash)
        self._entries.append(entry)
        self._bodies[digest] = body
        self.head = Head(entry.index + 1, time)
        return entry

    def store(self) -> None:
        """Lay what was appended into the tables."""
        if not self._entries:
            return
        self._store_bodies()
        rows = [
            {
                "log_id": self.id,
                "index": entry.index,
                "kind": entry.kind,
                "time": entry.time,
                "digest": entry.digest,
                "leaf": entry.leaf,
            }
            for entry in self._entries
        ]
        nodes = [
            {"log_id": self.id, "level": node.level, "index": node.index, "hash": node.hash}
            for node in self._nodes
        ]
        insert_all(self.session, _ADD_ENTRY, rows)
        insert_all(self.session, _ADD_NODE, nodes)
        self._known_body = self._entries[-1].digest
        self._entries, self._bodies, self._nodes = [], {}, []

    def sign(self, signing_key: SigningKey, now: datetime) -> str:
        """Store what was appended, sign the head and keep the note; the one that is there if nothing was appended.

        Before it signs it checks that the log continues the last head that it signed. Raises: BoardInconsistent.
        """
        if self._note is not None:
            before = signed.parse_checkpoint_text(signed.parse_note(self._note).text)
            if self._root(before.size) != before.root:
                raise BoardInconsistent(self._note)
            if before.size == self.head.size:
                return self._note
        self.store()
        size, root = self.head.size, self._loaded().root()
        made = signed.sign_checkpoint(signed.Checkpoint(self.origin, size, root), signing_key)
        row = {"log_id": self.id, "size": size, "note": made, "signed_at": now}
        self.session.execute(_ADD_CHECKPOINT, row)
        self._roots[size], self._note = root, made
        return made

    def _loaded(self) -> merkle.CompactTree:
        """The tree up to `head`; its root as it was stored is noted down, before anything is added."""
        if self._tree is None:
            size = self.head.size
            self._tree = computed(
                self.session, self.id, lambda get_node: merkle.CompactTree.from_nodes(get_node, size)
            )
            self._roots[size] = self._tree.root()
        return self._tree

    def _root(self, size: int) -> bytes | None:
        """Of the stored log; None where it never was that long."""
        self._loaded()
        if size not in self._roots and size < self.head.size - len(self._entries):
            self._roots[size] = computed(
                self.session, self.id, lambda get_node: merkle.tree_root(get_node, size)
            )
        return self._roots.get(size)

    def _store_bodies(self) -> None:
        """A body may be announced twice (in two logs, or an act repeated); by its digest it is the same body."""
        new = {digest: body for digest, body in self._bodies.items() if digest != self._known_body}
        if not new:
            return
        for known in self.session.scalars(_KNOWN_BODIES, {"digests": list(new)}):
            del new[known]
        for digest, body in new.items():
            insert_once(self.session, BoardBody, {"digest": digest, "body": body}, ["digest"])


def open_log(session: Session, log_id: LogId, *, alone: bool = False) -> OpenLog:
    """Keep others from appending until this transaction ends, and say where the log ends.

    Whoever writes a time into a leaf takes it after this call, at least `head.last_time`. On SQLite a writing
    session holds the lock anyway.
    alone: the caller holds a lock that everybody takes before they open this log, so nobody is waited for here. Else
    PostgreSQL would show the end as it was when the waiting began: so it is read behind the lock.
    Raises: NoSuchLog.
    """
    if not alone:
        session.execute(_LOCKED, {"log": log_id})
    found = session.execute(_END, {"log": log_id}).one_or_none()
    if found is None:
        raise NoSuchLog(f"There is no log number {log_id}.")
    origin, index, time, digest, note = found
    head = Head(0, None) if index is None else Head(index + 1, time)
    return OpenLog(session, log_id, origin, head, digest, note)

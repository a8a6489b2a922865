"""Entries for the tests of the log, and the audit of a whole stored log."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from board.errors import NoCheckpoint
from board.log import (
    Entry,
    LogId,
    append,
    entries,
    iter_leaves_and_bodies,
    latest_checkpoint,
    root,
    tree_size,
)
from board.models import BoardBody, BoardNode
from crypto.checkpoint import verify_checkpoint
from crypto.merkle import leaf_hash, root_hash
from crypto.signature import SigningKey
from crypto.transcript import tuple_hash
from storage.session import reading

ORIGIN = "psephos.example/elections/0123456789abcdef0123456789abcdef"
KEY = SigningKey.from_seed(bytes(range(32)))
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def body_of(number: int) -> bytes:
    return f"body {number}".encode() * 50


def leaf_of(number: int) -> bytes:
    return f"leaf {number}".encode()


def digest_of(body: bytes, kind: str = "ballot") -> bytes:
    return tuple_hash("body", [kind.encode(), body])


def append_number(session: Session, log_id: LogId, number: int, *, seconds: int = 0) -> Entry:
    """Append an entry that is recognisable by its number."""
    body = body_of(number)
    return append(
        session,
        log_id,
        leaf=leaf_of(number),
        body=body,
        digest=digest_of(body),
        kind="ballot",
        time=START + timedelta(seconds=seconds),
    )


def require_whole(engine: Engine, log_id: LogId) -> list[bytes]:
    """Read the stored log from its first byte to its last and check that it fits together; its leaves.

    Every leaf has its body and the body its digest, no body or node lies about unused, the tree's root over the
    leaves is the one that the nodes give, and the last signed head is a head that this log had. (One log only.)
    """
    with reading(engine) as session:
        size = tree_size(session, log_id)
        listed = entries(session, log_id, 0, size + 1)
        assert [entry.index for entry in listed] == list(range(size))
        pairs = list(iter_leaves_and_bodies(session, log_id))
        assert [leaf for leaf, _ in pairs] == [entry.leaf for entry in listed]
        for entry, (_, body) in zip(listed, pairs, strict=True):
            assert digest_of(body, entry.kind) == entry.digest
        hashes = [leaf_hash(leaf) for leaf, _ in pairs]
        assert root(session, log_id, size) == root_hash(hashes)
        nodes = session.scalar(select(func.count()).where(BoardNode.log_id == log_id))
        assert nodes == 2 * size - size.bit_count()
        assert session.scalar(select(func.count(BoardBody.digest))) == len({entry.digest for entry in listed})
        try:
            head = verify_checkpoint(latest_checkpoint(session, log_id), ORIGIN, KEY.public_key)
        except NoCheckpoint:
            pass
        else:
            assert head.root == root_hash(hashes[: head.size])
        return [leaf for leaf, _ in pairs]

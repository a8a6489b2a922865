"""The verbs of the log."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

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
from board.log import (
    MAX_LEAF_BYTES,
    Head,
    LogId,
    append,
    body,
    checkpoint_at,
    consistency_proof,
    create_log,
    entries,
    entry,
    find_by_digest,
    find_log,
    inclusion_proof,
    iter_leaves_and_bodies,
    latest_checkpoint,
    lock,
    root,
    sign_checkpoint,
    tree_size,
)
from crypto.checkpoint import Checkpoint, MalformedCheckpoint, verify_checkpoint
from crypto.errors import OutOfRange
from crypto.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from storage.session import reading, writing
from tests.board.records import (
    KEY,
    ORIGIN,
    START,
    append_number,
    body_of,
    digest_of,
    leaf_of,
    require_whole,
)
from tests.vectors.make_merkle import naive_path, naive_proof, naive_root

SIZE = 21


@pytest.fixture
def filled(engine: Engine, log_id: LogId) -> LogId:
    with writing(engine) as session:
        for number in range(SIZE):
            append_number(session, log_id, number, seconds=number)
    return log_id


def test_a_new_log_is_empty(engine: Engine, log_id: LogId) -> None:
    with reading(engine) as session:
        assert tree_size(session, log_id) == 0
        assert root(session, log_id, 0) == EMPTY_ROOT
        assert entries(session, log_id, 0, 10) == []
        assert list(iter_leaves_and_bodies(session, log_id)) == []
        assert find_log(session, ORIGIN) == log_id
        with pytest.raises(NoCheckpoint):
            latest_checkpoint(session, log_id)
        with pytest.raises(NoSuchEntry):
            entry(session, log_id, 0)
        with pytest.raises(NoSuchLog):
            find_log(session, "elsewhere.example")
    with writing(engine) as session:
        assert lock(session, log_id) == Head(0, None)


def test_an_origin_names_one_log(engine: Engine, log_id: LogId) -> None:
    with pytest.raises(LogExists), writing(engine) as session:
        create_log(session, ORIGIN)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "two\nlines"])
def test_an_origin_fits_a_checkpoint(engine: Engine, origin: str) -> None:
    with pytest.raises(MalformedCheckpoint), writing(engine) as session:
        create_log(session, origin)


def test_entries_come_back_as_they_went_in(engine: Engine, filled: LogId) -> None:
    with reading(engine) as session:
        assert tree_size(session, filled) == SIZE
        every = entries(session, filled, 0, 100)
        assert [each.leaf for each in every] == [leaf_of(number) for number in range(SIZE)]
        assert entries(session, filled, 5, 3) == every[5:8]
        assert entries(session, filled, SIZE - 1, 3) == every[-1:]
        assert entries(session, filled, SIZE, 3) == []
        found = entry(session, filled, 7)
        assert (found.index, found.kind, found.digest) == (7, "ballot", digest_of(body_of(7)))
        assert found.time == START + timedelta(seconds=7)
        assert body(session, found.digest) == body_of(7)
        assert find_by_digest(session, filled, found.digest) == [found]
        assert find_by_digest(session, filled, bytes(32)) == []
        for beyond in (SIZE, -1):
            with pytest.raises(NoSuchEntry):
                entry(session, filled, beyond)
        with pytest.raises(NoSuchBody):
            body(session, bytes(32))
    require_whole(engine, filled)


def test_the_lock_says_where_the_log_ends(engine: Engine, filled: LogId) -> None:
    with writing(engine) as session:
        assert lock(session, filled) == Head(SIZE, START + timedelta(seconds=SIZE - 1))
        with pytest.raises(NoSuchLog):
            lock(session, LogId(999))


def test_every_root_and_proof_is_that_of_the_rfc(engine: Engine, filled: LogId) -> None:
    leaves = [leaf_of(number) for number in range(SIZE)]
    with reading(engine) as session:
        roots = [root(session, filled, size) for size in range(SIZE + 1)]
        assert roots == [naive_root(leaves[:size]) for size in range(SIZE + 1)]
        for size in (1, 2, 7, 8, 16, SIZE):
            for index in range(size):
                path = inclusion_proof(session, filled, index, size)
                assert path == naive_path(index, leaves[:size])
                verify_inclusion(entry(session, filled, index).leaf_hash, index, size, path, roots[size])
            for old in range(size + 1):
                proof = consistency_proof(session, filled, old, size)
                assert proof == naive_proof(old, leaves[:size])
                verify_consistency(old, roots[old], size, roots[size], proof)


def test_no_proofs_beyond_the_log(engine: Engine, filled: LogId) -> None:
    with reading(engine) as session:
        with pytest.raises(NoSuchEntry):
            root(session, filled, SIZE + 1)
        with pytest.raises(NoSuchEntry):
            inclusion_proof(session, filled, 0, SIZE + 1)
        with pytest.raises(NoSuchEntry):
            consistency_proof(session, filled, 1, SIZE + 1)
        with pytest.raises(OutOfRange):
            inclusion_proof(session, filled, 5, 5)
        with pytest.raises(OutOfRange):
            consistency_proof(session, filled, 6, 5)
        with pytest.raises(OutOfRange):
            root(session, filled, -1)


def test_a_proof_needs_one_query_for_all_its_nodes(engine: Engine, filled: LogId) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with reading(engine) as session:
        inclusion_proof(session, filled, 3, SIZE)
    assert len([statement for statement in statements if "board_node" in statement]) == 1


def test_reading_everything_goes_by_hundreds(engine: Engine, log_id: LogId) -> None:
    with writing(engine) as session:
        for number in range(250):
            append_number(session, log_id, number)
    expected = [(leaf_of(number), body_of(number)) for number in range(250)]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with reading(engine) as session:
        assert list(iter_leaves_and_bodies(session, log_id)) == expected
        assert len([statement for statement in statements if "board_entry" in statement]) == 3
        assert list(iter_leaves_and_bodies(session, log_id, 120)) == expected[120:]
        assert list(iter_leaves_and_bodies(session, log_id, 250)) == []


def test_reading_everything_sees_one_moment(engine: Engine, log_id: LogId) -> None:
    with writing(engine) as session:
        for number in range(150):
            append_number(session, log_id, number)
    with reading(engine) as session:
        reader = iter_leaves_and_bodies(session, log_id)
        first = next(reader)
        with writing(engine) as other:
            append_number(other, log_id, 150)
        assert len([first, *reader]) == 150
    require_whole(engine, log_id)


def test_one_body_may_be_announced_twice(engine: Engine, filled: LogId) -> None:
    with writing(engine) as session:
        again = append_number(session, filled, 7, seconds=SIZE)
        other = create_log(session, "psephos.example/other")
        append_number(session, other, 7)
    with reading(engine) as session:
        assert [each.index for each in find_by_digest(session, filled, again.digest)] == [7, SIZE]
        assert [each.index for each in find_by_digest(session, other, again.digest)] == [0]
        assert list(iter_leaves_and_bodies(session, other)) == [(leaf_of(7), body_of(7))]
    require_whole(engine, filled)


def test_the_longest_leaf_fits_and_one_byte_more_does_not(engine: Engine, log_id: LogId) -> None:
    longest = b"x" * MAX_LEAF_BYTES
    arguments = {"body": b"{}", "digest": digest_of(b"{}"), "kind": "ballot", "time": START}
    with writing(engine) as session:
        append(session, log_id, leaf=longest, **arguments)  # type: ignore[arg-type]
    for wrong in (longest + b"x", b""):
        with pytest.raises(EntryRejected), writing(engine) as session:
            append(session, log_id, leaf=wrong, **arguments)  # type: ignore[arg-type]
    assert require_whole(engine, log_id) == [longest]


@pytest.mark.parametrize(
    ("body_bytes", "kind"), [(b"{} ", "ballot"), (b"", "ballot"), (b"{}", "challenge"), (b"{}", "")]
)
def test_a_body_that_is_not_the_announced_one_is_refused(
    engine: Engine, log_id: LogId, body_bytes: bytes, kind: str
) -> None:
    with pytest.raises(EntryRejected), writing(engine) as session:
        append(session, log_id, leaf=b"leaf", body=body_bytes, digest=digest_of(b"{}"), kind=kind, time=START)
    assert require_whole(engine, log_id) == []


def test_time_never_decreases(engine: Engine, log_id: LogId) -> None:
    with writing(engine) as session:
        append_number(session, log_id, 0, seconds=10)
        append_number(session, log_id, 1, seconds=10)
    with pytest.raises(TimeWentBack, match="clock"), writing(engine) as session:
        append_number(session, log_id, 2, seconds=9)
    assert len(require_whole(engine, log_id)) == 2


def test_an_unknown_log_takes_nothing(engine: Engine, log_id: LogId) -> None:
    with pytest.raises(NoSuchLog), writing(engine) as session:
        append_number(session, LogId(log_id + 1), 0)
    with pytest.raises(NoSuchLog), writing(engine) as session:
        sign_checkpoint(session, LogId(log_id + 1), KEY, START)


def test_a_reading_session_appends_nothing(engine: Engine, log_id: LogId) -> None:
    with pytest.raises(DBAPIError), reading(engine) as session:
        append_number(session, log_id, 0)
    assert require_whole(engine, log_id) == []


def test_heads_are_signed_once_for_each_size(engine: Engine, log_id: LogId) -> None:
    with writing(engine) as session:
        empty = sign_checkpoint(session, log_id, KEY, START)
        assert sign_checkpoint(session, log_id, KEY, START + timedelta(hours=1)) == empty
        append_number(session, log_id, 0)
        append_number(session, log_id, 1)
        two = sign_checkpoint(session, log_id, KEY, START)
        append_number(session, log_id, 2)
    with reading(engine) as session:
        assert latest_checkpoint(session, log_id) == two
        assert checkpoint_at(session, log_id, 0) == empty
        assert checkpoint_at(session, log_id, 2) == two
        for never_signed in (1, 3):
            with pytest.raises(NoCheckpoint):
                checkpoint_at(session, log_id, never_signed)
    root_of_two = naive_root([leaf_of(0), leaf_of(1)])
    assert verify_checkpoint(two, ORIGIN, KEY.public_key) == Checkpoint(ORIGIN, 2, root_of_two)
    assert verify_checkpoint(empty, ORIGIN, KEY.public_key) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    require_whole(engine, log_id)


@pytest.mark.parametrize(
    "tampering",
    [
        'UPDATE board_node SET hash = (SELECT hash FROM board_node WHERE level = 0 AND "index" = 2) WHERE level = 2',
        'DELETE FROM board_entry WHERE "index" >= 2',
    ],
    ids=["tree rewritten", "older backup restored"],
)
def test_nothing_is_signed_after_the_past_was_changed(engine: Engine, log_id: LogId, tampering: str) -> None:
    """Somebody with the database's password removes the triggers first."""
    with writing(engine) as session:
        for number in range(4):
            append_number(session, log_id, number)
        note = sign_checkpoint(session, log_id, KEY, START)
    with writing(engine) as session:
        if engine.dialect.name == "sqlite":
            for table, verb in (("board_node", "update"), ("board_entry", "delete")):
                session.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
        else:
            for table in ("board_node", "board_entry"):
                session.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
        session.execute(text(tampering))
    with pytest.raises(BoardInconsistent) as refused, writing(engine) as session:
        sign_checkpoint(session, log_id, KEY, START)
    assert refused.value.checkpoint == note

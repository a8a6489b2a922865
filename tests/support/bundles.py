"""Bundles of boards in memory, and small ones that several tests share."""

from functools import cache
from pathlib import Path

from protocol.bundle_key import bundle_key, encode_bundle_key
from protocol.leaf import Kind, decode_leaf
from tests.support.boards import MemoryBoard
from tests.support.elections import approval, choose_one, make_election, make_manifest
from verifier.bundle import (
    BOARD_FILE,
    BODIES_FILE,
    CHECKPOINT_FILE,
    CLOSING_CHECKPOINT_FILE,
    KEY_FILE,
    RESULT_FILE,
)


def write_bundle(board: MemoryBoard, folder: Path) -> Path:
    """The bundle of PROTOCOL section 10 in `folder`, which is made; returns it."""
    folder.mkdir(parents=True)
    (folder / KEY_FILE).write_bytes(encode_bundle_key(bundle_key(board.election.terms)))
    (folder / BOARD_FILE).write_bytes(b"".join(leaf + b"\n" for leaf, _ in board.leaves))
    (folder / BODIES_FILE).write_bytes(b"".join(body + b"\n" for _, body in board.leaves))
    (folder / CHECKPOINT_FILE).write_bytes(board.checkpoint.encode())
    if board.closing_checkpoint is not None:
        (folder / CLOSING_CHECKPOINT_FILE).write_bytes(board.closing_checkpoint.encode())
    if board.leaves and decode_leaf(board.leaves[-1][0]).kind is Kind.RESULT:
        (folder / RESULT_FILE).write_bytes(board.leaves[-1][1] + b"\n")
    return folder


@cache
def published_board() -> MemoryBoard:
    """A whole small election, 2 of 3 trustees, one question of each of two kinds, three votes. Not to be changed."""
    election = make_election(make_manifest(questions=(choose_one(), approval()), trustees=3))
    board = MemoryBoard(election).start()
    board.cast(1, [[1, 0, 0, 0], [1, 1, 0]])
    board.cast(2, [[0, 0, 1, 0], [0, 1, 0]])
    board.cast(3, [[0, 0, 0, 1], [0, 0, 0]])
    board.cast(1, [[0, 0, 1, 0], [1, 0, 0]], sequence=2)
    assert board.tally([1, 3]).report.ok
    return board


def open_board() -> MemoryBoard:
    """A board between opening and closing, with one ballot; a fresh one, which may be changed."""
    board = MemoryBoard(make_election(make_manifest(trustees=3))).start()
    board.cast(1, [[0, 1, 0, 0]])
    return board


@cache
def smallest_board() -> MemoryBoard:
    """A whole election of one trustee, one voter and two options. Not to be changed."""
    board = MemoryBoard(make_election(make_manifest(questions=(choose_one(2),)), voters=1)).start()
    board.cast(1, [[1, 0, 0]])
    assert board.tally([1]).report.ok
    return board

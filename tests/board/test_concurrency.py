"""Two processes on one log."""

import multiprocessing

from sqlalchemy import Engine

from board.log import LogId
from tests.board.appender import append_many
from tests.board.records import leaf_of, require_whole

EACH = 400


def test_two_processes_make_one_log(engine: Engine, database_url: str, log_id: LogId) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    processes = [
        spawn.Process(target=append_many, args=(database_url, log_id, first, EACH, start))
        for first in (0, EACH)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    leaves = require_whole(engine, log_id)
    assert sorted(leaves) == sorted(leaf_of(number) for number in range(2 * EACH))
    # Each process appended in its own order, and they really took turns.
    mine = [leaf for leaf in leaves if leaf in {leaf_of(number) for number in range(EACH)}]
    assert mine == [leaf_of(number) for number in range(EACH)]
    assert leaves not in (sorted(leaves, key=position), sorted(leaves, key=position, reverse=True))


def position(leaf: bytes) -> int:
    return int(leaf.split()[1])

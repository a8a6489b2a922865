"""What another process does to the log in the tests of races and crashes."""

import os
import signal
import time
from multiprocessing.synchronize import Barrier

from sqlalchemy import event

from board.log import LogId, sign_checkpoint
from storage.engine import make_engine
from storage.session import writing
from tests.board.records import KEY, START, append_number

RESTS_SECONDS = 0.05


def append_many(url: str, log_id: int, first: int, count: int, start: Barrier) -> None:
    """Append `count` entries, each in a transaction of its own, and sign a head after every twentieth.

    Then it rests: on SQLite whoever waits for another process sleeps between two looks, and would find it finished.
    """
    engine = make_engine(url)
    start.wait()
    for number in range(first, first + count):
        with writing(engine) as session:
            append_number(session, LogId(log_id), number)
            if number % 20 == 0:
                sign_checkpoint(session, LogId(log_id), KEY, START)
        if number % 20 == 0:
            time.sleep(RESTS_SECONDS)
    engine.dispose()


def die_before_committing(url: str, log_id: int) -> None:
    """Append and sign, then be killed when all is written and only the commit is missing."""
    engine = make_engine(url)
    event.listen(engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    with writing(engine) as session:
        append_number(session, LogId(log_id), 1000)
        sign_checkpoint(session, LogId(log_id), KEY, START)

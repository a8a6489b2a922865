"""The storage of rate limits: exact under races of processes, on both databases, in the library's own words."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

import pytest
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from sqlalchemy import Engine, func, select, text

from storage.engine import make_engine
from storage.session import reading, writing
from tests.support.databases import make_tables
from web.models import RateCount
from web.rate_limits import RULES, Rule
from web.rate_storage import SqlStorage

PERIOD = 100
START = 1_800_000_000.0  # a period of 100 seconds begins here


@dataclass
class Seconds:
    """A clock that the test sets."""

    now: float = START

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    make_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def storage(engine: Engine, clock: Seconds) -> SqlStorage:
    return SqlStorage(engine=engine, clock=clock)


def rows(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(RateCount)) or 0


def take(storage: SqlStorage, amount: int = 1, limit: int = 10) -> bool:
    return storage.acquire_sliding_window_entry("k", limit, PERIOD, amount)


def test_a_limit_is_admitted_exactly_and_a_refusal_does_not_count(storage: SqlStorage) -> None:
    assert [take(storage) for _ in range(12)] == [True] * 10 + [False] * 2
    assert storage.get_sliding_window("k", PERIOD) == (0, 100.0, 10, 200.0)


def test_a_block_is_taken_whole_or_not(storage: SqlStorage) -> None:
    assert take(storage, 6)
    assert not take(storage, 5)
    assert take(storage, 4)
    assert not take(storage, 11)
    assert not take(storage, 1)


def test_the_last_period_weighs_by_what_is_left_of_it(storage: SqlStorage, clock: Seconds) -> None:
    clock.now += 99.9
    assert take(storage, 10)
    clock.now = START + PERIOD  # a fixed window would admit ten more
    assert not take(storage)
    clock.now = START + PERIOD + 30  # 7 of the 10 are within reach
    assert [take(storage) for _ in range(4)] == [True] * 3 + [False]
    assert storage.get_sliding_window("k", PERIOD) == (10, 70.0, 3, 170.0)
    clock.now = START + 2 * PERIOD + 50  # the three weigh half
    assert storage.get_sliding_window("k", PERIOD) == (3, 50.0, 0, 0.0)
    assert take(storage, 8)
    assert not take(storage)
    clock.now = START + 9 * PERIOD
    assert storage.get_sliding_window("k", PERIOD) == (0, 0.0, 0, 0.0)
    assert take(storage, 10)


def test_a_server_whose_clock_is_behind_does_not_begin_anew(storage: SqlStorage, clock: Seconds) -> None:
    clock.now = START + PERIOD + 1
    assert take(storage, 10)
    clock.now = START + PERIOD - 1
    assert not take(storage)
    clock.now = START + PERIOD + 1
    assert not take(storage)


def test_keys_do_not_share(storage: SqlStorage) -> None:
    assert take(storage, 10)
    assert storage.acquire_sliding_window_entry("other", 10, PERIOD, 10)


def test_the_librarys_strategies_work_on_it(engine: Engine, clock: Seconds) -> None:
    storage = storage_from_string("psephos-database://", engine=engine, clock=clock)  # type: ignore[arg-type]
    assert isinstance(storage, SqlStorage)
    item = RateLimitItemPerSecond(3, PERIOD)
    for strategy in (SlidingWindowCounterRateLimiter(storage), FixedWindowRateLimiter(storage)):
        who = type(strategy).__name__
        assert strategy.test(item, who)
        assert [strategy.hit(item, who) for _ in range(4)] == [True, True, True, False]
        assert not strategy.test(item, who)
        assert strategy.get_window_stats(item, who).remaining == 0
        strategy.clear(item, who)
        assert strategy.hit(item, who)


def test_a_fixed_window_ends(storage: SqlStorage, clock: Seconds) -> None:
    assert (storage.get("f"), storage.get_expiry("f")) == (0, START)
    assert [storage.incr("f", PERIOD), storage.incr("f", PERIOD, 4)] == [1, 5]
    assert (storage.get("f"), storage.get_expiry("f")) == (5, START + PERIOD)
    clock.now += PERIOD
    assert storage.get("f") == 0
    assert storage.incr("f", PERIOD) == 1


def test_what_has_expired_is_removed(storage: SqlStorage, engine: Engine, clock: Seconds) -> None:
    assert take(storage)
    assert storage.acquire_sliding_window_entry("long", 1, 100 * PERIOD)
    clock.now = START + 2 * PERIOD - 0.001
    assert storage.sweep() == 0  # still weighs
    clock.now = START + 2 * PERIOD
    assert storage.sweep() == 1
    assert rows(engine) == 1
    assert storage.reset() == 1
    assert rows(engine) == 0


def test_a_database_without_the_table_is_a_storage_error(storage: SqlStorage, engine: Engine) -> None:
    assert storage.check()
    with writing(engine) as session:
        session.execute(text("ALTER TABLE web_rate RENAME TO lost"))
    assert not storage.check()
    for deed in (lambda: take(storage), storage.reset, storage.sweep, lambda: storage.incr("f", 1)):
        with pytest.raises(StorageError):
            deed()


RACERS, TRIES, LIMIT = 4, 60, 100


def race(url: str, barrier: Barrier, admitted: "multiprocessing.Queue[int]") -> None:
    engine = make_engine(url)
    storage = SqlStorage(engine=engine, clock=Seconds())
    barrier.wait()
    admitted.put(sum(take(storage, 1, LIMIT) for _ in range(TRIES)))
    engine.dispose()


def test_racing_processes_never_admit_more_than_the_limit(engine: Engine, database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, admitted = context.Barrier(RACERS), context.Queue()
    racers = [context.Process(target=race, args=(database_url, barrier, admitted)) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    found = [admitted.get(timeout=60) for _ in racers]
    for racer in racers:
        racer.join()
        assert racer.exitcode == 0
    assert sum(found) == LIMIT < RACERS * TRIES
    assert max(found) <= TRIES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_counts_up_to_its_amount(engine: Engine, clock: Seconds, rule: Rule) -> None:
    # 600 an hour, in milliseconds, is more than 32 bits hold.
    storage = SqlStorage(engine=engine, clock=clock)
    pieces = (rule.amount - 1, 1, 1)
    taken = [
        storage.acquire_sliding_window_entry(rule.name, rule.amount, rule.seconds, piece) for piece in pieces
    ]
    assert taken == [True, True, False]
    clock.now += rule.seconds
    assert not storage.acquire_sliding_window_entry(rule.name, rule.amount, rule.seconds, rule.amount)

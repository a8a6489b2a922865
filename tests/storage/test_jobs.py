"""The queue: enqueued with its deed, taken by one worker, done once, tried again, and never lost."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from storage.engine import make_engine
from storage.errors import LeaseLost, NoSuchJob
from storage.jobs import (
    BACKOFF,
    BACKOFF_MAX,
    FAILURES_MAX,
    KEPT,
    LEASE,
    GiveUp,
    Handler,
    Job,
    JobState,
    Later,
    backlog,
    backoff,
    claim,
    dead,
    enqueue,
    forget,
    pause,
    plan,
    revive,
    settle,
)
from storage.models import StorageJob
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.databases import make_tables
from tests.support.postgres import PostgresServer

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that the test owns, and workers on one database."""

    engine: Engine
    now: datetime = NOON
    done: list[object] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def worker(self, handler: Handler | None = None, **duties: int) -> Worker:
        handlers = {"note": handler or (lambda job: self.done.append(job.payload["what"]))}
        handlers |= {kind: (handler or (lambda job: self.done.append(job.kind))) for kind in duties}
        return Worker(self.engine, handlers, self.clock, duties, jitter=lambda: 1.0)

    def enqueue(self, what: str, key: str | None = None, priority: int = 5) -> int:
        with writing(self.engine) as session:
            return enqueue(session, "note", {"what": what}, now=self.now, key=key, priority=priority)

    def take(self) -> Job:
        with writing(self.engine) as session:
            job = claim(session, ["note"], self.clock)
        assert job is not None
        return job

    def row(self, number: int) -> StorageJob:
        with reading(self.engine) as session:
            row = session.get(StorageJob, number)
            assert row is not None
            session.expunge(row)
            return row


@pytest.fixture
def hands(database_url: str) -> Iterator[Hands]:
    engine = make_engine(database_url)
    make_tables(engine)
    yield Hands(engine)
    engine.dispose()


def drain(worker: Worker) -> int:
    count = 0
    while worker.run_once():
        count += 1
    return count


def test_a_job_is_done_once_with_what_it_was_given(hands: Hands) -> None:
    number = hands.enqueue("ring")
    assert drain(hands.worker()) == 1
    assert hands.done == ["ring"]
    assert hands.row(number).state == JobState.DONE
    hands.later(days=1)
    assert drain(hands.worker()) == 0


def test_a_job_is_stored_with_its_deed_or_not_at_all(hands: Hands) -> None:
    def deed() -> None:
        with writing(hands.engine) as session:
            enqueue(session, "note", {"what": "ring"}, now=hands.now)
            raise RuntimeError("the deed failed")

    with pytest.raises(RuntimeError, match="the deed failed"):
        deed()
    assert drain(hands.worker()) == 0


def test_one_key_is_one_job_also_after_it_was_done(hands: Hands) -> None:
    first = hands.enqueue("ring", key="bell")
    assert hands.enqueue("ring again", key="bell") == first
    assert hands.enqueue("other", key="other bell") != first
    drain(hands.worker())
    assert hands.enqueue("ring again", key="bell") == first
    assert drain(hands.worker()) == 0
    assert hands.done == ["ring", "other"]
    hands.later(seconds=KEPT.total_seconds() + 1)
    with writing(hands.engine) as session:
        assert forget(session, hands.now) == 2
    assert hands.enqueue("ring again", key="bell") > 0
    assert drain(hands.worker()) == 1


def test_order_is_priority_then_time(hands: Hands) -> None:
    hands.enqueue("second")
    hands.enqueue("third")
    hands.enqueue("first", priority=1)
    with writing(hands.engine) as session:
        enqueue(session, "note", {"what": "tomorrow"}, now=hands.now, run_at=hands.now + timedelta(days=1))
    drain(hands.worker())
    assert hands.done == ["first", "second", "third"]
    hands.later(days=1)
    drain(hands.worker())
    assert hands.done[3:] == ["tomorrow"]


def test_what_no_program_should_enqueue(hands: Hands) -> None:
    for kind, payload in (("Ring", {}), ("", {}), ("note", {"what": "x" * 5000})):
        with writing(hands.engine) as session, pytest.raises(ValueError, match="kind"):
            enqueue(session, kind, payload, now=hands.now)
    with writing(hands.engine) as session, pytest.raises(ValueError, match="period"):
        plan(session, "ring", 86_401, hands.now)


def test_jobs_of_another_release_are_left_to_it(hands: Hands) -> None:
    with writing(hands.engine) as session:
        enqueue(session, "newer-kind", {}, now=hands.now)
    assert drain(hands.worker()) == 0
    with reading(hands.engine) as session:
        assert backlog(session, hands.now).waiting == 1


def test_a_failure_is_tried_again_later_and_later_then_is_dead(hands: Hands) -> None:
    tries: list[datetime] = []

    def fail(job: Job) -> None:
        tries.append(hands.now)
        raise RuntimeError("ann@example.org is away")

    number = hands.enqueue("ring")
    worker = hands.worker(fail)
    for _ in range(FAILURES_MAX):
        assert drain(worker) == 1
        assert drain(worker) == 0  # not at once
        hands.later(seconds=BACKOFF_MAX.total_seconds())
    assert drain(worker) == 0
    assert len(tries) == FAILURES_MAX
    row = hands.row(number)
    assert (row.state, row.failures) == (JobState.DEAD, FAILURES_MAX)
    with reading(hands.engine) as session:
        [seen] = dead(session)
        assert backlog(session, hands.now).dead == 1
    assert (seen.id, seen.kind) == (number, "note")
    assert seen.reason.startswith("RuntimeError at test_jobs.py:")
    assert "ann" not in seen.reason

    with writing(hands.engine) as session:
        revive(session, number, hands.now)
    assert drain(hands.worker()) == 1
    assert hands.done == ["ring"]
    with writing(hands.engine) as session, pytest.raises(NoSuchJob):
        revive(session, number, hands.now)


def test_backoff_doubles_up_to_an_hour_and_half_of_it_is_chance() -> None:
    assert [backoff(n, 1.0) for n in (1, 2, 3)] == [BACKOFF, BACKOFF * 2, BACKOFF * 4]
    assert backoff(60, 1.0) == BACKOFF_MAX
    assert backoff(1, 0.0) == BACKOFF / 2


def test_a_handler_gives_up_at_once(hands: Hands) -> None:
    def give_up(job: Job) -> None:
        raise GiveUp("The election is gone.")

    number = hands.enqueue("ring")
    drain(hands.worker(give_up))
    row = hands.row(number)
    assert (row.state, row.reason) == (JobState.DEAD, "The election is gone.")


def test_putting_off_is_no_failure(hands: Hands) -> None:
    def put_off(job: Job) -> None:
        raise Later(60)

    number = hands.enqueue("ring")
    for _ in range(2 * FAILURES_MAX):
        assert drain(hands.worker(put_off)) == 1
        hands.later(seconds=59)
        assert drain(hands.worker(put_off)) == 0
        hands.later(seconds=1)
    assert hands.row(number).failures == 0
    assert drain(hands.worker()) == 1


def test_a_paused_kind_waits_and_the_longer_pause_counts(hands: Hands) -> None:
    hands.enqueue("ring")
    for seconds in (60, 30):
        with writing(hands.engine) as session:
            pause(session, "note", hands.now + timedelta(seconds=seconds))
    hands.later(seconds=59)
    assert drain(hands.worker()) == 0
    with reading(hands.engine) as session:
        assert backlog(session, hands.now).oldest_due is None
    hands.later(seconds=1)
    assert drain(hands.worker()) == 1


def test_a_job_under_a_lease_is_nobody_elses(hands: Hands) -> None:
    hands.enqueue("ring")
    hands.take()
    assert drain(hands.worker()) == 0
    hands.later(seconds=LEASE.total_seconds() - 1)
    assert drain(hands.worker()) == 0
    hands.later(seconds=1)
    assert drain(hands.worker()) == 1


def test_whoever_comes_late_writes_nothing(hands: Hands) -> None:
    """Fencing: the first worker slept through its lease and wakes while, and after, a second one has the job."""
    number = hands.enqueue("ring")
    slow = hands.take()
    hands.later(seconds=LEASE.total_seconds())

    for call in (Job.require, Job.finish, Job.renew):  # nobody else has it yet, and still it is too late
        with pytest.raises(LeaseLost), writing(hands.engine) as session:
            call(slow, session)
    quick = hands.take()
    assert quick.claim == slow.claim + 1
    for call in (Job.require, Job.finish, Job.renew):
        with pytest.raises(LeaseLost), writing(hands.engine) as session:
            call(slow, session)
    for error in (None, RuntimeError(), Later(5), GiveUp("no")):
        with writing(hands.engine) as session:
            assert settle(session, slow, error, lambda: 1.0) is None
    row = hands.row(number)
    assert (row.state, row.claim, row.lease_until) == (JobState.WAITING, quick.claim, hands.now + LEASE)

    with writing(hands.engine) as session:
        quick.require(session)
        quick.finish(session)
    assert hands.row(number).state == JobState.DONE
    with pytest.raises(LeaseLost), writing(hands.engine) as session:
        slow.finish(session)


def test_a_lease_can_be_renewed_in_time(hands: Hands) -> None:
    hands.enqueue("ring")
    job = hands.take()
    for _ in range(3):
        hands.later(seconds=LEASE.total_seconds() - 1)
        with writing(hands.engine) as session:
            job.renew(session)
    assert drain(hands.worker()) == 0
    with writing(hands.engine) as session:
        assert settle(session, job, None, lambda: 1.0) is JobState.DONE


def test_an_effect_in_the_transaction_of_the_end_happens_once(hands: Hands) -> None:
    """The handler's effect is rolled back with its late `finish`."""

    def effect(job: Job) -> None:
        with writing(hands.engine) as session:
            enqueue(session, "effect", {}, now=hands.now)
            if not hands.done:  # the first one is too slow
                hands.later(seconds=LEASE.total_seconds())
            hands.done.append(job.claim)
            job.finish(session)

    hands.enqueue("ring")
    assert drain(hands.worker(effect)) == 2
    assert hands.done == [1, 2]
    with reading(hands.engine) as session:
        effects = session.scalars(select(StorageJob).where(StorageJob.kind == "effect")).all()
    assert len(effects) == 1


def test_a_job_that_kills_its_workers_is_dead_in_the_end(hands: Hands) -> None:
    number = hands.enqueue("poison")
    for _ in range(FAILURES_MAX):
        hands.take()
        hands.later(seconds=LEASE.total_seconds())
    assert drain(hands.worker()) == 0
    row = hands.row(number)
    assert (row.state, row.failures) == (JobState.DEAD, FAILURES_MAX)
    assert row.reason == "The worker ended or hung in the middle."


def test_a_duty_is_done_once_in_every_period_by_whoever_comes_first(hands: Hands) -> None:
    workers = [hands.worker(tick=60) for _ in range(3)]
    for worker in workers:
        worker.run_once()
    assert hands.done == ["tick"]
    hands.later(seconds=59)
    assert not any(worker.run_once() for worker in workers)
    hands.later(seconds=1)
    for worker in workers:
        worker.run_once()
    assert hands.done == ["tick"] * 2
    hands.later(hours=5)  # nobody was there: the periods that were missed are not made up
    for worker in [*workers, hands.worker(tick=60)]:
        worker.run_once()
    assert hands.done == ["tick"] * 3


def test_a_duty_that_fails_is_tried_again_within_its_period_and_never_dies(hands: Hands) -> None:
    def fail(job: Job) -> None:
        hands.done.append(hands.now)
        raise RuntimeError

    worker = hands.worker(fail, tick=60)
    for _ in range(3 * FAILURES_MAX):
        drain(worker)
        hands.later(seconds=60)
    assert len(hands.done) == 3 * FAILURES_MAX
    assert hands.worker(tick=60).run_once()
    assert hands.done[-1] == "tick"
    with reading(hands.engine) as session:
        [row] = session.scalars(select(StorageJob))
        assert (row.failures, row.reason, row.state) == (0, None, JobState.WAITING)


def test_a_duty_with_a_new_period_keeps_it(hands: Hands) -> None:
    assert drain(hands.worker(tick=3600)) == 1
    assert drain(hands.worker(tick=3600)) == 0
    assert drain(hands.worker(tick=10)) == 1
    hands.later(seconds=10)
    assert drain(hands.worker(tick=10)) == 1


def test_a_duty_without_a_handler_is_a_mistake_of_the_program(hands: Hands) -> None:
    with pytest.raises(ValueError, match="tick"):
        Worker(hands.engine, {}, hands.clock, {"tick": 5})


def test_workers_that_race_share_the_jobs(hands: Hands) -> None:
    """Four threads with a connection each; every job is done once, and nobody waits for another's job."""
    jobs = 40
    for number in range(jobs):
        hands.enqueue(str(number))
    lock, failures = threading.Lock(), list[BaseException]()

    def handler(job: Job) -> None:
        with lock:
            hands.done.append(job.payload["what"])

    def run() -> None:
        try:
            drain(hands.worker(handler))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(hands.worker(handler))
    assert failures == []
    assert sorted(hands.done, key=str) == sorted(map(str, range(jobs)))


def test_what_another_is_taking_is_passed_over(postgres_server: PostgresServer) -> None:
    """PostgreSQL only: SQLite has one writer, so nobody takes a job at the same time."""
    with postgres_server.fresh_database(tables=True) as url:
        engine = make_engine(url, lock_wait_seconds=1)
        hands = Hands(engine)
        hands.enqueue("first")
        hands.enqueue("second")
        with writing(engine) as session:
            taken = claim(session, ["note"], hands.clock)
            assert taken is not None
            assert taken.payload == {"what": "first"}
            assert hands.take().payload == {"what": "second"}
        engine.dispose()


def test_two_who_enqueue_one_key_together(hands: Hands) -> None:
    numbers: list[int] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        numbers.append(hands.enqueue("ring", key="bell"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 4
    assert len(set(numbers)) == 1
    assert drain(hands.worker()) == 1


def test_a_worker_stops_between_two_jobs(hands: Hands) -> None:
    stop = threading.Event()

    def handler(job: Job) -> None:
        hands.done.append(job.payload["what"])
        stop.set()

    hands.enqueue("first")
    second = hands.enqueue("second")
    hands.worker(handler).run_until(stop, idle_seconds=0)
    assert hands.done == ["first"]
    row = hands.row(second)
    assert (row.state, row.lease_until) == (JobState.WAITING, None)


def test_a_worker_outlives_a_failing_database(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is away for a while, as in a failover; what was queued is done afterwards."""
    monkeypatch.setattr("storage.worker.TROUBLE_SECONDS", 0.05)
    stop = threading.Event()

    def handler(job: Job) -> None:
        hands.done.append("rang")
        stop.set()

    hands.enqueue("ring")
    with hands.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE storage_job RENAME TO away")
    thread = threading.Thread(target=hands.worker(handler).run_until, args=(stop, 0))
    thread.start()
    thread.join(timeout=0.3)
    assert thread.is_alive()
    with hands.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO storage_job")
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert hands.done == ["rang"]


def test_the_backlog_tells_when_nobody_works(hands: Hands) -> None:
    with reading(hands.engine) as session:
        assert backlog(session, hands.now).oldest_due is None
    hands.enqueue("ring")
    since = hands.now
    hands.later(minutes=10)
    with reading(hands.engine) as session:
        assert backlog(session, hands.now).oldest_due == since
    hands.take()
    with reading(hands.engine) as session:
        assert backlog(session, hands.now).oldest_due is None


def test_dead_jobs_are_not_forgotten(hands: Hands) -> None:
    number = hands.enqueue("ring")
    with writing(hands.engine) as session:
        session.execute(
            update(StorageJob).values(state=JobState.DEAD, ended_at=hands.now - timedelta(days=400))
        )
        assert forget(session, hands.now) == 0
    assert hands.row(number).state == JobState.DEAD

"""Casting is limited by voting code and by nothing that a whole ward behind one address shares."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import web.casting_pool
from protocol.ballot import BallotInvalid
from storage.engine import make_engine
from storage.migrate import migrate
from tests.support.descendants import descendants, require_gone
from tests.support.elections import voter_key
from tests.support.loops import in_a_loop
from tests.support.offices import (
    FIRST,
    OfficeUnderTest,
    ballot_body,
    cast_request,
    make_office,
    signed_request,
)
from tests.web.test_rate_storage import Seconds
from voting.casting import cast_ballot
from voting.errors import TooSoon
from web.casting_pool import CastingPool, Refusal, count_attempt
from web.rate_limits import CASTING, Limiter

OWNER, NEIGHBOUR, STRANGER = 1, 2, 99


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OfficeUnderTest]:
    """Counts attempts, as a casting process does."""
    under_test = make_office(f"sqlite:///{tmp_path / 'psephos.sqlite'}", tmp_path / "secrets")
    limiter = Limiter(under_test.engine, b"k" * 32, clock=Seconds())
    under_test.office.attempt = lambda election, key: count_attempt(limiter, election, key)
    yield under_test
    under_test.engine.dispose()


def refusal(office: OfficeUnderTest, request: bytes) -> str:
    try:
        cast_ballot(office.office, office.id, request)
    except (BallotInvalid, TooSoon) as error:
        return error.code
    return "stored"


def test_a_voting_code_that_sends_false_proofs_is_stopped_before_they_are_checked(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = 0

    def check(*_: object) -> None:
        nonlocal checked
        checked += 1
        raise BallotInvalid("malformed-proof", "It does not hold.")

    monkeypatch.setattr("voting.casting._require_proofs", check)
    request = cast_request(office.election, OWNER, FIRST)
    codes = [refusal(office, request) for _ in range(CASTING.amount + 20)]
    assert codes == ["malformed-proof"] * CASTING.amount + ["too-soon"] * 20
    assert checked == CASTING.amount
    # Nobody else waits for that, wherever they are.
    monkeypatch.undo()
    assert refusal(office, cast_request(office.election, NEIGHBOUR, FIRST)) == "stored"


def attempts(limiter: Limiter, office: OfficeUnderTest, number: int) -> None:
    for _ in range(number):
        count_attempt(limiter, office.id, voter_key(OWNER).public_key)


def test_the_refusal_says_how_long_to_wait(office: OfficeUnderTest) -> None:
    limiter = Limiter(office.engine, b"j" * 32, clock=Seconds())
    attempts(limiter, office, CASTING.amount)
    # A period, and then until a block, a quarter of all, is out of reach. The booth says "a minute".
    with pytest.raises(TooSoon, match="Wait 75 seconds"):
        attempts(limiter, office, 1)


def test_nobody_can_use_up_another_voters_attempts(office: OfficeUnderTest) -> None:
    """Keys stand on the public roll: whoever names one without its signature is not counted for it."""
    forged = signed_request(ballot_body(office.election, OWNER), voter_key(STRANGER))
    assert {refusal(office, forged) for _ in range(CASTING.amount + 20)} == {"bad-signature"}
    assert refusal(office, cast_request(office.election, OWNER, FIRST)) == "stored"


def test_a_database_that_cannot_count_denies_nobody_the_vote(office: OfficeUnderTest, tmp_path: Path) -> None:
    elsewhere = make_engine(f"sqlite:///{tmp_path / 'unmigrated.sqlite'}")
    attempts(Limiter(elsewhere, b"k" * 32, clock=Seconds()), office, CASTING.amount * 2)
    migrate(elsewhere)  # control: with a table it counts
    with pytest.raises(TooSoon):
        attempts(Limiter(elsewhere, b"k" * 32, clock=Seconds()), office, CASTING.amount * 2)
    elsewhere.dispose()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[CastingPool]:
    """Ten places."""
    monkeypatch.setattr(web.casting_pool, "WAITING_PER_WORKER", 10)
    pool = CastingPool("sqlite:///unused.db", Path("unused"), workers=1)
    yield pool
    pool.close()


def put_many(pool: CastingPool, monkeypatch: pytest.MonkeyPatch, networks: list[str]) -> list[bool]:
    """Whether each of these, who all come at once, found a place."""

    async def all_at_once() -> list[bool]:
        answer = asyncio.Event()

        async def wait(*_: object) -> bytes:
            await answer.wait()
            return b"{}"

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "run_in_executor", wait)
        tasks = [asyncio.create_task(pool.put("ballot", "e", b"", None, network)) for network in networks]
        await asyncio.sleep(0)
        answer.set()
        return [not isinstance(await task, Refusal) for task in tasks]

    return in_a_loop(all_at_once())


def test_a_ward_behind_one_address_votes_while_there_is_room(
    full: CastingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert put_many(full, monkeypatch, ["ward"] * 5) == [True] * 5
    assert put_many(full, monkeypatch, ["ward"] * 5) == [True] * 5  # and again, once those are through


def test_one_network_cannot_take_every_place(full: CastingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = put_many(full, monkeypatch, ["flood"] * 50 + ["lan", "minh", "hoa"])
    assert flood == [True] * 5 + [False] * 45 + [True] * 3


def test_many_networks_share_all_places(full: CastingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = put_many(full, monkeypatch, [f"home {number}" for number in range(12)])
    assert found == [True] * 10 + [False] * 2
    assert put_many(full, monkeypatch, ["a home"]) == [True]  # nothing is remembered of them


SERVER = """
import asyncio, sys, time
from pathlib import Path
from web.casting_pool import CastingPool

pool = CastingPool(sys.argv[1], Path(sys.argv[2]), 2)
print(asyncio.run(pool.put("ballot", "0" * 32, b"{}")).code, flush=True)
time.sleep(60)
"""


def test_no_casting_process_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/psephos.db"
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    command = [sys.executable, "-c", SERVER, url, str(tmp_path / "secrets")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "election-not-found\n"
        working = descendants(owner.pid)
        assert len(working) >= 2  # the tracker of what they share is one
        owner.kill()
    require_gone(working, 30)

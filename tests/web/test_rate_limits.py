"""Rules of how often: who is counted, what is stored, and what happens when the database cannot count."""

import re
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from storage.engine import make_engine
from storage.session import reading, writing
from tests.support.databases import make_tables
from tests.support.offices import client_of
from tests.web.conftest import SETTINGS
from tests.web.examples import ExamplePages
from tests.web.test_rate_storage import START, Seconds
from web import rate_limits
from web.app import create_app
from web.client_network import UNKNOWN, client_network
from web.models import RateCount
from web.rate_limits import (
    By,
    Limiter,
    LimitsUnavailable,
    Rule,
    Standing,
    TooManyRequests,
    Unsure,
    headers,
    headers_of,
    hit,
    read_or_make_key,
    seconds_until_free,
)
from web.settings import read_settings

STRICT = Rule("strict", 5, 900, By.SUBJECT)
BLOCKS = Rule("blocks", 60, 60, By.NETWORK, block=10, unsure=Unsure.PASS)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, lock_wait_seconds=1)
    make_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def limiter(engine: Engine, clock: Seconds) -> Limiter:
    return Limiter(engine, b"k" * 32, clock=clock)


def another(limiter: Limiter) -> Limiter:
    """The limiter of another process on the same database."""
    return Limiter(limiter.engine, limiter.key, clock=limiter.clock)


def rows(engine: Engine) -> list[RateCount]:
    with reading(engine) as session:
        found = list(session.scalars(select(RateCount)).all())
        session.expunge_all()
        return found


def admitted(limiter: Limiter, rule: Rule, subject: str, tries: int) -> int:
    """How many of `tries` pass."""
    passed = 0
    for _ in range(tries):
        try:
            limiter.count(rule, subject)
        except TooManyRequests:
            continue
        passed += 1
    return passed


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Somebody else holds what a hit needs to write."""
    with writing(engine) as session:
        if engine.dialect.name == "postgresql":
            session.execute(text("LOCK TABLE web_rate IN ACCESS EXCLUSIVE MODE"))
        yield


def test_a_rule_against_guessing_is_exact_across_processes(limiter: Limiter) -> None:
    other = another(limiter)
    assert [admitted(one, STRICT, "lan", 1) for one in (limiter, other, limiter, other, limiter)] == [1] * 5
    with pytest.raises(TooManyRequests) as refused:
        other.count(STRICT, "lan")
    assert refused.value.retry_after == refused.value.standing.reset_seconds
    assert refused.value.status_code == 429
    assert other.count(STRICT, "minh").remaining == 4


def test_the_wait_that_a_refusal_names_is_right(limiter: Limiter, clock: Seconds) -> None:
    """Not a second too long or too short: the next try after it passes, the one just before does not."""
    clock.now = START + 100
    assert admitted(limiter, STRICT, "lan", 5) == 5
    with pytest.raises(TooManyRequests) as refused:
        limiter.count(STRICT, "lan")
    began = clock.now
    clock.now = began + refused.value.retry_after - 2
    assert admitted(another(limiter), STRICT, "lan", 1) == 0
    clock.now = began + refused.value.retry_after
    assert admitted(limiter, STRICT, "lan", 2) == 1


def test_seconds_until_free() -> None:
    rule = Rule("r", 10, 100, By.SUBJECT)
    assert seconds_until_free(rule, (0, 0, 0, 0), 1) == 0
    # Ten hits in this period, 40 seconds of it left: then one of ten is out of reach after another ten.
    assert seconds_until_free(rule, (0, 40.0, 10, 140.0), 1) == 50
    # Ten hits in the period before, of which 9.5 are within reach: 9 in five seconds.
    assert seconds_until_free(rule, (10, 95.0, 0, 0.0), 1) == pytest.approx(5)
    assert seconds_until_free(rule, (10, 95.0, 0, 0.0), 10) == pytest.approx(95)
    assert seconds_until_free(rule, (4, 50.0, 8, 150.0), 1) == pytest.approx(25)


def test_trying_on_costs_the_database_nothing_and_the_person_no_time(
    limiter: Limiter, engine: Engine, clock: Seconds
) -> None:
    admitted(limiter, STRICT, "lan", 6)
    with locked(engine):  # a refusal that is known needs no lock
        assert admitted(limiter, STRICT, "lan", 1000) == 0
    with pytest.raises(TooManyRequests) as refused:
        limiter.count(STRICT, "lan")
    clock.now += refused.value.retry_after
    assert admitted(limiter, STRICT, "lan", 1) == 1


def test_who_takes_little_writes_nothing(limiter: Limiter, engine: Engine) -> None:
    assert admitted(limiter, BLOCKS, "192.0.2.1", 10) == 10
    assert rows(engine) == []
    assert admitted(limiter, BLOCKS, "192.0.2.1", 1) == 1
    (row,) = rows(engine)
    assert row.hits == 20  # what was taken and the next block


def test_blocks_admit_the_amount_and_at_most_a_block_more_for_each_other_process(limiter: Limiter) -> None:
    assert admitted(limiter, BLOCKS, "192.0.2.1", 200) == 60
    processes = [another(limiter) for _ in range(3)]
    passed = 0
    for _ in range(100):
        passed += sum(admitted(process, BLOCKS, "192.0.2.2", 1) for process in processes)
    assert 60 <= passed <= 60 + 2 * BLOCKS.block


def test_requests_side_by_side_buy_one_block(limiter: Limiter, engine: Engine) -> None:
    admitted(limiter, BLOCKS, "192.0.2.1", 10)
    start, passed = threading.Barrier(8), []

    def one() -> None:
        start.wait()
        passed.append(admitted(limiter, BLOCKS, "192.0.2.1", 1))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [1] * 8
    assert rows(engine)[0].hits == 20


def test_what_is_left_counts_down_to_nothing(limiter: Limiter) -> None:
    left = [limiter.count(BLOCKS, "192.0.2.1").remaining for _ in range(60)]
    assert left == list(range(59, -1, -1))
    strict = [limiter.count(STRICT, "lan").remaining for _ in range(5)]
    assert strict == [4, 3, 2, 1, 0]


def test_only_a_keyed_hash_is_stored_and_it_goes(limiter: Limiter, engine: Engine, clock: Seconds) -> None:
    mailbox = "lan@example.org"
    limiter.count(STRICT, mailbox)
    (row,) = rows(engine)
    assert re.fullmatch(r"strict/[0-9a-f]{64}/5/900/second", row.key)
    Limiter(engine, b"j" * 32, clock=clock).count(STRICT, mailbox)  # another key: another hash
    assert len(rows(engine)) == 2
    limiter.count(Rule("second", 5, 900, By.SUBJECT), mailbox)
    hashes = {row.key.split("/")[1] for row in rows(engine)}
    assert len(hashes) == 3  # a person is not recognised from rule to rule either
    clock.now += 2 * 900
    assert limiter.sweep() == 3
    assert rows(engine) == []


def test_expired_counts_are_removed_while_counting(
    limiter: Limiter, engine: Engine, clock: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "_SWEEP_EVERY", 3)
    limiter.count(STRICT, "lan")
    clock.now += 2 * 900
    for name in ("minh", "hoa"):
        limiter.count(STRICT, name)
    assert len(rows(engine)) == 2


@pytest.mark.parametrize("way", ["locked", "lost"])
def test_without_a_count_reading_goes_on_and_signing_in_does_not(
    limiter: Limiter, engine: Engine, way: str, clock: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    def tried() -> None:
        with pytest.raises(LimitsUnavailable) as refused:
            limiter.count(STRICT, "lan@example.org")
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "60"})
        assert admitted(limiter, BLOCKS, "192.0.2.1", 500) == 500
        with pytest.raises(LimitsUnavailable):
            limiter.count(STRICT, "lan@example.org")

    if way == "locked":
        with locked(engine):
            tried()
    else:
        with writing(engine) as session:
            session.execute(text("ALTER TABLE web_rate RENAME TO lost"))
        tried()
        with writing(engine) as session:
            session.execute(text("ALTER TABLE lost RENAME TO web_rate"))
    assert "Requests are not counted" in caplog.text
    assert "example.org" not in caplog.text
    assert "192.0.2.1" not in caplog.text
    clock.now += 60  # and afterwards it counts again
    assert admitted(limiter, BLOCKS, "192.0.2.1", 500) == 60
    assert admitted(limiter, STRICT, "lan@example.org", 6) == 5


def test_a_full_disk(tmp_path: Path) -> None:
    """As SQLite sees it: no page more."""
    engine = make_engine(f"sqlite:///{tmp_path / 'full.sqlite'}")
    make_tables(engine)
    limiter = Limiter(engine, b"k" * 32, clock=Seconds())
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    refused = 0
    for number in range(2000):
        try:
            limiter.count(Rule("r" * 3000 + str(number), 5, 900, By.SUBJECT), "lan")
        except LimitsUnavailable:
            refused += 1
            break
    assert refused == 1
    reading_rule = Rule("x" * 3000, 60, 60, By.NETWORK, block=10, unsure=Unsure.PASS)
    assert admitted(limiter, reading_rule, "192.0.2.1", 100) == 100
    engine.dispose()


def test_the_rules_of_this_site() -> None:
    assert len({rule.name for rule in rate_limits.RULES}) == len(rate_limits.RULES)
    for rule in rate_limits.RULES:
        assert re.fullmatch("[a-z]+(-[a-z]+)*", rule.name)
    passing = {rule.name for rule in rate_limits.RULES if rule.unsure is Unsure.PASS}
    assert passing == {"reading", "voting", "bundle", "casting", "similar", "sign-person", "sign-again"}
    # What is guessed at is counted hit by hit; nothing that casts is counted by network.
    assert rate_limits.RECEIPT_MAIL.block == rate_limits.EMAIL_LINK.block == 1
    assert rate_limits.CASTING.by is By.SUBJECT
    with pytest.raises(ValueError, match="whole number of blocks"):
        Rule("r", 10, 60, By.NETWORK, block=3)


# The client's network.

PROXIES = read_settings({"PSEPHOS_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8:ffff::/48"}).trusted_proxies


def network(peer: str | None, *forwarded: str) -> str:
    scope = {
        "type": "http",
        "client": None if peer is None else (peer, 1234),
        "headers": [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded],
    }
    return client_network(scope, PROXIES)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # a stranger's header is his own word
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),  # he claims to be somebody else
        ("10.0.0.1", ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),  # two lines are one list
        ("10.0.0.1", ["203.0.113.9, 10.9.9.9"], "203.0.113.9"),  # two proxies
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, nonsense, 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", [], "2001:db8:1:2::/64"),
        ("2001:db8:ffff::1", ["2001:db8:1:2::1"], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8:1:2::1]:4711"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["[2001:db8:1:2::1]"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["203.0.113.9:x"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.999:80"], "10.0.0.1"),
        ("64:ff9b::203.0.113.9", [], "203.0.113.9"),
        ("2002:cb00:7109:1::1", [], "203.0.113.9"),
        ("2002:a00:1::1", ["203.0.113.9"], "10.0.0.1"),  # spells a proxy, and is none
        ("64:ff9b::10.0.0.1", ["203.0.113.9"], "10.0.0.1"),
        (None, ["203.0.113.9"], UNKNOWN),
        ("testclient", ["203.0.113.9"], UNKNOWN),
        ("10.0.0.1", ["\x00", "é"], "10.0.0.1"),
    ],
)
def test_the_network_of_a_request(peer: str | None, forwarded: list[str], found: str) -> None:
    assert network(peer, *forwarded) == found


def test_a_proxy_that_nobody_named_is_said_once(limiter: Limiter, caplog: pytest.LogCaptureFixture) -> None:
    def ask(peer: str) -> str:
        headers = [(b"x-forwarded-for", b"203.0.113.9")]
        return limiter.network_of(Request({"type": "http", "client": (peer, 1), "headers": headers}))

    limiter.trusted = PROXIES
    assert ask("10.0.0.1") == "203.0.113.9"
    assert "PSEPHOS_TRUSTED_PROXIES" not in caplog.text
    assert ask("192.0.2.1") == ask("192.0.2.2").replace(".2.2", ".2.1") == "192.0.2.1"
    assert caplog.text.count("all voters count as one network") == 1
    assert "192.0.2" not in caplog.text


# In the site.


@pytest.fixture
def site(limiter: Limiter) -> Starlette:
    def answer(request: Request) -> Response:
        hit(request, BLOCKS)
        hit(request, STRICT, subject="lan")
        return PlainTextResponse("done", headers=headers_of(request))

    app = create_app(
        SETTINGS, ExamplePages(), [Route("/vi/limited", answer), Route("/api/v1/limited", answer)]
    )
    app.state.limiter = limiter
    return app


def test_answers_say_what_is_left(site: Starlette) -> None:
    with client_of(site) as client:
        answer = client.get("/api/v1/limited")
    assert answer.headers["ratelimit-policy"] == '"blocks";q=60;w=60, "strict";q=5;w=900'
    assert answer.headers["ratelimit"] == '"blocks";r=59;t=60, "strict";r=4;t=900'


def test_a_refusal_is_a_problem_for_programs_and_a_page_for_people(site: Starlette) -> None:
    with client_of(site) as client:
        for _ in range(5):
            assert client.get("/api/v1/limited").status_code == 200
        problem, page = client.get("/api/v1/limited"), client.get("/vi/limited")
    assert (problem.status_code, problem.json()["code"]) == (429, "too-many-requests")
    assert "this server takes 5 in 15 minutes here" in problem.json()["detail"]
    wait = int(problem.headers["retry-after"])
    assert 900 < wait <= 1800
    assert problem.headers["ratelimit"] == f'"strict";r=0;t={wait}'
    assert page.status_code == 429
    assert page.headers["retry-after"] == str(wait)
    assert page.headers["cache-control"] == "no-store"
    assert f" {wait // 60} " in page.text


def test_rules_by_subject_need_one(site: Starlette) -> None:
    request = Request({"type": "http", "app": site, "headers": [], "client": ("192.0.2.1", 1)})
    with pytest.raises(ValueError, match="say whom"):
        hit(request, STRICT)


def test_headers_for_nothing_are_none() -> None:
    assert headers([]) == {}
    assert headers([Standing(STRICT, 3, 12)]) == {
        "RateLimit-Policy": '"strict";q=5;w=900',
        "RateLimit": '"strict";r=3;t=12',
    }
    assert isinstance(TooManyRequests(Standing(STRICT, 0, 0)), HTTPException)
    assert TooManyRequests(Standing(STRICT, 0, 0)).retry_after == 1


def test_the_key_is_made_once_and_for_this_server_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    found: list[bytes] = []
    start = threading.Barrier(8)

    def open_one() -> None:
        start.wait()
        found.append(read_or_make_key(folder))

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    (path,) = folder.iterdir()  # nothing half-made is left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make_key(folder) == found[0]
    assert "key=" not in repr(Limiter(make_engine("sqlite:///unused.db"), found[0]))
    path.write_text("00\n")
    with pytest.raises(ValueError, match="does not hold a key"):
        read_or_make_key(folder)

"""Sign-ins under way: remembered as hashes, taken once, by whoever began them."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from crypto.encoding import encode_base64url
from identity.models import IdentityOidcAttempt
from identity.oidc.attempts import LIFE, Waiting, remember, require_attempt, take
from identity.oidc.errors import UnknownAttempt
from identity.oidc.flow import SignInProviders
from storage.engine import make_engine
from storage.session import reading, writing
from tests.identity.oidc.parts import NOW, configured
from tests.support.databases import make_tables

STATE, BROWSER = b"s" * 32, b"b" * 32
WAITING = Waiting("ward", "vi", "/vi/my", NOW)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    make_tables(made)
    with writing(made) as session:
        remember(session, STATE, BROWSER, WAITING)
    yield made
    made.dispose()


def taken(engine: Engine, state: bytes = STATE) -> IdentityOidcAttempt | None:
    with writing(engine) as session:
        return take(session, state)


def test_a_sign_in_is_found_once(engine: Engine) -> None:
    assert require_attempt(taken(engine), BROWSER, "ward", NOW + LIFE) == WAITING
    assert taken(engine) is None


def test_invented_answers_do_not_wait_for_the_lock_of_a_writer(engine: Engine) -> None:
    """A flood of them must not stand before ballots: on SQLite there is one writer at a time."""
    providers = SignInProviders((configured(id="ward"),), "http://localhost", engine, lambda: NOW)
    with writing(engine), ThreadPoolExecutor(1) as thread:
        invented = {"state": encode_base64url(b"x" * 32)}
        answer = thread.submit(asyncio.run, providers.resume("ward", invented, BROWSER))
        with pytest.raises(UnknownAttempt):
            answer.result(timeout=5)


def test_of_many_at_the_same_moment_one_finds_it(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: taken(engine), range(8)))
    assert sum(row is not None for row in found) == 1


def test_the_database_holds_hashes(engine: Engine) -> None:
    with reading(engine) as session:
        row = session.scalars(select(IdentityOidcAttempt)).one()
        assert (row.state_digest, row.browser_digest) != (STATE, BROWSER)
        assert STATE not in (row.state_digest, row.browser_digest)
        assert {len(row.state_digest), len(row.browser_digest)} == {32}


@pytest.mark.parametrize(
    ("browser", "provider", "late"),
    [
        (b"c" * 32, "ward", timedelta(0)),
        (BROWSER, "other", timedelta(0)),
        (BROWSER, "ward", LIFE + timedelta(seconds=1)),
        (BROWSER, "ward", timedelta(seconds=-1)),
    ],
    ids=["other-browser", "other-provider", "late", "before-it-began"],
)
def test_a_sign_in_of_somebody_else_is_unknown_and_gone(
    engine: Engine, browser: bytes, provider: str, late: timedelta
) -> None:
    with pytest.raises(UnknownAttempt):
        require_attempt(taken(engine), browser, provider, NOW + late)
    with pytest.raises(UnknownAttempt):
        require_attempt(taken(engine), BROWSER, "ward", NOW)


def test_what_nobody_finished_is_removed_when_another_begins(engine: Engine) -> None:
    later = Waiting("ward", "en", "/en/my", NOW + LIFE + timedelta(seconds=1))
    with writing(engine) as session:
        remember(session, b"t" * 32, BROWSER, later)
    assert taken(engine) is None
    assert taken(engine, b"t" * 32) is not None

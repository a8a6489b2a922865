"""Election offices on real databases: frozen, open, with a clock that the test owns, and the site in front of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

import voting.models  # noqa: F401  (the tables that `everything` reads)
from board import log as board_log
from board.log import Entry, LogId
from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.leaf import Kind, body_digest, sign_body, signed_message
from protocol.manifest import Question
from protocol.records import freeze_message
from protocol.roll import RollEntry
from storage.base import Base
from storage.engine import make_engine
from storage.session import reading
from tests.support.clients import TestClient, client_on
from tests.support.databases import BOTH, database, make_tables, write_rows
from tests.support.elections import (
    DURING,
    LOG_KEY,
    SERVER_KEY,
    TestElection,
    approval,
    choose_one,
    make_election,
    make_manifest,
    points,
    trustee_key,
    voter_key,
)
from voting.casting import CastAnswer, cast_ballot
from voting.closing import close_polls
from voting.office import Office, State, find_election, state_of
from voting.preparation import freeze_election, open_polls, register_election
from voting.server_keys import ServerKeys
from web.api.bundles import Bundles
from web.app import create_app
from web.background import Standing
from web.casting_pool import Deed, Refusal, put_at
from web.i18n import Text
from web.live.source import LivePages
from web.rate_limits import Limiter
from web.routes.api import api_routes
from web.settings import Settings

Values = tuple[tuple[int, ...], ...]


@dataclass
class Clock:
    """Says the time that the test sets."""

    now: datetime = DURING

    def __call__(self) -> datetime:
        """The time."""
        return self.now


@dataclass
class DirectCasting:
    """What `web.casting_pool.CastingPool` does, in a thread of this process: so the test's clock holds there too."""

    office: Office

    async def put(
        self,
        deed: Deed,
        election_id: str,
        request: bytes,
        permit: str | None = None,
        network: str = "",  # noqa: ARG002
    ) -> bytes | Refusal:
        """As the pool's, where there is always room."""
        return await run_in_threadpool(put_at, self.office, deed, election_id, request, permit)


@dataclass
class OfficeUnderTest:
    """One election in one office. secrets: the folder of the server's keys."""

    office: Office
    election: TestElection
    clock: Clock
    database_url: str
    secrets: Path
    faults: set[int] = field(default_factory=lambda: {503})
    """Statuses from 500 on that the test expects of `client`: by itself only that it is busy."""
    _client: TestClient | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The election's id."""
        return self.election.terms.election

    @property
    def engine(self) -> Engine:
        """Of the database."""
        return self.office.engine

    @property
    def client(self) -> TestClient:
        """Speaks HTTP with the whole site in front of this office."""
        if self._client is None:
            self._client = client_of(site(self), self.faults)
        return self._client

    @property
    def api(self) -> str:
        """Path of the election's API."""
        return f"/api/v1/elections/{self.id}"

    def state(self) -> State:
        """Where the election stands."""
        with reading(self.engine) as session:
            return state_of(find_election(session, self.id))

    def cast(self, voter: int, values: Sequence[Sequence[int]], sequence: int = 1) -> CastAnswer:
        """An honest ballot through the door."""
        return cast_ballot(self.office, self.id, cast_request(self.election, voter, values, sequence))

    def entries(self) -> list[Entry]:
        """The whole board."""
        with reading(self.engine) as session:
            log_id = LogId(find_election(session, self.id).log_id)
            return board_log.entries(session, log_id, 0, 1_000_000)

    def kinds(self) -> list[Kind]:
        """Kinds of the board's leaves, in order."""
        return [Kind(entry.kind) for entry in self.entries()]

    def body(self, kind: Kind, number: int = 0) -> bytes:
        """The body of the leaf of this kind; number: which one, from 0."""
        digest = [entry.digest for entry in self.entries() if entry.kind == kind][number]
        with reading(self.engine) as session:
            return board_log.body(session, digest)

    def checkpoint(self) -> str:
        """The newest signed head."""
        with reading(self.engine) as session:
            return board_log.latest_checkpoint(session, LogId(find_election(session, self.id).log_id))

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table: two equal answers mean that nothing was stored in between."""
        with reading(self.engine) as session:
            return {
                table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
                for table in Base.metadata.sorted_tables
            }


def server_keys(folder: Path, election: str, log: bytes = b"L" * 32, server: bytes = b"S" * 32) -> ServerKeys:
    """A folder of secrets with the two keys that test manifests name (or other seeds)."""
    keys = ServerKeys.open(folder)
    for name, seed in (("log", log), ("server", server)):
        path = folder / f"{election}.{name}.key"
        path.touch(mode=0o600)
        path.write_text(seed.hex() + "\n")
    assert (keys.load(election).log.public_key == LOG_KEY.public_key) == (log == b"L" * 32)
    assert (keys.load(election).server.public_key == SERVER_KEY.public_key) == (server == b"S" * 32)
    return keys


def make_office(
    database_url: str,
    secrets: Path,
    election: TestElection | None = None,
    until: State = State.OPEN,
    now: datetime = DURING,
) -> OfficeUnderTest:
    """An office on a migrated database whose election has come as far as `until` (draft, frozen or open).

    election: `door_election()` unless given.  now: what its clock says. The caller disposes of the engine.
    """
    election = election or door_election()
    engine = make_engine(database_url)
    make_tables(engine)
    clock = Clock(now)
    office = Office(engine, server_keys(secrets, election.terms.election), clock)
    under_test = OfficeUnderTest(office, election, clock, database_url, secrets)
    place = (election.terms.fingerprint, until, now)
    before = under_test.everything()
    alone = not before["board_log"]
    if alone and place in _made_offices:
        rows, keys = _made_offices[place]
        write_rows(engine, rows)
        for name, data in keys.items():
            (secrets / name).touch(mode=0o600)
            (secrets / name).write_bytes(data)
        if until is State.OPEN:
            office.terms(election.terms.election)  # whoever opens the polls has read them
        return under_test
    register_election(office, election.manifest)
    if until is not State.DRAFT:
        freeze(under_test)
    if until is State.OPEN:
        open_polls(office, election.terms.election)
    if alone:
        after = under_test.everything()
        _made_offices[place] = (
            {name: rows for name, rows in after.items() if rows != before[name]},
            {path.name: path.read_bytes() for path in secrets.iterdir()},
        )
    return under_test


_Rows = dict[str, list[tuple[object, ...]]]
_made_offices: dict[tuple[bytes, State, datetime], tuple[_Rows, dict[str, bytes]]] = {}
"""Rows and files of keys that a process has made once: to check a key is long, and has tests of its own."""


def close_early(office: Office, election_id: str) -> int:
    """Close the polls before their time, by hand; index of the closing leaf."""
    return close_polls(office, election_id, "Official Test", "The test has seen enough.")


def freeze(under_test: OfficeUnderTest) -> None:
    """Freeze the draft under all trustees' signatures."""
    election = under_test.election
    message = freeze_message(election.terms.election, election.terms.fingerprint)
    signatures = [trustee_key(i + 1).sign(message) for i in range(len(election.manifest.trustees))]
    freeze_election(
        under_test.office, election.ceremony_body, election.roll_body, election.manifest_body, signatures
    )


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[OfficeUnderTest]:
    """An open election of its own for one test, on SQLite and on PostgreSQL."""
    under_test = make_office(database_url, tmp_path / "secrets")
    yield under_test
    under_test.engine.dispose()


@pytest.fixture(scope="module", params=BOTH)
def shared_office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeUnderTest]:
    """One open election for all tests of a file that leave it as it is, on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("office")
    with database(request.param, request, folder) as url:
        under_test = make_office(url, folder / "secrets")
        yield under_test
        under_test.engine.dispose()


def site(under_test: OfficeUnderTest) -> Starlette:
    """The real site on this office; only the casting processes are a thread of this one."""
    words = Text("Test", "Thử")
    settings = Settings(
        base_url="http://localhost:8000",
        host="127.0.0.1",
        port=8000,
        database_url=under_test.database_url,
        secrets=under_test.secrets,
        name=words,
        authority=words,
        help_line="(none)",
    )
    app = create_app(settings, LivePages(under_test.office), api_routes())
    app.state.office, app.state.casting = under_test.office, DirectCasting(under_test.office)
    app.state.limiter = Limiter(under_test.engine, b"k" * 32)
    app.state.bundles = Bundles(under_test.secrets.with_name("bundles"))
    app.state.background = lambda: Standing.STOPPED
    return app


def client_of(app: Starlette, faults: Collection[int] = ()) -> TestClient:
    """A client that sees faults as a browser does. faults: statuses from 500 on that the test expects."""
    return client_on(app, faults=faults, base_url="http://localhost:8000")


# Elections and ballots.

# q1 and q4 differ in their names only; option 1 and 2 of q2 in their labels; option 1 and the sum of q3 too.
QUESTIONS: tuple[Question, ...] = (
    choose_one(2),
    msgspec.structs.replace(choose_one(2), id="q4"),
    approval(2, 0, 2),
    points(1, 2, 0, 2),
)
FIRST: Values = ((1, 0, 0), (0, 1, 0), (1, 0), (2,))
SECOND: Values = ((0, 1, 0), (0, 0, 1), (1, 1), (0,))


@cache
def door_election(revoting: bool = True, election: str = "00112233445566778899aabbccddeeff") -> TestElection:
    """One trustee, four questions with 19 proof branches, five voters of different weights."""
    entries = [RollEntry(weight=weight, area="all") for weight in (1, 3, 1, 2, 1)]
    manifest = make_manifest(QUESTIONS, revoting=revoting, election=election)
    return make_election(manifest, entries=entries)


_made: dict[tuple[bytes, int, Values, int, bytes], bytes] = {}


def ballot_body(
    election: TestElection,
    voter: int,
    values: Sequence[Sequence[int]] = FIRST,
    sequence: int = 1,
    seed: bytes = b"s",
) -> bytes:
    """The body of an honest ballot, the same at every call. seed: another one for another ballot."""
    fixed = tuple(tuple(value) for value in values)
    place = (election.terms.fingerprint, voter, fixed, sequence, seed)
    if place not in _made:
        secret = b"%d %d " % (voter, sequence) + seed + repr(fixed).encode()
        made = election.ballot(voter, fixed, sequence, BallotSeed.derive(b"test", _digest(secret)).secret)
        _made[place] = made[0]
    return _made[place]


def _digest(data: bytes) -> bytes:
    return body_digest(Kind.BALLOT, data)


def cast_request(
    election: TestElection,
    voter: int,
    values: Sequence[Sequence[int]] = FIRST,
    sequence: int = 1,
    seed: bytes = b"s",
) -> bytes:
    """The bytes of an honest cast request, the same at every call."""
    return signed_request(ballot_body(election, voter, values, sequence, seed), voter_key(voter))


def signed_request(body: bytes, key: SigningKey) -> bytes:
    """A cast request around any bytes, signed as the door would have it: its author can write whatever he wants."""
    return _around(b"ballot", body, b"cast", sign_body(Kind.BALLOT, body, key))


def signed_reveal(body: bytes, key: SigningKey) -> bytes:
    """A challenge request around any bytes."""
    signature = key.sign(signed_message(Kind.CHALLENGE, body_digest(Kind.CHALLENGE, body)))
    return _around(b"challenge", body, b"reveal", signature)


def _around(name: bytes, body: bytes, what: bytes, signature: bytes) -> bytes:
    text = encode_base64url(signature).encode()
    return b'{"%b":%b,"format":"psephos/%b/v1","signature":"%b"}' % (name, body, what, text)

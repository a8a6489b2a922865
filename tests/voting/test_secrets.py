"""A whole election, then a search for what must be nowhere: not in the database, not in any answer, not in any log."""

import base64
import logging
from pathlib import Path

import pytest

from crypto.ballot_seed import BallotSeed
from crypto.credential import credential_seed
from crypto.encoding import encode_base64url
from crypto.key_size import KeySize
from crypto.voting_code import VotingCode
from protocol.ceremony_record import make_ceremony_body
from protocol.roll import RollEntry
from rehearsal.ceremony import Trustees
from rehearsal.one_machine import freeze_and_open, open_office, open_urn, seal_vote
from tally.aggregation import aggregate
from tally.opening import publish_result
from tests.support.elections import choose_one, make_manifest, trustee_key
from tests.support.keys import load_test_key
from tests.support.offices import Clock, OfficeUnderTest, close_early, server_keys
from voting.office import Office

SEEDS = {"log key": b"L" * 32, "server key": b"S" * 32, "trustee's signing key": bytes([1]) * 32}
PAGES = ("/", "/elections", "/check", "/how-voting-works")
PAGES_OF_VOTE = ("", "/turnout", "/booth", "/check", "/board", "/board/6", "/result", "/verify")
API = ("/terms", "/checkpoint", "/entries", "/entries/6", "/consistency?old=3", "/bundle", "/find?code=x")


def spellings(secret: bytes) -> set[bytes]:
    """How a secret could stand somewhere: raw, hexadecimal, base64 of both kinds."""
    plain = base64.b64encode(secret).rstrip(b"=")
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        plain,
        encode_base64url(secret).encode(),
    }


def code_spellings(code: VotingCode) -> set[bytes]:
    """A voting code with and without its hyphens, large and small."""
    words = {code.written, code.written.replace("-", ""), code.data}
    return {text.encode() for word in words for text in (word, word.lower())}


def stored_bytes(office: OfficeUnderTest) -> bytes:
    """All that is stored: the files of SQLite as they are, the rows of PostgreSQL with their binary values."""
    found = [repr(office.everything()).encode()]
    for rows in office.everything().values():
        found += [value for row in rows for value in row if isinstance(value, bytes)]
    folder = office.secrets.parent
    found += [path.read_bytes() for path in folder.glob("psephos.sqlite*")]
    return b"\n".join(found)


@pytest.fixture
def ballot_seeds(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The seed of every ballot that is made, as only the voter's device knows it."""
    made: list[bytes] = []
    fresh = BallotSeed.fresh

    def noted(credential_secret: bytes) -> BallotSeed:
        seed = fresh(credential_secret)
        made.append(seed.secret)
        return seed

    monkeypatch.setattr(BallotSeed, "fresh", noted)
    return made


def test_no_secret_is_stored_answered_or_logged(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, ballot_seeds: list[bytes]
) -> None:
    caplog.set_level(logging.DEBUG)
    manifest = make_manifest((choose_one(2),))
    record, shares = load_test_key("single-2048")
    ceremony = make_ceremony_body(manifest.election, record, manifest.size, b"T" * 32)
    trustees = Trustees((trustee_key(1),), shares, ceremony)
    server_keys(tmp_path / "secrets", manifest.election)
    clock = Clock()
    opened = open_office(database_url, tmp_path / "secrets")
    office = Office(opened.engine, opened.keys, clock)
    terms, issued = freeze_and_open(office, manifest, trustees, [RollEntry(weight=1, area="all")] * 3)
    site = OfficeUnderTest(office, None, clock, database_url, tmp_path / "secrets")  # type: ignore[arg-type]
    said: list[bytes] = []
    api = f"/api/v1/elections/{manifest.election}"

    def ask(path: str) -> None:
        answer = site.client.get(path)
        assert answer.status_code in {200, 400}, path
        said.append(answer.content + repr(answer.headers).encode())

    for item, vote in zip(issued, ([1, 0, 0], [0, 1, 0], [0, 0, 1]), strict=True):
        request = seal_vote(terms, item.code, (tuple(vote),))
        for _ in range(2):  # and once more, refused
            answer = site.client.post(f"{api}/ballots", content=request)
            said.append(answer.content)
        said.append(site.client.post(f"{api}/ballots", content=request[:-1]).content)
        said.append(site.client.post(f"{api}/challenges", content=request).content)
        ask(f"{api}/credentials/{encode_base64url(item.public_key)}")
    close_early(office, manifest.election)
    aggregate(office, manifest.election)
    open_urn(office, manifest.election, trustees, [1])
    result = publish_result(office, manifest.election)
    assert [item.votes for item in result.totals[0].votes] == [1, 1, 1]
    for path in API:
        ask(f"{api}{path}")
    for language in ("en", "vi"):
        for path in PAGES:
            ask(f"/{language}{path}")
        for path in PAGES_OF_VOTE:
            ask(f"/{language}/elections/{manifest.election}{path}")
    assert len(ballot_seeds) == 3
    secrets = {name: spellings(seed) for name, seed in SEEDS.items()}
    size = KeySize(manifest.bits)
    secrets["share of the key"] = spellings(shares[0].to_bytes(size)) | {str(shares[0].share).encode()}
    for number, item in enumerate(issued, start=1):
        secrets[f"voting code {number}"] = code_spellings(item.code)
        secrets[f"credential {number}"] = spellings(credential_seed(item.code, manifest.election))
        secrets[f"ballot seed {number}"] = spellings(ballot_seeds[number - 1])
    shown = repr((office, office.keys, office.election_keys(manifest.election), issued, trustees)).encode()
    places = {
        "the database": stored_bytes(site),
        "an answer": b"\n".join(said),
        "the log": caplog.text.encode(),
        "a repr": shown,
    }
    # Controls: what is public is found, in every place where it must be, and the folder of keys does hold them.
    assert encode_base64url(issued[0].public_key).encode() in places["an answer"]
    assert issued[0].public_key in places["the database"]
    assert record.n.to_bytes(256, "big").hex().encode() not in places["a repr"]
    assert b"/ballots" in places["the log"]
    assert SEEDS["log key"].hex() in (tmp_path / "secrets" / f"{manifest.election}.log.key").read_text()
    found = [
        f"{name} in {place}"
        for place, text in places.items()
        for name, forms in secrets.items()
        if any(form in text for form in forms)
    ]
    assert found == []
    # Nor what a voter chose: only ciphertexts and the sum.
    assert b'"values"' not in places["the database"] + places["an answer"]
    office.engine.dispose()

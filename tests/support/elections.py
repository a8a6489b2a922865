"""Small elections for tests: real 2048-bit keys (public test material), real ballots, made in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from crypto.key_record import KeyShare
from crypto.signature import SigningKey
from protocol.ballot import encrypt_ballot
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind, sign_body
from protocol.manifest import (
    RELAXED_SMALL_AREAS,
    Approval,
    Area,
    ChooseOne,
    Manifest,
    NamedKey,
    Option,
    Points,
    Question,
    Ranking,
    SmallAreas,
)
from protocol.roll import Roll, RollEntry, make_roll
from protocol.terms import ElectionTerms, assemble_terms
from protocol.text import LocalText
from tests.support.keys import load_test_key

ELECTION = "00112233445566778899aabbccddeeff"
LOG_KEY = SigningKey.from_seed(b"L" * 32)
SERVER_KEY = SigningKey.from_seed(b"S" * 32)
REGISTRAR_KEY = SigningKey.from_seed(b"R" * 32)
OPENS = "2026-11-20T08:00:00Z"
CLOSES = "2026-11-30T20:00:00Z"
DURING = datetime(2026, 11, 24, 12, tzinfo=UTC)


def trustee_key(number: int) -> SigningKey:
    """The signing key of test trustee `number`."""
    return SigningKey.from_seed(bytes([number]) * 32)


def voter_key(number: int) -> SigningKey:
    """The credential of test voter `number` (from 1)."""
    return SigningKey.from_seed(b"voter" + number.to_bytes(27, "big"))


def text(value: str) -> LocalText:
    """The same words in both languages."""
    return LocalText(en=value, vi=value)


def options(count: int) -> tuple[Option, ...]:
    """Options a1, a2, …"""
    return tuple(Option(id=f"a{i}", label=text(f"Option {i}")) for i in range(1, count + 1))


def choose_one(count: int = 3) -> ChooseOne:
    """A choose-one question `q1`."""
    return ChooseOne(id="q1", text=text("Which one?"), options=options(count))


def approval(count: int = 3, least: int = 0, most: int = 2) -> Approval:
    """An approval question `q2`."""
    return Approval(id="q2", text=text("Which ones?"), options=options(count), min=least, max=most)


def points(count: int = 3, each: int = 5, least: int = 0, most: int = 10) -> Points:
    """A points question `q3`."""
    return Points(
        id="q3",
        text=text("How much?"),
        options=options(count),
        points_max=each,
        total_min=least,
        total_max=most,
    )


def ranking(count: int = 3, positions: Sequence[int] = ()) -> Ranking:
    """A ranking question `q4`; positions: Borda's points unless others are given."""
    return Ranking(
        id="q4",
        text=text("In which order?"),
        options=options(count),
        positions=tuple(positions) or tuple(reversed(range(count))),
    )


def make_manifest(
    questions: Sequence[Question] = (choose_one(),),
    trustees: int = 1,
    areas: Sequence[str] = ("all",),
    small_areas: SmallAreas = RELAXED_SMALL_AREAS,
    election: str = ELECTION,
    revoting: bool = True,
) -> Manifest:
    """A manifest for 1 trustee, or 2 of `trustees`."""
    return Manifest(
        areas=tuple(Area(id=area, name=text(area)) for area in areas),
        authority=text("Test Ward"),
        bits=2048,
        ceremony="one-machine",
        closes_at=CLOSES,
        documents=(),
        election=election,
        extension_seconds=0,
        format="psephos/manifest/v1",
        log_key=encode_base64url(LOG_KEY.public_key),
        log_origin=f"test.invalid/{election}",
        objection_seconds=0,
        opens_at=OPENS,
        promise_seconds=60,
        questions=tuple(questions),
        quorum=None,
        registrar_key=None,
        rehearsal=False,
        revoting=revoting,
        server_key=encode_base64url(SERVER_KEY.public_key),
        sign_in="none",
        small_areas=small_areas,
        threshold=1 if trustees == 1 else 2,
        time_zone="Asia/Ho_Chi_Minh",
        title=text("A test election"),
        trustees=tuple(
            NamedKey(key=encode_base64url(trustee_key(i).public_key), name=f"Trustee {i}")
            for i in range(1, trustees + 1)
        ),
        witnesses=(),
    )


@dataclass(frozen=True)
class TestElection:
    """The first three bodies of an election, its terms, its roll and all its secrets."""

    __test__ = False

    manifest_body: bytes
    ceremony_body: bytes
    roll_body: bytes
    terms: ElectionTerms
    roll: Roll
    shares: tuple[KeyShare, ...]

    @property
    def manifest(self) -> Manifest:
        """The manifest."""
        return self.terms.manifest

    def ballot(
        self, voter: int, values: Sequence[Sequence[int]], sequence: int = 1, seed: bytes = b""
    ) -> tuple[bytes, bytes]:
        """(body, signature) of an honest ballot. seed: 32 bytes, else fresh."""
        key = voter_key(voter)
        ballot_seed = BallotSeed(seed) if seed else BallotSeed.fresh(b"test")
        body = encrypt_ballot(self.terms, values, key.public_key, sequence, ballot_seed)
        return body, sign_body(Kind.BALLOT, body, key)


def make_election(
    manifest: Manifest | None = None,
    voters: int = 5,
    entries: Sequence[RollEntry] | None = None,
) -> TestElection:
    """An election whose voters are `voter_key(1)` …; entries: their weights and areas, else 1 in the first area."""
    manifest = manifest or make_manifest()
    name = "single-2048" if len(manifest.trustees) == 1 else "threshold-2of3-2048"
    record, shares = load_test_key(name)
    entries = entries or [RollEntry(weight=1, area=manifest.areas[0].id)] * voters
    manifest_body = encode_canonical(manifest)
    ceremony_body = make_ceremony_body(manifest.election, record, manifest.size, b"T" * 32)
    roll_body = make_roll(
        manifest.election,
        ((voter_key(i).public_key, entry) for i, entry in enumerate(entries, start=1)),
    )
    terms, roll = assemble_terms(manifest_body, ceremony_body, roll_body)
    return TestElection(manifest_body, ceremony_body, roll_body, terms, roll, shares)

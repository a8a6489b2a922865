"""From a manifest to open polls: what is refused, and that a refusal leaves everything as it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from board.errors import LogExists
from crypto.credential import credential_of
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.errors import ManifestInvalid, ProtocolError, RollInvalid, TermsMismatch
from protocol.leaf import Kind
from protocol.manifest import NamedKey
from protocol.records import freeze_message
from protocol.roll import RollEntry, decode_roll, make_roll
from protocol.text import parse_time
from storage.session import reading
from tests.support.boards import MemoryBoard
from tests.support.elections import (
    DURING,
    OPENS,
    TestElection,
    make_election,
    make_manifest,
    trustee_key,
    voter_key,
)
from tests.support.hostile import canonical
from tests.support.offices import (
    FIRST,
    OfficeUnderTest,
    cast_request,
    door_election,
    freeze,
    make_office,
    server_keys,
)
from tests.voting.whole import require_whole, verified
from voting.casting import cast_ballot
from voting.errors import NoSuchElection, NotFrozen, SecretMissing, WrongState
from voting.office import State
from voting.preparation import freeze_election, list_elections, new_election_id, open_polls, register_election
from voting.registrar import issue_codes

OTHER = "ffeeddccbbaa99887766554433221100"


@pytest.fixture
def draft(database_url: str, tmp_path: Path) -> Iterator[OfficeUnderTest]:
    office = make_office(database_url, tmp_path / "secrets", until=State.DRAFT)
    yield office
    office.engine.dispose()


def signatures(election: TestElection, *signers: SigningKey) -> list[bytes]:
    message = freeze_message(election.terms.election, election.terms.fingerprint)
    return [key.sign(message) for key in signers or (trustee_key(1),)]


def test_an_election_goes_from_draft_to_open(draft: OfficeUnderTest) -> None:
    assert draft.state() == State.DRAFT
    assert draft.entries() == []
    with pytest.raises(NotFrozen):
        draft.office.terms(draft.id)
    freeze(draft)
    assert draft.state() == State.FROZEN
    assert draft.kinds() == [Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL, Kind.FREEZE]
    assert require_whole(draft) == 4
    assert draft.office.terms(draft.id) == draft.election.terms
    assert open_polls(draft.office, draft.id) == 4
    assert draft.state() == State.OPEN
    assert require_whole(draft) == 5
    # Byte for byte the board that every other implementation of the rules makes.
    memory = MemoryBoard(draft.election).start()
    assert [entry.leaf for entry in draft.entries()] == [leaf for leaf, _ in memory.leaves]
    assert draft.checkpoint() == memory.checkpoint
    verified(draft)
    with reading(draft.engine) as session:
        assert [row.id for row in list_elections(session)] == [draft.id]


def test_an_id_is_32_hexadecimal_digits() -> None:
    first, second = new_election_id(), new_election_id()
    assert first != second
    assert len(bytes.fromhex(first)) == 16


# Registering.


def test_an_election_is_registered_once(draft: OfficeUnderTest) -> None:
    before = draft.everything()
    with pytest.raises(WrongState, match="registered already"):
        register_election(draft.office, draft.election.manifest)
    other_words = msgspec.structs.replace(draft.election.manifest, log_origin="test.invalid/elsewhere")
    with pytest.raises(WrongState, match="registered already"):
        register_election(draft.office, other_words)
    assert draft.everything() == before


def test_two_boards_have_two_origins(draft: OfficeUnderTest) -> None:
    manifest = msgspec.structs.replace(
        make_manifest(election=OTHER), log_origin=draft.election.manifest.log_origin
    )
    server_keys(draft.secrets, OTHER)
    before = draft.everything()
    with pytest.raises(LogExists):
        register_election(draft.office, manifest)
    assert draft.everything() == before


def test_keys_that_are_not_this_servers_are_refused(draft: OfficeUnderTest) -> None:
    before = draft.everything()
    with pytest.raises(SecretMissing, match=f"log key of election {OTHER} cannot be read"):
        register_election(draft.office, make_manifest(election=OTHER))
    server_keys(draft.secrets, OTHER, server=b"x" * 32)
    with pytest.raises(WrongState, match="not the keys of this server"):
        register_election(draft.office, make_manifest(election=OTHER))
    assert draft.everything() == before


def test_witnesses_are_not_promised_in_vain(draft: OfficeUnderTest) -> None:
    witness = NamedKey(key=encode_base64url(voter_key(9).public_key), name="witness.example")
    manifest = msgspec.structs.replace(make_manifest(election=OTHER), witnesses=(witness,))
    server_keys(draft.secrets, OTHER)
    with pytest.raises(WrongState, match="name no witnesses"):
        register_election(draft.office, manifest)


# Freezing.


def test_without_every_trustee_nothing_is_frozen(draft: OfficeUnderTest) -> None:
    election, before = draft.election, draft.everything()
    for wrong in ([], signatures(election, trustee_key(2)), signatures(election) * 2, [b"\0" * 64]):
        with pytest.raises(TermsMismatch):
            freeze_election(
                draft.office, election.ceremony_body, election.roll_body, election.manifest_body, wrong
            )
    assert draft.everything() == before


def small_order_part(key: bytes) -> bytes:
    """The key plus the point of order two: (x, y) becomes (-x, -y)."""
    prime = 2**255 - 19
    number = int.from_bytes(key, "little")
    y, sign = number % 2**255, number >> 255
    return ((prime - y) | (1 - sign) << 255).to_bytes(32, "little")


def lines(*keys: bytes, **changes: Any) -> bytes:
    """A roll with these keys in this order."""
    entries = [{"area": "all", "key": encode_base64url(key), "weight": 1, **changes} for key in keys]
    return canonical(
        {"election": door_election().terms.election, "entries": entries, "format": "psephos/roll/v1"}
    )


GOOD, BETTER = sorted(voter_key(number).public_key for number in (1, 2))
ROLLS = {
    "small-order part": (lines(small_order_part(GOOD)), "Line 1 of the roll: .*part of small order"),
    "neutral element": (lines(b"\1" + bytes(31)), "Line 1 of the roll: .*small order"),
    "point of order four": (lines(bytes(32)), "Line 1 of the roll: .*small order"),
    "not canonical": (lines((2**255 - 18).to_bytes(32, "little")), "Line 1 of the roll: .*not below"),
    "no point": (lines((2).to_bytes(32, "little")), "Line 1 of the roll: .*not a point"),
    "the same key twice": (lines(GOOD, GOOD), "Line 2 of the roll: keys must be distinct"),
    "not in order": (lines(BETTER, GOOD), "Line 2 of the roll: keys must be distinct and in ascending order"),
    "weight zero": (lines(GOOD, weight=0), "cannot be read"),
    "weight above the limit": (lines(GOOD, weight=1_000_001), "cannot be read"),
    "no such area": (lines(GOOD, area="moon"), "Line 1 of the roll: there is no area 'moon'"),
    "nobody": (lines(), "0 lines"),
    "another election": (
        lines(GOOD).replace(door_election().terms.election.encode(), OTHER.encode()),
        "another election",
    ),
    "a space": (lines(GOOD) + b" ", "not canonical"),
}


@pytest.mark.parametrize("name", ROLLS)
def test_a_roll_with_a_wrong_line_is_not_frozen(draft: OfficeUnderTest, name: str) -> None:
    roll, words = ROLLS[name]
    before, election = draft.everything(), draft.election
    with pytest.raises(RollInvalid, match=words):
        freeze_election(
            draft.office, election.ceremony_body, roll, election.manifest_body, signatures(election)
        )
    assert draft.everything() == before


def test_bodies_that_do_not_belong_together_are_not_frozen(draft: OfficeUnderTest) -> None:
    election, other = draft.election, make_election(make_manifest(election=OTHER))
    threshold = make_election(make_manifest(trustees=3))
    ceremony = json.loads(election.ceremony_body)
    broken = canonical(ceremony | {"nth_roots": ceremony["nth_roots"][::-1]})
    cases = [
        (other.ceremony_body, election.roll_body, election.manifest_body, "another election"),
        (election.ceremony_body, other.roll_body, election.manifest_body, "another election"),
        (threshold.ceremony_body, election.roll_body, election.manifest_body, "shared 2 of 3"),
        (election.ceremony_body, election.roll_body, election.manifest_body + b" ", "not canonical"),
        (election.ceremony_body[:-1], election.roll_body, election.manifest_body, "cannot be read"),
    ]
    before = draft.everything()
    for ceremony_body, roll, manifest, words in cases:
        with pytest.raises(ProtocolError, match=words):
            freeze_election(draft.office, ceremony_body, roll, manifest, signatures(election))
    with pytest.raises(Exception, match="root"):
        freeze_election(
            draft.office, broken, election.roll_body, election.manifest_body, signatures(election)
        )
    assert draft.everything() == before


def test_only_the_registered_manifest_is_frozen(draft: OfficeUnderTest) -> None:
    manifest = msgspec.structs.replace(draft.election.manifest, promise_seconds=61)
    other = make_election(manifest)
    before = draft.everything()
    with pytest.raises(WrongState, match="exactly this manifest"):
        freeze_election(
            draft.office, other.ceremony_body, other.roll_body, other.manifest_body, signatures(other)
        )
    assert draft.everything() == before


def test_freezing_twice_is_refused(draft: OfficeUnderTest) -> None:
    freeze(draft)
    before = draft.everything()
    with pytest.raises(WrongState, match="Only a draft"):
        freeze(draft)
    assert draft.everything() == before


# Opening.


def test_polls_open_once_after_the_freeze_and_not_too_early(draft: OfficeUnderTest) -> None:
    with pytest.raises(NotFrozen):
        open_polls(draft.office, draft.id)
    freeze_time = parse_time("2026-11-01T00:00:00Z")
    draft.clock.now = freeze_time
    freeze(draft)
    before = draft.everything()
    with pytest.raises(WrongState, match=f"opens this election at {OPENS}"):
        open_polls(draft.office, draft.id)
    with pytest.raises(NoSuchElection):
        open_polls(draft.office, OTHER)
    assert draft.everything() == before
    draft.clock.now = DURING
    open_polls(draft.office, draft.id)
    with pytest.raises(WrongState, match="this one is open"):
        open_polls(draft.office, draft.id)


# The registrar.


def test_codes_open_the_lines_of_the_roll_and_are_shown_by_nothing() -> None:
    entries = [RollEntry(weight=weight, area="all") for weight in (1, 2, 3)]
    manifest = make_manifest()
    issued, body = issue_codes(manifest.election, entries)
    roll = decode_roll(body, manifest)
    assert [item.entry for item in issued] == entries
    assert {item.public_key: item.entry for item in issued} == roll.entries
    for item in issued:
        assert credential_of(item.code, manifest.election).public_key == item.public_key
        assert credential_of(item.code, OTHER).public_key != item.public_key
        assert item.code.written not in repr(item)
    assert list(roll.entries) == sorted(roll.entries)
    assert make_roll(manifest.election, roll.entries.items()) == body


def test_two_elections_on_one_server_do_not_mix(draft: OfficeUnderTest) -> None:
    """The same voters, the same ciphertexts even: each board has its own numbers."""
    other = door_election(election=OTHER)
    server_keys(draft.secrets, OTHER)
    register_election(draft.office, other.manifest)
    freeze(draft)
    freeze_election(
        draft.office, other.ceremony_body, other.roll_body, other.manifest_body, signatures(other)
    )
    for election in (draft.id, OTHER):
        open_polls(draft.office, election)
    first = draft.cast(1, FIRST)
    second = cast_ballot(draft.office, OTHER, cast_request(other, 1))
    assert (first.index, first.sequence) == (second.index, second.sequence) == (5, 1)
    assert first.leaf.digest != second.leaf.digest
    verified(draft)
    with pytest.raises(ManifestInvalid):
        register_election(draft.office, msgspec.structs.replace(other.manifest, election="0" * 32, bits=2047))

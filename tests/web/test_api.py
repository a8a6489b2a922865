"""The public API, as docs/API.md says it: what a client reads, recomputed here from the bytes alone."""

import hashlib
import io
import json
import zipfile
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from crypto.checkpoint import verify_checkpoint
from crypto.display_code import alias, display_code
from crypto.encoding import decode_base64url, encode_base64url
from crypto.merkle import verify_consistency, verify_inclusion
from crypto.signature import SigningKey, verify_signature
from crypto.transcript import tuple_hash
from protocol.leaf import Kind, sign_body
from protocol.public_terms import read_public_terms
from protocol.revocation import make_revocation
from protocol.text import format_time, parse_time
from tests.support.databases import BOTH, database
from tests.support.elections import (
    CLOSES,
    DURING,
    LOG_KEY,
    OPENS,
    make_election,
    make_manifest,
    trustee_key,
    voter_key,
)
from tests.support.offices import FIRST, SECOND, OfficeUnderTest, close_early, make_office
from tests.support.trustees import tally
from voting.extension import extend_polls
from voting.office import State
from voting.revocation import revoke

VOTER, OTHER, SILENT = 1, 2, 3


@pytest.fixture(scope="module", params=BOTH)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeUnderTest]:
    """An open election: voter 1 voted twice, voter 2 once."""
    folder = tmp_path_factory.mktemp("site")
    with database(request.param, request, folder) as url:
        office = make_office(url, folder / "secrets")
        office.cast(VOTER, FIRST)
        office.cast(OTHER, FIRST)
        office.cast(VOTER, SECOND, 2)
        yield office
        office.engine.dispose()


def get(site: OfficeUnderTest, path: str) -> Any:
    answer = site.client.get(f"{site.api}{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    # Canonical, as every record.
    parsed = answer.json()
    assert (
        answer.content
        == json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )
    return parsed


def require_problem(site: OfficeUnderTest, path: str, status: int, code: str, words: str = "") -> None:
    answer = site.client.get(f"{site.api}{path}")
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert words in problem["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "code", "detail"}


def head(site: OfficeUnderTest) -> Any:
    answer = site.client.get(f"{site.api}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return verify_checkpoint(answer.text, site.election.manifest.log_origin, LOG_KEY.public_key)


def test_the_terms_prove_themselves(site: OfficeUnderTest) -> None:
    """Digests, fingerprint and trustees' signatures, recomputed as a stranger's client does."""
    terms = get(site, "/terms")
    assert set(terms) == {
        "ceremony",
        "fingerprint",
        "format",
        "freeze",
        "manifest",
        "roll_digest",
        "total_weight",
    }

    def digest(kind: str) -> bytes:
        body = json.dumps(terms[kind], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return tuple_hash("body", [kind.encode(), body])

    roll = decode_base64url(terms["roll_digest"], 32)
    assert roll == tuple_hash("body", [b"roll", site.election.roll_body])
    fingerprint = tuple_hash("fingerprint", [digest("manifest"), digest("ceremony"), roll])
    assert terms["fingerprint"] == encode_base64url(fingerprint) == terms["freeze"]["fingerprint"]
    assert terms["total_weight"] == 8
    (signature,) = terms["freeze"]["signatures"]
    message = tuple_hash("freeze", [site.id.encode(), fingerprint])
    verify_signature(trustee_key(1).public_key, message, decode_base64url(signature, 64))
    assert read_public_terms(site.client.get(f"{site.api}/terms").content) == site.election.terms


def test_a_credential_and_its_ballots(site: OfficeUnderTest) -> None:
    key = encode_base64url(voter_key(VOTER).public_key)
    record = get(site, f"/credentials/{key}")
    entries = site.entries()
    assert record == {
        "area": "all",
        "ballots": [
            {"counts": False, "index": 5, "leaf": json.loads(entries[5].leaf), "sequence": 1},
            {"counts": True, "index": 7, "leaf": json.loads(entries[7].leaf), "sequence": 2},
        ],
        "closes_at": CLOSES,
        "key": key,
        "next_sequence": 3,
        "replaced_by": None,
        "revoked_index": None,
        "state": "open",
        "weight": 1,
    }
    silent = get(site, f"/credentials/{encode_base64url(voter_key(SILENT).public_key)}")
    assert (silent["ballots"], silent["next_sequence"]) == ([], 1)


def test_credentials_that_are_none(site: OfficeUnderTest) -> None:
    stranger = encode_base64url(voter_key(99).public_key)
    require_problem(site, f"/credentials/{stranger}", 404, "unknown-credential", "voters' list")
    for spelling in ("x", "A" * 43 + "=", stranger[:-1] + "!", "%00", "A" * 5000, stranger + "%0A"):
        require_problem(site, f"/credentials/{spelling}", 400, "malformed-query", "cannot be read")


def test_finding_a_ballot_by_its_code(site: OfficeUnderTest) -> None:
    key = voter_key(VOTER).public_key
    record = get(site, f"/credentials/{encode_base64url(key)}")
    for index in (5, 7):
        code = display_code(site.entries()[index].digest)
        assert get(site, f"/find?code={code}") == record | {"found_index": index}
        spoken = code.lower().replace("0", "O").replace("1", "l").replace("-", "%20")
        assert get(site, f"/find?code={spoken}") == record | {"found_index": index}
    assert get(site, f"/find?code={alias(key)}") == record | {"found_index": None}


def test_codes_that_find_nothing(site: OfficeUnderTest) -> None:
    require_problem(
        site, "/find?code=" + display_code(b"\x55" * 32), 404, "code-not-found", "tell the election office"
    )
    malformed = [
        "",
        "?code=",
        "?code=ABC",
        "?code=" + "A" * 201,
        "?code=" + "U" * 25,
        "?code=%00",
        "?code=%C4%90%E1%BB%AB",
    ]
    for query in malformed:
        require_problem(site, f"/find{query}", 400, "malformed-code")


def test_every_entry_proves_that_it_is_on_the_board(site: OfficeUnderTest) -> None:
    newest = head(site)
    for entry in site.entries():
        found = get(site, f"/entries/{entry.index}")
        assert (found["index"], found["size"], found["leaf"]) == (
            entry.index,
            newest.size,
            entry.leaf.decode(),
        )
        leaf_hash = hashlib.sha256(b"\0" + found["leaf"].encode()).digest()
        proof = [decode_base64url(node, 32) for node in found["proof"]]
        signed = verify_checkpoint(found["checkpoint"], site.election.manifest.log_origin, LOG_KEY.public_key)
        assert signed == newest
        verify_inclusion(leaf_hash, entry.index, newest.size, proof, signed.root)


def test_an_entry_proves_itself_for_an_older_head(site: OfficeUnderTest) -> None:
    found = get(site, "/entries/5?size=6")
    signed = verify_checkpoint(found["checkpoint"], site.election.manifest.log_origin, LOG_KEY.public_key)
    assert (signed.size, found["size"]) == (6, 6)
    proof = [decode_base64url(node, 32) for node in found["proof"]]
    verify_inclusion(site.entries()[5].leaf_hash, 5, 6, proof, signed.root)
    require_problem(site, "/entries/6?size=6", 400, "malformed-query", "not among the first 6")
    require_problem(site, "/entries/5?size=9", 404, "entry-not-found")
    require_problem(site, "/entries/2?size=3", 404, "entry-not-found")  # the first four were signed together


@pytest.mark.parametrize("index", ["8", "999999999999999"])
def test_an_entry_beyond_the_end_is_not_found(site: OfficeUnderTest, index: str) -> None:
    require_problem(site, f"/entries/{index}", 404, "entry-not-found")


@pytest.mark.parametrize("index", ["-1", "01", "1.0", "x", "%31%00", "1e3", "9" * 16, "٣", "+1", "0x1"])
def test_a_number_has_one_spelling(site: OfficeUnderTest, index: str) -> None:
    require_problem(site, f"/entries/{index}", 400, "malformed-query", "whole number")
    require_problem(site, f"/entries?start={index}", 400, "malformed-query", "start must be a whole number")
    require_problem(site, f"/consistency?old={index}", 400, "malformed-query", "old must be a whole number")


def test_the_board_is_read_in_pages(site: OfficeUnderTest) -> None:
    whole = [{"index": entry.index, "leaf": entry.leaf.decode()} for entry in site.entries()]
    assert get(site, "/entries") == {"entries": whole, "size": 8}
    assert get(site, "/entries?start=2&limit=3") == {"entries": whole[2:5], "size": 8}
    assert get(site, "/entries?start=7&limit=100000") == {"entries": whole[7:], "size": 8}
    assert get(site, "/entries?limit=0") == {"entries": [], "size": 8}
    assert get(site, "/entries?start=999999999999999") == {"entries": [], "size": 8}


def test_heads_are_consistent(site: OfficeUnderTest) -> None:
    new = head(site)
    for old in range(4, new.size):
        answer = get(site, f"/consistency?old={old}&new={new.size}")
        assert (answer["old"], answer["new"]) == (old, new.size)
        proof = [decode_base64url(node, 32) for node in answer["proof"]]
        signed = old if old > 4 else 4
        older = verify_checkpoint(
            get(site, f"/entries/0?size={signed}")["checkpoint"],
            site.election.manifest.log_origin,
            LOG_KEY.public_key,
        )
        verify_consistency(old, older.root, new.size, new.root, proof)
    assert get(site, "/consistency?old=0") == {"new": new.size, "old": 0, "proof": []}
    assert get(site, f"/consistency?old={new.size}")["proof"] == []
    require_problem(
        site, f"/consistency?old={new.size + 1}", 400, "malformed-query", "larger than the new one"
    )
    require_problem(site, f"/consistency?old=1&new={new.size + 1}", 404, "entry-not-found")


def test_bodies_are_served_as_they_are_for_ever(site: OfficeUnderTest) -> None:
    for number, body in enumerate(
        (site.election.manifest_body, site.election.ceremony_body, site.election.roll_body)
    ):
        digest = encode_base64url(site.entries()[number].digest)
        answer = site.client.get(f"{site.api}/bodies/{digest}")
        assert answer.content == body
        assert "immutable" in answer.headers["cache-control"]
    require_problem(
        site, f"/bodies/{encode_base64url(b'x' * 32)}", 404, "entry-not-found", "No entry of this board"
    )
    require_problem(site, "/bodies/x", 400, "malformed-query")


def test_the_bundle_is_a_zip_file(site: OfficeUnderTest) -> None:
    answer = site.client.get(f"{site.api}/bundle")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="psephos-{site.id}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = {name.removeprefix(f"{site.id}/") for name in archive.namelist()}
        assert names == {"key.json", "board.jsonl", "bodies.jsonl", "checkpoint"}
        leaves = archive.read(f"{site.id}/board.jsonl").splitlines()
    assert leaves == [entry.leaf for entry in site.entries()]


def test_the_list_of_elections(site: OfficeUnderTest) -> None:
    answer = site.client.get("/api/v1/elections")
    manifest = site.election.manifest
    assert answer.json() == {
        "elections": [
            {
                "authority": {"en": manifest.authority.en, "vi": manifest.authority.vi},
                "closes_at": CLOSES,
                "election": site.id,
                "opens_at": OPENS,
                "state": "open",
                "title": {"en": manifest.title.en, "vi": manifest.title.vi},
            }
        ]
    }


ROUTES = [
    "/terms",
    f"/credentials/{'A' * 43}",
    "/find?code=x",
    "/checkpoint",
    "/entries",
    "/entries/0",
    "/consistency",
    f"/bodies/{'A' * 43}",
    "/bundle",
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "election", ["0" * 32, "%00" * 32, "A" * 32, "x" * 4000, "0" * 31 + "%0A", "%EF%BF%BD"]
)
def test_an_election_that_is_not_here(site: OfficeUnderTest, route: str, election: str) -> None:
    answer = site.client.get(f"/api/v1/elections/{election}{route}")
    assert (answer.status_code, answer.json()["code"]) == (404, "election-not-found")


def test_a_draft_shows_nothing(database_url: str, tmp_path: Path) -> None:
    office = make_office(database_url, tmp_path / "secrets", until=State.DRAFT)
    for route in ROUTES:
        if not route.startswith(("/credentials", "/bodies")):
            require_problem(office, route, 409, "not-frozen", "still being prepared")
    assert office.client.get("/api/v1/elections").json() == {"elections": []}
    office.engine.dispose()


def test_the_door_as_clients_see_it(office: OfficeUnderTest) -> None:
    key = encode_base64url(voter_key(VOTER).public_key)

    def door() -> str:
        state: str = get(office, f"/credentials/{key}")["state"]
        return state

    office.clock.now = parse_time(OPENS) - timedelta(seconds=1)
    assert door() == "not-open"
    office.clock.now = parse_time(OPENS)
    assert door() == "open"
    office.clock.now = parse_time(CLOSES)
    assert door() == "closed"
    office.clock.now = DURING
    close_early(office.office, office.id)
    assert door() == "closed"


def test_a_longer_vote_and_a_replaced_code(database_url: str, tmp_path: Path) -> None:
    """What a booth has to know: until when, and that the code of the first letter has ended."""
    registrar = SigningKey.from_seed(b"R" * 32)
    manifest = msgspec.structs.replace(
        make_manifest(),
        extension_seconds=3600,
        registrar_key=encode_base64url(registrar.public_key),
    )
    office = make_office(database_url, tmp_path / "secrets", make_election(manifest))
    office.cast(VOTER, ((1, 0, 0, 0),))
    old, new = voter_key(VOTER).public_key, voter_key(77).public_key
    body = make_revocation(office.id, office.election.terms.fingerprint, old, new, "The letter was lost.")
    index = revoke(office.office, office.id, body, sign_body(Kind.REVOCATION, body, registrar))
    later = parse_time(CLOSES) + timedelta(hours=1)
    extend_polls(office.office, office.id, later, "Official Test", "The network was down.")

    ended = get(office, f"/credentials/{encode_base64url(old)}")
    assert (ended["revoked_index"], ended["replaced_by"]) == (index, encode_base64url(new))
    assert [ballot["counts"] for ballot in ended["ballots"]] == [False]
    found = get(office, f"/find?code={alias(old)}")
    assert (found["revoked_index"], found["replaced_by"]) == (index, encode_base64url(new))
    fresh = get(office, f"/credentials/{encode_base64url(new)}")
    assert (fresh["revoked_index"], fresh["replaced_by"], fresh["ballots"]) == (None, None, [])
    assert fresh["area"] == ended["area"]

    assert ended["closes_at"] == found["closes_at"] == format_time(later)
    (listed,) = office.client.get("/api/v1/elections").json()["elections"]
    assert listed["closes_at"] == format_time(later)
    office.clock.now = parse_time(CLOSES)
    assert get(office, f"/credentials/{encode_base64url(new)}")["state"] == "open"
    office.clock.now = later
    assert get(office, f"/credentials/{encode_base64url(new)}")["state"] == "closed"
    office.engine.dispose()


def test_the_result_is_in_the_list_and_in_the_bundle(office: OfficeUnderTest) -> None:
    office.cast(VOTER, FIRST)
    result = tally(office)
    assert office.client.get("/api/v1/elections").json()["elections"][0]["state"] == "published"
    with zipfile.ZipFile(io.BytesIO(office.client.get(f"{office.api}/bundle").content)) as archive:
        record = json.loads(archive.read(f"{office.id}/result.json"))
        key = json.loads(archive.read(f"{office.id}/key.json"))
    assert record["totals"][0]["votes"][0] == {"option": "a1", "votes": 1}
    # As docs/VERIFY-BY-HAND.md does it.
    n = int.from_bytes(urlsafe_b64decode(key["n"] + "=" * (-len(key["n"]) % 4)), "big")
    assert n == office.election.terms.record.n
    assert len(record["openings"]) == len(result.openings)


def test_a_fault_is_told_without_details(office: OfficeUnderTest) -> None:
    """The database is gone: 500 as a problem document, and no address of it."""
    with office.engine.begin() as connection:
        connection.execute(text("ALTER TABLE voting_roll RENAME TO lost"))
    key = encode_base64url(voter_key(VOTER).public_key)
    office.faults.add(500)
    require_problem(office, f"/credentials/{key}", 500, "fault", "Something went wrong on this server")
    answer = office.client.get(f"{office.api}/credentials/{key}")
    assert "voting_roll" not in answer.text
    assert "sqlite" not in answer.text

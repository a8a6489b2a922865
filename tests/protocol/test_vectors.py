"""The protocol's vector files are what their scripts write, and every case gets the verdict that it names."""

import copy
import importlib
from functools import cache
from typing import Any

import pytest

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from crypto.membership import InvalidClaim, verify_membership
from crypto.signature import SignatureFailed
from protocol.ballot import BallotInvalid, ballot_bytes_max, ballot_claims, decode_ballot, encrypt_ballot
from protocol.board_rules import BoardBroken, require_author
from protocol.challenge import decode_challenge, recompute_ballot
from protocol.counting import read_ballot, require_sequence
from protocol.errors import ManifestInvalid, ProtocolError, RollInvalid
from protocol.leaf import Kind, Leaf, body_digest, decode_leaf, verify_leaf_signature
from protocol.manifest import decode_manifest
from protocol.revocation import ActiveRoll
from protocol.roll import Roll, decode_roll
from protocol.running import RunningElection
from protocol.terms import ElectionTerms, assemble_terms
from tests.vectors.files import FOLDER, read_vectors, rendered

NAMES = ("ballot", "challenge", "leaf", "manifest", "ranking", "roll", "running")
SIZE_MAX = 300_000


@pytest.mark.parametrize("name", NAMES)
def test_script_and_file_agree(name: str) -> None:
    script = importlib.import_module(f"tests.vectors.make_{name}")
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert text == rendered(script.vectors())
    assert len(text) <= SIZE_MAX


@pytest.mark.parametrize("name", NAMES)
def test_cases_have_names_of_their_own_and_every_attack_a_reason(name: str) -> None:
    cases = read_vectors(name)["cases"]
    assert len({case["id"] for case in cases}) == len(cases)
    assert {case["result"] for case in cases} == {"valid", "invalid"}
    for case in cases:
        assert ("error" in case) == bool(case.get("attack")) == (case["result"] == "invalid")


def cases(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", read_vectors(name)["cases"], ids=lambda case: str(case["id"]))


@cache
def terms_of(name: str) -> tuple[ElectionTerms, Roll]:
    vectors = read_vectors(name)
    return assemble_terms(*(vectors[field].encode() for field in ("manifest", "ceremony", "roll")))


def test_ballot_is_made_byte_for_byte_from_its_seed() -> None:
    vectors = read_vectors("ballot")
    terms, _ = terms_of("ballot")
    assert terms.fingerprint_text == vectors["fingerprint"]
    credential, seed = bytes.fromhex(vectors["credential"]), BallotSeed(bytes.fromhex(vectors["seed"]))
    body = encrypt_ballot(terms, vectors["values"], credential, vectors["sequence"], seed)
    assert body == vectors["body"].encode()
    assert body_digest(Kind.BALLOT, body).hex() == vectors["tracker"]
    assert ballot_bytes_max(terms) == vectors["ballot_bytes_max"]


def ballot_verdict(case: Any) -> str | None:
    """The first reason of PROTOCOL section 8, by the functions that door and verifier call."""
    terms, roll = terms_of("ballot")
    body = read_vectors("ballot")["body"]
    for old, new in case["replace"]:
        assert old in body
        body = body.replace(old, new, 1)
    body = body.encode()
    digest = encode_base64url(body_digest(Kind.BALLOT, body))
    leaf = Leaf(digest=digest, kind=Kind.BALLOT, time=case["time"], signature=case["signature"])
    try:
        ballot, _ = read_ballot(terms, ActiveRoll(roll), terms.manifest.closes_at, 9, leaf, body)
        require_sequence(terms.manifest, ballot.sequence, case["earlier_valid"])
        for claim in ballot_claims(terms, ballot):
            verify_membership(terms.key, claim)
    except (BallotInvalid, InvalidClaim) as error:
        return error.code
    return None


@cases("ballot")
def test_ballot_gets_its_verdict(case: Any) -> None:
    assert ballot_verdict(case) == case.get("error")


def test_ballot_cases_give_every_reason() -> None:
    reasons = {case.get("error") for case in read_vectors("ballot")["cases"]}
    assert reasons == {
        None, "malformed-ballot", "wrong-election", "unknown-credential", "bad-signature", "outside-window",
        "wrong-sequence", "malformed-ciphertext", "malformed-proof", "membership-failed",
    }  # fmt: skip


@cases("challenge")
def test_challenge_gets_its_verdict(case: Any) -> None:
    terms, _ = terms_of("challenge")
    if case["result"] == "valid":
        recompute_ballot(terms, decode_challenge(case["body"].encode()))
        return
    with pytest.raises(BallotInvalid) as refused:
        recompute_ballot(terms, decode_challenge(case["body"].encode()))
    assert refused.value.code == case["error"]


@cases("ranking")
def test_ranking_gets_its_verdict(case: Any) -> None:
    terms, _ = terms_of("ranking")
    claims = ballot_claims(terms, decode_ballot(terms, case["body"].encode()))
    failed = []
    for claim in claims:
        try:
            verify_membership(terms.key, claim)
        except InvalidClaim as error:
            failed.append((error.code, claim.context.part))
    if case["result"] == "valid":
        assert failed == []
    else:
        assert failed[0] == (case["error"], case["part"])


def leaf_verdict(case: Any) -> str | None:
    body = case["body"].encode()
    try:
        leaf = decode_leaf(case["leaf"].encode())
        if body_digest(leaf.kind, body) != leaf.digest_bytes:
            return BoardBroken.code
        verify_leaf_signature(leaf, bytes.fromhex(read_vectors("leaf")["author"]))
    except (SignatureFailed, ProtocolError) as error:
        return error.code
    return None


@cases("leaf")
def test_leaf_gets_its_verdict(case: Any) -> None:
    assert leaf_verdict(case) == case.get("error")


@cases("manifest")
def test_manifest_gets_its_verdict(case: Any) -> None:
    body = case["body"].encode()
    if case["result"] == "invalid":
        with pytest.raises(ManifestInvalid):
            decode_manifest(body)
        return
    manifest = decode_manifest(body)
    assert body_digest(Kind.MANIFEST, body).hex() == case["digest"]
    assert list(manifest.warnings()) == case["warnings"]
    assert (manifest.statement_quorum, manifest.witness_quorum) == (
        case["statement_quorum"],
        case["witness_quorum"],
    )


@cases("roll")
def test_roll_gets_its_verdict(case: Any) -> None:
    manifest, body = decode_manifest(read_vectors("roll")["manifest"].encode()), case["body"].encode()
    if case["result"] == "invalid":
        with pytest.raises(RollInvalid):
            decode_roll(body, manifest)
        return
    assert decode_roll(body, manifest).total_weight == case["total_weight"]
    assert body_digest(Kind.ROLL, body).hex() == case["digest"]


def running_at(vectors: Any, case: Any) -> tuple[RunningElection, int]:
    """The election before a case's leaf, and the leaf's index."""
    terms, roll = terms_of("running")
    running = RunningElection.begin(terms, ActiveRoll(roll))
    before = case["before"] if "before" in case else vectors["good"][: case["good_before"]]
    for index, entry in enumerate(before, start=5):
        take(running, index, entry)
    return running, 5 + len(before)


def take(running: RunningElection, index: int, entry: Any) -> None:
    leaf, body = decode_leaf(entry["leaf"].encode()), entry["body"].encode()
    require_author(running.terms.manifest, leaf, body)
    running.note(index, leaf, body)


@cases("running")
def test_running_election_gets_its_verdict(case: Any) -> None:
    running, index = running_at(read_vectors("running"), case)
    before = copy.deepcopy((running.closes_at, running.roll, running.extensions, running.conflicts))
    if case["result"] == "valid":
        take(running, index, case)
        return
    with pytest.raises(ProtocolError) as refused:
        take(running, index, case)
    assert refused.value.code == case["error"]
    after = (running.closes_at, running.roll, running.extensions, running.conflicts)
    assert after == before  # and nothing was applied


def test_running_election_ends_as_its_vectors_say() -> None:
    vectors = read_vectors("running")
    running, _ = running_at(vectors, {"good_before": len(vectors["good"])})
    assert running.closes_at == vectors["closes_at"]
    found = {encode_base64url(key): (line.weight, line.area) for key, line in running.roll.entries().items()}
    assert found == {each["key"]: (each["weight"], each["area"]) for each in vectors["effective_roll"]}

"""tests/vectors/from_client, written by web/client/test/make_vectors.ts: accepted here, and made here byte for byte."""

import json
from typing import Any

import msgspec
import pytest

from crypto.ballot_seed import BallotSeed
from crypto.credential import credential_of
from crypto.display_code import alias, display_code
from crypto.encoding import decode_base64url, decode_int
from crypto.key import ElectionKey, mask_bits
from crypto.key_size import KeySize
from crypto.membership import (
    MembershipClaim,
    MembershipProof,
    ProofContext,
    prove_membership,
    verify_membership,
)
from crypto.signature import SigningKey, verify_signature
from crypto.voting_code import parse_voting_code
from protocol.ballot import ballot_bytes_max, ballot_claims, decode_ballot, encrypt_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import decode_cast_request
from protocol.challenge import Reveal, decode_challenge, recompute_ballot
from protocol.leaf import Kind, body_digest, signed_message
from protocol.terms import ElectionTerms
from tests.vectors.files import FOLDER
from tests.vectors.make_protocol import ranked, small, wide


def made(name: str) -> Any:
    return json.loads((FOLDER / "from_client" / f"{name}.json").read_text(encoding="utf-8"))


def terms_of(election: str) -> ElectionTerms:
    if election == "wide":
        return wide().terms
    return ranked().terms if election == "ranked" else small().terms


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=str(case.get("id", i))) for i, case in enumerate(made(name)["cases"])]


MEMBERSHIP = made("membership")
SIZE = KeySize(2048)
KEY = ElectionKey.derive(decode_int(MEMBERSHIP["n"], SIZE.n_bytes), MEMBERSHIP["election"], SIZE)


def claim_of(case: Any) -> MembershipClaim:
    context = MEMBERSHIP["context"]
    proof = case["proof"]
    return MembershipClaim(
        ciphertext=decode_int(case["ciphertext"], SIZE.n2_bytes),
        members=tuple(decode_int(member, SIZE.n_bytes) for member in case["members"]),
        proof=MembershipProof(
            a=tuple(decode_int(a, SIZE.n2_bytes) for a in proof["a"]),
            e=tuple(decode_int(e, 32) for e in proof["e"]),
            z=tuple(decode_int(z, SIZE.n_bytes) for z in proof["z"]),
        ),
        context=ProofContext(
            fingerprint=decode_base64url(context["fingerprint"], 32),
            question=context["question"],
            part=case["part"],
            credential=decode_base64url(context["credential"], 32),
            sequence=context["sequence"],
        ),
    )


def test_bases_are_the_same() -> None:
    assert decode_int(MEMBERSHIP["h"], SIZE.n_bytes) == KEY.h
    assert decode_int(MEMBERSHIP["H"], SIZE.n2_bytes) == KEY.H


@pytest.mark.parametrize("case", cases("membership"))
def test_proof_holds_and_is_the_one_made_here(case: Any) -> None:
    claim = claim_of(case)
    verify_membership(KEY, claim)
    seed, part = BallotSeed(decode_base64url(MEMBERSHIP["seed"], 32)), case["part"]
    values = [claim.members[position] for position in case["positions"]]
    blindings = [seed.blinding("q", f"{part} {i}", SIZE.blinding_bits) for i in range(len(values))]
    proof = prove_membership(
        KEY,
        claim.members,
        claim.members.index(sum(values)),
        sum(blindings),
        claim.ciphertext,
        claim.context,
        seed.draw("q", part),
        mask_bits(SIZE, len(values)),
    )
    assert proof == claim.proof


@pytest.mark.parametrize("case", cases("ballots"))
def test_ballot_holds_and_is_the_one_made_here(case: Any) -> None:
    terms = terms_of(case["election"])
    request = decode_cast_request(case["cast"].encode(), ballot_bytes_max(terms))
    body = encode_canonical(request.ballot)
    ballot = decode_ballot(terms, body)
    assert ballot.tracker.hex() == case["tracker"]
    assert display_code(ballot.tracker) == case["receipt_code"]
    assert (ballot.credential.hex(), ballot.sequence) == (case["credential"], case["sequence"])
    signature = decode_base64url(request.signature, 64)
    verify_signature(ballot.credential, signed_message(Kind.BALLOT, ballot.tracker), signature)
    for claim in ballot_claims(terms, ballot):
        verify_membership(terms.key, claim)
    seed = BallotSeed(bytes.fromhex(case["seed"]))
    assert encrypt_ballot(terms, case["answers"], ballot.credential, case["sequence"], seed) == body


@pytest.mark.parametrize("case", cases("ballots"))
def test_opened_ballot_is_the_one_that_was_shown(case: Any) -> None:
    terms = terms_of(case["election"])
    reveal = decode_canonical(case["reveal"].encode(), Reveal, limit_bytes=200_000)
    challenge_body = encode_canonical(reveal.challenge)
    challenge = decode_challenge(challenge_body)
    assert decode_base64url(challenge.seed, 32).hex() == case["seed"]
    assert body_digest(Kind.BALLOT, recompute_ballot(terms, challenge)).hex() == case["tracker"]
    digest = body_digest(Kind.CHALLENGE, challenge_body)
    credential = decode_base64url(challenge.credential, 32)
    verify_signature(
        credential, signed_message(Kind.CHALLENGE, digest), decode_base64url(reveal.signature, 64)
    )


@pytest.mark.parametrize("case", cases("credentials"))
def test_credential_is_the_same(case: Any) -> None:
    code = parse_voting_code(case["typed"])
    key: SigningKey = credential_of(code, case["election"])
    assert code.written == case["written"]
    assert key.public_key.hex() == case["public_key"]
    assert alias(key.public_key) == case["alias"]
    digest = bytes.fromhex(case["digest"])
    assert key.sign(signed_message(Kind.CHALLENGE, digest)).hex() == case["signature"]


@pytest.mark.parametrize("case", cases("canonical"))
def test_canonical_json_is_the_same(case: Any) -> None:
    text = case["text"].encode()
    assert encode_canonical(case["value"]) == text
    assert msgspec.json.decode(text) == case["value"]

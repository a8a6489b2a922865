"""Proofs that a request belongs to one sign-in (DPoP)."""

import json
from base64 import urlsafe_b64decode

import pytest
from joserfc import jws

from identity.oidc.authorization import make_attempt
from identity.oidc.possession import SEED_BYTES, key_of, prove_possession
from tests.identity.oidc.parts import NOW


def test_a_proof_says_what_it_is_for_and_shows_no_private_key() -> None:
    key = key_of(b"s" * SEED_BYTES)
    proof = prove_possession(key, "POST", "https://id.example.org/token?x=1#y", NOW, "the nonce")
    found = jws.deserialize_compact(proof, key, algorithms=["ES256"])
    claims = json.loads(found.payload)
    assert (claims["htm"], claims["htu"]) == ("POST", "https://id.example.org/token")
    assert (claims["iat"], claims["nonce"]) == (int(NOW.timestamp()), "the nonce")
    header = json.loads(urlsafe_b64decode(proof.split(".")[0] + "=="))
    assert header["typ"] == "dpop+jwt"
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}
    again = json.loads(
        jws.deserialize_compact(prove_possession(key, "POST", "https://a", NOW, None), key).payload
    )
    assert again["jti"] != claims["jti"]
    assert "nonce" not in again


def test_a_sign_in_has_one_key_and_another_one_has_another() -> None:
    browser, other = b"b" * 32, b"c" * 32
    seeds = [make_attempt(who, state * 32).possession for who in (browser, other) for state in (b"1", b"2")]
    assert len(set(seeds)) == 4
    assert make_attempt(browser, b"1" * 32) == make_attempt(browser, b"1" * 32)
    assert key_of(seeds[0]).as_dict() == key_of(seeds[0]).as_dict()


@pytest.mark.parametrize("seed", [b"", b"s" * 32])
def test_a_short_seed_makes_no_key(seed: bytes) -> None:
    with pytest.raises(ValueError, match="48 bytes"):
        key_of(seed)


def test_the_values_of_a_sign_in_are_not_printed() -> None:
    attempt = make_attempt(b"b" * 32, b"s" * 32)
    assert repr(attempt) == "Attempt()"

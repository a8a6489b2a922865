"""Every check of an ID token, each with a token that fails it alone."""

import dataclasses
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from crypto.encoding import encode_base64url
from identity.oidc.errors import IdTokenRefused, TokenCheck
from identity.oidc.id_token import MAX_TOKEN, Asked, UnknownKey, verify_id_token
from identity.oidc.key_set import VerificationKey, VerificationKeys, read_key_set
from tests.identity.oidc.parts import (
    ASKED,
    CLIENT,
    EC,
    ISSUER,
    NOW,
    OTHER_EC,
    RSA,
    STARTED,
    claims,
    keys_of,
    signed,
)
from tests.support.openid import signing_key

CLOCK = int(NOW.timestamp())
BEGAN = int(STARTED.timestamp())
KEYS = keys_of(EC, RSA)
ACCESS_TOKEN = "x"


def check_of(
    token: str, keys: VerificationKeys = KEYS, asked: Asked = ASKED, access_token: str = ACCESS_TOKEN
) -> TokenCheck:
    with pytest.raises(IdTokenRefused) as refused:
        verify_id_token(token, keys, asked, access_token, NOW)
    assert len(token) < 9 or token not in str(refused.value)
    return refused.value.check


@pytest.mark.parametrize(
    ("key", "algorithm"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256")], ids=["ES", "RS", "PS"]
)
def test_an_honest_token_passes(key: Any, algorithm: str) -> None:
    token = verify_id_token(signed(key, claims(), algorithm), KEYS, ASKED, "x", NOW)
    assert token.claims.sub == "lan"


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        pytest.param({"iss": ISSUER + "/"}, TokenCheck.ISSUER, id="issuer-with-a-slash"),
        pytest.param({"iss": "https://ID.example.org"}, TokenCheck.ISSUER, id="issuer-in-capitals"),
        pytest.param({"aud": "another"}, TokenCheck.AUDIENCE, id="other-audience"),
        pytest.param({"aud": []}, TokenCheck.AUDIENCE, id="no-audience"),
        pytest.param({"aud": [CLIENT, "another"]}, TokenCheck.AUDIENCE, id="one-audience-more"),
        pytest.param(
            {"aud": [CLIENT, "another"], "azp": CLIENT}, TokenCheck.AUDIENCE, id="one-more-with-azp"
        ),
        pytest.param({"azp": "another"}, TokenCheck.AUTHORIZED_PARTY, id="other-azp"),
        pytest.param({"exp": CLOCK - 61}, TokenCheck.EXPIRY, id="expired"),
        pytest.param({"exp": 0}, TokenCheck.EXPIRY, id="expired-in-1970"),
        pytest.param({"nbf": CLOCK + 61}, TokenCheck.NOT_BEFORE, id="not-yet"),
        pytest.param({"iat": CLOCK + 61}, TokenCheck.ISSUED_AT, id="issued-in-the-future"),
        pytest.param({"iat": BEGAN - 61}, TokenCheck.ISSUED_AT, id="issued-before-it-was-asked-for"),
        pytest.param({"nonce": None}, TokenCheck.NONCE, id="no-nonce"),
        pytest.param({"nonce": ""}, TokenCheck.NONCE, id="empty-nonce"),
        pytest.param({"nonce": "of-another-sign-in"}, TokenCheck.NONCE, id="other-nonce"),
        pytest.param({"nonce": "ñ"}, TokenCheck.NONCE, id="nonce-that-is-not-ascii"),
        pytest.param(
            {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, TokenCheck.ACCESS_TOKEN, id="hash-of-another-access-token"
        ),
        pytest.param({"sub": ""}, TokenCheck.FORM, id="empty-sub"),
        pytest.param({"sub": 7}, TokenCheck.FORM, id="sub-is-a-number"),
        pytest.param({"exp": None}, TokenCheck.FORM, id="no-exp"),
        pytest.param({"iat": None}, TokenCheck.FORM, id="no-iat"),
        pytest.param({"aud": None}, TokenCheck.FORM, id="no-aud"),
        pytest.param({"exp": str(CLOCK + 300)}, TokenCheck.FORM, id="exp-is-text"),
        pytest.param({"exp": 1e300}, TokenCheck.FORM, id="exp-without-end"),
        pytest.param({"exp": -1}, TokenCheck.FORM, id="negative-exp"),
        pytest.param({"iat": True}, TokenCheck.FORM, id="iat-is-true"),
        pytest.param({"acr": ["high"]}, TokenCheck.FORM, id="acr-is-a-list"),
    ],
)
def test_a_token_with_one_wrong_claim_is_refused_for_it(changed: dict[str, Any], check: TokenCheck) -> None:
    assert check_of(signed(EC, claims(**changed))) is check


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"aud": [CLIENT]}, id="audience-as-a-list"),
        pytest.param({"azp": CLIENT}, id="azp"),
        pytest.param({"exp": CLOCK - 59}, id="a-clock-that-is-a-minute-late"),
        pytest.param({"nbf": CLOCK + 59, "iat": CLOCK + 59}, id="a-clock-that-is-a-minute-early"),
        pytest.param({"iat": BEGAN - 59}, id="issued-a-little-before"),
        pytest.param({"exp": CLOCK + 0.5}, id="fraction-of-a-second"),
        pytest.param({"amr": "pwd"}, id="amr-without-a-list"),
    ],
)
def test_what_the_standard_allows_passes(changed: dict[str, Any]) -> None:
    verify_id_token(signed(EC, claims(**changed)), KEYS, ASKED, "x", NOW)


def test_the_hash_of_the_access_token_is_checked_in_both_alphabets() -> None:
    # Its half digest has characters in which the two alphabets differ, and Core's way has no padding.
    access_token = next(
        t for t in (f"token-{i}" for i in range(1000)) if "-" in at_hash(t) and "_" in at_hash(t)
    )
    padded = at_hash(access_token).replace("-", "+").replace("_", "/") + "=="
    for spelt in (at_hash(access_token), padded):
        token = signed(EC, claims(at_hash=spelt))
        verify_id_token(token, KEYS, ASKED, access_token, NOW)
        assert check_of(token, access_token="another") is TokenCheck.ACCESS_TOKEN
    verify_id_token(signed(EC, claims(at_hash="anything")), KEYS, ASKED, None, NOW)


def at_hash(access_token: str) -> str:
    return encode_base64url(hashlib.sha256(access_token.encode()).digest()[:16])


@pytest.mark.parametrize(
    ("proved", "passes"),
    [
        (CLOCK - 100, True),
        (CLOCK - 100 - 60, True),
        (CLOCK - 100 - 61, False),
        (CLOCK + 61, False),
        (None, False),
    ],
)
def test_a_sign_in_must_be_as_young_as_it_was_asked_for(proved: int | None, passes: bool) -> None:
    asked = dataclasses.replace(ASKED, max_age=100)
    token = signed(EC, claims(auth_time=proved))
    if passes:
        verify_id_token(token, KEYS, asked, "x", NOW)
    else:
        assert check_of(token, asked=asked) is TokenCheck.AUTHENTICATION_TIME


def part(data: object) -> str:
    return encode_base64url(json.dumps(data).encode())


def test_an_unsigned_token_is_refused() -> None:
    for name in ("none", "None", "NONE"):
        token = f"{part({'alg': name, 'kid': EC.kid})}.{part(claims())}."
        assert check_of(token) is TokenCheck.ALGORITHM


def test_a_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    """The classic confusion: the verifier takes the RSA key's bytes, which everybody knows, for an HMAC key."""
    assert isinstance(RSA, RSAKey)
    for secret in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        signing_input = f"{part({'alg': 'HS256', 'kid': RSA.kid})}.{part(claims())}"
        signature = hmac.digest(secret, signing_input.encode(), "sha256")
        assert check_of(f"{signing_input}.{encode_base64url(signature)}") is TokenCheck.ALGORITHM


def test_a_symmetric_key_in_the_set_is_no_key() -> None:
    shared = {"kty": "oct", "kid": "shared", "k": encode_base64url(b"0" * 32), "alg": "HS256", "use": "sig"}
    assert read_key_set(json.dumps({"keys": [shared]}).encode()).keys == ()


def test_an_algorithm_that_is_not_configured_is_refused() -> None:
    only_ec = dataclasses.replace(ASKED, algorithms=frozenset({"ES256"}))
    assert check_of(signed(RSA, claims(), "RS256"), asked=only_ec) is TokenCheck.ALGORITHM


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    keys = VerificationKeys((VerificationKey(RSA, RSA.kid, "RS256"),))
    verify_id_token(signed(RSA, claims(), "RS256"), keys, ASKED, "x", NOW)
    with pytest.raises(UnknownKey):
        verify_id_token(signed(RSA, claims(), "PS256"), keys, ASKED, "x", NOW)


def test_a_signature_by_another_key_of_the_same_name_is_refused() -> None:
    assert check_of(signed(OTHER_EC, claims())) is TokenCheck.SIGNATURE


def test_a_key_in_the_header_is_not_believed() -> None:
    public = OTHER_EC.as_dict(private=False)
    assert check_of(signed(OTHER_EC, claims(), jwk=public)) is TokenCheck.SIGNATURE
    assert check_of(signed(OTHER_EC, claims(), jku="https://evil.example/keys")) is TokenCheck.SIGNATURE


def test_every_bit_of_a_token_counts() -> None:
    token = signed(EC, claims())
    header, payload, signature = token.split(".")
    for forged in (
        f"{header}.{part({**claims(), 'sub': 'minh'})}.{signature}",
        f"{part({'alg': 'ES256', 'kid': EC.kid, 'x': 1})}.{payload}.{signature}",
        f"{header}.{payload}.{encode_base64url(bytes(64))}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}",
    ):
        assert check_of(forged) is TokenCheck.SIGNATURE
    verify_id_token(token, KEYS, ASKED, "x", NOW)


def test_an_unknown_key_is_no_verdict() -> None:
    with pytest.raises(UnknownKey):
        verify_id_token(signed(signing_key("new"), claims()), KEYS, ASKED, "x", NOW)


def test_without_a_name_there_may_be_one_key_only() -> None:
    token = signed(EC, claims(), kid=None)
    verify_id_token(token, keys_of(EC, RSA), ASKED, "x", NOW)
    assert check_of(token, keys_of(EC, signing_key("ec-2"))) is TokenCheck.KEY
    assert check_of(signed(EC, claims()), keys_of(EC, OTHER_EC)) is TokenCheck.KEY


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b", id="two-parts"),
        pytest.param(".".join("abcde"), id="five-parts"),
        pytest.param("é.b.c", id="not-ascii"),
        pytest.param("!.b.c", id="not-base64"),
        pytest.param(f"{encode_base64url(b'[]')}.b.c", id="header-is-a-list"),
        pytest.param(f"{encode_base64url(b'[' * 9000)}.b.c", id="header-is-a-tower"),
        pytest.param(f"{part({'alg': 'ES256', 'kid': 7})}.b.c", id="name-of-the-key-is-a-number"),
        pytest.param("a" * (MAX_TOKEN + 1) + ".b.c", id="endless"),
        pytest.param("a.b.c", id="short"),
    ],
)
def test_what_is_no_token_is_refused_for_its_form(token: str) -> None:
    assert check_of(token) is TokenCheck.FORM


def test_an_extension_that_must_be_understood_is_refused() -> None:
    header = {"alg": "ES256", "kid": EC.kid, "crit": ["b64"], "b64": False}
    assert check_of(f"{part(header)}.{part(claims())}.{'A' * 86}") is TokenCheck.FORM


@pytest.mark.parametrize("payload", [b"[]", b"7", b"{", b"\xff", b"[" * 20_000, b'{"iss":NaN}'])
def test_signed_nonsense_is_refused(payload: bytes) -> None:
    assert check_of(signed(EC, payload)) is TokenCheck.FORM


def test_nothing_secret_is_printed() -> None:
    token = verify_id_token(signed(EC, claims()), KEYS, ASKED, "x", NOW)
    assert "lan" not in repr(token)
    assert ASKED.nonce not in repr(ASKED)

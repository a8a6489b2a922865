"""Encrypted ID tokens: opened with this site's key, and with no other."""

import dataclasses

import pytest
from joserfc import jwe, jwk

from identity.oidc.client_key import DecryptionKey, read_decryption_key
from identity.oidc.decryption import MAX_ENCRYPTED, open_token
from identity.oidc.errors import IdTokenRefused, TokenCheck

INNER = "header.payload.signature"


def decryption_key(kind: str = "EC", algorithm: str = "ECDH-ES+A256KW") -> DecryptionKey:
    made = (
        jwk.generate_key("EC", "P-256", private=True)
        if kind == "EC"
        else jwk.generate_key("RSA", 2048, private=True)
    )
    return read_decryption_key(made.as_pem(private=True), algorithm, "enc-1")


KEY = decryption_key()


def sealed(key: DecryptionKey, enc: str = "A256CBC-HS512", inner: str = INNER, **header: str) -> str:
    whole = {"alg": key.algorithm, "enc": enc, "kid": key.key_id, "cty": "JWT", **header}
    return jwe.encrypt_compact(whole, inner, key.key, algorithms=[key.algorithm, enc, "DEF"])


def check_of(token: str, key: DecryptionKey = KEY) -> TokenCheck:
    with pytest.raises(IdTokenRefused) as refused:
        open_token(token, key)
    return refused.value.check


@pytest.mark.parametrize("enc", ["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"])
def test_what_was_sealed_for_this_site_is_opened(enc: str) -> None:
    assert open_token(sealed(KEY, enc), KEY) == INNER


@pytest.mark.parametrize("algorithm", ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256"])
def test_every_way_to_wrap_the_key(algorithm: str) -> None:
    key = decryption_key("RSA" if algorithm.startswith("RSA") else "EC", algorithm)
    assert open_token(sealed(key), key) == INNER


def test_a_token_that_is_not_sealed_is_refused_where_it_must_be() -> None:
    assert check_of(INNER) is TokenCheck.FORM
    assert open_token(INNER, None) == INNER


def test_a_token_for_somebody_else_is_not_opened() -> None:
    assert check_of(sealed(decryption_key())) is TokenCheck.DECRYPTION


def test_a_token_that_was_changed_is_not_opened() -> None:
    parts = sealed(KEY).split(".")
    for place in range(1, 5):
        changed = [*parts]
        changed[place] = changed[place][:-2] + ("AA" if changed[place][-2:] != "AA" else "BB")
        assert check_of(".".join(changed)) is TokenCheck.DECRYPTION


def test_another_algorithm_than_the_configured_one_is_refused() -> None:
    direct = dataclasses.replace(KEY, algorithm="ECDH-ES")
    assert check_of(sealed(direct)) is TokenCheck.DECRYPTION


def test_a_compressed_token_is_refused() -> None:
    """A few kilobytes could unpack to a gigabyte."""
    assert check_of(sealed(KEY, inner="a" * 100_000, zip="DEF")) is TokenCheck.DECRYPTION


@pytest.mark.parametrize("token", ["....", "a.b.c.d.e", "é.b.c.d.e", "a.b.c.d." + "e" * MAX_ENCRYPTED])
def test_nonsense_is_refused(token: str) -> None:
    assert check_of(token) in (TokenCheck.FORM, TokenCheck.DECRYPTION)


@pytest.mark.parametrize("algorithm", ["RSA1_5", "dir", "PBES2-HS256+A128KW", ""])
def test_a_way_that_leaks_cannot_be_configured(algorithm: str) -> None:
    pem = jwk.generate_key("RSA", 2048, private=True).as_pem(private=True)
    with pytest.raises(ValueError, match="algorithm must be one of"):
        read_decryption_key(pem, algorithm, None)

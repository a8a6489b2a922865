"""The checks of an ID token. OpenID Connect Core 1.0 §3.1.3.7, RFC 7515, RFC 8725.

A function of its arguments alone: token, keys, what was asked, and the time. `UnknownKey` is no verdict: the provider
may have changed its keys, and the caller asks for them once more.
"""

import base64
import binascii
import hashlib
import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry

from crypto.encoding import encode_base64url
from identity.oidc.errors import IdTokenRefused, TokenCheck
from identity.oidc.key_set import VerificationKeys

MAX_TOKEN: Final = 32_768
"""Characters. Tokens of national identities have one to three thousand."""
SKEW: Final = timedelta(seconds=60)
"""How far the clocks of provider and server may differ."""
_LATEST: Final = 2**40
"""A time beyond it (in the year 36812) is a mistake, and would overflow later."""


class UnknownKey(Exception):
    """The token names a key that is not among the given ones."""


@dataclass(frozen=True)
class Asked:
    """What this site asked for, against which the token is held."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    algorithms: frozenset[str]
    started_at: datetime
    """When the sign-in began; a token is issued after it."""
    max_age: int | None = None
    """Seconds, if it was asked that the person proves again who they are."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks and this site look at."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: int | float
    iat: int | float
    nbf: int | float | None = None
    nonce: str | None = None
    azp: str | None = None
    at_hash: str | None = None
    auth_time: int | float | None = None
    acr: str | None = None
    amr: tuple[str, ...] | str = ()


@dataclass(frozen=True)
class IdToken:
    """A token that passed every check."""

    claims: Claims = field(repr=False)
    every: Mapping[str, Any] = field(repr=False)
    """All claims, also those that this site does not know."""


class _Registry(JWSRegistry):
    max_header_length = 8192
    max_payload_length = MAX_TOKEN


def verify_id_token(
    token: str, keys: VerificationKeys, asked: Asked, access_token: str | None, now: datetime
) -> IdToken:
    """Check everything; the checks have the order and the names of `TokenCheck`.

    access_token: what came with the token, or None. Raises: IdTokenRefused, UnknownKey.
    """
    payload, algorithm = _verify_signature(token, keys, asked)
    try:
        every = msgspec.json.decode(payload, type=dict[str, Any])
        claims = msgspec.convert(every, Claims)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise IdTokenRefused(TokenCheck.FORM) from error
    _require(_is_sound(claims), TokenCheck.FORM)
    _require(claims.iss == asked.issuer, TokenCheck.ISSUER)
    # No other audience is trusted here, so a token that is also meant for others is refused (point 3 of the section).
    _require(set(_audience(claims)) == {asked.client_id}, TokenCheck.AUDIENCE)
    _require(claims.azp in (None, asked.client_id), TokenCheck.AUTHORIZED_PARTY)
    clock, skew = now.timestamp(), SKEW.total_seconds()
    _require(clock < claims.exp + skew, TokenCheck.EXPIRY)
    _require(claims.nbf is None or claims.nbf <= clock + skew, TokenCheck.NOT_BEFORE)
    _require(asked.started_at.timestamp() - skew <= claims.iat <= clock + skew, TokenCheck.ISSUED_AT)
    _require(
        claims.nonce is not None and hmac.compare_digest(claims.nonce.encode(), asked.nonce.encode()),
        TokenCheck.NONCE,
    )
    if claims.at_hash is not None and access_token is not None:
        _require(_is_hash_of(claims.at_hash, access_token, algorithm), TokenCheck.ACCESS_TOKEN)
    if asked.max_age is not None:
        proved = claims.auth_time
        _require(
            proved is not None and clock - asked.max_age - skew <= proved <= clock + skew,
            TokenCheck.AUTHENTICATION_TIME,
        )
    return IdToken(claims, every)


def _verify_signature(token: str, keys: VerificationKeys, asked: Asked) -> tuple[bytes, str]:
    _require(len(token) <= MAX_TOKEN and token.isascii() and token.count(".") == 2, TokenCheck.FORM)
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    _require(isinstance(kid, str | None), TokenCheck.FORM)
    _require(isinstance(algorithm, str) and algorithm in asked.algorithms, TokenCheck.ALGORITHM)
    assert isinstance(algorithm, str)  # noqa: S101 - for the type checker
    candidates = keys.candidates(kid, algorithm)
    if not candidates:
        raise UnknownKey
    # Core §10.1: without `kid` there may be one key only; trying several would let any of them sign.
    _require(len(candidates) == 1, TokenCheck.KEY)
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            found = jws.deserialize_compact(token, candidates[0].key, registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, SecurityWarning) as error:
        raise IdTokenRefused(TokenCheck.SIGNATURE) from error
    return found.payload, algorithm


def _header(token: str) -> dict[str, Any]:
    text = token.partition(".")[0]
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        header = msgspec.json.decode(data, type=dict[str, Any])
    except (binascii.Error, ValueError, RecursionError) as error:
        raise IdTokenRefused(TokenCheck.FORM) from error
    # `crit` names extensions that must be understood; none is here. `b64` would change what is signed (RFC 7797).
    _require("crit" not in header and "b64" not in header, TokenCheck.FORM)
    return header


def _is_sound(claims: Claims) -> bool:
    times = (claims.exp, claims.iat, claims.nbf, claims.auth_time)
    return bool(claims.sub) and all(time is None or 0 <= time <= _LATEST for time in times)


def _audience(claims: Claims) -> tuple[str, ...]:
    return (claims.aud,) if isinstance(claims.aud, str) else claims.aud


def _is_hash_of(at_hash: str, access_token: str, algorithm: str) -> bool:
    """Core §3.1.3.6: the left half of the hash of the signature's algorithm.

    Compared as bytes: TARA's documentation spells it in the other alphabet and with padding.
    """
    name = "sha512" if algorithm == "Ed25519" else f"sha{algorithm[2:]}"
    digest = hashlib.new(name, access_token.encode()).digest()
    expected = encode_base64url(digest[: len(digest) // 2])
    given = at_hash.replace("+", "-").replace("/", "_").rstrip("=")
    return hmac.compare_digest(given.encode(), expected.encode())


def _require(holds: bool, check: TokenCheck) -> None:
    if not holds:
        raise IdTokenRefused(check)

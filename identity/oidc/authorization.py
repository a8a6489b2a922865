"""One sign-in: what is asked of the provider, and what its answer through the browser must be.

Nothing that is secret is stored. The browser has 32 random bytes in a cookie; the nonce and the code verifier are
derived from them and from `state`, so that whoever reads the database can neither finish a sign-in nor replay one.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import MalformedEncoding
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import (
    OidcError,
    ProviderMisbehaved,
    SignInCancelled,
    SignInRefused,
    UnknownAttempt,
)
from identity.oidc.metadata import ProviderMetadata

SECRET_BYTES: Final = 32
MAX_CODE: Final = 2048
"""Characters; providers send 20 to 1000."""
_ERROR: Final = re.compile(r"[a-z_]{1,64}")
_CANCELLED: Final = frozenset({"access_denied", "user_cancel", "cancelledOnApp", "user_cancelled_login"})
"""The standard's word first, then those of TARA, UAE PASS and LinkedIn."""


@dataclass(frozen=True)
class Attempt:
    """The values of one sign-in, known to this browser and, for a moment, to this server."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """Of PKCE, RFC 7636: 43 characters."""
    possession: bytes = field(repr=False)
    """Seed of the key that the requests of this sign-in are bound to, where the provider wants it."""

    @property
    def challenge(self) -> str:
        """S256 of the verifier, RFC 7636 §4.2."""
        return encode_base64url(hashlib.sha256(self.verifier.encode()).digest())


def new_secret() -> bytes:
    """What a `state` is made of."""
    return secrets.token_bytes(SECRET_BYTES)


def make_attempt(browser: bytes, state: bytes) -> Attempt:
    """The attempt that belongs to this browser and this state; the same at every call."""

    def derived(purpose: bytes, digest: str = "sha256") -> bytes:
        return hmac.digest(browser, b"psephos/oidc/v1 " + purpose + b" " + state, digest)

    return Attempt(
        state=encode_base64url(state),
        nonce=encode_base64url(derived(b"nonce")),
        verifier=encode_base64url(derived(b"verifier")),
        possession=derived(b"possession", "sha384"),
    )


def read_state(text: str) -> bytes:
    """A state's bytes. Raises: UnknownAttempt for anything that was not given out here."""
    try:
        return decode_base64url(text, SECRET_BYTES)
    except MalformedEncoding:
        raise UnknownAttempt from None


def authorization_parameters(
    provider: ProviderConfiguration, attempt: Attempt, redirect_uri: str, language: str
) -> dict[str, str]:
    """The authorization request, OpenID Connect Core 1.0 §3.1.2.1 with RFC 7636."""
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": attempt.state,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
        "ui_locales": language,
    }
    if provider.plain is None:  # plain OAuth 2.0 knows neither
        parameters["nonce"] = attempt.nonce
        if provider.max_age is not None:
            parameters["max_age"] = str(provider.max_age)
    if provider.acr_values:
        parameters["acr_values"] = " ".join(provider.acr_values)
    return {**provider.parameters, **parameters}


def authorization_address(metadata: ProviderMetadata, parameters: Mapping[str, str]) -> str:
    """The address that the browser goes to; what the endpoint's own address asks for is kept."""
    parts = urlsplit(metadata.authorization_endpoint)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return urlunsplit(parts._replace(query=query))


def require_issuer(
    provider: ProviderConfiguration, metadata: ProviderMetadata, answer: Mapping[str, str]
) -> None:
    """Check who answered: RFC 9207 §2.4, against the mix-up of two providers.

    Raises: ProviderMisbehaved, without `iss` where the provider announced it, and with another one always.
    """
    named = answer.get("iss")
    if named is None and metadata.names_itself:
        raise ProviderMisbehaved("its answer does not say who gave it")
    if named is not None and named != provider.issuer:
        raise ProviderMisbehaved("the answer came from another sign-in service")


def read_code(answer: Mapping[str, str]) -> str:
    """The code of a good answer. Raises: SignInCancelled, SignInRefused, ProviderMisbehaved."""
    if "error" in answer:
        raise refusal(answer["error"])
    code = answer.get("code", "")
    if not 1 <= len(code) <= MAX_CODE or not code.isascii() or not code.isprintable():
        raise ProviderMisbehaved("its answer holds no code")
    return code


def refusal(error: object) -> OidcError:
    """The error to raise for an error code of the provider. Codes are shown only if they are letters and `_`."""
    if not isinstance(error, str):
        return SignInRefused("unknown")
    if error in _CANCELLED:
        return SignInCancelled()
    return SignInRefused(error if _ERROR.fullmatch(error) else "unknown")

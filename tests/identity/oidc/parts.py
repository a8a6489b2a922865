"""A configuration, tokens and keys for tests that need no network."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.jwk import Key

from identity.assurance import Assurance
from identity.oidc.configuration import BasicSecret, ProviderConfiguration, Pushing
from identity.oidc.id_token import Asked
from identity.oidc.key_set import VerificationKey, VerificationKeys
from tests.support.openid import signing_key

ISSUER = "https://id.example.org"
CLIENT = "psephos"
NONCE = "the-nonce-of-this-sign-in"
NOW = datetime(2026, 5, 24, 8, 0, 10, tzinfo=UTC)
STARTED = datetime(2026, 5, 24, 8, 0, 0, tzinfo=UTC)

CONFIGURATION = ProviderConfiguration(
    id="test",
    issuer=ISSUER,
    client_id=CLIENT,
    authentication=BasicSecret("secret"),
    name_en="Test",
    name_vi="Thử",
    scopes=("openid",),
    claim=("sub",),
    algorithms=frozenset({"ES256", "RS256", "PS256"}),
    acr={},
    acr_values=(),
    assurance=Assurance.LOW,
    minimum=Assurance.LOW,
    amr=frozenset(),
    max_age=None,
    hosts=frozenset(),
    pushing=Pushing.OFFERED,
    decryption=None,
    possession=False,
    parameters={},
    acr_claim="acr",
    plain=None,
    certificates=None,
)

ASKED = Asked(
    issuer=ISSUER,
    client_id=CLIENT,
    nonce=NONCE,
    algorithms=CONFIGURATION.algorithms,
    started_at=STARTED,
)


def configured(**changes: Any) -> ProviderConfiguration:
    """The configuration above with other values."""
    return dataclasses.replace(CONFIGURATION, **changes)


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that pass every check. changes: others; None removes one."""
    issued = int(NOW.timestamp())
    whole = {
        "iss": ISSUER,
        "sub": "lan",
        "aud": CLIENT,
        "exp": issued + 300,
        "iat": issued,
        "nonce": NONCE,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: Key, payload: dict[str, Any] | bytes, algorithm: str = "ES256", **header: Any) -> str:
    """A token. header: more parameters; None removes one."""
    whole = {"alg": algorithm, "kid": key.kid, **header}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.serialize_compact(
        {name: value for name, value in whole.items() if value is not None}, body, key, registry=registry
    )


def keys_of(*keys: Key) -> VerificationKeys:
    """Their public halves, as a provider publishes them."""
    return VerificationKeys(tuple(VerificationKey(key, key.kid, None) for key in keys))


EC = signing_key("ec-1", "ES256")
RSA = signing_key("rsa-1", "RS256")
OTHER_EC = signing_key("ec-1", "ES256")
"""Another key of the same name."""

"""How this site proves to a provider who it is, for the token endpoint and for pushed requests."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote_plus

from identity.oidc.client_key import ClientKey, sign
from identity.oidc.configuration import BasicSecret, ProviderConfiguration

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE: Final = timedelta(seconds=60)

METHODS: Final = {BasicSecret: "client_secret_basic", ClientKey: "private_key_jwt"}
"""Names as in `token_endpoint_auth_methods_supported`."""


@dataclass(frozen=True)
class ClientProof:
    """What a request needs besides its own parameters."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


def prove_client(provider: ProviderConfiguration, now: datetime) -> ClientProof:
    """A proof for one request.

    The audience of an assertion is the issuer alone, not an endpoint: a provider that is told another's endpoint
    cannot use it there (draft-ietf-oauth-rfc7523bis, "Audience Injection").
    """
    match provider.authentication:
        case BasicSecret(secret):
            # RFC 6749 §2.3.1: both parts are form-encoded first, else a colon in them would be ambiguous.
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
            return ClientProof(headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()})
        case ClientKey() as key:
            issued = int(now.timestamp())
            claims = {
                "iss": provider.client_id,
                "sub": provider.client_id,
                "aud": provider.issuer,
                "iat": issued,
                "exp": issued + int(ASSERTION_LIFE.total_seconds()),
                "jti": secrets.token_urlsafe(16),
            }
            header = {"alg": key.algorithm, "kid": key.key_id, "typ": "JWT"}
            assertion = sign(key.key, header, json.dumps(claims).encode())
            return ClientProof(
                parameters={
                    "client_id": provider.client_id,
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": assertion,
                }
            )

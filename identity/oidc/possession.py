"""DPoP: requests that show whose they are, so that a code is worth nothing without this sign-in's key. RFC 9449.

The key is derived from the same secrets as nonce and verifier: it needs no place to be kept.
"""

import json
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from Cryptodome.PublicKey import ECC
from joserfc.jwk import ECKey

from identity.oidc.client_key import sign

SEED_BYTES: Final = 48
"""Half again as many as the order of P-256 has, so that the remainder is evenly spread (FIPS 186-5 A.2.1)."""
_ORDER_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def key_of(seed: bytes) -> ECKey:
    """The key of one sign-in. seed: SEED_BYTES secret bytes."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes")
    scalar = int.from_bytes(seed, "big") % (_ORDER_P256 - 1) + 1
    return ECKey.import_key(ECC.construct(curve="P-256", d=scalar).export_key(format="PEM"))


def prove_possession(key: ECKey, method: str, address: str, now: datetime, nonce: str | None) -> str:
    """The header `DPoP` of one request, RFC 9449 §4.2. nonce: what the provider asked to repeat, or None."""
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    claims = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": urlunsplit(urlsplit(address)._replace(query="", fragment="")),
        "iat": int(now.timestamp()),
        **({} if nonce is None else {"nonce": nonce}),
    }
    return sign(key, header, json.dumps(claims).encode())

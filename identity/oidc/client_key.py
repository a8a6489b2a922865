"""This site's own keys: one proves to a provider who it is (private_key_jwt), one opens encrypted ID tokens."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
_KeyType = type[RSAKey] | type[ECKey] | type[OKPKey]
KEY_TYPES: Final[Mapping[str, _KeyType]] = {
    "RS": RSAKey,
    "PS": RSAKey,
    "ES": ECKey,
    "Ed": OKPKey,
}
"""Type of the key by the first two letters of the algorithm."""

DECRYPTION_ALGORITHMS: Final[Mapping[str, str]] = {
    "ECDH-ES": "ES",
    "ECDH-ES+A128KW": "ES",
    "ECDH-ES+A256KW": "ES",
    "RSA-OAEP-256": "RS",
}
"""How the key of the content may be wrapped, and the type of key for it. RSA1_5, which leaks, is not among them."""


@dataclass(frozen=True)
class ClientKey:
    """private_key_jwt, RFC 7523 and OpenID Connect Core 1.0 §9."""

    key: Key = field(repr=False)
    algorithm: str
    key_id: str

    def public(self) -> dict[str, Any]:
        """The public half as the provider wants to read it (RFC 7517)."""
        return dict(self.key.as_dict(private=False, kid=self.key_id, alg=self.algorithm, use="sig"))


@dataclass(frozen=True)
class DecryptionKey:
    """Opens ID tokens that a provider encrypts for this site. RFC 7516, OpenID Connect Core 1.0 §10.2."""

    key: Key = field(repr=False)
    algorithm: str
    key_id: str

    def public(self) -> dict[str, Any]:
        """The public half as the provider wants to read it."""
        return dict(self.key.as_dict(private=False, kid=self.key_id, alg=self.algorithm, use="enc"))


def read_decryption_key(data: bytes, algorithm: str, key_id: str | None) -> DecryptionKey:
    """A private key from PEM or JWK, as `read_client_key`. Raises: ValueError."""
    kind = KEY_TYPES.get(DECRYPTION_ALGORITHMS.get(algorithm, ""))
    if kind is None:
        raise ValueError(f"its algorithm must be one of {', '.join(DECRYPTION_ALGORITHMS)}.")
    key = _read_private(data, kind, algorithm)
    return DecryptionKey(key, algorithm, key_id or key.thumbprint())


def read_client_key(data: bytes, algorithm: str, key_id: str | None) -> ClientKey:
    """A private key from PEM or JWK.

    key_id: None for the thumbprint of RFC 7638. Raises: ValueError with a sentence that never repeats the key.
    """
    kind = KEY_TYPES.get(algorithm[:2])
    if kind is None:
        raise ValueError("`key_algorithm` must be one for signing with a private key, as ES256.")
    key = _read_private(data, kind, algorithm)
    try:
        sign(key, {"alg": algorithm}, b"")
    except (JoseError, ValueError, TypeError):
        raise ValueError(f"it cannot sign with {algorithm}.") from None
    return ClientKey(key, algorithm, key_id or key.thumbprint())


def _read_private(data: bytes, kind: _KeyType, algorithm: str) -> Key:
    try:
        if data.lstrip().startswith(b"{"):
            key: Key = jwk.import_key(json.loads(data))
        else:
            key = kind.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("it is neither a PEM nor a JWK that can be read.") from None
    if not isinstance(key, kind) or not key.is_private:
        raise ValueError(f"it is not a private key for {algorithm}.")
    require_strong(key)
    return key


def require_strong(key: Key) -> None:
    """Raises: ValueError for an RSA key of less than 2048 or of more than 8192 bits."""
    if isinstance(key, RSAKey) and not MIN_RSA_BITS <= key.public_key.key_size <= MAX_RSA_BITS:
        raise ValueError(f"RSA keys must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")


def sign(key: Key, header: dict[str, Any], payload: bytes) -> str:
    """A JWS in its compact form, under the algorithm that `header` names."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)
        return jws.serialize_compact(header, payload, key, algorithms=[header["alg"]])

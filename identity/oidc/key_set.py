"""The public keys that a provider signs with. RFC 7517."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.jwk import Key

from identity.oidc.client_key import KEY_TYPES, require_strong
from identity.oidc.errors import ProviderMisbehaved

MAX_KEYS: Final = 100


@dataclass(frozen=True)
class VerificationKey:
    """One key; what it says about its own use is kept."""

    key: Key
    kid: str | None
    algorithm: str | None
    """The only algorithm it is for; None: any of its type."""

    def fits(self, algorithm: str) -> bool:
        """Whether a signature under `algorithm` may be checked with this key."""
        return isinstance(self.key, KEY_TYPES[algorithm[:2]]) and self.algorithm in (None, algorithm)


@dataclass(frozen=True)
class VerificationKeys:
    """The keys of one provider at one time."""

    keys: tuple[VerificationKey, ...]

    def candidates(self, kid: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The keys that a token with this header may be signed with. Two of one name only if the provider errs."""
        return tuple(key for key in self.keys if key.fits(algorithm) and (kid is None or key.kid == kid))


class _Document(msgspec.Struct):
    keys: tuple[dict[str, Any], ...]


def read_key_set(data: bytes) -> VerificationKeys:
    """The keys in `data` that signatures can be checked with.

    Keys for other uses, of types not known here, weak ones and, above all, symmetric ones are left out: with a
    symmetric key in the set, whoever reads the set could sign. Raises: ProviderMisbehaved.
    """
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProviderMisbehaved("its keys cannot be read") from error
    if len(document.keys) > MAX_KEYS:
        raise ProviderMisbehaved(f"it publishes more than {MAX_KEYS} keys")
    found = [key for entry in document.keys if (key := _verification_key(entry)) is not None]
    return VerificationKeys(tuple(found))


def _verification_key(entry: Mapping[str, Any]) -> VerificationKey | None:
    if entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use", "sig") != "sig":
        return None
    operations, kid, algorithm = entry.get("key_ops"), entry.get("kid"), entry.get("alg")
    if operations is not None and "verify" not in operations:
        return None
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    try:
        key = jwk.import_key(dict(entry))
        require_strong(key)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return None if key.is_private else VerificationKey(key, kid, algorithm)

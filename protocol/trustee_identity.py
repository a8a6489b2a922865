"""The public half of a trustee's signing key as a file, from the trustee's program to the election office.

The key signs itself and the name, so that a file that was cut or changed on the way is noticed. Who hands it in is
what the office has to know by other means.
"""

from dataclasses import dataclass
from typing import Final, Literal

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.signature import SigningKey, require_sound_public_key, verify_signature
from crypto.transcript import tuple_hash
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord
from protocol.text import Base64url, require_text

IDENTITY_BYTES_MAX: Final = 2_000
NAME_CHARACTERS: Final = 100


class _IdentityRecord(Record, frozen=True):
    format: Literal["psephos/trustee-identity/v1"]
    key: Base64url
    name: str
    signature: Base64url

    def __post_init__(self) -> None:
        require_text(self.name, NAME_CHARACTERS, "name")


@dataclass(frozen=True)
class TrusteeIdentity:
    """Who will hold a share. key: Ed25519 public key, 32 bytes."""

    name: str
    key: bytes


def encode_identity(name: str, signing_key: SigningKey) -> bytes:
    """The file, with its newline. Raises: ValueError for a name that no manifest takes."""
    record = _IdentityRecord(
        format="psephos/trustee-identity/v1",
        key=encode_base64url(signing_key.public_key),
        name=name,
        signature=encode_base64url(signing_key.sign(_message(name, signing_key.public_key))),
    )
    return encode_canonical(record) + b"\n"


def read_identity(data: bytes) -> TrusteeIdentity:
    """Raises: MalformedRecord, RecordTooLarge."""
    record = decode_canonical(data.removesuffix(b"\n"), _IdentityRecord, limit_bytes=IDENTITY_BYTES_MAX)
    try:
        key = decode_base64url(record.key, 32)
        require_sound_public_key(key)
        verify_signature(key, _message(record.name, key), decode_base64url(record.signature, 64))
    except CryptoError as error:
        raise MalformedRecord(f"The key in this file did not sign it: {error}") from error
    return TrusteeIdentity(record.name, key)


def _message(name: str, key: bytes) -> bytes:
    return tuple_hash("trustee-identity", [key, name.encode("utf-8")])

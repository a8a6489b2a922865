"""Leaves of the board: a small signed record for each body, and the digest that ties the two.

Source: PROTOCOL section 3.
"""

from enum import StrEnum

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.signature import SigningKey, verify_signature
from crypto.transcript import tuple_hash
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord
from protocol.text import Base64url, Timestamp, parse_time

LEAF_BYTES_MAX = 65_534


class Kind(StrEnum):
    """What a leaf announces."""

    MANIFEST = "manifest"
    CEREMONY = "ceremony"
    ROLL = "roll"
    FREEZE = "freeze"
    POLLS_OPENED = "polls-opened"
    BALLOT = "ballot"
    CHALLENGE = "challenge"
    EXTENSION = "extension"
    REVOCATION = "revocation"
    CONFLICT = "conflict"
    CLOSING = "closing"
    AGGREGATES = "aggregates"
    ACT = "act"
    CLOSING_STATEMENT = "closing-statement"
    PARTIAL_OPENING = "partial-opening"
    RESULT = "result"


UNSIGNED_KINDS = frozenset({Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL, Kind.FREEZE})
SERVER_KINDS = frozenset(
    {
        Kind.POLLS_OPENED,
        Kind.EXTENSION,
        Kind.CONFLICT,
        Kind.CLOSING,
        Kind.AGGREGATES,
        Kind.ACT,
        Kind.RESULT,
    }
)
REGISTRAR_KINDS = frozenset({Kind.REVOCATION})
TRUSTEE_KINDS = frozenset({Kind.CLOSING_STATEMENT, Kind.PARTIAL_OPENING})
VOTER_KINDS = frozenset({Kind.BALLOT, Kind.CHALLENGE})


class Leaf(Record, frozen=True):
    """One entry of the log. signature: present exactly for the signed kinds."""

    digest: Base64url
    kind: Kind
    time: Timestamp
    signature: Base64url | msgspec.UnsetType = msgspec.UNSET

    @property
    def digest_bytes(self) -> bytes:
        """The digest of the body, 32 bytes."""
        return decode_base64url(self.digest, 32)

    @property
    def signature_bytes(self) -> bytes:
        """The author's signature, 64 bytes. Raises: MalformedRecord for an unsigned kind."""
        if self.signature is msgspec.UNSET:
            raise MalformedRecord(f"A leaf of kind {self.kind} carries no signature.")
        return decode_base64url(self.signature, 64)


def body_digest(kind: Kind, body: bytes) -> bytes:
    """H_body(kind, body). For a ballot this is its tracker."""
    return tuple_hash("body", [kind.encode("ascii"), body])


def signed_message(kind: Kind, digest: bytes) -> bytes:
    """What the author of a body of this kind signs."""
    return tuple_hash("sign", [kind.encode("ascii"), digest])


def sign_body(kind: Kind, body: bytes, key: SigningKey) -> bytes:
    """The author's signature of a body, 64 bytes."""
    return key.sign(signed_message(kind, body_digest(kind, body)))


def verify_leaf_signature(leaf: Leaf, author: bytes) -> None:
    """Raises: SignatureFailed (of `crypto.signature`) unless `author` signed this leaf's body."""
    verify_signature(author, signed_message(leaf.kind, leaf.digest_bytes), leaf.signature_bytes)


def make_leaf(kind: Kind, body: bytes, time: str, signature: bytes | None) -> bytes:
    """Canonical bytes of the leaf for a body. signature: None exactly for the unsigned kinds."""
    if (signature is None) != (kind in UNSIGNED_KINDS):
        raise MalformedRecord(f"A leaf of kind {kind} is signed exactly when its kind demands it.")
    return encode_canonical(
        Leaf(
            digest=encode_base64url(body_digest(kind, body)),
            kind=kind,
            signature=msgspec.UNSET if signature is None else encode_base64url(signature),
            time=time,
        )
    )


def decode_leaf(data: bytes) -> Leaf:
    """Raises: MalformedRecord, RecordTooLarge."""
    leaf = decode_canonical(data, Leaf, limit_bytes=LEAF_BYTES_MAX)
    if (leaf.signature is msgspec.UNSET) != (leaf.kind in UNSIGNED_KINDS):
        raise MalformedRecord(f"A leaf of kind {leaf.kind} is signed exactly when its kind demands it.")
    try:
        _ = leaf.digest_bytes
        if leaf.kind not in UNSIGNED_KINDS:
            _ = leaf.signature_bytes
        parse_time(leaf.time)
    except (CryptoError, ValueError) as error:
        raise MalformedRecord(f"The leaf cannot be read: {error}") from error
    return leaf

"""What a trustee's program hands over as a file: a signed body for the board, or a signature of the freeze.

Both are canonical JSON of one line. They carry nothing secret.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.signature import verify_signature
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, TermsMismatch
from protocol.leaf import Kind, body_digest, signed_message
from protocol.records import (
    RECORD_BYTES_MAX,
    ClosingStatement,
    PartialOpenings,
    TrusteeNumber,
    freeze_message,
)
from protocol.terms import ElectionTerms
from protocol.text import Base64url, ElectionId

SIGNED_BODY_BYTES_MAX: Final = RECORD_BYTES_MAX + 1000
FREEZE_SIGNATURE_BYTES_MAX: Final = 1000


class _SignedBodyRecord(Record, frozen=True):
    body: msgspec.Raw
    format: Literal["psephos/signed-body/v1"]
    kind: Literal["closing-statement", "partial-opening"]
    signature: Base64url


class FreezeSignature(Record, frozen=True):
    """One trustee's signature over H_freeze(election, fingerprint)."""

    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/freeze-signature/v1"]
    signature: Base64url
    trustee: TrusteeNumber


@dataclass(frozen=True)
class SignedBody:
    """A trustee's record with the signature that its leaf will carry. trustee: the number that the body names."""

    kind: Kind
    body: bytes
    signature: bytes
    trustee: int


def encode_signed_body(signed: SignedBody) -> bytes:
    """The file, with its newline."""
    record = {
        "body": msgspec.Raw(signed.body),
        "format": "psephos/signed-body/v1",
        "kind": signed.kind.value,
        "signature": encode_base64url(signed.signature),
    }
    return encode_canonical(record) + b"\n"


def decode_signed_body(data: bytes) -> SignedBody:
    """Read such a file; that the signature is the trustee's is `verify_signed_body`'s check.

    Raises: MalformedRecord, RecordTooLarge.
    """
    record = decode_canonical(data.removesuffix(b"\n"), _SignedBodyRecord, limit_bytes=SIGNED_BODY_BYTES_MAX)
    kind, body = Kind(record.kind), bytes(record.body)
    record_type: type[ClosingStatement | PartialOpenings] = (
        ClosingStatement if kind is Kind.CLOSING_STATEMENT else PartialOpenings
    )
    trustee = decode_canonical(body, record_type, limit_bytes=RECORD_BYTES_MAX).trustee
    try:
        return SignedBody(kind, body, decode_base64url(record.signature, 64), trustee)
    except CryptoError as error:
        raise MalformedRecord(f"The signature cannot be read: {error}") from error


def verify_signed_body(terms: ElectionTerms, signed: SignedBody) -> None:
    """Raises: ManifestInvalid (no such trustee), SignatureFailed."""
    message = signed_message(signed.kind, body_digest(signed.kind, signed.body))
    verify_signature(terms.manifest.trustee_key(signed.trustee), message, signed.signature)


def encode_freeze_signature(terms: ElectionTerms, trustee: int, signature: bytes) -> bytes:
    """The file, with its newline. signature: 64 bytes."""
    record = FreezeSignature(
        election=terms.election,
        fingerprint=terms.fingerprint_text,
        format="psephos/freeze-signature/v1",
        signature=encode_base64url(signature),
        trustee=trustee,
    )
    return encode_canonical(record) + b"\n"


def read_freeze_signature(terms: ElectionTerms, data: bytes) -> tuple[int, bytes]:
    """(trustee, signature) of such a file, checked against these terms.

    Raises: MalformedRecord, RecordTooLarge, TermsMismatch, ManifestInvalid.
    """
    record = decode_canonical(
        data.removesuffix(b"\n"), FreezeSignature, limit_bytes=FREEZE_SIGNATURE_BYTES_MAX
    )
    if (record.election, record.fingerprint) != (terms.election, terms.fingerprint_text):
        raise TermsMismatch(
            f"Trustee {record.trustee} did not sign this fingerprint: the file is about another election or other "
            "terms of it."
        )
    try:
        signature = decode_base64url(record.signature, 64)
        message = freeze_message(terms.election, terms.fingerprint)
        verify_signature(terms.manifest.trustee_key(record.trustee), message, signature)
    except CryptoError as error:
        raise TermsMismatch(f"Trustee {record.trustee} did not sign this fingerprint: {error}") from error
    return record.trustee, signature

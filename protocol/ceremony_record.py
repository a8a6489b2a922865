"""The `ceremony` body: the public outcome of key generation on the wire."""

from math import factorial
from typing import Annotated, Literal

import msgspec

from crypto.encoding import decode_base64url, decode_int, encode_base64url, encode_int
from crypto.errors import CryptoError
from crypto.key_record import PublicKeyRecord, derive_verification_keys, require_supported
from crypto.key_size import KeySize
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord
from protocol.text import Base64url, ElectionId

CEREMONY_BYTES_MAX = 200_000
K_EXTRA_BYTES = 48


class CeremonyRecord(Record, frozen=True):
    """Meaning and checks of the numbers: KEY-CEREMONY.md."""

    election: ElectionId
    f0: Base64url
    feldman: tuple[tuple[Base64url, ...], ...]
    format: Literal["psephos/ceremony/v1"]
    k: Base64url
    n: Base64url
    nth_roots: tuple[Base64url, ...]
    square_roots: tuple[Base64url, ...]
    threshold: Annotated[int, msgspec.Meta(ge=1, le=10)]
    transcript: Base64url
    trustees: Annotated[int, msgspec.Meta(ge=1, le=10)]


def make_ceremony_body(election: str, record: PublicKeyRecord, size: KeySize, transcript: bytes) -> bytes:
    """Canonical bytes of the outcome. transcript: 32 bytes, digest of what was broadcast."""
    nb = size.n_bytes
    return encode_canonical(
        CeremonyRecord(
            election=election,
            f0=encode_int(record.F0, nb),
            feldman=tuple(tuple(encode_int(v, nb) for v in row) for row in record.feldman),
            format="psephos/ceremony/v1",
            k=encode_int(record.k, nb + K_EXTRA_BYTES),
            n=encode_int(record.n, nb),
            nth_roots=tuple(encode_int(v, nb) for v in record.nth_roots),
            square_roots=tuple(encode_int(v, nb) for v in record.square_roots),
            threshold=record.threshold,
            transcript=encode_base64url(transcript),
            trustees=record.trustees,
        )
    )


def decode_ceremony(body: bytes, size: KeySize) -> tuple[str, PublicKeyRecord]:
    """(election id, record) with the verification keys derived; the public checks of the numbers are
    `crypto.certificate.verify_key_record`.

    Raises: MalformedRecord, RecordTooLarge.
    """
    wire = decode_canonical(body, CeremonyRecord, limit_bytes=CEREMONY_BYTES_MAX)
    nb = size.n_bytes
    try:
        require_supported(wire.trustees, wire.threshold)
        if len(wire.feldman) != wire.trustees or any(len(row) != wire.threshold for row in wire.feldman):
            raise MalformedRecord("The ceremony record must hold t Feldman values for each trustee.")
        decode_base64url(wire.transcript, 32)
        n = decode_int(wire.n, nb)
        if n.bit_length() != size.bits or n % 2 == 0:
            raise MalformedRecord(f"The modulus must be an odd number of exactly {size.bits} bits.")
        k = decode_int(wire.k, nb + K_EXTRA_BYTES)
        feldman = tuple(tuple(decode_int(v, nb) for v in row) for row in wire.feldman)
        return wire.election, PublicKeyRecord(
            n=n,
            threshold=wire.threshold,
            trustees=wire.trustees,
            F0=decode_int(wire.f0, nb),
            k=k,
            feldman=feldman,
            verification_keys=derive_verification_keys(n, factorial(wire.trustees), k, feldman),
            nth_roots=tuple(decode_int(v, nb) for v in wire.nth_roots),
            square_roots=tuple(decode_int(v, nb) for v in wire.square_roots),
        )
    except CryptoError as error:
        raise MalformedRecord(f"The ceremony record: {error}") from error

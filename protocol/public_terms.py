"""The terms of an election as its server hands them out: all that a voter's device needs, without the roll.

Source: docs/API.md, `GET …/terms`. The fingerprint ties manifest, ceremony and roll together and the trustees signed
it. Of the roll there is only the digest here, so its total weight is the server's word: a wrong one makes ballots that
every verifier refuses, it cannot turn a vote into another.
"""

from typing import Annotated, Final, Literal

import msgspec

from crypto.certificate import verify_key_record
from crypto.encoding import decode_base64url, encode_base64url
from crypto.key import ElectionKey
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.ceremony_record import CEREMONY_BYTES_MAX, CeremonyRecord
from protocol.errors import TermsMismatch
from protocol.leaf import Kind, body_digest
from protocol.manifest import MANIFEST_BYTES_MAX, Manifest
from protocol.records import Freeze
from protocol.roll import ENTRIES_MAX, WEIGHT_MAX
from protocol.terms import FREEZE_BYTES_MAX, ElectionTerms, fingerprint_of, read_key, verify_freeze
from protocol.text import Base64url

PUBLIC_TERMS_BYTES_MAX: Final = MANIFEST_BYTES_MAX + CEREMONY_BYTES_MAX + FREEZE_BYTES_MAX + 1000


class PublicTerms(Record, frozen=True):
    """The answer of `GET …/terms`. roll_digest: 32 bytes, body digest of the roll."""

    ceremony: CeremonyRecord
    fingerprint: Base64url
    format: Literal["psephos/terms/v1"]
    freeze: Freeze
    manifest: Manifest
    roll_digest: Base64url
    total_weight: Annotated[int, msgspec.Meta(ge=1, le=ENTRIES_MAX * WEIGHT_MAX)]


class _RawPublicTerms(Record, frozen=True):
    ceremony: msgspec.Raw
    fingerprint: Base64url
    format: Literal["psephos/terms/v1"]
    freeze: msgspec.Raw
    manifest: msgspec.Raw
    roll_digest: Base64url
    total_weight: int


def make_public_terms(
    manifest_body: bytes, ceremony_body: bytes, roll_digest: bytes, freeze_body: bytes, total_weight: int
) -> bytes:
    """The canonical answer. The bodies: as they stand on the board, already accepted there.  roll_digest: 32 bytes."""
    digests = (
        body_digest(Kind.MANIFEST, manifest_body),
        body_digest(Kind.CEREMONY, ceremony_body),
        roll_digest,
    )
    return encode_canonical(
        _RawPublicTerms(
            ceremony=msgspec.Raw(ceremony_body),
            fingerprint=encode_base64url(fingerprint_of(*digests)),
            format="psephos/terms/v1",
            freeze=msgspec.Raw(freeze_body),
            manifest=msgspec.Raw(manifest_body),
            roll_digest=encode_base64url(roll_digest),
            total_weight=total_weight,
        )
    )


def read_public_terms(data: bytes) -> ElectionTerms:
    """The terms in such an answer, after every check that is possible without the roll: fingerprint, the key's
    certificate, the trustees' signatures. Compare `fingerprint_code` with a letter: only that ties them to an election.

    Raises: MalformedRecord, RecordTooLarge, TermsMismatch, ManifestInvalid; KeyRefused and other errors of `crypto`.
    """
    record = decode_canonical(data, PublicTerms, limit_bytes=PUBLIC_TERMS_BYTES_MAX)
    manifest_body, ceremony_body = encode_canonical(record.manifest), encode_canonical(record.ceremony)
    key_record = read_key(record.manifest, ceremony_body)
    fingerprint = fingerprint_of(
        body_digest(Kind.MANIFEST, manifest_body),
        body_digest(Kind.CEREMONY, ceremony_body),
        decode_base64url(record.roll_digest, 32),
    )
    if encode_base64url(fingerprint) != record.fingerprint:
        raise TermsMismatch("The fingerprint is not that of these terms.")
    key = ElectionKey.derive(key_record.n, record.manifest.election, record.manifest.size)
    terms = ElectionTerms(record.manifest, key_record, key, fingerprint, record.total_weight)
    _ = terms.layouts  # refuses what does not fit before anybody relies on it
    verify_freeze(terms, encode_canonical(record.freeze))
    verify_key_record(key_record, record.manifest.size)
    return terms

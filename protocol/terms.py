"""The frozen terms of an election: manifest, key and roll, tied by the fingerprint."""

from dataclasses import dataclass
from functools import cached_property

from crypto.display_code import display_code
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.key import ElectionKey
from crypto.key_record import PublicKeyRecord
from crypto.signature import verify_signature
from crypto.transcript import tuple_hash
from protocol.canonical import decode_canonical
from protocol.ceremony_record import decode_ceremony
from protocol.errors import TermsMismatch
from protocol.layout import QuestionLayout, lay_out
from protocol.leaf import Kind, body_digest
from protocol.manifest import Manifest, decode_manifest
from protocol.records import Freeze, freeze_message
from protocol.roll import Roll, decode_roll

FREEZE_BYTES_MAX = 10_000


@dataclass(frozen=True)
class ElectionTerms:
    """All that a ballot, a proof or a count depends on, besides the board itself.

    fingerprint: 32 bytes, what letters carry and trustees sign.  total_weight: sum of the roll's weights.
    """

    manifest: Manifest
    record: PublicKeyRecord
    key: ElectionKey
    fingerprint: bytes
    total_weight: int

    @cached_property
    def layouts(self) -> tuple[QuestionLayout, ...]:
        """One for each question, in order."""
        return lay_out(self.manifest, self.total_weight)

    @property
    def election(self) -> str:
        """The election's id."""
        return self.manifest.election

    @property
    def fingerprint_text(self) -> str:
        """The fingerprint as it stands in records."""
        return encode_base64url(self.fingerprint)

    @property
    def fingerprint_code(self) -> str:
        """The fingerprint as people compare it."""
        return display_code(self.fingerprint)


def fingerprint_of(manifest_digest: bytes, ceremony_digest: bytes, roll_digest: bytes) -> bytes:
    """H_fingerprint of the digests of the first three bodies."""
    return tuple_hash("fingerprint", [manifest_digest, ceremony_digest, roll_digest])


def read_key(manifest: Manifest, ceremony: bytes) -> PublicKeyRecord:
    """The ceremony's record, if it is this manifest's: election, number of trustees and threshold.

    The public checks of the numbers are `crypto.certificate.verify_key_record`.
    Raises: MalformedRecord, TermsMismatch.
    """
    election, record = decode_ceremony(ceremony, manifest.size)
    if election != manifest.election:
        raise TermsMismatch("The ceremony record belongs to another election.")
    if (record.trustees, record.threshold) != (len(manifest.trustees), manifest.threshold):
        raise TermsMismatch(
            f"The key is shared {record.threshold} of {record.trustees}, "
            f"the manifest says {manifest.threshold} of {len(manifest.trustees)}."
        )
    return record


def assemble_terms(
    manifest_body: bytes, ceremony_body: bytes, roll_body: bytes
) -> tuple[ElectionTerms, Roll]:
    """Terms and roll from the first three bodies of a board.

    Raises: ManifestInvalid, MalformedRecord, TermsMismatch, RollInvalid, RecordTooLarge; OutOfRange for a
    modulus of another length.
    """
    manifest = decode_manifest(manifest_body)
    record = read_key(manifest, ceremony_body)
    roll = decode_roll(roll_body, manifest)
    return tie_terms(manifest, record, roll, (manifest_body, ceremony_body, roll_body)), roll


def tie_terms(
    manifest: Manifest, record: PublicKeyRecord, roll: Roll, bodies: tuple[bytes, bytes, bytes]
) -> ElectionTerms:
    """The terms of what was read from these three bodies.

    Raises: ManifestInvalid when a sum over this roll does not fit a plaintext, or a ballot would be too large.
    """
    manifest_body, ceremony_body, roll_body = bodies
    fingerprint = fingerprint_of(
        body_digest(Kind.MANIFEST, manifest_body),
        body_digest(Kind.CEREMONY, ceremony_body),
        body_digest(Kind.ROLL, roll_body),
    )
    key = ElectionKey.derive(record.n, manifest.election, manifest.size)
    terms = ElectionTerms(manifest, record, key, fingerprint, roll.total_weight)
    _ = terms.layouts  # refuses what does not fit before anybody relies on it
    return terms


def verify_freeze(terms: ElectionTerms, body: bytes) -> None:
    """Check that every trustee signed this fingerprint. Raises: MalformedRecord, TermsMismatch."""
    freeze = decode_canonical(body, Freeze, limit_bytes=FREEZE_BYTES_MAX)
    if (freeze.election, freeze.fingerprint) != (terms.election, terms.fingerprint_text):
        raise TermsMismatch("The freeze names another election or fingerprint.")
    if len(freeze.signatures) != len(terms.manifest.trustees):
        raise TermsMismatch("The freeze does not carry one signature for each trustee.")
    message = freeze_message(terms.election, terms.fingerprint)
    for trustee, signature in enumerate(freeze.signatures, start=1):
        try:
            verify_signature(terms.manifest.trustee_key(trustee), message, decode_base64url(signature, 64))
        except CryptoError as error:
            raise TermsMismatch(f"Trustee {trustee} did not sign this fingerprint: {error}") from error

"""Replacing a lost voting code: the registrar revokes the old credential and names the new one in its place.

The new credential takes the old one's line: its weight and its area. Ballots of the old one stop counting, those it
cast before and those it might cast later. A replaced code may be replaced again, so a line can have a chain of them.
Source: PROTOCOL sections 3, 4 and 8, "Replaced codes".
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.signature import require_sound_public_key, verify_signature
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, ProtocolError
from protocol.leaf import Kind, body_digest, signed_message
from protocol.manifest import Manifest
from protocol.roll import Roll, RollEntry
from protocol.text import Base64url, ElectionId, require_text

REVOCATION_BYTES_MAX: Final = 20_000
SIGNED_REVOCATION_BYTES_MAX: Final = REVOCATION_BYTES_MAX + 1000


class Revocation(Record, frozen=True):
    """`old` may not vote any more, `new` may in its place. reason: everybody reads it, so it names no voter."""

    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/revocation/v1"]
    new: Base64url
    old: Base64url
    reason: str

    def __post_init__(self) -> None:
        require_text(self.reason, 1000, "reason")


class RevocationRefused(ProtocolError):
    """A revocation that the registrar did not sign, or whose keys cannot be exchanged."""

    code = "revocation-refused"


def make_revocation(election: str, fingerprint: bytes, old: bytes, new: bytes, reason: str) -> bytes:
    """The body that the registrar signs. old, new: public keys, 32 bytes.  reason: 1 to 1,000 characters.

    Raises: ValueError for a reason that is empty, too long or not plain text.
    """
    return encode_canonical(
        Revocation(
            election=election,
            fingerprint=encode_base64url(fingerprint),
            format="psephos/revocation/v1",
            new=encode_base64url(new),
            old=encode_base64url(old),
            reason=reason,
        )
    )


class _SignedRevocationRecord(Record, frozen=True):
    body: msgspec.Raw
    format: Literal["psephos/signed-revocation/v1"]
    signature: Base64url


def encode_signed_revocation(body: bytes, signature: bytes) -> bytes:
    """The file that the registrar hands over, with its newline. It carries nothing secret."""
    return (
        encode_canonical(
            _SignedRevocationRecord(
                body=msgspec.Raw(body),
                format="psephos/signed-revocation/v1",
                signature=encode_base64url(signature),
            )
        )
        + b"\n"
    )


def decode_signed_revocation(data: bytes) -> tuple[bytes, bytes]:
    """(body, signature) of such a file; whose signature it is, `require_registrar` checks.

    Raises: MalformedRecord, RecordTooLarge.
    """
    record = decode_canonical(
        data.removesuffix(b"\n"), _SignedRevocationRecord, limit_bytes=SIGNED_REVOCATION_BYTES_MAX
    )
    body = bytes(record.body)
    decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    try:
        return body, decode_base64url(record.signature, 64)
    except CryptoError as error:
        raise MalformedRecord(f"The signature cannot be read: {error}") from error


def require_registrar(manifest: Manifest, body: bytes, signature: bytes) -> None:
    """Check that the registrar of this election signed the body of a revocation. Raises: RevocationRefused."""
    if manifest.registrar_key is None:
        raise RevocationRefused("The terms of this election name no registrar, so codes are not replaced.")
    message = signed_message(Kind.REVOCATION, body_digest(Kind.REVOCATION, body))
    try:
        verify_signature(decode_base64url(manifest.registrar_key, 32), message, signature)
    except CryptoError as error:
        raise RevocationRefused(
            f"The revocation is not signed by the registrar of this election: {error}"
        ) from error


@dataclass(frozen=True)
class Exchange:
    """What a revocation says, read: public keys of 32 bytes and the reason."""

    old: bytes
    new: bytes
    reason: str


def read_revocation(election: str, fingerprint: str, body: bytes) -> Exchange:
    """Decode a revocation of this election. fingerprint: as it stands in records.

    Raises: MalformedRecord, RecordTooLarge; RevocationRefused for another election or a key that is not sound.
    """
    record = decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    if (record.election, record.fingerprint) != (election, fingerprint):
        raise RevocationRefused("The revocation belongs to another election, or to other terms of this one.")
    try:
        old, new = decode_base64url(record.old, 32), decode_base64url(record.new, 32)
        require_sound_public_key(new)
    except CryptoError as error:
        raise RevocationRefused(f"A key of the revocation cannot be used: {error}") from error
    return Exchange(old, new, record.reason)


def revocation_names(body: bytes, credential: bytes) -> bool:
    """Whether a revocation puts this credential into the place of another. Raises: MalformedRecord, RecordTooLarge."""
    record = decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    return record.new == encode_base64url(credential)


@dataclass
class ActiveRoll:
    """The roll as revocations change it. Indices are positions on the board: what a leaf may do depends on where it is.

    ended: revoked credential to the index of its revocation.  began: new credential to that of the one that named it.
    lines: new credential to the weight and area that it took over. Kept for each, so that a long chain of replacements
    costs no more than as many single ones.
    """

    roll: Roll
    ended: dict[bytes, int] = field(default_factory=dict)
    began: dict[bytes, int] = field(default_factory=dict)
    lines: dict[bytes, RollEntry] = field(default_factory=dict)

    def exchange(self, index: int, old: bytes, new: bytes) -> None:
        """Apply the revocation at `index`. Raises: RevocationRefused."""
        line = self.line_of(old)
        require_exchange(
            old_is_known=line is not None,
            old_is_revoked=old in self.ended,
            new_is_known=self.line_of(new) is not None,
        )
        assert line is not None  # noqa: S101  (require_exchange has refused an unknown one)
        self.ended[old] = index
        self.began[new] = index
        self.lines[new] = line

    def line_of(self, credential: bytes) -> RollEntry | None:
        """Weight and area of a credential that ever was on the roll; None for any other."""
        return self.lines.get(credential) or self.roll.entries.get(credential)

    def is_on_roll(self, credential: bytes, index: int) -> bool:
        """Whether the credential stood on the roll when entry `index` was appended, revoked or not."""
        return self.line_of(credential) is not None and self.began.get(credential, -1) < index

    def is_revoked(self, credential: bytes, index: int) -> bool:
        """Whether the credential was revoked before entry `index`."""
        ended = self.ended.get(credential)
        return ended is not None and ended < index

    def entries(self) -> dict[bytes, RollEntry]:
        """The effective roll: every credential that is not revoked."""
        ever = {**self.roll.entries, **self.lines}
        return {key: entry for key, entry in ever.items() if key not in self.ended}


def require_exchange(*, old_is_known: bool, old_is_revoked: bool, new_is_known: bool) -> None:
    """The rule of what may be exchanged. known: on the roll, now or ever. Raises: RevocationRefused."""
    if not old_is_known:
        raise RevocationRefused("The old voting code is not on the voters' list of this election.")
    if old_is_revoked:
        raise RevocationRefused("The old voting code was replaced already. Replace the newest one instead.")
    if new_is_known:
        raise RevocationRefused("The new voting code is or was on the voters' list. Make a fresh one.")

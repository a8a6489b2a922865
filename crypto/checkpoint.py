"""The head of a log: C2SP tlog-checkpoint, and witnesses' cosignatures on it (C2SP tlog-cosignature, v1).

    example.org/election/2027                      origin: which log
    20852163                                       tree size
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root hash, RFC 6962

    — example.org/election/2027 Az3grl…            the log's signature
    — witness.example/w1 jWbPPwAAAABk…             a witness saw it grow consistently, at a time

https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature. Extension lines, which the
specification permits and advises against, are refused: nothing would audit them.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

from crypto.errors import CryptoError, OutOfRange
from crypto.merkle import HASH_BYTES, MAX_SIZE
from crypto.note import (
    MalformedNote,
    Note,
    SignatureMissing,
    decode_base64,
    key_id,
    parse_note,
    require_key_name,
    sign_note,
    signature_by,
    signature_line,
    verify_note,
)
from crypto.signature import SIGNATURE_BYTES, SignatureFailed, SigningKey, verify_signature

__all__ = [
    "Checkpoint",
    "MalformedCheckpoint",
    "MalformedNote",
    "Note",
    "SignatureMissing",
    "WrongOrigin",
    "add_cosignature",
    "parse_checkpoint_text",
    "parse_note",
    "sign_checkpoint",
    "verify_checkpoint",
    "verify_cosignature",
]

COSIGNATURE_V1: Final = b"\x04"
"""Signature type of a timestamped Ed25519 cosignature."""

MAX_TIMESTAMP: Final = 2**63 - 1
_TIMESTAMP_BYTES: Final = 8

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedCheckpoint(CryptoError):
    """A note's text that is not a checkpoint."""

    code = "malformed-checkpoint"


class WrongOrigin(CryptoError):
    """A well-formed checkpoint of another log."""

    code = "wrong-origin"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"This checkpoint is of the log “{found}”, not of “{expected}”.")
        self.expected, self.found = expected, found


@dataclass(frozen=True)
class Checkpoint:
    """What a log says about itself at one size."""

    origin: str
    """Also the key name under which the log signs: not empty, no spaces, no “+”."""
    size: int
    """Number of leaves, 0 ≤ size < 2^63."""
    root: bytes
    """32 bytes."""

    def text(self) -> str:
        """The note text, with its final newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


def parse_checkpoint_text(text: str) -> Checkpoint:
    """The checkpoint that a note's text spells; exactly three lines. Raises: MalformedCheckpoint."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise MalformedCheckpoint("A checkpoint is three lines: origin, tree size, root hash.")
    origin, size, root = lines[:3]
    if not _DECIMAL.fullmatch(size) or int(size) > MAX_SIZE:
        raise MalformedCheckpoint("A checkpoint's size is a plain decimal number below 2^63.")
    try:
        require_key_name(origin)
        checkpoint = Checkpoint(origin, int(size), decode_base64(root))
    except MalformedNote as error:
        raise MalformedCheckpoint(f"A line of the checkpoint is malformed: {error}") from error
    if len(checkpoint.root) != HASH_BYTES:
        raise MalformedCheckpoint(f"A checkpoint's root hash has {HASH_BYTES} bytes.")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signing_key: SigningKey, key_name: str | None = None) -> str:
    """The signed note of this checkpoint. key_name: the origin unless given.

    The caller sees to it that one key never signs two inconsistent heads.
    Raises: MalformedCheckpoint, MalformedNote.
    """
    text = checkpoint.text()
    if parse_checkpoint_text(text) != checkpoint:
        raise MalformedCheckpoint("The checkpoint does not read back as itself.")
    return sign_note(text, checkpoint.origin if key_name is None else key_name, signing_key)


def verify_checkpoint(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """Check that the log `origin` signed this checkpoint with the key that is known for it.

    Raises: MalformedNote, SignatureMissing, SignatureFailed, UnsoundPublicKey, MalformedCheckpoint,
    WrongOrigin (a note signed under this key name, but about another log).
    """
    parsed = parse_note(note)
    verify_note(parsed, origin, public_key)
    checkpoint = parse_checkpoint_text(parsed.text)
    if checkpoint.origin != origin:
        raise WrongOrigin(origin, checkpoint.origin)
    return checkpoint


def add_cosignature(note: str, witness_name: str, signing_key: SigningKey, timestamp: int) -> str:
    """`note` with the witness's line appended. The witness has checked consistency before.

    timestamp: POSIX seconds, 0 ≤ timestamp < 2^63.
    Raises: OutOfRange, MalformedNote, MalformedCheckpoint.
    """
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise OutOfRange("A cosignature's time is a number of seconds from 0 to 2^63 − 1.")
    parsed = parse_note(note)
    parse_checkpoint_text(parsed.text)
    signature = signing_key.sign(_cosigned_message(parsed.text, timestamp))
    identity = key_id(witness_name, COSIGNATURE_V1, signing_key.public_key)
    stamped = timestamp.to_bytes(_TIMESTAMP_BYTES, "big") + signature
    cosigned = note + signature_line(witness_name, identity, stamped)
    parse_note(cosigned)
    return cosigned


def verify_cosignature(note: str, witness_name: str, public_key: bytes) -> int:
    """Check this witness's cosignature of the checkpoint; when it was made, in POSIX seconds.

    Which log the checkpoint is of, and whether the time is plausible, is the caller's check.
    Raises: MalformedNote, MalformedCheckpoint, SignatureMissing, SignatureFailed, UnsoundPublicKey.
    """
    parsed = parse_note(note)
    parse_checkpoint_text(parsed.text)
    stamped = signature_by(parsed, witness_name, key_id(witness_name, COSIGNATURE_V1, public_key))
    if len(stamped) != _TIMESTAMP_BYTES + SIGNATURE_BYTES:
        raise SignatureFailed("a cosignature has 8 bytes of time and 64 of signature.")
    timestamp = int.from_bytes(stamped[:_TIMESTAMP_BYTES], "big")
    if timestamp > MAX_TIMESTAMP:
        raise SignatureFailed("a cosignature's time is below 2^63.")
    verify_signature(public_key, _cosigned_message(parsed.text, timestamp), stamped[_TIMESTAMP_BYTES:])
    return timestamp


def _cosigned_message(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()

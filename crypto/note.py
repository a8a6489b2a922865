"""C2SP signed-note: a text, an empty line, signature lines. https://c2sp.org/signed-note

    text, ending in a newline
    (empty line)
    — name base64(4-byte key ID ‖ signature)

Signatures of unknown keys are ignored, as the specification demands; a known key signs a note once.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from crypto.errors import CryptoError
from crypto.signature import SigningKey, verify_signature

ED25519: Final = b"\x01"
"""Signature type of a plain Ed25519 note signature."""

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 16

_LINE_START: Final = "— "
_KEY_ID_BYTES: Final = 4


class MalformedNote(CryptoError):
    """Text that is not a signed note."""

    code = "malformed-note"


class SignatureMissing(CryptoError):
    """A note without a signature by the key that must have signed it."""

    code = "signature-missing"

    def __init__(self, key_name: str) -> None:
        super().__init__(f"The note carries no signature by the known key of “{key_name}”.")
        self.key_name = key_name


@dataclass(frozen=True)
class NoteSignature:
    """One signature line."""

    key_name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A parsed note; nothing in it is verified."""

    text: str
    """Includes its final newline, not the empty line after it."""
    signatures: tuple[NoteSignature, ...]


def key_id(key_name: str, signature_type: bytes, public_key: bytes) -> bytes:
    """SHA-256(key name ‖ 0x0A ‖ signature type ‖ public key)[:4]."""
    return hashlib.sha256(key_name.encode() + b"\n" + signature_type + public_key).digest()[:_KEY_ID_BYTES]


def require_key_name(name: str) -> None:
    """A key name is not empty and has neither white space nor control characters nor “+”.

    Raises: MalformedNote.
    """
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise MalformedNote("A key's name is not empty and has no spaces, control characters or “+”.")


def parse_note(note: str) -> Note:
    """Split a signed note.

    Limits: 64 KiB of UTF-8, 1 to 16 signature lines. Raises: MalformedNote.
    """
    if len(note) > MAX_NOTE_BYTES or len(_utf8(note)) > MAX_NOTE_BYTES:
        raise MalformedNote(f"A signed note has at most {MAX_NOTE_BYTES} bytes.")
    if any(each < " " and each != "\n" for each in note):
        raise MalformedNote("A signed note has no control characters but newlines.")
    text_end = note.rfind("\n\n")
    if text_end < 0 or not note.endswith("\n") or text_end + 2 == len(note):
        raise MalformedNote("A signed note is a text, an empty line and lines of signatures.")
    lines = note[text_end + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(f"A signed note has at most {MAX_SIGNATURES} signatures.")
    return Note(note[: text_end + 1], tuple(_parse_line(line) for line in lines))


def sign_note(text: str, key_name: str, signing_key: SigningKey) -> str:
    """`text` with one Ed25519 signature. text: ends in a newline.

    Raises: MalformedNote when the result would not be a signed note.
    """
    identity = key_id(key_name, ED25519, signing_key.public_key)
    note = text + "\n" + signature_line(key_name, identity, signing_key.sign(_utf8(text)))
    if parse_note(note).text != text:
        raise MalformedNote("The text of a note ends in a newline.")
    return note


def verify_note(note: Note, key_name: str, public_key: bytes) -> None:
    """Check the note's one Ed25519 signature by this key.

    Raises: SignatureMissing, MalformedNote (the key signed twice), SignatureFailed, UnsoundPublicKey.
    """
    signature = signature_by(note, key_name, key_id(key_name, ED25519, public_key))
    verify_signature(public_key, note.text.encode(), signature)


def signature_by(note: Note, key_name: str, identity: bytes) -> bytes:
    """The bytes after the key ID in the one line of this key; not verified.

    Raises: SignatureMissing; MalformedNote when the key stands there twice.
    """
    found = [
        each.signature for each in note.signatures if (each.key_name, each.key_id) == (key_name, identity)
    ]
    if not found:
        raise SignatureMissing(key_name)
    if len(found) > 1:
        raise MalformedNote(f"“{key_name}” signed the note twice with one key.")
    return found[0]


def signature_line(key_name: str, identity: bytes, signature: bytes) -> str:
    """One signature line with its newline. Raises: MalformedNote for an impossible key name."""
    require_key_name(key_name)
    return f"{_LINE_START}{key_name} {base64.b64encode(identity + signature).decode('ascii')}\n"


def decode_base64(text: str) -> bytes:
    """Standard base64 (RFC 4648, section 4) in its one canonical spelling. Raises: MalformedNote."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:  # also binascii.Error, and non-ASCII text
        raise MalformedNote("A note's base64 is not standard base64.") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise MalformedNote("A note's base64 is not spelled canonically.")
    return data


def _parse_line(line: str) -> NoteSignature:
    parts = line.removeprefix(_LINE_START).split(" ")
    if not line.startswith(_LINE_START) or len(parts) != 2:
        raise MalformedNote("A signature line is an em dash, a key's name and base64.")
    name, encoded = parts
    require_key_name(name)
    data = decode_base64(encoded)
    if len(data) <= _KEY_ID_BYTES:
        raise MalformedNote("A note's signature is empty.")
    return NoteSignature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise MalformedNote("A signed note is UTF-8.") from error

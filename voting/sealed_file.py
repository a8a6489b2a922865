"""The registrar's own files, sealed with a passphrase: one line that anybody can read, then what nobody can.

The line says what the file is and about what; it is bound to the rest. How it is sealed: `crypto.sealing`.
"""

from typing import Final, Literal

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.sealing import (
    COMMITMENT_BYTES,
    PRODUCT_COST,
    PassphraseWrong,
    ScryptCost,
    SealBroken,
    new_seal,
    open_seal,
)
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.sealing import Sealing, sealing_of
from protocol.text import Base64url, require_text
from voting.errors import VotingError

Format = Literal["psephos/registrar-key/v1", "psephos/code-book/v1"]
HEAD_BYTES_MAX: Final = 2000


class SealedFileUnusable(VotingError):
    """A file that is not of the kind that was asked for, or was damaged."""

    code = "sealed-file-unusable"


class SealedFileLocked(VotingError):
    """The passphrase does not open the file."""

    code = "sealed-file-locked"

    def __init__(self) -> None:
        super().__init__("This passphrase does not open the file.")


class _Head(Record, frozen=True):
    about: str
    commitment: Base64url
    format: Format
    sealing: Sealing

    def __post_init__(self) -> None:
        require_text(self.about, 200, "about")


def seal_file(
    kind: Format, about: str, secret: bytes, passphrase: str, cost: ScryptCost = PRODUCT_COST
) -> bytes:
    """The bytes of a file. about: readable without the passphrase, 1 to 200 characters.

    Raises: PassphraseTooWeak; ValueError for `about`.
    """
    seal = new_seal(passphrase, cost)
    head = encode_canonical(
        _Head(
            about=about,
            commitment=encode_base64url(seal.commitment),
            format=kind,
            sealing=sealing_of(seal),
        )
    )
    return head + b"\n" + seal.encrypt(secret, head)


def open_file(
    kind: Format, data: bytes, passphrase: str, cost: ScryptCost = PRODUCT_COST
) -> tuple[str, bytes]:
    """(about, secret) of a file. cost: the only one that is accepted.

    Raises: SealedFileUnusable, SealedFileLocked, PassphraseTooWeak.
    """
    line, newline, sealed = data.partition(b"\n")
    try:
        head = decode_canonical(line, _Head, limit_bytes=HEAD_BYTES_MAX)
        salt, nonce = head.sealing.salt_and_nonce
        commitment = decode_base64url(head.commitment, COMMITMENT_BYTES)
    except (ProtocolError, CryptoError) as error:
        raise SealedFileUnusable(f"This is not a whole sealed file: {error}") from error
    if head.format != kind or not newline:
        raise SealedFileUnusable(f"This file is a {head.format}, not a {kind}.")
    if not head.sealing.costs(cost):
        raise SealedFileUnusable("The file is sealed in another way than this program seals.")
    try:
        return head.about, open_seal(passphrase, salt, nonce, commitment, cost).decrypt(sealed, line)
    except PassphraseWrong as error:
        raise SealedFileLocked from error
    except SealBroken as error:
        raise SealedFileUnusable("The passphrase is right, but the file was altered. Use a copy.") from error

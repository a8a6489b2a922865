"""The trustee's key file: signing key and share, sealed with a passphrase.

The file begins as an identity, before there is an election: a signing key alone, whose public half the manifest
names. The ceremony's share is added into a new file. Everything that is readable without the passphrase (for which
election, whose, how sealed) is bound to what is not.

How it is sealed: `crypto.sealing`.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.key_record import KeyShare
from crypto.key_size import KeySize
from crypto.sealing import (
    COMMITMENT_BYTES,
    PRODUCT_COST,
    TAG_BYTES,
    PassphraseTooWeak,
    PassphraseWrong,
    ScryptCost,
    SealBroken,
    new_seal,
    open_seal,
)
from crypto.signature import SEED_BYTES, SigningKey
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.records import TrusteeNumber
from protocol.sealing import Sealing, sealing_of
from protocol.text import Base64url, ElectionId, require_text
from trustee.errors import FileStands, KeyFileDamaged, PassphraseUnfit, WrongPassphrase

KEY_FILE_BYTES_MAX: Final = 10_000
_USE_A_COPY: Final = "Use a copy of the key file, but keep the diary that lies beside it."


class SharePlace(Record, frozen=True):
    """For which election and key the file holds a share."""

    bits: Literal[2048, 3072]
    election: ElectionId
    trustee: TrusteeNumber


class _Head(Record, frozen=True):
    # Readable without the passphrase; the associated data of the seal.
    commitment: Base64url
    format: Literal["psephos/trustee-key/v1"]
    name: str
    public_key: Base64url
    sealing: Sealing
    share: SharePlace | None

    def __post_init__(self) -> None:
        require_text(self.name, 100, "name")


class _Envelope(Record, frozen=True):
    ciphertext: Base64url
    head: _Head


@dataclass(frozen=True)
class TrusteeKey:
    """An opened key file. share: None in an identity.  place: what the share is for, None with it.

    The secrets never appear in a repr.
    """

    name: str
    seed: bytes = field(repr=False)
    place: SharePlace | None = None
    share: KeyShare | None = field(default=None, repr=False)

    @property
    def signing_key(self) -> SigningKey:
        """The trustee's Ed25519 key."""
        return SigningKey.from_seed(self.seed)

    @property
    def public_key(self) -> bytes:
        """What the manifest names this trustee by."""
        return self.signing_key.public_key

    def with_share(self, election: str, size: KeySize, share: KeyShare) -> "TrusteeKey":
        """The same trustee, holding a share of an election's key."""
        # The two sizes are all that a manifest allows.
        bits: Literal[2048, 3072] = 3072 if size.bits == 3072 else 2048
        return TrusteeKey(
            self.name, self.seed, SharePlace(bits=bits, election=election, trustee=share.index), share
        )


def new_identity(name: str) -> TrusteeKey:
    """A trustee with a fresh signing key and no share yet. name: 1 to 100 characters. Raises: ValueError."""
    require_text(name, 100, "name")
    return TrusteeKey(name, secrets.token_bytes(SEED_BYTES))


def seal_key(key: TrusteeKey, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> bytes:
    """The bytes of the key file. Raises: PassphraseUnfit."""
    try:
        seal = new_seal(passphrase, cost)
    except PassphraseTooWeak as error:
        raise PassphraseUnfit(str(error)) from error
    head = _Head(
        commitment=encode_base64url(seal.commitment),
        format="psephos/trustee-key/v1",
        name=key.name,
        public_key=encode_base64url(key.public_key),
        sealing=sealing_of(seal),
        share=key.place,
    )
    secret = key.seed
    if key.share is not None and key.place is not None:
        secret += key.share.to_bytes(KeySize(key.place.bits))
    sealed = seal.encrypt(secret, encode_canonical(head))
    return encode_canonical(_Envelope(ciphertext=encode_base64url(sealed), head=head)) + b"\n"


def open_key(data: bytes, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> TrusteeKey:
    """The key in the bytes of a key file. cost: the only one that is accepted.

    Raises: KeyFileDamaged, WrongPassphrase, PassphraseUnfit.
    """
    try:
        envelope = decode_canonical(data.removesuffix(b"\n"), _Envelope, limit_bytes=KEY_FILE_BYTES_MAX)
        head = envelope.head
        salt, nonce = head.sealing.salt_and_nonce
        commitment = decode_base64url(head.commitment, COMMITMENT_BYTES)
        length = SEED_BYTES + (0 if head.share is None else _share_bytes(head.share))
        sealed = decode_base64url(envelope.ciphertext, length + TAG_BYTES)
    except (ProtocolError, CryptoError) as error:
        raise KeyFileDamaged(f"This is not a whole key file: {error} {_USE_A_COPY}") from error
    if not head.sealing.costs(cost):
        raise KeyFileDamaged("The key file is sealed in another way than this program seals. Use your copy.")
    try:
        secret = open_seal(passphrase, salt, nonce, commitment, cost).decrypt(sealed, encode_canonical(head))
    except PassphraseTooWeak as error:
        raise PassphraseUnfit(str(error)) from error
    except PassphraseWrong as error:
        raise WrongPassphrase("This passphrase does not open the key file.") from error
    except SealBroken as error:
        raise KeyFileDamaged(
            f"The passphrase is right, but the key file was altered. {_USE_A_COPY}"
        ) from error
    key = _read_secret(head, secret)
    if encode_base64url(key.public_key) != head.public_key:
        raise KeyFileDamaged("The key file names another public key than it holds.")
    return key


def _read_secret(head: _Head, secret: bytes) -> TrusteeKey:
    key = TrusteeKey(head.name, secret[:SEED_BYTES])
    if head.share is None:
        return key
    size = KeySize(head.share.bits)
    return key.with_share(
        head.share.election, size, KeyShare.from_bytes(head.share.trustee, secret[SEED_BYTES:], size)
    )


def _share_bytes(place: SharePlace) -> int:
    return len(KeyShare(place.trustee, 0).to_bytes(KeySize(place.bits)))


def write_new_file(path: Path, data: bytes) -> None:
    """Put a file there whole or not at all, readable for its owner alone, and on the disk when this returns.

    Raises: FileStands, OSError.
    """
    if path.exists() or path.is_symlink():
        raise FileStands(f"{path} exists already and is not overwritten.")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Does nothing where a system has no such call."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

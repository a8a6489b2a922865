"""Files that only a passphrase opens: trustees' keys, the registrar's key, voting codes before their letters.

64 bytes by scrypt (RFC 7914; N = 2^17, r = 8, p = 1: 128 MiB for each guess); the first 32 are the key of
XChaCha20-Poly1305, the others a commitment that tells a wrong passphrase from a damaged file. (An AEAD alone does not
commit to its key.) What can be read without the passphrase, commitment and salt included, is the associated data.
"""

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from Cryptodome.Cipher import ChaCha20_Poly1305

from crypto.errors import CryptoError

PASSPHRASE_CHARACTERS_MIN: Final = 12
PASSPHRASE_CHARACTERS_MAX: Final = 1000
SALT_BYTES: Final = 32
NONCE_BYTES: Final = 24
TAG_BYTES: Final = 16
COMMITMENT_BYTES: Final = 32
_KEY_BYTES: Final = 32


class PassphraseTooWeak(CryptoError):
    """A passphrase that is too short to protect anything, or none at all."""

    code = "passphrase-too-weak"


class PassphraseWrong(CryptoError):
    """Another passphrase than the one that sealed."""

    code = "passphrase-wrong"

    def __init__(self) -> None:
        super().__init__("The passphrase is not the one that sealed.")


class SealBroken(CryptoError):
    """The passphrase is right, but what was sealed, or what was written beside it, is not as it was."""

    code = "seal-broken"

    def __init__(self) -> None:
        super().__init__("The passphrase is right, but the sealed data was altered.")


@dataclass(frozen=True)
class ScryptCost:
    """What a guess of the passphrase costs: 2^log2_n steps over 1 KiB · r."""

    log2_n: int = 17
    r: int = 8
    p: int = 1

    def __post_init__(self) -> None:
        if self.log2_n < 17 or self.r < 8 or self.p < 1:
            raise ValueError("Files are sealed with N = 2^17, r = 8, p = 1 at least.")


PRODUCT_COST: Final = ScryptCost()


@dataclass(frozen=True)
class Seal:
    """A stretched passphrase: seals once, opens what it sealed. Salt, nonce and commitment stand in the file."""

    salt: bytes
    nonce: bytes
    commitment: bytes
    cost: ScryptCost
    _key: bytes = field(repr=False)

    def encrypt(self, secret: bytes, head: bytes) -> bytes:
        """Ciphertext and tag. head: what is bound to them. To be called once: the nonce is used up by it."""
        cipher = ChaCha20_Poly1305.new(key=self._key, nonce=self.nonce)
        cipher.update(head)
        ciphertext, tag = cipher.encrypt_and_digest(secret)
        return ciphertext + tag

    def decrypt(self, sealed: bytes, head: bytes) -> bytes:
        """The secret. Raises: SealBroken."""
        if len(sealed) < TAG_BYTES:
            raise SealBroken
        cipher = ChaCha20_Poly1305.new(key=self._key, nonce=self.nonce)
        cipher.update(head)
        try:
            return cipher.decrypt_and_verify(sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
        except ValueError as error:
            raise SealBroken from error


def new_seal(passphrase: str, cost: ScryptCost = PRODUCT_COST) -> Seal:
    """With fresh salt and nonce. Raises: PassphraseTooWeak for fewer than 12 characters (in NFC)."""
    typed = _passphrase_bytes(passphrase)
    if len(unicodedata.normalize("NFC", passphrase)) < PASSPHRASE_CHARACTERS_MIN:
        raise PassphraseTooWeak(
            f"A passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters. Take five or six words by chance."
        )
    salt = secrets.token_bytes(SALT_BYTES)
    key, commitment = _stretch(typed, salt, cost)
    return Seal(salt, secrets.token_bytes(NONCE_BYTES), commitment, cost, key)


def open_seal(passphrase: str, salt: bytes, nonce: bytes, commitment: bytes, cost: ScryptCost) -> Seal:
    """The seal that a file describes. Raises: PassphraseWrong, PassphraseTooWeak for none at all."""
    key, expected = _stretch(_passphrase_bytes(passphrase), salt, cost)
    if not hmac.compare_digest(expected, commitment):
        raise PassphraseWrong
    return Seal(salt, nonce, commitment, cost, key)


def _stretch(passphrase: bytes, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
    """(key of the cipher, commitment)."""
    n, memory = 1 << cost.log2_n, 128 * cost.r << cost.log2_n
    length = _KEY_BYTES + COMMITMENT_BYTES
    derived = hashlib.scrypt(passphrase, salt=salt, n=n, r=cost.r, p=cost.p, maxmem=2 * memory, dklen=length)
    return derived[:_KEY_BYTES], derived[_KEY_BYTES:]


def _passphrase_bytes(passphrase: str) -> bytes:
    # NFC: keyboards spell Vietnamese letters in different ways.
    text = unicodedata.normalize("NFC", passphrase)
    if not 1 <= len(text) <= PASSPHRASE_CHARACTERS_MAX:
        raise PassphraseTooWeak(f"A passphrase has 1 to {PASSPHRASE_CHARACTERS_MAX} characters.")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PassphraseTooWeak("The passphrase holds a character that is none.") from error

"""How a file is sealed with a passphrase, as its readable head says it: key files and the registrar's alike."""

from typing import Annotated, Literal

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.sealing import NONCE_BYTES, SALT_BYTES, ScryptCost, Seal
from protocol.canonical import Record
from protocol.text import Base64url


class Sealing(Record, frozen=True):
    """What opening needs besides the passphrase. log2_n, r, p: the cost of a guess (RFC 7914)."""

    cipher: Literal["XChaCha20-Poly1305"]
    kdf: Literal["scrypt"]
    log2_n: Annotated[int, msgspec.Meta(ge=1, le=30)]
    nonce: Base64url
    p: Annotated[int, msgspec.Meta(ge=1, le=16)]
    r: Annotated[int, msgspec.Meta(ge=1, le=32)]
    salt: Base64url

    def costs(self, cost: ScryptCost) -> bool:
        """Whether a guess costs exactly this."""
        return (self.log2_n, self.r, self.p) == (cost.log2_n, cost.r, cost.p)

    @property
    def salt_and_nonce(self) -> tuple[bytes, bytes]:
        """Raises: MalformedEncoding."""
        return decode_base64url(self.salt, SALT_BYTES), decode_base64url(self.nonce, NONCE_BYTES)


def sealing_of(seal: Seal) -> Sealing:
    """The record of a seal."""
    return Sealing(
        cipher="XChaCha20-Poly1305",
        kdf="scrypt",
        log2_n=seal.cost.log2_n,
        nonce=encode_base64url(seal.nonce),
        p=seal.cost.p,
        r=seal.cost.r,
        salt=encode_base64url(seal.salt),
    )

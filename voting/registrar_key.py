"""The registrar's signing key: its public half stands in the manifest, it signs which code replaces which."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from crypto.sealing import PRODUCT_COST, ScryptCost
from crypto.signature import SEED_BYTES, SigningKey
from protocol.text import require_text
from voting.sealed_file import SealedFileUnusable, open_file, seal_file

KEY_FILE_BYTES_MAX: Final = 10_000


@dataclass(frozen=True)
class RegistrarKey:
    """An opened key file. The seed never shows in a repr."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def signing_key(self) -> SigningKey:
        """The Ed25519 key."""
        return SigningKey.from_seed(self.seed)

    @property
    def public_key(self) -> bytes:
        """What the manifest names as `registrar_key`."""
        return self.signing_key.public_key


def new_registrar_key(name: str) -> RegistrarKey:
    """A fresh key. name: 1 to 100 characters, written into the file alone. Raises: ValueError."""
    require_text(name, 100, "name")
    return RegistrarKey(name, secrets.token_bytes(SEED_BYTES))


def seal_registrar_key(key: RegistrarKey, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> bytes:
    """The bytes of the key file. Raises: PassphraseTooWeak."""
    return seal_file("psephos/registrar-key/v1", key.name, key.seed, passphrase, cost)


def open_registrar_key(data: bytes, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> RegistrarKey:
    """Raises: SealedFileUnusable, SealedFileLocked, PassphraseTooWeak."""
    name, seed = open_file("psephos/registrar-key/v1", data, passphrase, cost)
    if len(seed) != SEED_BYTES:
        raise SealedFileUnusable("The file holds no key.")
    return RegistrarKey(name, seed)

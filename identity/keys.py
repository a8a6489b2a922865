"""The keys of this room: files in the folder of secrets, made at the first start, never in the database."""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from Cryptodome.Cipher import ChaCha20_Poly1305

from crypto.signature import SigningKey
from identity.errors import KeyMissing, KeysUnsafe, SealBroken

NAMES: Final = ("identity.person", "identity.seal", "site.log")
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 24
_TAG_BYTES: Final = 16


@dataclass(frozen=True)
class IdentityKeys:
    """person: hashes what identifies people.  seal: hides second factors.  log: signs the site log."""

    person: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    log: SigningKey = field(repr=False)

    @classmethod
    def open(cls, folder: Path, *, make: bool) -> "IdentityKeys":
        """The keys in `folder`. make: whether missing ones may be made, as on the first start.

        Raises: KeysUnsafe when group or others have any right to the folder; KeyMissing.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            raise KeysUnsafe(f"The folder of secrets {folder} can be read by others. Run: chmod 700 {folder}")
        person, seal, log = (_load(folder, name, make=make) for name in NAMES)
        return cls(person, seal, SigningKey.from_seed(log))

    def person_digest(self, issuer: str, claim: str) -> bytes:
        """HMAC-SHA256 of issuer and claim, 32 bytes; the issuer's length first, so that no two pairs run together."""
        named = issuer.encode()
        message = b"psephos/person/v1" + len(named).to_bytes(4, "big") + named + claim.encode()
        return hmac.new(self.person, message, hashlib.sha256).digest()

    def code_digest(self, person: str, code: str) -> bytes:
        """Keyed hash of a recovery code: the database alone does not let anybody try codes."""
        message = b"psephos/recovery/v1" + person.encode() + code.encode()
        return hmac.new(self.seal, message, hashlib.sha256).digest()

    def tag(self, purpose: str, value: bytes) -> bytes:
        """16 bytes that only this server can make of `value`. purpose: keeps tags of one use from being another's."""
        named = purpose.encode()
        message = b"psephos/tag/v1" + len(named).to_bytes(4, "big") + named + value
        return hmac.new(self.seal, message, hashlib.sha256).digest()[:16]

    def seal_secret(self, plain: bytes, context: str) -> bytes:
        """`plain` under XChaCha20-Poly1305; opens only with the same context (what it is and whose)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = ChaCha20_Poly1305.new(key=self.seal, nonce=nonce)
        cipher.update(context.encode())
        hidden, tag = cipher.encrypt_and_digest(plain)
        return nonce + hidden + tag

    def open_secret(self, sealed: bytes, context: str) -> bytes:
        """What `seal_secret` hid. Raises: SealBroken."""
        nonce, hidden, tag = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        try:
            cipher = ChaCha20_Poly1305.new(key=self.seal, nonce=nonce)
            cipher.update(context.encode())
            return cipher.decrypt_and_verify(hidden, tag)
        except ValueError as error:
            raise SealBroken from error


def _load(folder: Path, name: str, *, make: bool) -> bytes:
    path = folder / f"{name}.key"
    if make and not path.exists():
        _make(folder, path)
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise KeyMissing(name) from error
    if len(key) != _KEY_BYTES:
        raise KeyMissing(name)
    return key


def _make(folder: Path, path: Path) -> None:
    """Whole or not at all, and the first of two starting servers wins."""
    draft = folder / f"{path.name}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_bytes(_KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder_descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)

"""The server's own signing keys, in one folder that nobody else may read; never in the database.

For each election two: `log` signs checkpoints, `server` signs promises and the server's leaves. Where sign-in is
asked a third, which signs nothing: `ties`, the key of the hashes that tie a person to a voting code.
"""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError
from crypto.signature import SigningKey
from voting.errors import SecretMissing, SecretsUnsafe

_SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class ElectionKeys:
    """The two signing keys of one election."""

    log: SigningKey
    server: SigningKey


@dataclass(frozen=True)
class ServerKeys:
    """The folder of secrets (`PSEPHOS_SECRETS`), mode 0700."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "ServerKeys":
        """The folder, made if it is not there. Raises: SecretsUnsafe when group or others have any right to it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            raise SecretsUnsafe(
                f"The folder of secrets {folder} can be read by others. Run: chmod 700 {folder}"
            )
        return cls(folder)

    def make(self, election: str) -> ElectionKeys:
        """New keys for a new election, on disk before they are used. Raises: FileExistsError."""
        for name in ("log", "server"):
            self._write(election, name)
        _sync_folder(self.folder)
        return self.load(election)

    def load(self, election: str) -> ElectionKeys:
        """The keys of an election. Raises: SecretMissing."""
        return ElectionKeys(log=self._read(election, "log"), server=self._read(election, "server"))

    def make_tie_key(self, election: str) -> None:
        """A key for the hashes of sign-in, on disk before it is used; one that is there already stays."""
        try:
            self._write(election, "ties")
        except FileExistsError:
            return
        _sync_folder(self.folder)

    def tie_key(self, election: str) -> bytes:
        """32 bytes. Read anew each time, so that no process remembers a destroyed one. Raises: SecretMissing."""
        try:
            key = bytes.fromhex(self._path(election, "ties").read_text().strip())
        except (OSError, ValueError) as error:
            raise _missing(election, "ties") from error
        if len(key) != _SECRET_BYTES:
            raise _missing(election, "ties")
        return key

    def destroy_tie_key(self, election: str) -> None:
        """Overwrite the key and remove its file; nothing if it is gone.

        A journal, a snapshot, a backup or the spare cells of a flash drive may keep what was overwritten: where that
        matters, the folder lies on an encrypted volume and is left out of backups.
        """
        path = self._path(election, "ties")
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(os.fstat(descriptor).st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink(missing_ok=True)
        _sync_folder(self.folder)

    def _write(self, election: str, name: str) -> None:
        descriptor = os.open(self._path(election, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _path(self, election: str, name: str) -> Path:
        return self.folder / f"{election}.{name}.key"

    def _read(self, election: str, name: str) -> SigningKey:
        try:
            return SigningKey.from_seed(bytes.fromhex(self._path(election, name).read_text().strip()))
        except (OSError, ValueError, CryptoError) as error:
            raise _missing(election, name) from error


def _missing(election: str, name: str) -> SecretMissing:
    return SecretMissing(f"The {name} key of election {election} cannot be read from the folder of secrets.")


def _sync_folder(folder: Path) -> None:
    """The names of new files outlive a power cut only after this."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

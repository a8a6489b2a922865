"""The secrets of a trial run: key holders' keys and shares, and the invented voters' codes, all with the server.

That is what makes it a trial: the manifest says so, and no page or verifier shows it without saying so.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.key_record import KeyShare
from crypto.key_size import KeySize
from crypto.signature import SigningKey
from crypto.voting_code import VotingCode, parse_voting_code
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.text import Base64url, ElectionId

_FILE_BYTES_MAX = 10_000_000


class TrialSecretsMissing(Exception):
    """The keys of this trial run are not here (any more)."""

    code = "trial-secrets-missing"

    def __init__(self) -> None:
        super().__init__("The keys of this trial run are gone: it is over, or was begun on another server.")


class _Stored(Record, frozen=True):
    codes: tuple[str, ...]
    election: ElectionId
    format: Literal["psephos/trial-secrets/v1"]
    shares: tuple[str, ...]
    signing: tuple[Base64url, ...]


@dataclass(frozen=True)
class TrialSecrets:
    """codes: of the invented voters, in the order in which they vote; nothing of this is ever in a repr."""

    signing: tuple[bytes, ...] = field(repr=False)
    shares: tuple[KeyShare, ...] = field(repr=False)
    codes: tuple[VotingCode, ...] = field(repr=False)

    @property
    def signing_keys(self) -> tuple[SigningKey, ...]:
        """The key holders' signing keys, in their order."""
        return tuple(SigningKey.from_seed(seed) for seed in self.signing)


def keep_trial_secrets(folder: Path, election: str, secrets: TrialSecrets, size: KeySize) -> None:
    """Write them beside the server's own keys, readable by the server alone. Raises: FileExistsError."""
    stored = _Stored(
        codes=tuple(code.written for code in secrets.codes),
        election=election,
        format="psephos/trial-secrets/v1",
        shares=tuple(share.to_bytes(size).hex() for share in secrets.shares),
        signing=tuple(encode_base64url(seed) for seed in secrets.signing),
    )
    descriptor = os.open(_path(folder, election), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encode_canonical(stored))
        file.flush()
        os.fsync(file.fileno())


def read_trial_secrets(folder: Path, election: str, size: KeySize) -> TrialSecrets:
    """Raises: TrialSecretsMissing."""
    try:
        stored = decode_canonical(_path(folder, election).read_bytes(), _Stored, limit_bytes=_FILE_BYTES_MAX)
        return TrialSecrets(
            signing=tuple(decode_base64url(seed, 32) for seed in stored.signing),
            shares=tuple(
                KeyShare.from_bytes(number, bytes.fromhex(share), size)
                for number, share in enumerate(stored.shares, start=1)
            ),
            codes=tuple(parse_voting_code(code) for code in stored.codes),
        )
    except (OSError, ValueError, CryptoError, ProtocolError) as error:
        raise TrialSecretsMissing from error


def forget_trial_secrets(folder: Path, election: str) -> None:
    """Remove them; harmless when they are gone."""
    _path(folder, election).unlink(missing_ok=True)


def _path(folder: Path, election: str) -> Path:
    return folder / f"{election}.trial.json"

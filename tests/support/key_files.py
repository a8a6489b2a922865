"""Trustees of test elections with their key files, sealed cheaply: the only door to that stands outside the product."""

from dataclasses import dataclass
from pathlib import Path

from crypto.sealing import ScryptCost
from tests.support.elections import TestElection
from trustee.diary import Diary, diary_path
from trustee.key_file import TrusteeKey


@dataclass(frozen=True)
class CheapScryptCost(ScryptCost):
    """Guessed in no time: for tests of everything but the cost."""

    log2_n: int = 4

    def __post_init__(self) -> None:
        """Any cost is allowed here."""


CHEAP = CheapScryptCost()
PASSPHRASE = "mười hai con voi"


def open_trustee(election: TestElection, number: int) -> TrusteeKey:
    """Trustee `number` of a test election, as opened from a key file."""
    key = TrusteeKey(f"Trustee {number}", bytes([number]) * 32)
    return key.with_share(election.terms.election, election.manifest.size, election.shares[number - 1])


def diary_of(key: TrusteeKey, folder: Path) -> Diary:
    """A fresh diary in a folder."""
    assert key.place is not None
    return Diary.create(diary_path(folder / f"trustee-{key.place.trustee}"), key.place)

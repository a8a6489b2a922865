"""Trustees of test elections as opened from their key files, and their diaries."""

from pathlib import Path

from tests.support.elections import TestElection
from trustee.diary import Diary, diary_path
from trustee.key_file import TrusteeKey

PASSPHRASE = "mười hai con voi"


def open_trustee(election: TestElection, number: int) -> TrusteeKey:
    """Trustee `number` of a test election, as opened from a key file."""
    key = TrusteeKey(f"Trustee {number}", bytes([number]) * 32)
    return key.with_share(election.terms.election, election.manifest.size, election.shares[number - 1])


def diary_of(key: TrusteeKey, folder: Path) -> Diary:
    """A fresh diary in a folder."""
    assert key.place is not None
    return Diary.create(diary_path(folder / f"trustee-{key.place.trustee}"), key.place)

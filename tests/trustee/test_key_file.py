"""The key file: opens with its passphrase alone, and not at all after any change."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import encode_base64url
from crypto.sealing import PRODUCT_COST, ScryptCost
from crypto.signature import SigningKey
from protocol.canonical import encode_canonical
from tests.support.elections import make_election, make_manifest
from tests.support.key_files import PASSPHRASE, open_trustee
from tests.support.stretching import CHEAP
from trustee.errors import FileStands, KeyFileDamaged, PassphraseUnfit, TrusteeRefuses, WrongPassphrase
from trustee.key_file import (
    TrusteeKey,
    new_identity,
    open_key,
    seal_key,
    write_new_file,
)

ELECTION = make_election(make_manifest(trustees=3))


@pytest.fixture(scope="module")
def sealed() -> bytes:
    """A key file with a share."""
    return seal_key(open_trustee(ELECTION, 2), PASSPHRASE, CHEAP)


def test_what_was_sealed_comes_back(sealed: bytes) -> None:
    key = open_key(sealed, PASSPHRASE, CHEAP)
    assert key == open_trustee(ELECTION, 2)
    assert key.share == ELECTION.shares[1]
    assert encode_base64url(key.public_key) == ELECTION.manifest.trustees[1].key


def test_an_identity_comes_back_too() -> None:
    identity = new_identity("Nguyễn Thị Lan")
    opened = open_key(seal_key(identity, PASSPHRASE, CHEAP), PASSPHRASE, CHEAP)
    assert opened == identity
    assert (opened.share, opened.place) == (None, None)
    assert new_identity("A").public_key != new_identity("A").public_key


def test_the_product_seals_with_a_costly_guess() -> None:
    assert (PRODUCT_COST.log2_n, PRODUCT_COST.r, PRODUCT_COST.p) == (17, 8, 1)
    for cheaper in ((16, 8, 1), (17, 7, 1), (17, 8, 0)):
        with pytest.raises(ValueError, match="at least"):
            ScryptCost(*cheaper)
    identity = new_identity("A")
    data = seal_key(identity, PASSPHRASE)
    assert json.loads(data)["head"]["sealing"]["log2_n"] == 17
    assert open_key(data, PASSPHRASE) == identity


def test_a_file_sealed_cheaply_is_not_opened_by_the_product(sealed: bytes) -> None:
    with pytest.raises(KeyFileDamaged, match="in another way"):
        open_key(sealed, PASSPHRASE)


def test_two_spellings_of_a_vietnamese_passphrase_are_one(sealed: bytes) -> None:
    decomposed = "mu\u031bo\u031b\u0300i hai con voi"
    assert decomposed != PASSPHRASE
    assert open_key(sealed, decomposed, CHEAP).share == ELECTION.shares[1]


@pytest.mark.parametrize("guess", ["mười hai con vo", "Mười hai con voi", PASSPHRASE + " "])
def test_another_passphrase_is_told_from_damage(sealed: bytes, guess: str) -> None:
    with pytest.raises(WrongPassphrase):
        open_key(sealed, guess, CHEAP)


@pytest.mark.parametrize("passphrase", ["", "elf letters", "x" * 1001, "\ud800" * 12])
def test_a_passphrase_that_protects_nothing_is_not_taken(passphrase: str) -> None:
    with pytest.raises(PassphraseUnfit):
        seal_key(new_identity("A"), passphrase, CHEAP)


def test_a_file_with_any_byte_changed_does_not_open(sealed: bytes) -> None:
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises((KeyFileDamaged, WrongPassphrase)):
            open_key(changed, PASSPHRASE, CHEAP)


def test_a_file_cut_anywhere_does_not_open(sealed: bytes) -> None:
    for length in range(0, len(sealed) - 1, 7):
        with pytest.raises(KeyFileDamaged):
            open_key(sealed[:length], PASSPHRASE, CHEAP)
    with pytest.raises(KeyFileDamaged):
        open_key(sealed + b"\n", PASSPHRASE, CHEAP)


def altered(sealed: bytes, *path: str, value: Any) -> bytes:
    """The file with one readable field replaced, canonical again."""
    record = json.loads(sealed)
    place = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return encode_canonical(record) + b"\n"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("head", "name"), "Somebody else"),
        (("head", "public_key"), encode_base64url(SigningKey.from_seed(b"B" * 32).public_key)),
        (("head", "share", "election"), "f" * 32),
        (("head", "share", "trustee"), 3),
        (("head", "share"), None),
        (("head", "share", "bits"), 3072),
        (("head", "sealing", "nonce"), encode_base64url(b"n" * 24)),
    ],
)
def test_what_is_readable_is_bound_to_what_is_sealed(
    sealed: bytes, path: tuple[str, ...], value: object
) -> None:
    with pytest.raises(KeyFileDamaged):
        open_key(altered(sealed, *path, value=value), PASSPHRASE, CHEAP)


def test_a_file_that_asks_for_endless_work_is_refused_before_it(sealed: bytes) -> None:
    with pytest.raises(KeyFileDamaged, match="in another way"):
        open_key(altered(sealed, "head", "sealing", "log2_n", value=30), PASSPHRASE, CHEAP)
    with pytest.raises(KeyFileDamaged, match="not a whole key file"):
        open_key(b"[" * 5_000_000, PASSPHRASE, CHEAP)


def test_no_secret_shows_in_a_repr_or_an_error(sealed: bytes) -> None:
    key = open_trustee(ELECTION, 2)
    assert key.share is not None
    shown = repr(key) + repr(key.share) + repr(key.signing_key)
    assert str(key.share.share) not in shown
    assert key.seed.hex() not in shown
    assert repr(key.seed) not in shown
    with pytest.raises(TrusteeRefuses) as refused:
        open_key(sealed, "the wrong passphrase", CHEAP)
    assert "wrong passphrase" not in str(refused.value)


def test_a_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    previous = os.umask(0)
    try:
        write_new_file(path, b"first")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileStands):
        write_new_file(path, b"second")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileStands):
        write_new_file(tmp_path / "link", b"third")
    assert path.read_bytes() == b"first"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["key", "link"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_new_file(tmp_path / "key", b"secret")
    assert list(tmp_path.iterdir()) == []


def test_a_share_is_put_into_the_trustees_own_file() -> None:
    identity = TrusteeKey("Trustee 2", bytes([2]) * 32)
    key = identity.with_share(ELECTION.terms.election, ELECTION.manifest.size, ELECTION.shares[1])
    assert (key.public_key, key.name) == (identity.public_key, identity.name)
    assert key.place is not None
    assert (key.place.trustee, key.place.election, key.place.bits) == (2, ELECTION.terms.election, 2048)

"""The file in which a trustee hands over a public key."""

import pytest

from crypto.signature import SigningKey
from protocol.errors import MalformedRecord, ProtocolError, RecordTooLarge
from protocol.trustee_identity import IDENTITY_BYTES_MAX, encode_identity, read_identity

KEY = SigningKey.from_seed(b"k" * 32)
OTHER = SigningKey.from_seed(b"o" * 32)
GOOD = encode_identity("Nguyễn Thị Lan", KEY)


def test_what_was_written_is_read() -> None:
    for data in (GOOD, GOOD.removesuffix(b"\n")):
        found = read_identity(data)
        assert (found.name, found.key) == ("Nguyễn Thị Lan", KEY.public_key)


def test_another_name_or_key_is_noticed() -> None:
    renamed = GOOD.replace(b"Lan", b"Hoa")
    with pytest.raises(MalformedRecord, match="did not sign"):
        read_identity(renamed)
    theirs = encode_identity("Nguyễn Thị Lan", OTHER)
    key = GOOD.split(b'"key":"')[1][:43]
    with pytest.raises(MalformedRecord, match="did not sign"):
        read_identity(theirs.replace(theirs.split(b'"key":"')[1][:43], key))


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", GOOD + GOOD, GOOD[:-9], GOOD.replace(b"trustee-identity", b"freeze-signature"), b"\xff"],
    ids=["empty", "no-fields", "twice", "cut", "another-format", "no-text"],
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_identity(data)


def test_a_long_file_is_not_read() -> None:
    with pytest.raises(RecordTooLarge):
        read_identity(b" " * (IDENTITY_BYTES_MAX + 1))


@pytest.mark.parametrize("name", ["", "x" * 101, "a\u202eb"])
def test_a_name_that_no_manifest_takes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        encode_identity(name, KEY)

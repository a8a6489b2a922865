"""Checkpoints and cosignatures: other people's, ours, and forged ones."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.checkpoint import (
    Checkpoint,
    MalformedCheckpoint,
    WrongOrigin,
    add_cosignature,
    sign_checkpoint,
    verify_checkpoint,
    verify_cosignature,
)
from crypto.errors import CryptoError, OutOfRange
from crypto.note import MalformedNote, SignatureMissing, key_id, parse_note, sign_note, verify_note
from crypto.signature import SignatureFailed, SigningKey
from tests.vectors.files import read_vectors

VECTORS = read_vectors("checkpoint")
LOG_KEY = bytes.fromhex(VECTORS["log_key"])
WITNESS_KEY = bytes.fromhex(VECTORS["witness_key"])
ERRORS = {
    each.code: each
    for each in (MalformedNote, MalformedCheckpoint, SignatureMissing, SignatureFailed, WrongOrigin)
}
KEY = SigningKey.from_seed(bytes(32))

# A head that the Go checksum database really signed, and the note of the Go package's documentation.
GO_CHECKSUM_HEAD = (
    "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
    "+xeMcTOAYQ8=\n"
)
GO_CHECKSUM_KEY = "ce3372d75ad1ee5ecdaf8727293d4b111d87eb37531d7c86d4d3003f0eb809fc"
NEUMANN_KEY = "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
    "BwJnAM=\n"
)


@pytest.mark.parametrize("case", VECTORS["checkpoints"], ids=lambda case: case["id"])
def test_checkpoint_vectors(case: dict[str, Any]) -> None:
    if case["result"] == "valid":
        checkpoint = verify_checkpoint(case["note"], VECTORS["origin"], LOG_KEY)
        assert checkpoint == Checkpoint(VECTORS["origin"], case["size"], bytes.fromhex(case["root"]))
        return
    with pytest.raises(CryptoError) as refused:
        verify_checkpoint(case["note"], VECTORS["origin"], LOG_KEY)
    assert type(refused.value) is ERRORS[case["error"]]


@pytest.mark.parametrize("case", VECTORS["cosignatures"], ids=lambda case: case["id"])
def test_cosignature_vectors(case: dict[str, Any]) -> None:
    if case["result"] == "valid":
        assert verify_cosignature(case["note"], VECTORS["witness_name"], WITNESS_KEY) == case["timestamp"]
        return
    with pytest.raises(CryptoError) as refused:
        verify_cosignature(case["note"], VECTORS["witness_name"], WITNESS_KEY)
    assert type(refused.value) is ERRORS[case["error"]]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("\n 0A—=+\t\u00a0\ud800"))
def test_no_altered_note_says_something_else(place: int, character: str) -> None:
    note = VECTORS["checkpoints"][0]["note"]
    place %= len(note)
    for altered in (
        note[:place] + character + note[place + 1 :],
        note[:place] + character + note[place:],
        note[:place] + note[place + 1 :],
    ):
        if altered != note:
            with pytest.raises(CryptoError):
                verify_checkpoint(altered, VECTORS["origin"], LOG_KEY)


@pytest.mark.parametrize(
    ("note", "name", "key"),
    [(GO_CHECKSUM_HEAD, "sum.golang.org", GO_CHECKSUM_KEY), (NEUMANN_NOTE, "PeterNeumann", NEUMANN_KEY)],
)
def test_notes_that_other_software_signed(note: str, name: str, key: str) -> None:
    verify_note(parse_note(note), name, bytes.fromhex(key))
    with pytest.raises(SignatureFailed):
        verify_note(parse_note(note.replace("t", "T", 1)), name, bytes.fromhex(key))


def test_key_id_of_other_software() -> None:
    assert key_id("sum.golang.org", b"\x01", bytes.fromhex(GO_CHECKSUM_KEY)).hex() == "033de0ae"


def test_cosigned_message_is_that_of_the_specification() -> None:
    """The example of C2SP tlog-cosignature, signed here with a key of ours."""
    note = sign_checkpoint(parse_head(GO_CHECKSUM_HEAD), KEY)
    line = add_cosignature(note, "witness.example.com/w1", KEY, 1679315147)[len(note) :]
    stamped = parse_note(f"x\n\n{line}").signatures[0]
    assert stamped.key_id == key_id("witness.example.com/w1", b"\x04", KEY.public_key)
    assert stamped.signature == bytes.fromhex("00000000641850cb") + KEY.sign(
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def parse_head(note: str) -> Checkpoint:
    """The head of the specification's example: that of the Go checksum database under another name."""
    _, size, root = parse_note(note).text.split("\n")[:3]
    return Checkpoint("example.com/behind-the-sofa", int(size), base64.b64decode(root))


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("two words", 1, bytes(32)),
        Checkpoint("a+b", 1, bytes(32)),
        Checkpoint("two\nlines", 1, bytes(32)),
        Checkpoint("example", -1, bytes(32)),
        Checkpoint("example", 2**63, bytes(32)),
        Checkpoint("example", 1, bytes(31)),
    ],
)
def test_impossible_checkpoints_are_not_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(MalformedCheckpoint):
        sign_checkpoint(checkpoint, KEY)


@pytest.mark.parametrize("text", ["", "no newline", "a\n\nb", "tab\t\n", "\ud800\n"])
def test_impossible_notes_are_not_signed(text: str) -> None:
    with pytest.raises(MalformedNote):
        sign_note(text, "example", KEY)


@pytest.mark.parametrize("timestamp", [-1, 2**63])
def test_impossible_times_are_not_cosigned(timestamp: int) -> None:
    with pytest.raises(OutOfRange):
        add_cosignature(sign_checkpoint(Checkpoint("example", 0, bytes(32)), KEY), "w", KEY, timestamp)


def test_a_witness_does_not_cosign_what_is_no_checkpoint() -> None:
    with pytest.raises(MalformedCheckpoint):
        add_cosignature(sign_note("a poem\n", "example", KEY), "w", KEY, 0)

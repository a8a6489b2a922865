"""Ed25519: RFC 8032's own examples, and every way in which libraries disagree."""

import re
from typing import Any

import pytest
from Cryptodome.Signature import eddsa
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import MalformedEncoding
from crypto.signature import (
    GROUP_ORDER,
    SignatureFailed,
    SigningKey,
    UnsoundPublicKey,
    require_sound_public_key,
    verify_signature,
)
from tests.vectors.files import read_vectors
from tests.vectors.make_signature import BASE, NEUTRAL, TORSION, add, decode, encode, times

VECTORS = read_vectors("signature")
ERRORS = {each.code: each for each in (UnsoundPublicKey, SignatureFailed)}

# RFC 8032, section 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public_key", "message", "signature"), RFC_8032)
def test_examples_of_the_rfc(seed: str, public_key: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public_key.hex() == public_key
    assert key.sign(bytes.fromhex(message)).hex() == signature
    verify_signature(key.public_key, bytes.fromhex(message), bytes.fromhex(signature))


@settings(max_examples=100, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300))
def test_a_signature_is_byte_for_byte_what_the_library_makes(seed: bytes, message: bytes) -> None:
    key, other = SigningKey.from_seed(seed), eddsa.import_private_key(seed)
    assert key.public_key == other.public_key().export_key(format="raw")
    assert key.sign(message) == eddsa.new(other, "rfc8032").sign(message)


@pytest.mark.parametrize("case", VECTORS["keys"], ids=lambda case: case["id"])
def test_key_vectors(case: dict[str, Any]) -> None:
    key = bytes.fromhex(case["public_key"])
    if case["result"] == "valid":
        require_sound_public_key(key)
        return
    with pytest.raises(ERRORS[case["error"]]):
        require_sound_public_key(key)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_signature_vectors(case: dict[str, Any]) -> None:
    arguments = tuple(bytes.fromhex(case[name]) for name in ("public_key", "message", "signature"))
    if case["result"] == "valid":
        verify_signature(*arguments)
        return
    with pytest.raises(ERRORS[case["error"]]):
        verify_signature(*arguments)


def test_what_we_refuse_is_something_that_other_verifiers_take() -> None:
    """Control: the crafted signatures satisfy the cofactored equation; only the strictness fails them."""
    accepted = {case["id"] for case in VECTORS["cases"] if case.get("cofactored_accepts")}
    assert accepted == {
        *(f"r-with-order-{order}" for order in ("two", "four", "eight")),
        *("r-of-order-two", "r-neutral-with-sign", "r-neutral-plus-p", "s-plus-order"),
        *("key-of-mixed-order", "key-of-order-two", "key-neutral-s-equals-order"),
    }


@pytest.mark.parametrize("name", ["r-with-order-two", "key-of-mixed-order", "key-neutral-s-equals-order"])
def test_the_library_alone_would_take_it(name: str) -> None:
    """Control: why `verify_signature` does not leave the verdict to `Cryptodome.Signature.eddsa`."""
    case = next(case for case in VECTORS["cases"] if case["id"] == name)
    key = eddsa.import_public_key(bytes.fromhex(case["public_key"]))
    eddsa.new(key, "rfc8032").verify(bytes.fromhex(case["message"]), bytes.fromhex(case["signature"]))


@settings(max_examples=25, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), bit=st.integers(0, 511))
def test_any_key_verifies_and_any_flipped_bit_does_not(seed: bytes, message: bytes, bit: int) -> None:
    key = SigningKey.from_seed(seed)
    require_sound_public_key(key.public_key)
    signature = key.sign(message)
    verify_signature(key.public_key, message, signature)
    flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    with pytest.raises(SignatureFailed):
        verify_signature(key.public_key, message, flipped)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.sampled_from(range(8)))
def test_soundness_is_what_other_arithmetic_says(data: bytes, torsion: int) -> None:
    """Random bytes are off the curve or of mixed order as a rule, so multiples of the base point are mixed in."""
    sound = times(int.from_bytes(data, "little") % GROUP_ORDER, BASE)
    shifted = encode(add(sound, times(torsion, TORSION)))
    for key in (data, shifted):
        point = decode(key)
        expected = (
            point is not None
            and point != NEUTRAL
            and encode(point) == key
            and times(GROUP_ORDER, point) == NEUTRAL
        )
        if expected:
            require_sound_public_key(key)
        else:
            with pytest.raises(UnsoundPublicKey):
                require_sound_public_key(key)


def test_group_order_is_that_of_the_base_point() -> None:
    assert GROUP_ORDER == 0x1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedEncoding, match=re.escape(f"not {length}.")):
        SigningKey.from_seed(b"s" * length)


def test_seed_is_in_no_representation() -> None:
    seed = bytes(range(100, 132))
    shown = repr(SigningKey.from_seed(seed))
    assert seed.hex() not in shown
    assert repr(seed) not in shown

"""TupleHash256 against NIST's sample and against a second implementation from the standard's text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.transcript import tuple_hash, u32, u64
from tests.vectors.files import read_vectors

VECTORS = read_vectors("transcript")


def left_encode(value: int) -> bytes:
    """SP 800-185, section 2.3.1."""
    digits = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes([len(digits)]) + digits


def right_encode(value: int) -> bytes:
    """SP 800-185, section 2.3.1."""
    encoded = left_encode(value)
    return encoded[1:] + encoded[:1]


def tuple_hash_of_the_standard(custom: bytes, items: list[bytes], length_bytes: int) -> bytes:
    """SP 800-185, section 5.3.1: cSHAKE256 (section 3.3) with the function name TupleHash."""
    rate = 136
    prefix = left_encode(rate) + encode_string(b"TupleHash") + encode_string(custom)
    padded = prefix + bytes(-len(prefix) % rate) + b"".join(map(encode_string, items))
    message = padded + right_encode(8 * length_bytes) + b"\x04"
    message += bytes(-len(message) % rate)
    message = message[:-1] + bytes([message[-1] | 0x80])
    lanes = [0] * 25
    for at in range(0, len(message), rate):
        for lane in range(rate // 8):
            lanes[lane] ^= int.from_bytes(message[at + 8 * lane : at + 8 * lane + 8], "little")
        lanes = keccak_f(lanes)
    output = b""
    while len(output) < length_bytes:
        output += b"".join(lane.to_bytes(8, "little") for lane in lanes[: rate // 8])
        lanes = keccak_f(lanes)
    return output[:length_bytes]


def encode_string(data: bytes) -> bytes:
    """SP 800-185, section 2.3.2."""
    return left_encode(8 * len(data)) + data


def keccak_f(lanes: list[int]) -> list[int]:
    """FIPS 202, section 3.3, on 25 lanes of 64 bits; lane (x, y) at x + 5y."""
    mask = 2**64 - 1

    def rotated(value: int, by: int) -> int:
        return (value << by | value >> (64 - by)) & mask

    register = 1
    for _ in range(24):
        parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        change = [parity[(x - 1) % 5] ^ rotated(parity[(x + 1) % 5], 1) for x in range(5)]
        lanes = [lane ^ change[at % 5] for at, lane in enumerate(lanes)]
        x, y, current = 1, 0, lanes[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            at = x + 5 * y
            current, lanes[at] = lanes[at], rotated(current, (step + 1) * (step + 2) // 2 % 64)
        for row in range(0, 25, 5):
            old = lanes[row : row + 5]
            for x in range(5):
                lanes[row + x] = old[x] ^ (~old[(x + 1) % 5] & mask & old[(x + 2) % 5])
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) & 0xFF
            if register & 2:
                lanes[0] ^= 1 << (1 << bit) - 1
    return lanes


def test_the_second_implementation_meets_the_sample_of_nist() -> None:
    """TupleHash256, sample 4 of the standard's example file."""
    assert tuple_hash_of_the_standard(
        b"", [bytes([0, 1, 2]), bytes([0x10, 0x11, 0x12, 0x13, 0x14, 0x15])], 64
    ) == bytes.fromhex(
        "cfb7058caca5e668f81a12a20a2195ce97a925f1dba3e7449a56f82201ec6073"
        "11ac2696b1ab5ea2352df1423bde7bd4bb78c9aed1a853c78672f9eb23bbe194"
    )


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_vectors(case: dict[str, Any]) -> None:
    items = [bytes.fromhex(item) for item in case["items"]]
    output = tuple_hash(case["purpose"], items, case["length_bytes"])
    assert output.hex() == case["output"]
    custom = b"psephos/v1/" + case["purpose"].encode("ascii")
    assert output == tuple_hash_of_the_standard(custom, items, case["length_bytes"])


def test_all_vectors_differ_in_their_first_bytes() -> None:
    starts = {case["output"][:16] for case in VECTORS["cases"]}
    assert len(starts) == len(VECTORS["cases"])


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_different_tuples_hash_differently(one: list[bytes], other: list[bytes]) -> None:
    assert (tuple_hash("body", one) == tuple_hash("body", other)) == (one == other)


def test_numbers_have_fixed_lengths() -> None:
    assert u32(1) == b"\0\0\0\1"
    assert u64(2**64 - 1) == b"\xff" * 8
    with pytest.raises(OverflowError):
        u32(2**32)
    with pytest.raises(OverflowError):
        u64(-1)

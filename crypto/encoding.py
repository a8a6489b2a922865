"""One value, one spelling: fixed-length big-endian integers and base64url without padding.

Python's own base64 accepts white space, padding and non-zero trailing bits; two spellings of one
value would give one ballot two trackers. Everything here refuses what it would not itself write.
"""

import base64
import binascii

from crypto.errors import MalformedEncoding, OutOfRange


def encode_base64url(data: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str, length_bytes: int) -> bytes:
    """The bytes that `text` spells.

    Raises: MalformedEncoding when `text` is not exactly what `encode_base64url` writes for
    `length_bytes` bytes (alphabet, length, padding, trailing bits).
    """
    if len(text) != (length_bytes * 4 + 2) // 3:
        raise MalformedEncoding(f"Expected {length_bytes} bytes in base64url without padding.")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedEncoding("Not base64url without padding.") from error
    if len(data) != length_bytes or encode_base64url(data) != text:
        raise MalformedEncoding("Not the canonical base64url spelling of these bytes.")
    return data


def int_to_bytes(value: int, length_bytes: int) -> bytes:
    """Unsigned big-endian, exactly `length_bytes` long.

    Raises: OutOfRange when the value is negative or does not fit.
    """
    if value < 0 or value.bit_length() > 8 * length_bytes:
        raise OutOfRange(f"The number does not fit into {length_bytes} unsigned bytes.")
    return value.to_bytes(length_bytes, "big")


def encode_int(value: int, length_bytes: int) -> str:
    """An integer as base64url text of its group's fixed length."""
    return encode_base64url(int_to_bytes(value, length_bytes))


def decode_int(text: str, length_bytes: int) -> int:
    """Inverse of `encode_int`. Range in the group is the caller's check. Raises: MalformedEncoding."""
    return int.from_bytes(decode_base64url(text, length_bytes), "big")

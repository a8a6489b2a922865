"""Every hash of the protocol: TupleHash256 (NIST SP 800-185, section 5) with a purpose string.

A tuple cannot be confused with another tuple, and a hash made for one purpose cannot serve another.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from Cryptodome.Hash import TupleHash256

PURPOSE_PREFIX = "psephos/v1/"
DIGEST_BYTES = 32

# pycryptodomex's type stub says that `custom` is an int; the library takes, and documents, bytes.
_new_state = cast(Callable[..., Any], TupleHash256.new)


def tuple_hash(purpose: str, items: Iterable[bytes], length_bytes: int = DIGEST_BYTES) -> bytes:
    """TupleHash256 of `items` under the customization string `psephos/v1/<purpose>`.

    length_bytes: output length; 32 unless a longer uniform value is needed.
    """
    state = _new_state(digest_bytes=length_bytes, custom=(PURPOSE_PREFIX + purpose).encode("ascii"))
    for item in items:
        state.update(item)
    return cast(bytes, state.digest())


def u32(value: int) -> bytes:
    """A count or index inside a hash: 4 bytes, big-endian."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """A sequence number, size or time inside a hash: 8 bytes, big-endian."""
    return value.to_bytes(8, "big")

"""Digests as people compare them: 125 bits in 5 groups of 5 symbols.

Trackers, aliases of credentials and election fingerprints are shown like this; a QR code or a file
carries all 256 bits.
"""

from typing import Final

from crypto.crockford import grouped, normalise, symbols_of
from crypto.errors import OutOfRange
from crypto.transcript import tuple_hash

DISPLAY_SYMBOLS: Final = 25
GROUP_SYMBOLS: Final = 5


def display_code(digest: bytes) -> str:
    """The first 125 bits of `digest` as XXXXX-XXXXX-XXXXX-XXXXX-XXXXX.

    digest: at least 16 bytes; usually a 32-byte tuple hash. Raises: OutOfRange.
    """
    if len(digest) < 16:
        raise OutOfRange("A display code needs a digest of at least 16 bytes.")
    value = int.from_bytes(digest[:16], "big") >> 3
    return grouped(symbols_of(value, DISPLAY_SYMBOLS), GROUP_SYMBOLS)


def parse_display_code(text: str) -> str:
    """The display code that a person typed, spelled as `display_code` writes it.

    Raises: the errors of `crockford.normalise`, in its order.
    """
    return grouped(normalise(text, DISPLAY_SYMBOLS), GROUP_SYMBOLS)


def alias(public_key: bytes) -> str:
    """The name under which letter, receipt and board show a credential. public_key: 32 bytes."""
    return display_code(tuple_hash("alias", [public_key]))

"""The bytes of a ceremony: messages, strict fixed-length numbers, commitments, and agreement on what was
broadcast.

Source: docs/KEY-CEREMONY.md, "Messages".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crypto.encoding import int_to_bytes
from crypto.errors import MalformedEncoding
from crypto.numbers import mpz
from crypto.transcript import tuple_hash, u32

NONCE_BYTES = 32


@dataclass(frozen=True)
class Message:
    """One party's words of one round: to all (`recipient` None) or, in secret, to one.

    A private payload must travel encrypted and authenticated end to end; a repr never shows it.
    """

    round: int
    sender: int
    recipient: int | None
    payload: bytes = field(repr=False)


def bytes_below(modulus: int) -> int:
    """Fixed length of a number below `modulus`."""
    return ((modulus - 1).bit_length() + 7) // 8


def encode_integers(values: Iterable[int], length_bytes: int) -> bytes:
    """The values one after the other, each unsigned big-endian of `length_bytes`."""
    return b"".join(int_to_bytes(value, length_bytes) for value in values)


def decode_integers(data: bytes, count: int, limit: int) -> list[int]:
    """Exactly `count` numbers below `limit`, each as long as `limit` asks. Raises: MalformedEncoding."""
    length = bytes_below(limit)
    if len(data) != count * length:
        raise MalformedEncoding(f"expected {count} numbers of {length} bytes, got {len(data)} bytes.")
    values = [mpz(int.from_bytes(data[i : i + length], "big")) for i in range(0, len(data), length)]
    if any(value >= limit for value in values):
        raise MalformedEncoding("a number is not below its modulus.")
    return values


def commitment(session: bytes, round_number: int, sender: int, nonce: bytes, body: bytes) -> bytes:
    """What a party says before it may hear the others' values: bound to session, round and sender.

    nonce: 32 secret bytes, which make the commitment hiding.
    """
    return tuple_hash("ceremony-commitment", [session, u32(round_number), u32(sender), nonce, body])


def agreement(previous: bytes, round_number: int, broadcasts: Sequence[bytes]) -> bytes:
    """The hash of everything broadcast up to this round, in the order of the parties."""
    return tuple_hash("ceremony-broadcasts", [previous, u32(round_number), *broadcasts])

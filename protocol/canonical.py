"""Canonical JSON (RFC 8785) and the strict reading of it.

Parsers accept duplicate keys, white space and `-0`; two spellings of one record would have two digests.
So a record is accepted only if encoding what was understood gives back the very bytes that came.
"""

from typing import TypeVar

import msgspec

from protocol.errors import MalformedRecord, RecordTooLarge

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="sorted")


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every wire record: immutable, no field unknown, none missing."""


def encode_canonical(record: object) -> bytes:
    """The canonical bytes of a record. Field names are ASCII, so sorting by code point is RFC 8785's order."""
    return _encoder.encode(record)


def decode_canonical(data: bytes, record_type: type[T], *, limit_bytes: int) -> T:
    """The record that `data` spells.

    Raises: RecordTooLarge before anything is parsed; MalformedRecord for wrong types, unknown or missing
    fields, values out of their limits, and any spelling but the canonical one.
    """
    if len(data) > limit_bytes:
        raise RecordTooLarge(f"The record is longer than the {limit_bytes} bytes allowed here.")
    try:
        record = msgspec.json.decode(data, type=record_type)
        spelling = encode_canonical(record)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MalformedRecord(f"The record cannot be read: {error}.") from error
    if spelling != data:
        raise MalformedRecord(
            "The record is not canonical JSON (order of fields, spaces, escapes or duplicates)."
        )
    return record

"""What travels when a ballot is cast: the request, the signed promise, the receipt that a voter keeps.

Source: PROTOCOL section 4.
"""

from datetime import timedelta
from typing import Literal

from crypto.encoding import decode_base64url, encode_base64url
from crypto.signature import SigningKey, verify_signature
from crypto.transcript import tuple_hash, u64
from protocol.ballot import BallotInvalid, BallotRecord
from protocol.canonical import Record, decode_canonical
from protocol.errors import MalformedRecord
from protocol.leaf import Leaf
from protocol.manifest import Manifest
from protocol.text import Base64url, Count, ElectionId, Timestamp, format_time, parse_time

CAST_OVERHEAD_BYTES = len(b'{"ballot":,"format":"psephos/cast/v1","signature":""}') + 86


class CastRequest(Record, frozen=True):
    """A ballot and the signature that casts it."""

    ballot: BallotRecord
    format: Literal["psephos/cast/v1"]
    signature: Base64url


class Promise(Record, frozen=True):
    """The server's signed word that this tracker stands at this index, visible by the deadline."""

    deadline: Timestamp
    election: ElectionId
    format: Literal["psephos/promise/v1"]
    index: Count
    signature: Base64url
    time: Timestamp
    tracker: Base64url


class Receipt(Record, frozen=True):
    """The voter's file. It shows that and where a ballot stands, not what is in it."""

    ballot: BallotRecord
    checkpoint: str
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/receipt/v1"]
    inclusion: tuple[Base64url, ...]
    leaf: Leaf
    promise: Promise
    tracker: Base64url


def decode_cast_request(data: bytes, ballot_bytes_max: int) -> CastRequest:
    """Raises: RecordTooLarge over the exact limit; BallotInvalid `malformed-ballot` for all else."""
    try:
        return decode_canonical(data, CastRequest, limit_bytes=ballot_bytes_max + CAST_OVERHEAD_BYTES)
    except MalformedRecord as error:
        raise BallotInvalid("malformed-ballot", f"The ballot cannot be read: {error}") from error


def _promise_message(election: str, tracker: bytes, index: int, time: str, deadline: str) -> bytes:
    items = [election.encode("ascii"), tracker, u64(index), time.encode("ascii"), deadline.encode("ascii")]
    return tuple_hash("promise", items)


def _deadline(manifest: Manifest, time: str) -> str:
    try:
        return format_time(parse_time(time) + timedelta(seconds=manifest.promise_seconds))
    except (ValueError, OverflowError) as error:
        raise MalformedRecord("The promise was given at a time that does not exist.") from error


def make_promise(
    manifest: Manifest, tracker: bytes, index: int, time: str, server_key: SigningKey
) -> Promise:
    """The promise for a ballot just appended at `index` with the leaf time `time`."""
    deadline = _deadline(manifest, time)
    message = _promise_message(manifest.election, tracker, index, time, deadline)
    return Promise(
        deadline=deadline,
        election=manifest.election,
        format="psephos/promise/v1",
        index=index,
        signature=encode_base64url(server_key.sign(message)),
        time=time,
        tracker=encode_base64url(tracker),
    )


def verify_promise(manifest: Manifest, promise: Promise) -> None:
    """Check that the manifest's server key signed this promise, and that it promises what the manifest says.

    A deadline in the far future would be signed and yet be evidence of nothing.
    Raises: MalformedRecord (another election, another deadline), SignatureFailed, MalformedEncoding.
    """
    if promise.election != manifest.election:
        raise MalformedRecord("The promise belongs to another election.")
    if promise.deadline != _deadline(manifest, promise.time):
        raise MalformedRecord(f"The promise must be kept within {manifest.promise_seconds} seconds.")
    message = _promise_message(
        promise.election,
        decode_base64url(promise.tracker, 32),
        promise.index,
        promise.time,
        promise.deadline,
    )
    key = decode_base64url(manifest.server_key, 32)
    verify_signature(key, message, decode_base64url(promise.signature, 64))

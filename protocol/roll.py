"""The roll: who may vote, as public keys with weight and counting area, sorted by key (sorting is the shuffle)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.signature import require_sound_public_key
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, RollInvalid
from protocol.manifest import Manifest
from protocol.text import Base64url, ElectionId, Identifier

ENTRIES_MAX = 1_000_000
WEIGHT_MAX = 1_000_000
# {"area":"<32>","key":"<43>","weight":1000000}, and the fields around the list.
ROLL_BYTES_MAX = ENTRIES_MAX * 120 + 1000


class RollLine(Record, frozen=True):
    """One credential on the wire. area: an area's id; key: base64url of 32 bytes; weight: 1 to 1,000,000."""

    area: Identifier
    key: Base64url
    weight: Annotated[int, msgspec.Meta(ge=1, le=WEIGHT_MAX)]


class RollRecord(Record, frozen=True):
    """The body of the `roll` leaf."""

    election: ElectionId
    entries: tuple[RollLine, ...]
    format: Literal["psephos/roll/v1"]


@dataclass(frozen=True)
class RollEntry:
    """What a credential may do: its weight in the sum and the area it is counted in."""

    weight: int
    area: str


@dataclass(frozen=True)
class Roll:
    """The roll as it is used: public key (32 bytes) to entry."""

    entries: Mapping[bytes, RollEntry]

    @property
    def total_weight(self) -> int:
        """Sum of all weights: bounds every slot of every sum."""
        return sum(entry.weight for entry in self.entries.values())

    def lonely_pairs(self) -> tuple[tuple[str, int], ...]:
        """(area, weight) pairs that one credential alone has: its vote could show in the result of its area."""
        pairs = Counter((entry.area, entry.weight) for entry in self.entries.values())
        return tuple(sorted(pair for pair, number in pairs.items() if number == 1))


def make_roll(election: str, entries: Iterable[tuple[bytes, RollEntry]]) -> bytes:
    """The canonical body of a roll, sorted. Soundness of the keys is checked on reading, as for any roll."""
    lines = tuple(
        RollLine(area=entry.area, key=encode_base64url(key), weight=entry.weight)
        for key, entry in sorted(entries, key=lambda item: item[0])
    )
    return encode_canonical(RollRecord(election=election, entries=lines, format="psephos/roll/v1"))


def decode_roll(body: bytes, manifest: Manifest) -> Roll:
    """Read a roll and check every line. Keys are checked here once, for ever (0.1 ms each).

    Raises: RollInvalid naming the first line (from 1) that may not stand there; RecordTooLarge.
    """
    try:
        record = decode_canonical(body, RollRecord, limit_bytes=ROLL_BYTES_MAX)
    except MalformedRecord as error:
        raise RollInvalid(str(error)) from error
    if record.election != manifest.election:
        raise RollInvalid("The roll belongs to another election.")
    if not 1 <= len(record.entries) <= ENTRIES_MAX:
        raise RollInvalid(f"The roll has {len(record.entries)} lines; 1 to {ENTRIES_MAX} are allowed.")
    areas = {area.id for area in manifest.areas}
    entries: dict[bytes, RollEntry] = {}
    previous = b""
    for number, line in enumerate(record.entries, start=1):
        try:
            key = decode_base64url(line.key, 32)
            require_sound_public_key(key)
        except CryptoError as error:
            raise RollInvalid(f"Line {number} of the roll: {error}") from error
        if key <= previous:
            raise RollInvalid(f"Line {number} of the roll: keys must be distinct and in ascending order.")
        if line.area not in areas:
            raise RollInvalid(f"Line {number} of the roll: there is no area {line.area!r} in the manifest.")
        entries[key] = RollEntry(weight=line.weight, area=line.area)
        previous = key
    return Roll(entries=entries)

"""What a log is made of, as others see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from crypto import merkle

LogId = NewType("LogId", int)
"""The database's number of a log. Outside, a log is named by its origin."""


@dataclass(frozen=True)
class Entry:
    """One entry of a log."""

    index: int
    kind: str
    time: datetime
    digest: bytes
    leaf: bytes

    @property
    def leaf_hash(self) -> bytes:
        """RFC 6962 hash of the leaf."""
        return merkle.leaf_hash(self.leaf)


@dataclass(frozen=True)
class Head:
    """Where a log ends."""

    size: int
    last_time: datetime | None
    """Time of the last entry; None while there is none."""


@dataclass(frozen=True)
class Proven:
    """An entry that a signed head covers. note: the signed head.  path: for `crypto.merkle.verify_inclusion`."""

    entry: Entry
    note: str
    path: Sequence[bytes]

"""The public board: its entries, its signed state, and who else has signed it."""

from dataclasses import dataclass
from datetime import datetime

from web.pages.common import Head


@dataclass(frozen=True)
class BoardEntry:
    """One row of the table."""

    index: int
    """From 0."""
    time: datetime
    kind: str
    """As in the protocol."""
    code: str | None
    """Receipt code of a ballot; tracker's code of a test; None for acts."""


@dataclass(frozen=True)
class WitnessState:
    """A witness named by the manifest."""

    name: str
    signed_at: datetime | None
    """When it last signed; None: not yet."""


@dataclass(frozen=True)
class SignedState:
    """The latest checkpoint."""

    size: int
    signed_at: datetime
    root: str
    """base64, as in the checkpoint."""
    url: str


@dataclass(frozen=True)
class BoardCounts:
    """What lies on the board so far."""

    ballots: int
    replaced: int
    tests: int
    acts: int


@dataclass(frozen=True)
class BoardPage:
    """One page of entries, newest first."""

    head: Head
    entries: tuple[BoardEntry, ...]
    page: int
    """From 1, the oldest."""
    pages: int
    state: SignedState
    witnesses: tuple[WitnessState, ...]
    quorum: int
    counts: BoardCounts
    bundle_bytes: int | None
    """None while no bundle is offered."""
    not_found: bool
    """The reader looked for an entry that is not there."""
    sought: str


@dataclass(frozen=True)
class EntryPage:
    """One entry in full."""

    head: Head
    entry: BoardEntry
    digest: str
    leaf: str
    """Canonical JSON."""
    body_url: str
    body_bytes: int
    size: int
    """Entries of the board."""

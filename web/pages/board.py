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
    revocations: int = 0
    """Voting codes that were replaced."""
    conflicts: int = 0
    """Ballots refused after sign-in."""


@dataclass(frozen=True)
class EntryFacts:
    """What an act says in words. by: who answers for it, "" for the clock.  voter, successor: voter numbers.
    conflict: reason code of a ballot refused after sign-in.  persons, ballots: of a closing."""

    by: str = ""
    reason: str = ""
    closes_at: datetime | None = None
    voter: str = ""
    successor: str = ""
    conflict: str = ""
    persons: int | None = None
    ballots: int | None = None


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
    facts: EntryFacts | None = None
    """None where an entry says nothing in words."""

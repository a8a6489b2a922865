"""Check my ballot, as the server answers it to somebody without script."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from web.pages.common import Head


class Standing(StrEnum):
    """What became of a ballot."""

    COUNTS = "counts"
    REPLACED = "replaced"
    REVOKED = "revoked"
    NOT_COUNTED = "not-counted"


class Mistyped(StrEnum):
    """Why a receipt code cannot be looked up."""

    EMPTY = "empty"
    VIETNAMESE = "vietnamese"
    SYMBOL = "symbol"
    LENGTH = "length"


@dataclass(frozen=True)
class CheckedBallot:
    """One ballot of the voter, in the order of casting."""

    receipt: str
    """Display code: five groups joined by `-`."""
    index: int
    """Number of the entry on the board, from 0."""
    time: datetime
    standing: Standing
    entered: bool
    """Whether this is the one that was asked for."""


@dataclass(frozen=True)
class ReplacedCode:
    """The revocation of a voting code."""

    index: int
    """Number of the entry on the board, from 0."""
    successor: str
    """Voter number of the code that took its place."""
    reason: str
    """As the registrar wrote it."""


@dataclass(frozen=True)
class CheckAnswer:
    """What the board says about a code."""

    voter: str
    """The voter number (alias)."""
    ballots: tuple[CheckedBallot, ...]
    revoked: ReplacedCode | None
    """None while the code may vote."""


@dataclass(frozen=True)
class CheckPage:
    """The form, and the answer if a code was given."""

    head: Head
    code: str
    """As typed; stays in the field."""
    mistyped: Mistyped | None
    symbol: str
    """The character that no code contains, with Mistyped.SYMBOL."""
    length: int
    """How many were typed, with Mistyped.LENGTH."""
    answer: CheckAnswer | None
    size: int
    """Entries of the board that was searched."""

    @property
    def missing(self) -> bool:
        """A well-formed code that is not on the board."""
        return bool(self.code) and self.mistyped is None and self.answer is None

    @property
    def counts(self) -> bool:
        """Whether one of the found ballots is counted."""
        return self.answer is not None and any(b.standing is Standing.COUNTS for b in self.answer.ballots)

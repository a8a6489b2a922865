"""The verdict: twelve named checks, each with its count, its time and its failures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.events import Events
from protocol.records import QuestionVotes

FAILURES_LISTED_MAX = 1000

NOT_CHECKED = "Not checked"
"""How the reason begins when a check fails only because another one did."""


class CheckName(StrEnum):
    """The checks of PROTOCOL section 9, in order."""

    KEY = "01-key"
    ROLL = "02-roll"
    BOARD = "03-board"
    BALLOTS = "04-ballots"
    MEMBERSHIP = "05-membership-proofs"
    CHALLENGES = "06-challenges"
    COUNTED = "07-counted-ballots"
    AGGREGATES = "08-aggregates"
    PARTIAL_OPENINGS = "09-partial-openings"
    OPENINGS = "10-openings"
    TOTALS = "11-totals"
    RESULT = "12-result"


class BoardState(StrEnum):
    """How far the election had come when the board was read."""

    UNREADABLE = "unreadable"
    PREPARED = "prepared"
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class Failure:
    """entry: index of the leaf at fault, None when it is not one leaf's.  reason: a sentence."""

    entry: int | None
    reason: str


@dataclass(frozen=True)
class CheckReport:
    """count: things checked (ballots, proofs, openings …).  failure_count: all; `failures` lists the first 1,000."""

    name: CheckName
    count: int
    seconds: float
    failure_count: int
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """No failure."""
        return self.failure_count == 0


@dataclass(frozen=True)
class Report:
    """state: how far the board goes.  size, root: of the verified tree.  warnings: codes of `Manifest.warnings` and of
    the board itself.  result: totals as recomputed, None before there are any.
    """

    checks: tuple[CheckReport, ...]
    state: BoardState
    election: str | None
    fingerprint_code: str | None
    size: int
    root: bytes
    warnings: tuple[str, ...]
    result: tuple[QuestionVotes, ...] | None
    events: Events

    @property
    def ok(self) -> bool:
        """Every check holds."""
        return all(check.ok for check in self.checks)


@dataclass
class CheckLog:
    """Collects counts, times and failures while the checks run. clock: seconds, monotonic."""

    clock: Callable[[], float]
    counts: dict[CheckName, int] = field(default_factory=lambda: dict.fromkeys(CheckName, 0))
    seconds: dict[CheckName, float] = field(default_factory=lambda: dict.fromkeys(CheckName, 0.0))
    failures: dict[CheckName, list[Failure]] = field(default_factory=lambda: {name: [] for name in CheckName})
    failure_counts: dict[CheckName, int] = field(default_factory=lambda: dict.fromkeys(CheckName, 0))

    @contextmanager
    def timed(self, name: CheckName) -> Iterator[None]:
        """Adds the time of its block to a check."""
        start = self.clock()
        try:
            yield
        finally:
            self.seconds[name] += self.clock() - start

    def fail(self, name: CheckName, entry: int | None, reason: str) -> None:
        """Note one failure."""
        self.failure_counts[name] += 1
        if len(self.failures[name]) < FAILURES_LISTED_MAX:
            self.failures[name].append(Failure(entry, reason))

    def has_failed(self, name: CheckName) -> bool:
        """Whether a failure of this check was noted."""
        return self.failure_counts[name] > 0

    def reports(self) -> tuple[CheckReport, ...]:
        """All twelve, in order."""
        return tuple(
            CheckReport(
                name,
                self.counts[name],
                self.seconds[name],
                self.failure_counts[name],
                tuple(self.failures[name]),
            )
            for name in CheckName
        )

"""What an official sees of a vote that is frozen, open, closed or counted: its state, and the next thing to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from voting.turnout_course import Course
from web.i18n import Text
from web.pages.common import Head, Turnout


class Next(StrEnum):
    """The one next thing, for the top of the page."""

    WAIT_FOR_OPENING = "wait-for-opening"
    OPEN_BY_HAND = "open-by-hand"
    WAIT_FOR_CLOSING = "wait-for-closing"
    WAIT_FOR_AGGREGATES = "wait-for-aggregates"
    WAIT_FOR_STATEMENTS = "wait-for-statements"
    WAIT_FOR_OBJECTIONS = "wait-for-objections"
    WAIT_FOR_OPENINGS = "wait-for-openings"
    COUNT_TRIAL = "count-trial"
    PUBLISH = "publish"
    NOTHING = "nothing"


@dataclass(frozen=True)
class HolderRow:
    """One key holder after closing."""

    name: str
    has_stated: bool
    has_opened: bool


@dataclass(frozen=True)
class Counting:
    """How far the count has come. quorum, threshold: how many statements and openings are needed."""

    holders: tuple[HolderRow, ...]
    quorum: int
    threshold: int
    lowered: bool
    to_open: bool
    objections_until: datetime | None

    @property
    def statements(self) -> int:
        """How many have confirmed the closing."""
        return sum(holder.has_stated for holder in self.holders)

    @property
    def openings(self) -> int:
        """How many have opened."""
        return sum(holder.has_opened for holder in self.holders)

    @property
    def can_lower(self) -> bool:
        """Whether an act could make fewer statements enough."""
        return not self.lowered and self.threshold < self.quorum and self.statements < self.quorum


@dataclass(frozen=True)
class AreaRow:
    """Turnout of one counting area."""

    name: Text
    voted: int
    listed: int

    @property
    def share(self) -> Fraction:
        """0 to 1; of an empty list 0."""
        return Fraction(self.voted, self.listed) if self.listed else Fraction(0)


@dataclass(frozen=True)
class Bar:
    """One column of the chart: x and width in per cent, y and height in pixels of CHART_HEIGHT."""

    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True)
class Line:
    """A line across the chart. at: pixels from the top."""

    at: str
    voters: int


@dataclass(frozen=True)
class Label:
    """A time under the chart. anchor: SVG's text-anchor."""

    x: str
    at: datetime
    anchor: str


@dataclass(frozen=True)
class CourseChart:
    """Turnout over time, drawn and as a table."""

    course: Course
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Trial:
    """What belongs to a trial run, whose keys this server holds.

    codes: (voting code, voter number), still unused by invented voters.
    """

    codes: tuple[tuple[str, str], ...]
    working: bool


@dataclass(frozen=True)
class RunningPage:
    """One vote of this office."""

    head: Head
    state: str
    rehearsal: bool
    next: Next
    turnout: Turnout
    ballots: int
    areas: tuple[AreaRow, ...]
    chart: CourseChart | None
    counting: Counting | None
    signed_at: datetime | None
    opens_by_hand: bool
    can_extend_until: datetime | None
    """None where the terms leave no more room."""
    quorum: Fraction | None
    has_registrar: bool
    revocations: int
    conflicts: int
    objections: int
    """How many wait for an answer."""
    trial: Trial | None
    now: datetime

    @property
    def waiting_voters(self) -> int:
        """Who has not voted."""
        return self.turnout.listed - self.turnout.voted

    @property
    def voted_again(self) -> int:
        """Ballots that replaced an earlier one."""
        return self.ballots - self.turnout.voted


CHART_HEIGHT: Final = 200
_HEADROOM: Final = 10


def draw_course(course: Course) -> CourseChart:
    """The chart of a course: zero base, two lines at round numbers, first, middle and last time below."""
    top = _round_up(course.largest)
    count = len(course.stretches)
    step = 100 / count
    scale = (CHART_HEIGHT - _HEADROOM) / top
    bars = tuple(
        Bar(
            x=f"{number * step + step * 0.07:.2f}%",
            width=f"{step * 0.86:.2f}%",
            y=f"{CHART_HEIGHT - stretch.voters * scale:.1f}",
            height=f"{stretch.voters * scale:.1f}",
        )
        for number, stretch in enumerate(course.stretches)
    )
    lines = tuple(Line(f"{CHART_HEIGHT - voters * scale:.1f}", voters) for voters in _marks(top))
    return CourseChart(course, bars, lines, _labels(course.stretches[0].start, course.length, count))


def _labels(start: datetime, length: timedelta, count: int) -> tuple[Label, ...]:
    labels = [Label("0%", start, "start")]
    if count >= 6:
        middle = count // 2
        labels.append(Label(f"{100 * middle / count:.1f}%", (start + middle * length), "middle"))
    labels.append(Label("100%", start + count * length, "end"))
    return tuple(labels)


def _marks(top: int) -> Sequence[int]:
    return (top // 2, top) if top >= 2 and top % 2 == 0 else (top,)


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 10, 20, 40, 100, …"""
    top = 1
    while True:
        for factor in (1, 2, 4):
            if top * factor >= value:
                return top * factor
        top *= 10

"""What several pages show: the site, one vote in short, turnout, key holders, warnings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from web.formats import zone_label, zone_of
from web.i18n import Text


class PageNotFound(LookupError):
    """There is no such vote, entry or page. Rendered as the 404 page."""


@dataclass(frozen=True)
class Site:
    """Who runs this website."""

    name: Text
    """Short, beside the mark: "Đồng Sen Ward"."""
    authority: Text
    help_line: str
    """A telephone number or address that voters can read."""
    base_url: str
    """Scheme and host without a slash at the end, for addresses that leave the page (QR codes)."""
    time_zone: str = "UTC"
    """IANA name: the clocks of pages that belong to no single vote."""

    def local(self, moment: datetime) -> datetime:
        """`moment` on the clocks of this site."""
        return moment.astimezone(zone_of(self.time_zone))


class State(StrEnum):
    """Where a vote stands."""

    ANNOUNCED = "announced"
    OPEN = "open"
    COUNTING = "counting"
    RESULT = "result"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class Head:
    """What every page of a vote says about it."""

    id: str
    title: Text
    authority: Text
    state: State
    opens_at: datetime
    closes_at: datetime
    """Aware, like every time of a page."""
    time_zone: str
    fingerprint: str | None
    """Its display code (five groups joined by `-`), once the vote is frozen."""
    revoting: bool
    rehearsal: bool = False
    """A trial with invented voters: every page says so."""

    def local(self, moment: datetime) -> datetime:
        """`moment` on the clocks of the election's zone."""
        return moment.astimezone(zone_of(self.time_zone))

    @property
    def opens(self) -> datetime:
        """Local time of opening."""
        return self.local(self.opens_at)

    @property
    def closes(self) -> datetime:
        """Local time of closing."""
        return self.local(self.closes_at)

    @property
    def zone(self) -> str:
        """GMT+7."""
        return zone_label(self.closes)


@dataclass(frozen=True)
class Turnout:
    """How many of the voters' list have voted."""

    voted: int
    listed: int
    as_of: datetime

    @property
    def share(self) -> Fraction:
        """0 to 1; of an empty list 0."""
        return Fraction(self.voted, self.listed) if self.listed else Fraction(0)


@dataclass(frozen=True)
class KeyHolders:
    """Who can open the count, and whether they could do so alone."""

    names: tuple[str, ...]
    threshold: int
    one_machine: bool
    """All shares were made on one machine, whose operator could have kept them."""

    @property
    def alone(self) -> bool:
        """One person holds the only key and could open single ballots."""
        return len(self.names) == 1

    @property
    def nobody_alone(self) -> bool:
        """Whether "Nobody can open the urn alone" is true here."""
        return not self.alone and not self.one_machine


@dataclass(frozen=True)
class Warnings:
    """What this vote does without; every reader is told."""

    unwitnessed: bool
    no_objection_time: bool
    relaxed_areas: bool
    short_key: bool
    """A modulus of 2048 bits: 112-bit security."""

    def __iter__(self) -> Iterator[str]:
        """The names of those that apply."""
        return (name for name, applies in vars(self).items() if applies)


@dataclass(frozen=True)
class VoteRow:
    """One vote in a list."""

    head: Head
    turnout: Turnout | None
    chosen: Text | None
    """The option with the most votes, where one question has one single such option."""
    by_points: bool = False
    """Points were counted, not votes."""

"""The result of a vote."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from web.i18n import Text
from web.pages.common import Head, KeyHolders, Turnout, Warnings
from web.pages.election import Kind, OfficialAct


@dataclass(frozen=True)
class OptionResult:
    """One bar."""

    label: Text | None
    """None: the blank vote."""
    votes: int
    share: Fraction
    """Of the question's base."""
    first: bool
    """Has the most votes; several can. Never the blank vote."""
    places: tuple[int, ...] = ()
    """ranking: how many put it at position 1, 2, …; `votes` is then its score."""


@dataclass(frozen=True)
class AreaResult:
    """The same question in one counted group of areas."""

    name: Text
    ballots: int
    options: tuple[OptionResult, ...]
    """ranking: without the blank vote."""


@dataclass(frozen=True)
class QuestionResult:
    """One question with its bars, in the order of the manifest."""

    text: Text
    kind: Kind
    options: tuple[OptionResult, ...]
    base: int
    """What 100 % is: the weight of all counted ballots (points, ranking: times the most one can give an option)."""
    areas: tuple[AreaResult, ...]
    """Empty where everything was counted as one."""
    positions: tuple[int, ...] = ()
    """ranking: points of position 1, 2, …"""
    blank: int = 0
    """ranking: blank votes, which stand among the options of no other kind but choose-one."""

    @property
    def by_points(self) -> bool:
        """Whether the numbers of the options are points."""
        return self.kind in (Kind.POINTS, Kind.RANKING)

    @property
    def winner(self) -> OptionResult | None:
        """The one option with the most votes, if there is exactly one."""
        first = [option for option in self.options if option.first]
        return first[0] if len(first) == 1 else None


@dataclass(frozen=True)
class ResultPage:
    """All questions, or the sentence why the result is withheld."""

    head: Head
    questions: tuple[QuestionResult, ...]
    turnout: Turnout
    counted: int
    """Ballots."""
    weighted: bool
    """Some voters have a weight other than 1; votes are then weights."""
    persons: int | None
    """How many persons voted, where sign-in is asked."""
    holders: KeyHolders
    warnings: Warnings
    bundle_name: str
    """Folder that the downloaded file unpacks to."""
    bundle_bytes: int
    merged_areas: bool
    """Areas were counted together until nobody's vote can be guessed."""
    quorum: Fraction | None = None
    """Turnout that the vote needs to be valid."""
    acts: tuple[OfficialAct, ...] = ()
    """Extensions and an early end, in order."""
    objections: int = 0
    object_until: datetime | None = None
    """In the election's zone."""

    @property
    def quorum_reached(self) -> bool:
        """Whether enough have voted."""
        return self.quorum is None or self.turnout.share >= self.quorum

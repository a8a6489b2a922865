"""The page of one vote."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from consultation.hearings.types import Hearing
from consultation.petitions.types import Petition
from web.i18n import Text
from web.pages.common import Head, KeyHolders, State, Turnout, Warnings


class Kind(StrEnum):
    """Kinds of question, spelled as in the manifest."""

    CHOOSE_ONE = "choose-one"
    APPROVAL = "approval"
    POINTS = "points"
    RANKING = "ranking"


@dataclass(frozen=True)
class QuestionSummary:
    """One question and how it may be answered."""

    text: Text
    kind: Kind
    options: int
    minimum: int
    maximum: int
    """approval: how many options; points: the total."""
    points_max: int
    positions: tuple[int, ...] = ()
    """ranking: points of position 1, 2, …"""


@dataclass(frozen=True)
class AreaTurnout:
    """Turnout of one counting area."""

    name: Text
    voted: int
    listed: int

    @property
    def share(self) -> Fraction:
        """0 to 1; of an empty list 0."""
        return Fraction(self.voted, self.listed) if self.listed else Fraction(0)


class Milestone(StrEnum):
    """Entries of the calendar."""

    FIXED = "fixed"
    OPENS = "opens"
    CLOSES = "closes"
    COUNTING = "counting"
    RESULT = "result"


@dataclass(frozen=True)
class CalendarEntry:
    """One entry of the calendar."""

    milestone: Milestone
    at: datetime | None
    """None: when it happens is not fixed."""
    done: bool


@dataclass(frozen=True)
class DocumentLink:
    """A file that voters should read, bound by its digest."""

    name: Text
    sha256: str
    """base64url."""
    bytes: int


@dataclass(frozen=True)
class OfficialAct:
    """An extension, or a closing before its time. by: who answers for it."""

    kind: str
    """As on the board: extension, closing."""
    time: datetime
    index: int
    by: str
    reason: str
    closes_at: datetime | None
    """The new closing time of an extension."""


@dataclass(frozen=True)
class ElectionPage:
    """Everything about one vote that is not its result."""

    head: Head
    questions: tuple[QuestionSummary, ...]
    turnout: Turnout | None
    """None before opening."""
    areas: tuple[AreaTurnout, ...]
    """Empty where there is one area only."""
    calendar: tuple[CalendarEntry, ...]
    holders: KeyHolders
    warnings: Warnings
    now: datetime
    documents: tuple[DocumentLink, ...] = ()
    acts: tuple[OfficialAct, ...] = ()
    """In order."""
    quorum: Fraction | None = None
    """Turnout that the vote needs to be valid; shown, never decided by this program."""
    sign_in: bool = False
    """Voters sign in before their ballot goes in."""
    objections: int = 0
    petition: Petition | None = None
    """The petition from which the vote came."""
    hearing: Hearing | None = None
    """The consultation from which it came."""

    @property
    def has_result(self) -> bool:
        """Whether the result page has something to show."""
        return self.head.state in (State.RESULT, State.WITHHELD)

    @property
    def quorum_reached(self) -> bool:
        """Whether the turnout is enough, so far."""
        return self.quorum is None or (self.turnout is not None and self.turnout.share >= self.quorum)


@dataclass(frozen=True)
class TurnoutPart:
    """The turnout alone, refreshed while the page stays open."""

    head: Head
    turnout: Turnout
    areas: tuple[AreaTurnout, ...]

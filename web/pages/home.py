"""The front page and the list of all votes."""

from dataclasses import dataclass
from typing import Final

from consultation.hearings.types import Hearing
from web.pages.common import Head, Turnout, VoteRow
from web.pages.discussions import ThreadRow
from web.pages.petitions import HomePetitions

NO_PETITIONS: Final = HomePetitions()


@dataclass(frozen=True)
class LeadingVote:
    """The open vote that closes first."""

    head: Head
    questions: int
    turnout: Turnout


@dataclass(frozen=True)
class HomePage:
    """What is open, what closes soon, what was decided."""

    lead: LeadingVote | None
    open: tuple[VoteRow, ...]
    """By closing time, the leading vote too."""
    announced: tuple[VoteRow, ...]
    finished: tuple[VoteRow, ...]
    """Newest first, a few."""
    petitions: HomePetitions = NO_PETITIONS
    hearings: tuple[Hearing, ...] = ()
    """Open for comments, a few."""
    discussions: tuple[tuple[ThreadRow, int], ...] = ()
    """The liveliest, and how many contributions each had lately."""


@dataclass(frozen=True)
class ElectionsPage:
    """Every vote of this site, or those that a reader looks for."""

    open: tuple[VoteRow, ...]
    announced: tuple[VoteRow, ...]
    finished: tuple[VoteRow, ...]
    sought: str = ""
    """As typed; stays in the field."""


@dataclass(frozen=True)
class CheckAnyPage:
    """Check my ballot: first the vote has to be named."""

    votes: tuple[VoteRow, ...]


@dataclass(frozen=True)
class HowPage:
    """How voting here works."""

    votes: tuple[VoteRow, ...]
    """Those with a board to look at."""

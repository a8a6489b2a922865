"""Petitions as citizens see them: lists, one petition, its versions, who answers in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from urllib.parse import urlencode

from consultation.areas import Area
from consultation.differences import Part
from consultation.petitions.types import Body, Clock, Draft, Due, Event, InTime, Petition, PetitionText, State
from consultation.signing.by_version import ByVersion
from consultation.signing.counting import ByArea
from protocol.text import LocalText
from web.pages.common import VoteRow
from web.pages.moderation import HiddenBox


@dataclass(frozen=True)
class Waiting:
    """The clock of an answer as it stands at `now`."""

    clock: Clock
    now: datetime

    @property
    def overdue(self) -> bool:
        """Whether the day has passed without an answer."""
        return self.clock.overdue(self.now)

    @property
    def days(self) -> int:
        """Whole days that are left, or that have passed since the day when it was due."""
        return abs(self.clock.due_at - self.now) // timedelta(days=1)

    @property
    def elapsed(self) -> Fraction:
        """Of the time that there is, 0 to 1."""
        whole = (self.clock.due_at - self.clock.reached_at) // timedelta(seconds=1)
        passed = (self.now - self.clock.reached_at) // timedelta(seconds=1)
        return min(max(Fraction(passed, whole), Fraction(0)), Fraction(1)) if whole > 0 else Fraction(1)


@dataclass(frozen=True)
class PetitionLine:
    """One petition in a list. waiting: what is due first.  signatures: of the public count, as it was at `as_of`."""

    petition: Petition
    signatures: int
    as_of: datetime
    waiting: Waiting | None = None
    lately: int = 0
    """Confirmed signatures of the last hour, where the list is sorted by them."""


@dataclass(frozen=True)
class Narrowed:
    """What a list was narrowed to. Every value is one that is offered, or empty."""

    sought: str = ""
    state: str = "open"
    area: str = ""
    body: str = ""
    sort: str = "newest"

    @property
    def narrows(self) -> bool:
        """Whether more was asked than to look for words."""
        return bool(self.query().keys() - {"q"})

    def query(self) -> Mapping[str, str]:
        """What an address needs to say to come back here."""
        said = {
            "q": self.sought,
            "state": self.state,
            "area": self.area,
            "body": self.body,
            "sort": self.sort,
        }
        usual = {"state": usual_state(self.sought), "sort": "newest"}
        return {name: value for name, value in said.items() if value and value != usual.get(name)}


def usual_state(sought: str) -> str:
    """What a list shows unless a reader says otherwise: those that can be signed, or all that are found."""
    return "all" if sought else "open"


@dataclass(frozen=True)
class PetitionsPage:
    """A list. next_query: the address of the next page after `?`, "" when this is the last.

    first: whether it begins at the beginning.  trend_until: when the last hour of a trend ended, None elsewhere.
    """

    lines: tuple[PetitionLine, ...]
    narrowed: Narrowed
    areas: tuple[Area, ...]
    bodies: tuple[Body, ...]
    first: bool
    next_query: str
    trend_until: datetime | None

    @property
    def first_query(self) -> str:
        """The address of the first page, from its `?` on."""
        query = urlencode(self.narrowed.query())
        return f"?{query}" if query else ""


@dataclass(frozen=True)
class Mark:
    """A threshold of one petition. reached_at: None while signatures are missing."""

    count: int
    due: Due
    body: LocalText
    reached_at: datetime | None


@dataclass(frozen=True)
class PetitionPage:
    """Everything about one petition that everybody may read. It is the same for all readers.

    similar, twin: of public petitions.  votes: that came from it; coming: how many of those are still drafts.
    record: how its body answers.  discussion: contributions to the discussion about it.
    versions: under which words people signed; None where the words were never changed.
    gone: in the place of hidden words, by number of the entry.
    """

    petition: Petition
    now: datetime
    signable: bool
    signatures: int
    as_of: datetime
    sponsors: int
    marks: tuple[Mark, ...]
    waiting: Waiting | None
    record: InTime | None
    areas: ByArea
    versions: ByVersion | None
    events: tuple[Event, ...]
    gone: Mapping[int, HiddenBox]
    twin: Petition | None
    similar: tuple[PetitionLine, ...]
    votes: tuple[VoteRow, ...]
    coming: int
    discussion: int

    @property
    def id(self) -> str:
        """Of the petition."""
        return self.petition.id

    @property
    def standing(self) -> int | None:
        """Signatures under the words that stand now, where they were changed and the number may be shown."""
        return None if self.versions is None else self.versions.counts.get(self.petition.text.version)

    @property
    def next_mark(self) -> Mark | None:
        """The smallest threshold that was not reached yet."""
        return next((mark for mark in self.marks if mark.reached_at is None), None)

    @property
    def scale(self) -> int:
        """What the whole bar stands for: sponsors that are needed, the next threshold, or the last one."""
        if self.petition.state is State.SPONSORS:
            return max(self.sponsors, 1)
        after = self.next_mark
        return max(after.count if after else max((mark.count for mark in self.marks), default=0), 1)

    @property
    def filled(self) -> Fraction:
        """Of the bar, 0 to 1."""
        return min(Fraction(self.signatures, self.scale), Fraction(1))


@dataclass(frozen=True)
class VersionLine:
    """One version of the words. changed: by field, what is new against the version before; empty for the first."""

    text: PetitionText
    changed: Mapping[str, Sequence[Part]]


@dataclass(frozen=True)
class VersionsPage:
    """Versions, the newest first. first: whether it begins with the last one.

    standing: under which words people signed.  next: the version before which the next page begins.
    """

    petition: Petition
    versions: tuple[VersionLine, ...]
    standing: ByVersion
    first: bool
    next: int | None


@dataclass(frozen=True)
class Preview:
    """How a petition would look that is being written. changed: by field, against the words that stand now."""

    text: Draft
    body: LocalText
    area: LocalText | None
    changed: Mapping[str, Sequence[Part]]
    similar: tuple[PetitionLine, ...]


@dataclass(frozen=True)
class AnswersPage:
    """Who owes an answer, and who answers in time. first: whether both lists begin at the beginning.

    as_of: of clocks and records, which are read live; numbers of signatures are of the time in their line.
    next_late, next_waiting: cursors of their next pages, "" when there is none.
    """

    overdue: tuple[PetitionLine, ...]
    waiting: tuple[PetitionLine, ...]
    records: tuple[InTime, ...]
    as_of: datetime
    first: bool
    next_late: str
    next_waiting: str

    def share(self, record: InTime) -> Fraction:
        """Of everything of one body that is decided, 0 to 1."""
        return Fraction(record.met, record.decided) if record.decided else Fraction(0)


@dataclass(frozen=True)
class HomePetitions:
    """What the front page says about petitions."""

    closing: tuple[PetitionLine, ...] = ()
    waiting: tuple[PetitionLine, ...] = ()
    answered: tuple[PetitionLine, ...] = ()

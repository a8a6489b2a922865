"""Frozen types of petitions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from protocol.petition_text import PetitionTextRecord
from protocol.text import LocalText


class State(StrEnum):
    """Where a petition stands. That it was answered, or turned into a vote, are facts beside it."""

    DRAFT = "draft"
    """Seen by its creator alone."""
    SPONSORS = "sponsors"
    """Seen and signed by whoever has the address, until enough have signed."""
    MODERATION = "moderation"
    OPEN = "open"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


PUBLIC: Final = frozenset({State.OPEN, State.CLOSED, State.REJECTED})
"""States in which everybody finds it in the lists."""


class Due(StrEnum):
    """What a threshold asks for."""

    ANSWER = "answer"
    DEBATE = "debate"


class Reason(StrEnum):
    """Why a petition is rejected: the published list."""

    DUPLICATE = "duplicate"
    NOT_OURS = "not-ours"
    UNCLEAR = "unclear"
    NO_REQUEST = "no-request"
    PRIVATE_MATTER = "private-matter"
    IN_COURT = "in-court"
    ADVERTISING = "advertising"
    JOKE = "joke"
    PERSONAL_DATA = "personal-data"
    ACCUSATION = "accusation"
    OFFENSIVE = "offensive"
    UNLAWFUL = "unlawful"


HIDING: Final = frozenset({Reason.PERSONAL_DATA, Reason.ACCUSATION, Reason.OFFENSIVE, Reason.UNLAWFUL})
"""Grounds on which the words of a rejected petition are not shown. All others are shown with their reason."""


class What(StrEnum):
    """Events of a petition."""

    SUBMITTED = "submitted"
    SPONSORED = "sponsored"
    PUBLISHED = "published"
    REJECTED = "rejected"
    READMITTED = "readmitted"
    EDITED = "edited"
    THRESHOLD = "threshold"
    TAKEN_UP = "taken-up"
    ANSWERED = "answered"
    DEBATE_SET = "debate-set"
    NO_DEBATE = "no-debate"
    OUTCOME = "outcome"
    CLOSED = "closed"
    CLOSED_EARLY = "closed-early"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    BECAME_VOTE = "became-vote"


class Outcome(StrEnum):
    """What became of it, in a word; the reasons stand beside it."""

    DONE = "done"
    PARTLY = "partly"
    PLANNED = "planned"
    DECLINED = "declined"
    PASSED_ON = "passed-on"


@dataclass(frozen=True)
class Body:
    """Whom petitions are addressed to. id: as areas have them.  mail: of the office, "" for none.

    language: of mails to it, `en` or `vi`; "" for both in one mail.
    """

    id: str
    name: LocalText
    mail: str = field(default="", repr=False)
    closed: bool = False
    language: str = ""


@dataclass(frozen=True)
class Threshold:
    """A number of signatures and what is due then. id: 0 before it is stored.  body: None is the petition's own."""

    id: int
    count: int
    due: Due
    body: Body | None
    days: int


@dataclass(frozen=True)
class Rules:
    """The site's numbers. sponsors: 0 leads to moderation at once."""

    sponsors: int = 5
    sponsor_days: int = 90
    open_days: int = 180


@dataclass(frozen=True)
class Draft:
    """What somebody writes. body, area: ids; area None is the whole territory.  language: `en`, `vi` or `both`."""

    action: str
    background: str
    details: str
    language: str
    body: str
    area: str | None = None


@dataclass(frozen=True)
class PetitionText:
    """One version of the words. digest: of its record, which a signature names.

    signatures: how many had signed the version before.
    """

    version: int
    digest: bytes
    action: str
    background: str
    details: str
    language: str
    record: PetitionTextRecord = field(repr=False)
    made_at: datetime
    signatures: int


@dataclass(frozen=True)
class Rejection:
    """reason: published.  words: what the moderator wrote.  twin: number of the petition that asks the same."""

    reason: Reason
    words: str
    twin: str | None
    at: datetime

    @property
    def hides(self) -> bool:
        """Whether the words are taken away on this ground."""
        return self.reason in HIDING


@dataclass(frozen=True)
class Petition:
    """A petition as it stands. area: (id, names), None for the whole territory.

    signatures: as last counted, to the second; pages say the public number.  waiting_since: for moderation.
    proposed: version that waits while it is open.
    """

    id: str
    state: State
    text: PetitionText
    creator: str | None = field(repr=False)
    body: Body
    area: tuple[str, LocalText] | None
    signatures: int
    proposed: int | None
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    waiting_since: datetime | None
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    answered_at: datetime | None
    debate_on: datetime | None
    rejection: Rejection | None
    hidden_entry: int | None

    @property
    def public(self) -> bool:
        """Whether everybody finds it in the lists."""
        return self.state in PUBLIC

    @property
    def hidden(self) -> bool:
        """Whether its words may not be shown."""
        return self.hidden_entry is not None or (self.rejection is not None and self.rejection.hides)

    @property
    def shows_words(self) -> bool:
        """Whether its words may be read: not what was hidden, nor what its creator took back before it opened."""
        return not self.hidden and self.state is not State.WITHDRAWN


@dataclass(frozen=True)
class Clock:
    """Something that is due. met_at: when it came, None while it has not."""

    id: int
    petition: str
    count: int
    due: Due
    body: Body
    reached_at: datetime
    due_at: datetime
    met_at: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Whether it did not come in time."""
        return now >= self.due_at if self.met_at is None else self.met_at >= self.due_at


@dataclass(frozen=True)
class Event:
    """One line of what happened. detail: an `Outcome`, a `Reason`, a number of signatures, by the kind of event."""

    id: int
    petition: str
    what: What
    at: datetime
    body: Body | None
    words: str
    language: str
    detail: str
    on: datetime | None
    hidden: bool
    hidden_entry: int | None = None


@dataclass(frozen=True)
class InTime:
    """How a body answers. due: things whose time is over or that came.  met: those that came in time."""

    body: Body
    met: int
    late: int
    overdue: int
    waiting: int

    @property
    def decided(self) -> int:
        """Everything of which it is known whether it came in time."""
        return self.met + self.late + self.overdue

"""Frozen types of consultations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from consultation.seen import seen_of
from protocol.text import LocalText

NO_TEXT: Final = LocalText(en="", vi="")


class Phase(StrEnum):
    """Where a consultation is."""

    DRAFT = "draft"
    """Not public yet."""
    INFORM = "inform"
    """To be read; comments have not begun."""
    COMMENT = "comment"
    """People comment and answer."""
    REVIEW = "review"
    """Comments have ended, the office weighs them."""
    OUTCOME = "outcome"
    """The office has said what came of it."""


@dataclass(frozen=True)
class Plan:
    """What officials say of a consultation. outcome_due: when they want to say what came of it."""

    title: LocalText
    about: LocalText
    opens_at: datetime
    closes_at: datetime
    outcome_due: datetime

    @property
    def seen(self) -> str:
        """Of this plan, for `consultation.seen`."""
        return seen_of(*_words(self.title, self.about), self.opens_at, self.closes_at, self.outcome_due)


@dataclass(frozen=True)
class Hearing:
    """A consultation as it is now. promised: for when the outcome was promised first.  put_off: how often since."""

    id: str
    plan: Plan
    phase: Phase
    made_at: datetime
    published_at: datetime | None
    outcome_at: datetime | None
    participants: int
    hidden_entry: int | None
    promised: datetime | None = None
    put_off: int = 0

    def is_overdue(self, now: datetime) -> bool:
        """Whether the outcome has not come by the time that was promised first."""
        return self.phase is Phase.REVIEW and (self.promised or self.plan.outcome_due) <= now

    @property
    def is_public(self) -> bool:
        """Whether everybody sees it."""
        return self.published_at is not None and self.hidden_entry is None


class Match(StrEnum):
    """How a paragraph of a new version was found in the one before it."""

    EXACT = "exact"
    SIMILAR = "similar"
    BY_HAND = "by-hand"
    NEW = "new"


@dataclass(frozen=True)
class Document:
    """A draft text. language: `en` or `vi`.  version: the public one, 0 before there is one.

    revision: counted up with everything that is done to it.
    """

    id: str
    hearing: str
    position: int
    title: LocalText
    language: str
    version: int
    revision: int


@dataclass(frozen=True)
class Paragraph:
    """A paragraph in one version. id: None while it will be a new one."""

    position: int
    id: str | None
    words: str
    match: Match
    hidden_entry: int | None = None


@dataclass(frozen=True)
class Version:
    """A version of a text. published_at: None for one that is being prepared."""

    number: int
    note: LocalText
    digest: bytes | None
    published_at: datetime | None


class Fate(StrEnum):
    """What became of a paragraph between two versions."""

    SAME = "same"
    CHANGED = "changed"
    MOVED = "moved"
    MOVED_AND_CHANGED = "moved-and-changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One paragraph in two versions; a position of None where it is not there."""

    paragraph: str
    fate: Fate
    old: Paragraph | None
    new: Paragraph | None


class QuestionKind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TEXT = "text"
    SCALE = "scale"


@dataclass(frozen=True)
class Question:
    """options: 2 to 20 for single and multiple, none for text, the two ends for a scale of 1 to 5."""

    kind: QuestionKind
    text: LocalText
    options: Sequence[LocalText] = ()
    number: int = 0
    id: int = 0

    @property
    def seen(self) -> str:
        """Of this question, wherever it stands, for `consultation.seen`."""
        return seen_of(self.kind.value, *_words(self.text, *self.options))


@dataclass(frozen=True)
class Answer:
    """To one question. choices: numbers of options from 1; of a scale its step.  words: of a text."""

    choices: Sequence[int] = ()
    words: str = field(default="", repr=False)


@dataclass(frozen=True)
class Tally:
    """Results of one question. counts: by option from 1, None where withheld.  unanswered: likewise.

    written: number of texts that were written, None where the question asks for none.
    """

    question: Question
    counts: Mapping[int, int | None]
    unanswered: int | None
    written: int | None = None

    @property
    def withholds(self) -> bool:
        """Whether a number is left out, as few people stand behind it."""
        return None in self.counts.values() or (bool(self.counts) and self.unanswered is None)


class Verdict(StrEnum):
    """What came of a theme."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Theme:
    """What many people said, and what the office does about it."""

    title: LocalText
    said: LocalText
    verdict: Verdict | None = None
    reason: LocalText = NO_TEXT
    number: int = 0
    id: int = 0

    @property
    def seen(self) -> str:
        """Of this theme, wherever it stands, for `consultation.seen`."""
        return seen_of(self.verdict and self.verdict.value, *_words(self.title, self.said, self.reason))


class Lack(StrEnum):
    """What an outcome lacks."""

    THEMES = "themes"
    VERDICT = "verdict"
    REASON = "reason"


@dataclass(frozen=True)
class Missing:
    """One thing that an outcome lacks. theme: its number, 0 for the outcome as a whole."""

    lack: Lack
    theme: int = 0
    title: LocalText = NO_TEXT


def _words(*texts: LocalText) -> Sequence[str]:
    return [words for text in texts for words in (text.en, text.vi)]

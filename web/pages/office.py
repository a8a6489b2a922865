"""What officials see of an election in preparation: the list, the task list, one draft in short."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from voting.calendar import CalendarFault, zone
from voting.checklist import Item, State, hindrances, span_of, state_of_section
from voting.draft_document import CalendarPart, Section, Words
from voting.draft_store import StoredDraft
from web.formats import zone_label
from web.i18n import N_, Language, Text
from web.links import Links
from web.pages.office_texts import section_name, sentence


def text_of(words: Words) -> Text:
    """A text of a draft, the other language where one is still missing."""
    return Text(words.en or words.vi, words.vi or words.en)


@dataclass(frozen=True)
class DraftHead:
    """What every page of a draft says about it."""

    id: str
    title: Text
    revision: int
    settled: bool
    rehearsal: bool
    election: str | None


def head_of(found: StoredDraft) -> DraftHead:
    """The head of a draft."""
    part = found.draft.title
    return DraftHead(
        id=found.id,
        title=text_of(part.title),
        revision=found.revision,
        settled=found.prepared.settled,
        rehearsal=part.rehearsal,
        election=found.election,
    )


@dataclass(frozen=True)
class CalendarView:
    """Opening and closing on the clocks of the draft's zone, as far as they are decided."""

    opens: datetime | None
    closes: datetime | None
    zone: str
    time_zone: str


def calendar_view(part: CalendarPart) -> CalendarView:
    """For pages that show the calendar."""
    span = span_of(part)
    try:
        place = zone(part.time_zone)
    except CalendarFault:
        return CalendarView(None, None, "", part.time_zone)
    opens, closes = (
        None if moment is None else moment.astimezone(place) for moment in (span.opens, span.closes)
    )
    shown = closes or opens
    return CalendarView(opens, closes, "" if shown is None else zone_label(shown), part.time_zone)


@dataclass(frozen=True)
class DraftRow:
    """One draft in the list."""

    head: DraftHead
    owner: str
    changed_at: datetime
    missing: int


@dataclass(frozen=True)
class TaskRow:
    """One line of the task list."""

    section: Section
    name: str
    href: str
    state: State
    sentences: tuple[str, ...]
    waiting: bool
    """It cannot be done yet; something before it comes first."""


@dataclass(frozen=True)
class TaskGroup:
    """A part of the task list with its heading."""

    title: str
    rows: tuple[TaskRow, ...]


GROUPS: Final = (
    (N_("What is voted on"), (Section.TITLE, Section.QUESTIONS, Section.DOCUMENTS)),
    (N_("When, and by what rules"), (Section.CALENDAR, Section.AREAS, Section.RULES)),
    (N_("Who votes, and who keeps the key"), (Section.VOTERS, Section.KEY_HOLDERS)),
    (
        N_("Key, roll and signatures"),
        (Section.TERMS, Section.CEREMONY, Section.ROLL, Section.SIGNATURES),
    ),
)
WAITING: Final = frozenset({"after-terms", "terms-wait", "signatures-wait"})


def task_groups(items: Sequence[Item], draft_id: str, language: Language) -> tuple[TaskGroup, ...]:
    """The whole task list."""
    return tuple(
        TaskGroup(title, tuple(_row(items, section, draft_id, language) for section in sections))
        for title, sections in GROUPS
    )


def missing_count(items: Sequence[Item]) -> int:
    """How many points somebody can do something about now, or must have done before the freeze."""
    return sum(1 for item in hindrances(items) if item.code not in WAITING)


def next_section(items: Sequence[Item]) -> Section | None:
    """Where the official goes next: the first section with something missing; None when all is there."""
    missing = hindrances(items)
    return min((item.section for item in missing), key=list(Section).index) if missing else None


def _row(items: Sequence[Item], section: Section, draft_id: str, language: Language) -> TaskRow:
    own = [item for item in items if item.section is section]
    state = state_of_section(items, section)
    return TaskRow(
        section=section,
        name=section_name(section, language),
        href=Links(language).draft(draft_id, section.value),
        state=state,
        sentences=tuple(sentence(item, language) for item in own),
        waiting=any(item.code in WAITING for item in own),
    )

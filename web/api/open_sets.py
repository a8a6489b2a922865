"""What each set of open data holds: one table, of which JSON, CSV and the schemas are made."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.orm import Session
from starlette.requests import Request

from consultation.open_data import (
    AnswerRow,
    ContributionRow,
    DeadlineRow,
    ModerationRow,
    PetitionRow,
    ThreadRow,
    ThresholdRow,
    answer_rows,
    contribution_rows,
    deadline_rows,
    moderation_rows,
    petition_rows,
    thread_rows,
    threshold_rows,
)
from consultation.open_hearings import (
    HearingRow,
    ParagraphRow,
    QuestionRow,
    ThemeRow,
    WrittenRow,
    hearing_rows,
    paragraph_rows,
    question_rows,
    theme_rows,
    written_rows,
)
from consultation.petitions.lists import Filter, Sort, list_petitions
from consultation.petitions.types import State
from protocol.canonical import Record
from web.api.operations import Parameter
from web.api.reading import NUMBER_PATTERN, MalformedQuery, office_of

PREFIX: Final = "/api/v1"
PAGE: Final = 100
CSV_PAGE: Final = 1_000
PUBLISHED: Final = Filter(frozenset({State.OPEN, State.CLOSED}))

_Row = TypeVar("_Row", bound=Record)
_ID: Final = "[0-9a-f]{16}"
_CURSOR: Final = "[0-9]{1,20}\\.[0-9a-f]{16}"
_WRITTEN: Final = "[1-9][0-9]?\\.[0-9a-f]{16}"
_STATES: Final = {
    "open": Filter(frozenset({State.OPEN})),
    "closed": Filter(frozenset({State.CLOSED})),
    "rejected": Filter(frozenset({State.REJECTED}), sort=Sort.REJECTED),
}


class PetitionRows(Record, frozen=True):
    """Petitions, the newest first. next: address of the page after this one, empty at the end."""

    licence: str
    next: str
    rows: tuple[PetitionRow, ...]


class ThresholdRows(Record, frozen=True):
    """What holds for petitions now. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ThresholdRow, ...]


class DeadlineRows(Record, frozen=True):
    """Deadlines in the order in which they came about. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[DeadlineRow, ...]


class AnswerRows(Record, frozen=True):
    """Answers in the order in which they were given. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[AnswerRow, ...]


class ThreadRows(Record, frozen=True):
    """Discussions by their ids. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ThreadRow, ...]


class ContributionRows(Record, frozen=True):
    """Contributions in the order in which they were made. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ContributionRow, ...]


class ModerationRows(Record, frozen=True):
    """Entries of the moderation log. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ModerationRow, ...]


class HearingRows(Record, frozen=True):
    """Consultations, the newest first. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[HearingRow, ...]


class QuestionRows(Record, frozen=True):
    """Questions of a consultation with their results. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[QuestionRow, ...]


class ParagraphRows(Record, frozen=True):
    """Paragraphs of the texts of a consultation. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ParagraphRow, ...]


class WrittenRows(Record, frozen=True):
    """Written answers of a consultation. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[WrittenRow, ...]


class ThemeRows(Record, frozen=True):
    """The outcome of a consultation. next: as everywhere."""

    licence: str
    next: str
    rows: tuple[ThemeRow, ...]


@dataclass(frozen=True)
class Page(Generic[_Row]):
    """Some rows. after: what the next page is asked with, empty at the end."""

    rows: Sequence[_Row]
    after: str


@dataclass(frozen=True)
class DataSet(Generic[_Row]):
    """One data set. name: its address.  fetch: rows of a request, at most so many.  wrap: rows as JSON.

    after: pattern of the place where a page begins.  parameters: beside `after`.
    """

    name: str
    what: str
    summary: str
    row: type[_Row]
    rows: Any
    after: str
    fetch: Callable[[Request, Session, int], Page[_Row]]
    example: str
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Of the JSON."""
        return f"{PREFIX}/{self.name}"

    @property
    def schema_name(self) -> str:
        """Of the schema of its CSV."""
        return self.name.replace("/{thread}", "-contributions").replace("/{consultation}/", "-")


def _asked(request: Request, name: str, pattern: str) -> str:
    value = request.query_params.get(name, "")
    if value and re.fullmatch(pattern, value) is None:
        raise MalformedQuery(f"{name} cannot be read.")
    return value


def _number(request: Request) -> int:
    return int(_asked(request, "after", NUMBER_PATTERN) or 0)


def _petitions(request: Request, session: Session, limit: int) -> Page[PetitionRow]:
    state = _asked(request, "state", "|".join(_STATES))
    wanted = _STATES.get(state, PUBLISHED)
    now, cursor = office_of(request).clock(), _asked(request, "after", _CURSOR)
    listed = list_petitions(session, wanted, now, cursor, min(limit, PAGE))
    return Page(petition_rows(session, listed.petitions, now), listed.next)


def _thresholds(request: Request, session: Session, limit: int) -> Page[ThresholdRow]:
    begin, rows = _number(request), threshold_rows(session)
    end = begin + limit
    return Page(rows[begin:end], str(end) if end < len(rows) else "")


def _by_place(
    rows_after: Callable[[Session, str, int, int, datetime], Sequence[_Row]],
) -> Callable[[Request, Session, int], Page[_Row]]:
    """Of a consultation: page after page by how many rows stand before."""

    def fetch(request: Request, session: Session, limit: int) -> Page[_Row]:
        hearing, begin = request.path_params["consultation"], _number(request)
        rows = rows_after(session, hearing, begin, limit, office_of(request).clock())
        return Page(rows, str(begin + limit) if len(rows) == limit else "")

    return fetch


def _hearings(request: Request, session: Session, limit: int) -> Page[HearingRow]:
    after, now = _asked(request, "after", _ID), office_of(request).clock()
    return Page(*hearing_rows(session, after, min(limit, PAGE), now))


def _written(request: Request, session: Session, limit: int) -> Page[WrittenRow]:
    question, _, last = _asked(request, "after", _WRITTEN).partition(".")
    hearing, now = request.path_params["consultation"], office_of(request).clock()
    rows = written_rows(session, hearing, (int(question or 0), last), limit, now)
    return Page(rows, f"{rows[-1].question}.{rows[-1].answer}" if len(rows) == limit else "")


def _by_number(
    rows_after: Callable[[Session, int | None, int], Sequence[_Row]],
) -> Callable[[Request, Session, int], Page[_Row]]:
    def fetch(request: Request, session: Session, limit: int) -> Page[_Row]:
        return _numbered(rows_after(session, _number(request), limit), limit)

    return fetch


def _numbered(rows: Sequence[_Row], limit: int) -> Page[_Row]:
    last: int = getattr(rows[-1], "number") if rows else 0  # noqa: B009  (every such row has one)
    return Page(rows, str(last) if len(rows) == limit else "")


def _threads(request: Request, session: Session, limit: int) -> Page[ThreadRow]:
    rows, last = thread_rows(session, _asked(request, "after", _ID), limit)
    return Page(rows, last)


def _contributions(request: Request, session: Session, limit: int) -> Page[ContributionRow]:
    thread = request.path_params["thread"]
    return _numbered(contribution_rows(session, thread, _number(request), limit), limit)


def _id_of(name: str, what: str) -> Parameter:
    schema = {"type": "string", "pattern": f"^{_ID}$"}
    return Parameter(name, "path", f"The {what}'s id.", schema, "0123456789abcdef", required=True)


_STATE: Final = Parameter(
    "state", "query", "Only these; open and closed ones unless given.", {"enum": sorted(_STATES)}, "open"
)
THREAD_ID: Final = _id_of("thread", "discussion")
PETITION_ID: Final = _id_of("petition", "petition")
_HEARING_ID: Final = _id_of("consultation", "consultation")

DATA_SETS: Final[tuple[DataSet[Any], ...]] = (
    DataSet(
        "petitions", "Petitions", "Petitions, the newest first", PetitionRow, PetitionRows, _CURSOR, _petitions,
        "1796000000000000.0123456789abcdef", (_STATE,),
    ),
    DataSet(
        "thresholds", "Thresholds", "How many signatures a petition needs for what, as it holds now", ThresholdRow,
        ThresholdRows, NUMBER_PATTERN, _thresholds, "100",
    ),
    DataSet(
        "deadlines", "Deadlines", "What is due to petitions, from whom, until when", DeadlineRow, DeadlineRows,
        NUMBER_PATTERN, _by_number(deadline_rows), "100",
    ),
    DataSet(
        "answers", "Answers", "What the office said to petitions", AnswerRow, AnswerRows,
        NUMBER_PATTERN, _by_number(answer_rows), "100",
    ),
    DataSet(
        "discussions", "Discussions", "Discussions", ThreadRow, ThreadRows, _ID, _threads, "0123456789abcdef",
    ),
    DataSet(
        "discussions/{thread}", "Contributions", "Contributions to a discussion, replies among them",
        ContributionRow, ContributionRows, NUMBER_PATTERN, _contributions, "100", (THREAD_ID,), ("not-found",),
    ),
    DataSet(
        "consultations", "Consultations", "Consultations, the newest first", HearingRow, HearingRows, _ID, _hearings,
        "0123456789abcdef", problems=("not-found",),
    ),
    DataSet(
        "consultations/{consultation}/questions", "ConsultationQuestions", "Questions of a consultation, with results",
        QuestionRow, QuestionRows, NUMBER_PATTERN, _by_place(question_rows), "100", (_HEARING_ID,), ("not-found",),
    ),
    DataSet(
        "consultations/{consultation}/answers", "ConsultationAnswers", "Written answers to a consultation",
        WrittenRow, WrittenRows, _WRITTEN, _written, "4.0123456789abcdef", (_HEARING_ID,), ("not-found",),
    ),
    DataSet(
        "consultations/{consultation}/paragraphs", "ConsultationParagraphs", "Draft texts, comments by paragraph",
        ParagraphRow, ParagraphRows, NUMBER_PATTERN, _by_place(paragraph_rows), "100", (_HEARING_ID,), ("not-found",),
    ),
    DataSet(
        "consultations/{consultation}/themes", "ConsultationThemes", "The outcome of a consultation, with reasons",
        ThemeRow, ThemeRows, NUMBER_PATTERN, _by_place(theme_rows), "100", (_HEARING_ID,), ("not-found",),
    ),
    DataSet(
        "moderation", "Moderation", "The moderation log", ModerationRow, ModerationRows,
        NUMBER_PATTERN, _by_number(moderation_rows), "100",
    ),
)  # fmt: skip

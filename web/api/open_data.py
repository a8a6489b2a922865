"""Petitions, deadlines, answers, discussions and the moderation log as open data, in every format that fits.

One table says what each data set is; JSON, CSV with its schema, Atom and iCalendar are made of the same rows. Answers
may be kept for a minute, and shown for ten while they are fetched anew (RFC 5861): what everybody asks for at the
moment of an answer is then asked of a cache.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import NoSuchSubject
from consultation.open_data import (
    LICENCE,
    AnswerRow,
    ContributionRow,
    DeadlineRow,
    ModerationRow,
    PetitionRow,
    ThreadRow,
    answer_rows,
    contribution_rows,
    deadline_rows,
    moderation_rows,
    petition_row,
    petition_rows,
    thread_rows,
)
from consultation.petitions.errors import NoSuchPetition
from consultation.petitions.lists import Filter, Sort, list_petitions
from consultation.petitions.types import State
from consultation.signing.counting import counts_by_area
from protocol.canonical import Record
from protocol.text import Count, Timestamp, format_time
from storage.session import reading
from web import problems
from web.api.open_formats import (
    ATOM,
    CALENDAR,
    CSV,
    Event,
    Feed,
    FeedEntry,
    atom_of,
    calendar_of,
    csv_of,
    table_schema,
)
from web.api.operations import JSON, Answer, Operation, Parameter
from web.api.reading import NUMBER_PATTERN, MalformedQuery, office_of
from web.api.responses import bytes_answer, json_answer
from web.rate_limits import READING
from web.settings import Settings

PREFIX: Final = "/api/v1"
FRESH: Final = "public, max-age=60, stale-while-revalidate=600"
PAGE: Final = 100
CSV_PAGE: Final = 1_000
FEED: Final = 50
EVENTS: Final = 500

_Row = TypeVar("_Row", bound=Record)
_THREAD: Final = "[0-9a-f]{16}"
_CURSOR: Final = "[0-9]{1,20}\\.[0-9a-f]{16}"
_STATES: Final = {
    "open": Filter(frozenset({State.OPEN})),
    "closed": Filter(frozenset({State.CLOSED})),
    "rejected": Filter(frozenset({State.REJECTED}), sort=Sort.REJECTED),
}
_PUBLISHED: Final = Filter(frozenset({State.OPEN, State.CLOSED}))


class PetitionRows(Record, frozen=True):
    """Petitions, the newest first. next: address of the page after this one, empty at the end."""

    licence: str
    next: str
    rows: tuple[PetitionRow, ...]


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


class AreaCount(Record, frozen=True):
    """Signatures from one area; empty for those that named none. signatures: null where it would tell of few people."""

    area: str
    signatures: Count | None


class OnePetition(Record, frozen=True):
    """A petition and where its signatures come from. areas_as_of: null while nobody has counted by area."""

    areas: tuple[AreaCount, ...]
    areas_as_of: Timestamp | None
    licence: str
    petition: PetitionRow


@dataclass(frozen=True)
class _Page(Generic[_Row]):
    """Some rows. after: what the next page is asked with, empty at the end."""

    rows: Sequence[_Row]
    after: str


@dataclass(frozen=True)
class _DataSet(Generic[_Row]):
    """One data set. name: its address.  fetch: rows of a request, at most so many.  wrap: rows as JSON.

    after: pattern of the place where a page begins.  parameters: beside `after`.
    """

    name: str
    what: str
    summary: str
    row: type[_Row]
    rows: Any
    after: str
    fetch: Callable[[Request, Session, int], _Page[_Row]]
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
        return self.name.replace("/{thread}", "-contributions")


def _asked(request: Request, name: str, pattern: str) -> str:
    value = request.query_params.get(name, "")
    if value and re.fullmatch(pattern, value) is None:
        raise MalformedQuery(f"{name} cannot be read.")
    return value


def _number(request: Request) -> int:
    return int(_asked(request, "after", NUMBER_PATTERN) or 0)


def _petitions(request: Request, session: Session, limit: int) -> _Page[PetitionRow]:
    state = _asked(request, "state", "|".join(_STATES))
    wanted = _STATES.get(state, _PUBLISHED)
    listed = list_petitions(session, wanted, _asked(request, "after", _CURSOR), min(limit, PAGE))
    return _Page(petition_rows(session, listed.petitions, office_of(request).clock()), listed.next)


def _by_number(
    rows_after: Callable[[Session, int | None, int], Sequence[_Row]],
) -> Callable[[Request, Session, int], _Page[_Row]]:
    def fetch(request: Request, session: Session, limit: int) -> _Page[_Row]:
        return _numbered(rows_after(session, _number(request), limit), limit)

    return fetch


def _numbered(rows: Sequence[_Row], limit: int) -> _Page[_Row]:
    last: int = getattr(rows[-1], "number") if rows else 0  # noqa: B009  (every such row has one)
    return _Page(rows, str(last) if len(rows) == limit else "")


def _threads(request: Request, session: Session, limit: int) -> _Page[ThreadRow]:
    rows, last = thread_rows(session, _asked(request, "after", _THREAD), limit)
    return _Page(rows, last)


def _contributions(request: Request, session: Session, limit: int) -> _Page[ContributionRow]:
    thread = request.path_params["thread"]
    return _numbered(contribution_rows(session, thread, _number(request), limit), limit)


_STATE: Final = Parameter(
    "state", "query", "Only these; open and closed ones unless given.", {"enum": sorted(_STATES)}, "open"
)
_THREAD_ID: Final = Parameter(
    "thread",
    "path",
    "The discussion's id.",
    {"type": "string", "pattern": f"^{_THREAD}$"},
    "0123456789abcdef",
    required=True,
)
_PETITION_ID: Final = Parameter(
    "petition",
    "path",
    "The petition's id.",
    {"type": "string", "pattern": f"^{_THREAD}$"},
    "0123456789abcdef",
    required=True,
)

DATA_SETS: Final[tuple[_DataSet[Any], ...]] = (
    _DataSet(
        "petitions", "Petitions", "Petitions, the newest first", PetitionRow, PetitionRows, _CURSOR, _petitions,
        "1796000000000000.0123456789abcdef", (_STATE,),
    ),
    _DataSet(
        "deadlines", "Deadlines", "What is due to petitions, from whom, until when", DeadlineRow, DeadlineRows,
        NUMBER_PATTERN, _by_number(deadline_rows), "100",
    ),
    _DataSet(
        "answers", "Answers", "What the office said to petitions", AnswerRow, AnswerRows,
        NUMBER_PATTERN, _by_number(answer_rows), "100",
    ),
    _DataSet(
        "discussions", "Discussions", "Discussions", ThreadRow, ThreadRows, _THREAD, _threads, "0123456789abcdef",
    ),
    _DataSet(
        "discussions/{thread}", "Contributions", "Contributions to a discussion, replies among them",
        ContributionRow, ContributionRows, NUMBER_PATTERN, _contributions, "100", (_THREAD_ID,), ("not-found",),
    ),
    _DataSet(
        "moderation", "Moderation", "The moderation log", ModerationRow, ModerationRows,
        NUMBER_PATTERN, _by_number(moderation_rows), "100",
    ),
)  # fmt: skip


def one_petition(request: Request) -> Response:
    """GET /api/v1/petitions/{petition}"""
    petition = request.path_params["petition"]
    office = office_of(request)
    try:
        with reading(office.engine) as session:
            row = petition_row(session, petition, office.clock())
            areas = counts_by_area(session, petition)
    except (NoSuchPetition, NoSuchSubject):
        return _missing()
    counts = tuple(AreaCount(area=cell.area or "", signatures=cell.count) for cell in areas.cells)
    as_of = None if areas.as_of is None else format_time(areas.as_of)
    return json_answer(OnePetition(areas=counts, areas_as_of=as_of, licence=LICENCE, petition=row), FRESH)


def _json_of(data: _DataSet[_Row]) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        page = _fetch(data, request, PAGE)
        if page is None:
            return _missing()
        answer = data.rows(licence=LICENCE, next=_next(request, page.after), rows=tuple(page.rows))
        return json_answer(answer, FRESH)

    return serve


def _csv_of(data: _DataSet[_Row]) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        page = _fetch(data, request, CSV_PAGE)
        if page is None:
            return _missing()
        answer = bytes_answer(csv_of(data.row, page.rows), FRESH, CSV)
        links = [f'<{LICENCE}>; rel="license"', f'<{PREFIX}/schemas/{data.schema_name}>; rel="describedby"']
        if page.after:
            links.append(f'<{_next(request, page.after)}>; rel="next"')
        answer.headers["Link"] = ", ".join(links)
        answer.headers["Content-Disposition"] = f'attachment; filename="{data.schema_name}.csv"'
        return answer

    return serve


def _fetch(data: _DataSet[_Row], request: Request, limit: int) -> _Page[_Row] | None:
    with reading(office_of(request).engine) as session:
        try:
            return data.fetch(request, session, limit)
        except NoSuchSubject:
            return None


def _missing() -> Response:
    return problems.problem(404, "not-found", "There is nothing here, or it is not public.")


def _next(request: Request, after: str) -> str:
    if not after:
        return ""
    kept = {name: request.query_params[name] for name in ("state",) if name in request.query_params}
    return f"{request.url.path}?{urlencode({**kept, 'after': after})}"


def schema(request: Request) -> Response:
    """GET /api/v1/schemas/{table}"""
    for data in DATA_SETS:
        if data.schema_name == request.path_params["table"]:
            return bytes_answer(json.dumps(table_schema(data.row)).encode(), FRESH)
    return _missing()


def petition_feed(request: Request) -> Response:
    """GET /api/v1/petitions.atom"""
    office = office_of(request)
    with reading(office.engine) as session:
        rows = petition_rows(
            session, list_petitions(session, _PUBLISHED, limit=FEED).petitions, office.clock()
        )
    entries = [
        FeedEntry(row.petition, row.action, row.opened_at or row.as_of, row.path, row.background)
        for row in rows
    ]
    return _feed(request, "petitions", "Petitions · Kiến nghị", "petitions", entries)


def deadline_feed(request: Request) -> Response:
    """GET /api/v1/deadlines.atom"""
    with reading(office_of(request).engine) as session:
        rows = deadline_rows(session, None, FEED)
    entries = [
        FeedEntry(
            str(row.number),
            f"{_DUE[row.due]} {row.due_at}: {row.action}",
            row.met_at or row.reached_at,
            row.path,
            f"{row.body_en} · {row.body_vi}",
        )
        for row in rows
    ]
    return _feed(request, "deadlines", "Deadlines · Hạn trả lời", "petitions/answers", entries)


def deadline_calendar(request: Request) -> Response:
    """GET /api/v1/deadlines.ics"""
    with reading(office_of(request).engine) as session:
        due, said = deadline_rows(session, None, EVENTS), answer_rows(session, None, EVENTS)
    events = [
        Event(f"due-{row.number}", f"{_DUE[row.due]}: {row.action}", row.due_at, row.reached_at, row.path)
        for row in due
    ]
    events += [
        Event(f"debate-{row.number}", f"Debate · Thảo luận: {row.action}", row.on, row.made_at, row.path)
        for row in said
        if row.on is not None
    ]
    return bytes_answer(
        calendar_of("Deadlines · Hạn trả lời", _settings(request).base_url, events), FRESH, CALENDAR
    )


def answer_feed(request: Request) -> Response:
    """GET /api/v1/answers.atom"""
    with reading(office_of(request).engine) as session:
        rows = answer_rows(session, None, FEED)
    entries = [FeedEntry(str(row.number), row.action, row.made_at, row.path, row.words) for row in rows]
    return _feed(request, "answers", "Answers · Trả lời kiến nghị", "petitions/answers", entries)


def contribution_feed(request: Request) -> Response:
    """GET /api/v1/discussions/{thread}.atom"""
    thread = request.path_params["thread"]
    try:
        with reading(office_of(request).engine) as session:
            rows = contribution_rows(session, thread, None, FEED)
    except NoSuchSubject:
        return _missing()
    entries = [
        FeedEntry(str(row.number), f"#{row.number}", row.edited_at or row.made_at, row.path, row.words)
        for row in rows
    ]
    return _feed(request, f"discussions/{thread}", "Contributions · Ý kiến", f"discussions/{thread}", entries)


def moderation_feed(request: Request) -> Response:
    """GET /api/v1/moderation.atom"""
    with reading(office_of(request).engine) as session:
        rows = moderation_rows(session, None, FEED)
    entries = [
        FeedEntry(str(row.number), f"{row.number}: {row.action}, {row.subject}", row.time, row.path, row.rule)
        for row in rows
    ]
    return _feed(request, "moderation", "Moderation · Kiểm duyệt", "moderation/record", entries)


_DUE: Final = {"answer": "Answer due · Hạn trả lời", "debate": "Debate due · Hạn thảo luận"}


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _feed(request: Request, name: str, title: str, path: str, entries: Sequence[FeedEntry]) -> Response:
    settings = _settings(request)
    authority = f"{settings.authority.en} · {settings.authority.vi}"
    return bytes_answer(
        atom_of(Feed(name, title, authority, settings.base_url, path, LICENCE, entries)), FRESH, ATOM
    )


def _operations() -> Sequence[Operation]:
    found = []
    for data in DATA_SETS:
        name = data.what
        after = Parameter(
            "after",
            "query",
            "Where the page begins: as `next` names it.",
            {"type": "string", "pattern": f"^(?:{data.after})?$"},
            data.example,
        )
        parameters, codes = (*data.parameters, after), ("malformed-query", *data.problems)
        found += [
            _operation(
                f"{data.path}.csv", f"list{name}Csv", f"{data.summary}, as CSV", _csv_of(data),
                Answer("UTF-8, a heading, lines as the schema says.", {"type": "string"}, media_type=CSV),
                parameters, codes,
            ),
            _operation(
                data.path, f"list{name}", data.summary, _json_of(data), Answer(f"At most {PAGE}.", data.rows),
                parameters, codes,
            ),
        ]  # fmt: skip
    return found


def _operation(
    path: str,
    name: str,
    summary: str,
    handler: Callable[[Request], Response],
    answer: Answer,
    parameters: tuple[Parameter, ...] = (),
    codes: tuple[str, ...] = (),
) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        tag="participation",
        summary=summary,
        description="Open data under Creative Commons Attribution 4.0. Nobody's name is in it.",
        handler=handler,
        answer=answer,
        rule=READING,
        parameters=parameters,
        problems=codes,
    )


def _text(media_type: str, what: str) -> Answer:
    return Answer(what, {"type": "string"}, media_type=media_type)


def _feed_operation(name: str, what: str, summary: str, handler: Callable[[Request], Response]) -> Operation:
    answer = _text(ATOM, f"Atom, the newest {FEED}.")
    return _operation(f"{PREFIX}/{name}.atom", f"feed{what}", f"{summary}, as a feed", handler, answer)


OPERATIONS: Final[tuple[Operation, ...]] = (
    _feed_operation("petitions", "Petitions", "New petitions", petition_feed),
    _feed_operation("deadlines", "Deadlines", "New deadlines", deadline_feed),
    _feed_operation("answers", "Answers", "New answers", answer_feed),
    _feed_operation("moderation", "Moderation", "New entries of the moderation log", moderation_feed),
    _operation(
        f"{PREFIX}/deadlines.ics", "calendarDeadlines", "Deadlines and debates, as a calendar",
        deadline_calendar, _text(CALENDAR, "iCalendar."),
    ),
    _operation(
        f"{PREFIX}/discussions/{{thread}}.atom", "feedContributions", "New contributions, as a feed", contribution_feed,
        _text(ATOM, "Atom."), (_THREAD_ID,), ("not-found",),
    ),
    *_operations(),
    _operation(
        f"{PREFIX}/petitions/{{petition}}", "getPetition", "One petition, and where its signatures come from",
        one_petition, Answer("The petition.", OnePetition), (_PETITION_ID,), ("not-found",),
    ),
    _operation(
        f"{PREFIX}/schemas/{{table}}", "getTableSchema", "What the columns of a CSV hold (Frictionless Table Schema)",
        schema, Answer("The schema.", {"type": "object"}, media_type=JSON),
        (
            Parameter(
                "table", "path", "Name of the CSV, without its ending.",
                {"enum": sorted(data.schema_name for data in DATA_SETS)}, "petitions", required=True,
            ),
        ),
        ("not-found",),
    ),
)  # fmt: skip
"""Those with an ending first: `{thread}` would take the ending for a part of the id."""

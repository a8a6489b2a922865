"""Petitions, deadlines, answers, discussions, consultations and the moderation log as open data, in fitting formats.

One table says what each data set is (`open_sets`); JSON, CSV with its schema, Atom and iCalendar are made of the same
rows. Answers may be kept for a minute, and shown for ten while they are fetched anew (RFC 5861): what everybody asks
for at the moment of an answer is then asked of a cache.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import NoSuchSubject
from consultation.open_data import LICENCE, PetitionRow, petition_row
from consultation.petitions.errors import NoSuchPetition
from consultation.signing.counting import counts_by_area
from protocol.canonical import Record
from protocol.text import Count, Timestamp, format_time
from storage.session import reading
from web.api.open_feeds import (
    FEED,
    FRESH,
    answer_feed,
    contribution_feed,
    deadline_calendar,
    deadline_feed,
    discussion_calendar,
    discussion_feed,
    hearing_calendar,
    hearing_feed,
    missing,
    moderation_calendar,
    moderation_feed,
    petition_calendar,
    petition_feed,
)
from web.api.open_formats import ATOM, CALENDAR, CSV, csv_of, table_schema
from web.api.open_sets import CSV_PAGE, DATA_SETS, PAGE, PETITION_ID, PREFIX, THREAD_ID, DataSet, Page
from web.api.operations import JSON, Answer, Operation, Parameter
from web.api.reading import office_of
from web.api.responses import bytes_answer, json_answer
from web.rate_limits import READING

_Row = TypeVar("_Row", bound=Record)


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


def one_petition(request: Request) -> Response:
    """GET /api/v1/petitions/{petition}"""
    petition = request.path_params["petition"]
    office = office_of(request)
    try:
        with reading(office.engine) as session:
            row = petition_row(session, petition, office.clock())
            areas = counts_by_area(session, petition)
    except (NoSuchPetition, NoSuchSubject):
        return missing()
    counts = tuple(AreaCount(area=cell.area or "", signatures=cell.count) for cell in areas.cells)
    as_of = None if areas.as_of is None else format_time(areas.as_of)
    return json_answer(OnePetition(areas=counts, areas_as_of=as_of, licence=LICENCE, petition=row), FRESH)


def _json_of(data: DataSet[_Row]) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        page = _fetch(data, request, PAGE)
        if page is None:
            return missing()
        answer = data.rows(licence=LICENCE, next=_next(request, page.after), rows=tuple(page.rows))
        return json_answer(answer, FRESH)

    return serve


def _csv_of(data: DataSet[_Row]) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        page = _fetch(data, request, CSV_PAGE)
        if page is None:
            return missing()
        answer = bytes_answer(csv_of(data.row, page.rows), FRESH, CSV)
        links = [f'<{LICENCE}>; rel="license"', f'<{PREFIX}/schemas/{data.schema_name}>; rel="describedby"']
        if page.after:
            links.append(f'<{_next(request, page.after)}>; rel="next"')
        answer.headers["Link"] = ", ".join(links)
        answer.headers["Content-Disposition"] = f'attachment; filename="{data.schema_name}.csv"'
        return answer

    return serve


def _fetch(data: DataSet[_Row], request: Request, limit: int) -> Page[_Row] | None:
    with reading(office_of(request).engine) as session:
        try:
            return data.fetch(request, session, limit)
        except NoSuchSubject:
            return None


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
    return missing()


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


def _calendar_operation(
    name: str, what: str, summary: str, handler: Callable[[Request], Response]
) -> Operation:
    answer = _text(CALENDAR, "iCalendar.")
    return _operation(f"{PREFIX}/{name}.ics", f"calendar{what}", f"{summary}, as a calendar", handler, answer)


OPERATIONS: Final[tuple[Operation, ...]] = (
    _feed_operation("petitions", "Petitions", "New petitions", petition_feed),
    _calendar_operation("petitions", "Petitions", "When signing ends", petition_calendar),
    _feed_operation("deadlines", "Deadlines", "New deadlines, and those that passed or were met", deadline_feed),
    _calendar_operation("deadlines", "Deadlines", "Deadlines and debates", deadline_calendar),
    _feed_operation("answers", "Answers", "New answers", answer_feed),
    _feed_operation("consultations", "Consultations", "New consultations", hearing_feed),
    _calendar_operation("consultations", "Consultations", "Phases of consultations", hearing_calendar),
    _feed_operation("discussions", "Discussions", "New discussions", discussion_feed),
    _calendar_operation("discussions", "Discussions", "When topics close", discussion_calendar),
    _feed_operation("moderation", "Moderation", "New entries of the moderation log", moderation_feed),
    _calendar_operation("moderation", "Moderation", "By when appeals are decided", moderation_calendar),
    _operation(
        f"{PREFIX}/discussions/{{thread}}.atom", "feedContributions", "New contributions, as a feed", contribution_feed,
        _text(ATOM, "Atom."), (THREAD_ID,), ("not-found",),
    ),
    *_operations(),
    _operation(
        f"{PREFIX}/petitions/{{petition}}", "getPetition", "One petition, and where its signatures come from",
        one_petition, Answer("The petition.", OnePetition), (PETITION_ID,), ("not-found",),
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

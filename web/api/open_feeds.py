"""Feeds and calendars of open data: what is new in a data set, and the moments that it names."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import NoSuchSubject
from consultation.hearings.types import Phase
from consultation.open_data import (
    LICENCE,
    ThreadRow,
    answer_rows,
    appeal_days,
    closing_petitions,
    closing_topics,
    contribution_rows,
    deadline_rows,
    moderation_rows,
    new_threads,
    petition_rows,
    turned_deadlines,
)
from consultation.open_hearings import HearingRow, hearing_rows
from consultation.petitions.lists import list_petitions
from protocol.text import format_time
from storage.session import reading
from web import problems
from web.api.open_formats import ATOM, CALENDAR, Event, Feed, FeedEntry, atom_of, calendar_of
from web.api.open_sets import PUBLISHED
from web.api.reading import office_of
from web.api.responses import bytes_answer
from web.formats import zone_of
from web.settings import Settings

FRESH: Final = "public, max-age=60, stale-while-revalidate=600"
FEED: Final = 50
EVENTS: Final = 500
APPEALS: Final = 100
_DUE: Final = {"answer": "Answer due · Hạn trả lời", "debate": "Debate due · Hạn thảo luận"}
_OVERDUE: Final = {
    "answer": "Answer overdue · Quá hạn trả lời",
    "debate": "Debate overdue · Quá hạn thảo luận",
}


def missing() -> Response:
    """There is nothing, or not for everybody."""
    return problems.problem(404, "not-found", "There is nothing here, or it is not public.")


def petition_feed(request: Request) -> Response:
    """GET /api/v1/petitions.atom"""
    office = office_of(request)
    with reading(office.engine) as session:
        now = office.clock()
        rows = petition_rows(session, list_petitions(session, PUBLISHED, now, limit=FEED).petitions, now)
    entries = [
        FeedEntry(row.petition, row.action, row.opened_at or row.as_of, row.path, row.background)
        for row in rows
    ]
    return _feed(request, "petitions", "Petitions · Kiến nghị", "petitions", entries)


def petition_calendar(request: Request) -> Response:
    """GET /api/v1/petitions.ics"""
    office = office_of(request)
    with reading(office.engine) as session:
        found = closing_petitions(session, office.clock(), EVENTS)
    events = [
        Event(
            f"closes-{each.id}",
            f"Signing ends · Hết hạn ký tên: {each.text.action}",
            format_time(each.closes_at),
            format_time(each.opened_at),
            f"petitions/{each.id}",
        )
        for each in found
        if each.closes_at is not None and each.opened_at is not None
    ]
    return _calendar(request, "Petitions · Kiến nghị", events)


def deadline_feed(request: Request) -> Response:
    """GET /api/v1/deadlines.atom

    An entry is updated when the day passes and when what was due comes: who reads the feed learns of both.
    """
    office = office_of(request)
    with reading(office.engine) as session:
        now = office.clock()
        rows = turned_deadlines(session, now, FEED)
    entries = []
    for row in rows:
        overdue = row.met_at is None and row.due_at <= format_time(now)
        entries.append(
            FeedEntry(
                str(row.number),
                f"{(_OVERDUE if overdue else _DUE)[row.due]} {row.due_at}: {row.action}",
                row.met_at or (row.due_at if overdue else row.reached_at),
                row.path,
                f"{row.body_en} · {row.body_vi}",
            )
        )
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
    return _calendar(request, "Deadlines · Hạn trả lời", events)


def answer_feed(request: Request) -> Response:
    """GET /api/v1/answers.atom"""
    with reading(office_of(request).engine) as session:
        rows = answer_rows(session, None, FEED)
    entries = [FeedEntry(str(row.number), row.action, row.made_at, row.path, row.words) for row in rows]
    return _feed(request, "answers", "Answers · Trả lời kiến nghị", "petitions/answers", entries)


def discussion_feed(request: Request) -> Response:
    """GET /api/v1/discussions.atom"""
    with reading(office_of(request).engine) as session:
        found = new_threads(session, FEED)
    entries = []
    for row, topic, began in found:
        words = "" if topic is None else "\n\n".join(filter(None, (topic.words.en, topic.words.vi)))
        entries.append(FeedEntry(row.thread, _asked(row), began, row.path, words))
    return _feed(request, "discussions", "Discussions · Thảo luận", "discussions", entries)


def discussion_calendar(request: Request) -> Response:
    """GET /api/v1/discussions.ics"""
    office = office_of(request)
    with reading(office.engine) as session:
        rows = closing_topics(session, office.clock(), EVENTS)
    events = [
        Event(
            f"closes-{row.thread}",
            f"Discussion ends · Hết hạn thảo luận: {_asked(row)}",
            row.closes_at,
            row.made_at,
            row.path,
        )
        for row in rows
        if row.closes_at is not None
    ]
    return _calendar(request, "Discussions · Thảo luận", events)


def contribution_feed(request: Request) -> Response:
    """GET /api/v1/discussions/{thread}.atom"""
    thread = request.path_params["thread"]
    try:
        with reading(office_of(request).engine) as session:
            rows = contribution_rows(session, thread, None, FEED)
    except NoSuchSubject:
        return missing()
    entries = [
        FeedEntry(str(row.number), f"#{row.number}", row.edited_at or row.made_at, row.path, row.words)
        for row in rows
    ]
    return _feed(request, f"discussions/{thread}", "Contributions · Ý kiến", f"discussions/{thread}", entries)


def hearing_feed(request: Request) -> Response:
    """GET /api/v1/consultations.atom"""
    office = office_of(request)
    with reading(office.engine) as session:
        rows, _ = hearing_rows(session, "", FEED, office.clock())
    entries = [FeedEntry(row.consultation, _title(row), _turned(row), row.path, _about(row)) for row in rows]
    return _feed(request, "consultations", "Consultations · Lấy ý kiến", "consultations", entries)


def hearing_calendar(request: Request) -> Response:
    """GET /api/v1/consultations.ics"""
    office = office_of(request)
    with reading(office.engine) as session:
        rows, _ = hearing_rows(session, "", EVENTS, office.clock())
    events = [
        Event(f"{name}-{row.consultation}", f"{what}: {_title(row)}", at, row.published_at, row.path)
        for row in rows
        for name, what, at in (
            ("opens", "Comments begin · Bắt đầu góp ý", row.opens_at),
            ("closes", "Comments end · Hết hạn góp ý", row.closes_at),
            ("outcome", "Outcome due · Hạn công bố kết quả", row.outcome_due),
        )
    ]
    return _calendar(request, "Consultations · Lấy ý kiến", events)


def moderation_feed(request: Request) -> Response:
    """GET /api/v1/moderation.atom"""
    with reading(office_of(request).engine) as session:
        rows = moderation_rows(session, None, FEED)
    entries = [
        FeedEntry(str(row.number), f"{row.number}: {row.action}, {row.subject}", row.time, row.path, row.rule)
        for row in rows
    ]
    return _feed(request, "moderation", "Moderation · Kiểm duyệt", "moderation/record", entries)


def moderation_calendar(request: Request) -> Response:
    """GET /api/v1/moderation.ics

    The day alone, as pages say it: from the minute one could tell when somebody appealed.
    """
    with reading(office_of(request).engine) as session:
        found = appeal_days(session, APPEALS)
    zone = zone_of(_settings(request).time_zone)
    events = [
        Event(
            f"appeal-{each.entry.number}",
            f"Appeal to be decided · Hạn quyết định khiếu nại: {each.entry.number}, {each.entry.rule}",
            each.decide_by.astimezone(zone).date().isoformat(),
            format_time(each.entry.at),
            f"moderation/record/{each.entry.number}",
        )
        for each in found
    ]
    return _calendar(request, "Moderation · Kiểm duyệt", events)


def _asked(row: ThreadRow) -> str:
    """The title, in both languages where it has both."""
    return " · ".join(dict.fromkeys(filter(None, (row.title_en, row.title_vi))))


def _title(row: HearingRow) -> str:
    return f"{row.title_en} · {row.title_vi}"


def _about(row: HearingRow) -> str:
    return f"{row.about_en}\n\n{row.about_vi}"


def _turned(row: HearingRow) -> str:
    """When it came into the phase in which it is."""
    since = {
        Phase.INFORM: row.published_at,
        Phase.COMMENT: max(row.published_at, row.opens_at),
        Phase.REVIEW: row.closes_at,
        Phase.OUTCOME: row.outcome_at or row.closes_at,
    }
    return since[Phase(row.phase)]


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _calendar(request: Request, name: str, events: Sequence[Event]) -> Response:
    return bytes_answer(calendar_of(name, _settings(request).base_url, events), FRESH, CALENDAR)


def _feed(request: Request, name: str, title: str, path: str, entries: Sequence[FeedEntry]) -> Response:
    settings = _settings(request)
    authority = f"{settings.authority.en} · {settings.authority.vi}"
    return bytes_answer(
        atom_of(Feed(name, title, authority, settings.base_url, path, LICENCE, entries)), FRESH, ATOM
    )

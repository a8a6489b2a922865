"""The public record of moderation and its rules; and for authors, what was decided about their words, and appealing.

What everybody sees names no person and repeats no hidden words. The author reads the reason, and asks another moderator
on the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation import kinds
from consultation.errors import ConsultationError
from consultation.moderation import appeals as verbs
from consultation.moderation.errors import NoSuchEntry
from consultation.moderation.log import (
    digest_of,
    entries_of_decision,
    find_entry,
    newest_entries,
    record_of,
)
from consultation.moderation.types import APPEALABLE, REVERSALS, Entry
from consultation.subjects import Described
from storage.session import reading, writing
from web import problems
from web.access import Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.pages.moderation import HiddenHere, hidden_boxes
from web.routes.moderation_common import NUMBER, links_to, number_of, or_missing, sentence, status, words
from web.routes.trail import PAGE as DEEDS_ON_A_PAGE
from web.visitor import desk_of
from web.written import text_of

PAGE: Final = 50
APPEAL_MISSING: Final = N_("Write why the decision is wrong")


@dataclass(frozen=True)
class RecordLine:
    """One entry on a page. described: what it is about, where everybody sees that now, else None."""

    entry: Entry
    described: Described | None


def record(request: Request) -> Response:
    """GET /{lang}/moderation/record?before="""
    desk, typed = desk_of(request), request.query_params.get("before", "")
    before = int(typed) if NUMBER.fullmatch(typed) else None
    with reading(desk.engine) as session:
        found = newest_entries(session, before, PAGE + 1)
        total, by_rule = verbs.statistics(session, desk.clock())
        values = {
            "lines": _lines(session, found[:PAGE]),
            "older": found[PAGE - 1].number if len(found) > PAGE else 0,
            "first": before is None,
            "total": total,
            "by_rule": sorted(by_rule.items(), key=lambda pair: -pair[1].decisions),
            "now": desk.clock(),
            **words(),
        }
    return render(request, "moderation/record.html", values)


def entry(request: Request) -> Response:
    """GET /{lang}/moderation/record/{number}"""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found = or_missing(lambda: find_entry(session, number_of(request)))
        (line,) = _lines(session, [found])
        whole = entries_of_decision(session, found.group)
    back = {each.answers for each in whole if each.action in REVERSALS.values()}
    values = {
        "line": line,
        "whole": whole,
        "digest": digest_of(record_of(found)).hex(),
        "page_of_deed": found.deed // DEEDS_ON_A_PAGE + 1,
        "stands": any(each.action in APPEALABLE and each.number not in back for each in whole),
        **words(),
    }
    return render(request, "moderation/entry.html", values)


def rules(request: Request) -> Response:
    """GET /{lang}/moderation/rules"""
    values = {
        "days_to_appeal": verbs.TIME_TO_APPEAL.days,
        "days_to_decide": verbs.TIME_TO_DECIDE.days,
        **words(),
    }
    return render(request, "moderation/rules.html", values)


def own_list(request: Request) -> Response:
    """GET /{lang}/appeals: decisions about what one wrote."""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found = verbs.own_decisions(session, actor(request).person_id, desk.clock())
    return render(request, "moderation/own_list.html", {"found": found, **words()})


def own(request: Request) -> Response:
    """GET /{lang}/appeals/{number}"""
    return _own_page(request, Form(language_of(request)))


def own_appeal(request: Request) -> Response:
    """POST /{lang}/appeals/{number}"""
    form, desk, number = form_of(request), desk_of(request), number_of(request)
    words = text_of(form, "words", verbs.WORDS_MAX, lines=True, missing=form.say(APPEAL_MISSING))
    if not form.ok:
        return _own_page(request, form)
    try:
        with writing(desk.engine) as session:
            verbs.appeal(session, actor(request).person_id, number, words, desk.clock())
    except NoSuchEntry as error:
        raise PageNotFound("decision") from error
    except ConsultationError as error:
        return _own_page(request, form, refused=sentence(form, error))
    return go(links_to(request).appeals(number))


def on_hidden(request: Request, error: Exception) -> Response:
    """A page that a moderator took away: by which rule, when, and how its author can appeal. No word of it."""
    if not isinstance(error, HiddenHere):
        raise TypeError("registered for HiddenHere only") from error
    if problems.is_api(request):
        return problems.problem(HTTPStatus.NOT_FOUND, "not-found", "A moderator has hidden this.")
    desk = desk_of(request)
    with reading(desk.engine) as session:
        box = hidden_boxes(session, [error.entry], desk.clock()).get(error.entry)
    headers = {"Cache-Control": "no-store"}
    return render(
        request, "moderation/hidden.html", {"box": box}, status=HTTPStatus.NOT_FOUND, headers=headers
    )


def record_routes() -> list[AccessRoute]:
    """All of the above."""
    place, everybody, author = "/{lang}/moderation", Access.PUBLIC, Access.SIGNED_IN
    decided = "/{lang}/appeals/{number}"
    return [
        AccessRoute(f"{place}/rules", rules, access=everybody),
        AccessRoute(f"{place}/record", record, access=everybody),
        AccessRoute(f"{place}/record/{{number}}", entry, access=everybody),
        AccessRoute("/{lang}/appeals", own_list, access=author),
        AccessRoute(decided, own, access=author),
        AccessRoute(decided, own_appeal, access=author, methods=("POST",)),
    ]


def _own_page(request: Request, form: Form, refused: str = "") -> Response:
    desk, person = desk_of(request), actor(request).person_id
    with reading(desk.engine) as session:
        found = or_missing(lambda: verbs.own_decision(session, person, number_of(request), desk.clock()))
    values = {"own": found, "form": form, "refused": refused, **words()}
    return render(request, "moderation/own.html", values, status=status(form, refused))


def _lines(session: Session, found: Sequence[Entry]) -> list[RecordLine]:
    """With titles only where everybody sees them anyway."""
    lines = []
    for one in found:
        described = kinds.describe(session, one.subject)
        lines.append(RecordLine(one, described if described is not None and described.public else None))
    return lines

"""Reports, the moderators' queue, the public record of their decisions, and appeals.

What everybody sees names no person and repeats no hidden words. Whoever reports is not told to anybody but the
database; the author reads the reason, and asks another moderator on the same page.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation import kinds
from consultation.errors import ConsultationError
from consultation.moderation import appeals as verbs
from consultation.moderation.cases import (
    CaseFile,
    claim,
    count_waiting,
    find_case,
    release,
    waiting_cases,
)
from consultation.moderation.decisions import NOTE_MAX, Decision, decide, restore
from consultation.moderation.errors import NoSuchAppeal, NoSuchCase, NoSuchEntry
from consultation.moderation.log import (
    digest_of,
    entries_of_decision,
    find_entry,
    newest_entries,
    record_of,
)
from consultation.moderation.reports import WORDS_MAX, report
from consultation.moderation.types import APPEALABLE, REVERSALS, RULE_OF, Action, Entry, Rule, Template
from consultation.petitions.lists import waiting_for_moderation
from consultation.subjects import Described, Subject
from identity.roles import Permission
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_
from web.links import Links
from web.moderation_texts import (
    ACTIONS,
    KINDS,
    PAUSES,
    REFUSED,
    RULES,
    TEMPLATES,
    TIES,
    rule_number,
    rule_sentence,
)
from web.pages.common import PageNotFound
from web.people_texts import ACTOR_ROLES
from web.rate_limits import REPORT, TooManyRequests, hit
from web.routes.trail import PAGE as DEEDS_ON_A_PAGE
from web.visitor import desk_of
from web.written import text_of

PAGE: Final = 50
CONFLICT: Final = 409
RULE_MISSING: Final = N_("Choose the rule that it breaks")
DECISION_MISSING: Final = N_("Choose what you decide")
REASON_MISSING: Final = N_("Choose the reason. The author reads it, and the rule follows from it.")
APPEAL_MISSING: Final = N_("Write why the decision is wrong")
ANSWER_MISSING: Final = N_("Choose whether the appeal is granted")
NOTE_MISSING: Final = N_("Write why. The author reads it.")
ONLY_WITH_HIDING: Final = N_("A warning and a pause go only with hiding")
PAUSE_MISSING: Final = N_("Choose whether the author is paused")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class RecordLine:
    """One entry on a page. described: what it is about, where everybody sees that now, else None."""

    entry: Entry
    described: Described | None


def report_form(request: Request) -> Response:
    """GET /{lang}/report/{kind}/{id}?sent="""
    if request.query_params.get("sent") == "yes":
        return render(request, "moderation/reported.html", {"back": _path_of(request)})
    return _report_page(request, Form(language_of(request)))


def report_send(request: Request) -> Response:
    """POST /{lang}/report/{kind}/{id}: the same answer for a first report and a second one."""
    form, desk, subject = form_of(request), desk_of(request), _subject(request)
    rule = form.choice("rule", [each.value for each in Rule], form.say(RULE_MISSING))
    words = text_of(form, "words", WORDS_MAX, lines=True, least=0)
    if form.ok:
        try:
            hit(request, REPORT, subject=actor(request).person_id)
        except TooManyRequests as error:
            form.wrong("rule", too_many(form.language, error.retry_after)[1])
    if form.ok:
        try:
            with writing(desk.engine) as session:
                report(session, actor(request).person_id, subject, Rule(rule), words, desk.clock())
        except ConsultationError as error:
            form.wrong("rule", _sentence(form, error))
    if not form.ok:
        return _report_page(request, form)
    return go(f"{_links(request).report(subject.kind, subject.id)}?sent=yes")


def queue(request: Request) -> Response:
    """GET /{lang}/moderation"""
    desk, person = desk_of(request), actor(request).person_id
    with reading(desk.engine) as session:
        values = {
            "cases": waiting_cases(session, person, desk.clock()),
            "total": count_waiting(session),
            "petitions": waiting_for_moderation(session),
            "appeals": verbs.waiting_appeals(session, person),
            "person": person,
            "now": desk.clock(),
            **_words(),
        }
    return render(request, "moderation/queue.html", values)


def case(request: Request) -> Response:
    """GET /{lang}/moderation/cases/{case}"""
    return _case_page(request, Form(language_of(request)))


def case_claim(request: Request) -> Response:
    """POST /{lang}/moderation/cases/{case}/claim"""
    return _deed(
        request, lambda session, now: claim(session, _case_id(request), actor(request).person_id, now)
    )


def case_release(request: Request) -> Response:
    """POST /{lang}/moderation/cases/{case}/release"""
    return _deed(request, lambda session, _now: release(session, _case_id(request), actor(request).person_id))


def case_restore(request: Request) -> Response:
    """POST /{lang}/moderation/cases/{case}/restore: a mistake is corrected."""
    desk, by = desk_of(request), actor(request)

    def deed(session: Session, now: datetime) -> None:
        subject = find_case(session, _case_id(request), by.person_id, now).case.subject
        restore(session, desk, by, subject, "")

    return _deed(request, deed)


def case_decide(request: Request) -> Response:
    """POST /{lang}/moderation/cases/{case}"""
    form, desk = form_of(request), desk_of(request)
    decision = _decision(form)
    if decision is None:
        return _case_page(request, form)
    try:
        with writing(desk.engine) as session:
            number = decide(session, desk, actor(request), _case_id(request), decision)
    except NoSuchCase as error:
        raise PageNotFound("case") from error
    except ConsultationError as error:
        return _case_page(request, form, refused=_sentence(form, error))
    return go(_links(request).moderation_record(number))


def appeal(request: Request) -> Response:
    """GET /{lang}/moderation/appeals/{number}"""
    return _appeal_page(request, Form(language_of(request)))


def appeal_decide(request: Request) -> Response:
    """POST /{lang}/moderation/appeals/{number}"""
    form, desk, number = form_of(request), desk_of(request), _number(request)
    answer = form.choice("answer", ["grant", "refuse"], form.say(ANSWER_MISSING))
    note = text_of(form, "note", verbs.NOTE_MAX, lines=True, missing=form.say(NOTE_MISSING))
    if not form.ok:
        return _appeal_page(request, form)
    try:
        with writing(desk.engine) as session:
            verbs.decide_appeal(session, desk, actor(request), number, granted=answer == "grant", note=note)
    except NoSuchAppeal as error:
        raise PageNotFound("appeal") from error
    except ConsultationError as error:
        return _appeal_page(request, form, refused=_sentence(form, error))
    return go(_links(request).moderation_record(number))


def record(request: Request) -> Response:
    """GET /{lang}/moderation/record?before="""
    desk, typed = desk_of(request), request.query_params.get("before", "")
    before = int(typed) if _NUMBER.fullmatch(typed) else None
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
            **_words(),
        }
    return render(request, "moderation/record.html", values)


def entry(request: Request) -> Response:
    """GET /{lang}/moderation/record/{number}"""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found = _found(lambda: find_entry(session, _number(request)))
        (line,) = _lines(session, [found])
        whole = entries_of_decision(session, found.group)
    back = {each.answers for each in whole if each.action in REVERSALS.values()}
    values = {
        "line": line,
        "whole": whole,
        "digest": digest_of(record_of(found)).hex(),
        "page_of_deed": found.deed // DEEDS_ON_A_PAGE + 1,
        "stands": any(each.action in APPEALABLE and each.number not in back for each in whole),
        **_words(),
    }
    return render(request, "moderation/entry.html", values)


def rules(request: Request) -> Response:
    """GET /{lang}/moderation/rules"""
    values = {
        "days_to_appeal": verbs.TIME_TO_APPEAL.days,
        "days_to_decide": verbs.TIME_TO_DECIDE.days,
        **_words(),
    }
    return render(request, "moderation/rules.html", values)


def own_list(request: Request) -> Response:
    """GET /{lang}/appeals: decisions about what one wrote."""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found = verbs.own_decisions(session, actor(request).person_id, desk.clock())
    return render(request, "moderation/own_list.html", {"found": found, **_words()})


def own(request: Request) -> Response:
    """GET /{lang}/appeals/{number}"""
    return _own_page(request, Form(language_of(request)))


def own_appeal(request: Request) -> Response:
    """POST /{lang}/appeals/{number}"""
    form, desk, number = form_of(request), desk_of(request), _number(request)
    words = text_of(form, "words", verbs.WORDS_MAX, lines=True, missing=form.say(APPEAL_MISSING))
    if not form.ok:
        return _own_page(request, form)
    try:
        with writing(desk.engine) as session:
            verbs.appeal(session, actor(request).person_id, number, words, desk.clock())
    except NoSuchEntry as error:
        raise PageNotFound("decision") from error
    except ConsultationError as error:
        return _own_page(request, form, refused=_sentence(form, error))
    return go(_links(request).appeals(number))


def moderation_routes() -> list[AccessRoute]:
    """All of the above."""
    moderate, everybody, reader, post = Permission.MODERATE, Access.PUBLIC, Access.SIGNED_IN, ("POST",)
    place, one = "/{lang}/moderation", "/{lang}/moderation/cases/{case}"
    asked, decided, reported = (
        place + "/appeals/{number}",
        "/{lang}/appeals/{number}",
        "/{lang}/report/{kind}/{id}",
    )
    return [
        AccessRoute(place, queue, access=moderate),
        AccessRoute(f"{place}/rules", rules, access=everybody),
        AccessRoute(f"{place}/record", record, access=everybody),
        AccessRoute(f"{place}/record/{{number}}", entry, access=everybody),
        AccessRoute(one, case, access=moderate),
        AccessRoute(one, case_decide, access=moderate, methods=post),
        AccessRoute(f"{one}/claim", case_claim, access=moderate, methods=post),
        AccessRoute(f"{one}/release", case_release, access=moderate, methods=post),
        AccessRoute(f"{one}/restore", case_restore, access=moderate, methods=post),
        AccessRoute(asked, appeal, access=moderate),
        AccessRoute(asked, appeal_decide, access=moderate, methods=post),
        AccessRoute("/{lang}/appeals", own_list, access=reader),
        AccessRoute(decided, own, access=reader),
        AccessRoute(decided, own_appeal, access=reader, methods=post),
        AccessRoute(reported, report_form, access=reader),
        AccessRoute(reported, report_send, access=reader, methods=post),
    ]


def _report_page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        described = kinds.describe(session, _subject(request))
    if described is None or not described.public:
        raise PageNotFound("subject")
    values = {"form": form, "described": described, **_words()}
    return render(request, "moderation/report.html", values, status=200 if form.ok else FORM_REFUSED)


def _case_page(request: Request, form: Form, refused: str = "") -> Response:
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found: CaseFile = _found(
            lambda: find_case(session, _case_id(request), actor(request).person_id, desk.clock())
        )
    values = {
        "file": found,
        "form": form,
        "refused": refused,
        "reasons": [
            (each.value, form.say(words[0]), RULE_OF[each].number) for each, words in TEMPLATES.items()
        ],
        "pauses": [(str(days), form.say(words)) for days, words in PAUSES.items()],
        **_words(),
    }
    return render(request, "moderation/case.html", values, status=_status(form, refused))


def _appeal_page(request: Request, form: Form, refused: str = "") -> Response:
    person = actor(request).person_id
    with reading(desk_of(request).engine) as session:
        found = _found(lambda: verbs.find_appeal(session, _number(request), person))
    values = {"file": found, "form": form, "refused": refused, **_words()}
    return render(request, "moderation/appeal.html", values, status=_status(form, refused))


def _own_page(request: Request, form: Form, refused: str = "") -> Response:
    desk, person = desk_of(request), actor(request).person_id
    with reading(desk.engine) as session:
        found = _found(lambda: verbs.own_decision(session, person, _number(request), desk.clock()))
    values = {"own": found, "form": form, "refused": refused, **_words()}
    return render(request, "moderation/own.html", values, status=_status(form, refused))


def _deed(request: Request, deed: Callable[[Session, datetime], None]) -> Response:
    """Do something with a case and show it again."""
    desk, form = desk_of(request), form_of(request)
    try:
        with writing(desk.engine) as session:
            deed(session, desk.clock())
    except NoSuchCase as error:
        raise PageNotFound("case") from error
    except ConsultationError as error:
        return _case_page(request, Form(form.language), refused=_sentence(form, error))
    return go(_links(request).moderation(f"cases/{_case_id(request)}"))


def _decision(form: Form) -> Decision | None:
    deed = form.choice("deed", ["leave", "hide"], form.say(DECISION_MISSING))
    digest = form.value("digest")
    if not _DIGEST.fullmatch(digest):
        raise PageNotFound("no form of ours")
    note = text_of(form, "note", NOTE_MAX, lines=True, least=0)
    if deed == "leave" and (form.ticked("warn") or form.value("pause") not in ("", "0")):
        form.wrong("deed", form.say(ONLY_WITH_HIDING))
    if deed != "hide":
        return Decision(None, bytes.fromhex(digest), note) if form.ok else None
    reason = form.choice("reason", [each.value for each in Template], form.say(REASON_MISSING))
    days = form.choice("pause", [str(days) for days in PAUSES], form.say(PAUSE_MISSING))
    if not form.ok:
        return None
    return Decision(Template(reason), bytes.fromhex(digest), note, form.ticked("warn"), int(days))


def _lines(session: Session, found: Sequence[Entry]) -> list[RecordLine]:
    """With titles only where everybody sees them anyway."""
    lines = []
    for one in found:
        described = kinds.describe(session, one.subject)
        lines.append(RecordLine(one, described if described is not None and described.public else None))
    return lines


def _words() -> dict[str, object]:
    return {
        "actions": ACTIONS,
        "kinds": KINDS,
        "rules": RULES,
        "roles": ACTOR_ROLES,
        "templates": {each.value: words for each, words in TEMPLATES.items()},
        "ties": TIES,
        "rule_number": rule_number,
        "rule_sentence": rule_sentence,
        "burdens": APPEALABLE,
        "left": Action.LEFT,
    }


def _path_of(request: Request) -> str:
    """Of what was reported, if everybody may see it; else the list of rules."""
    with reading(desk_of(request).engine) as session:
        described = kinds.describe(session, _subject(request))
    links = _links(request)
    return links.under(described.path) if described is not None and described.public else links.rules()


def _subject(request: Request) -> Subject:
    kind, number = request.path_params["kind"], request.path_params["id"]
    if kind not in kinds.KINDS or len(number) > 64 or not number.isascii() or "\0" in number:
        raise PageNotFound(kind)
    return Subject(kind, number)


def _case_id(request: Request) -> str:
    found: str = request.path_params["case"]
    return found


def _number(request: Request) -> int:
    typed = request.path_params["number"]
    if not _NUMBER.fullmatch(typed):
        raise PageNotFound(typed)
    return int(typed)


def _found(find: Callable[[], _Found]) -> _Found:
    try:
        return find()
    except (NoSuchCase, NoSuchAppeal, NoSuchEntry) as error:
        raise PageNotFound(error.code) from error


def _sentence(form: Form, error: ConsultationError) -> str:
    return form.say(REFUSED[type(error)]) if type(error) in REFUSED else str(error)


def _status(form: Form, refused: str) -> int:
    return CONFLICT if refused else 200 if form.ok else FORM_REFUSED


def _links(request: Request) -> Links:
    return Links(language_of(request))

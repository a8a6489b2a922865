"""The moderators' pages: the queue, a case and its decision, an appeal. Who reported something is not on them."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

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
from consultation.moderation.decisions import (
    NOTE_MAX,
    Decision,
    Restoring,
    decide,
    restore,
    restoring,
)
from consultation.moderation.errors import (
    AppealOpen,
    Conflict,
    GroundMissing,
    NoSuchAppeal,
    NoSuchCase,
    NotHidden,
)
from consultation.moderation.queue import QueueOrder
from consultation.moderation.types import RULE_OF, Template
from consultation.petitions.lists import waiting_for_moderation
from consultation.subjects import Subject
from identity.roles import Permission
from storage.session import reading, writing
from web.access import AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.moderation_texts import PAUSES, QUEUE_ORDERS, TEMPLATES
from web.pages.common import PageNotFound
from web.routes.moderation_common import links_to, number_of, or_missing, sentence, status, words
from web.visitor import desk_of
from web.written import text_of

DECISION_MISSING: Final = N_("Choose what you decide")
REASON_MISSING: Final = N_("Choose the reason. The author reads it, and the rule follows from it.")
ANSWER_MISSING: Final = N_("Choose whether the appeal is granted")
NOTE_MISSING: Final = N_("Write why. The author reads it.")
ONLY_WITH_HIDING: Final = N_("A warning and a pause go only with hiding")
PAUSE_MISSING: Final = N_("Choose whether the author is paused")
_AFTER_MAX: Final = 40
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def queue(request: Request) -> Response:
    """GET /{lang}/moderation?order=&after=: what was reported a page at a time; what else waits with the first page."""
    desk, person = desk_of(request), actor(request).person_id
    asked, after = request.query_params.get("order", ""), request.query_params.get("after", "")[:_AFTER_MAX]
    order = QueueOrder(asked) if asked in set(QueueOrder) else QueueOrder.WEIGHT
    with reading(desk.engine) as session:
        values = {
            "page": waiting_cases(session, person, desk.clock(), order=order, after=after),
            "total": count_waiting(session),
            "petitions": waiting_for_moderation(session, person, desk.clock()),
            "appeals": verbs.waiting_appeals(session, person),
            "first": not after,
            "order": order,
            "orders": QUEUE_ORDERS,
            "now": desk.clock(),
            **words(),
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
    """POST /{lang}/moderation/cases/{case}/restore: a mistake is corrected, or a refused appeal reversed."""
    form, desk, by = form_of(request), desk_of(request), actor(request)
    note = text_of(form, "back", NOTE_MAX, lines=True, least=0)
    if not form.ok:
        return _case_page(request, form)
    try:
        with writing(desk.engine) as session:
            subject = find_case(session, _case_id(request), by.person_id, desk.clock()).case.subject
            restore(session, desk, by, subject, note)
    except NoSuchCase as error:
        raise PageNotFound("case") from error
    except GroundMissing as error:
        form.wrong("back", sentence(form, error))
        return _case_page(request, form)
    except ConsultationError as error:
        return _case_page(request, form, refused=sentence(form, error))
    return go(links_to(request).moderation(f"cases/{_case_id(request)}"))


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
        return _case_page(request, form, refused=sentence(form, error))
    return go(links_to(request).moderation_record(number))


def appeal(request: Request) -> Response:
    """GET /{lang}/moderation/appeals/{number}"""
    return _appeal_page(request, Form(language_of(request)))


def appeal_decide(request: Request) -> Response:
    """POST /{lang}/moderation/appeals/{number}"""
    form, desk, number = form_of(request), desk_of(request), number_of(request)
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
        return _appeal_page(request, form, refused=sentence(form, error))
    return go(links_to(request).moderation_record(number))


def moderation_routes() -> list[AccessRoute]:
    """All of the above."""
    moderate, post = Permission.MODERATE, ("POST",)
    place, one = "/{lang}/moderation", "/{lang}/moderation/cases/{case}"
    asked = place + "/appeals/{number}"
    return [
        AccessRoute(place, queue, access=moderate),
        AccessRoute(one, case, access=moderate),
        AccessRoute(one, case_decide, access=moderate, methods=post),
        AccessRoute(f"{one}/claim", case_claim, access=moderate, methods=post),
        AccessRoute(f"{one}/release", case_release, access=moderate, methods=post),
        AccessRoute(f"{one}/restore", case_restore, access=moderate, methods=post),
        AccessRoute(asked, appeal, access=moderate),
        AccessRoute(asked, appeal_decide, access=moderate, methods=post),
    ]


def _case_page(request: Request, form: Form, refused: str = "") -> Response:
    desk = desk_of(request)
    with reading(desk.engine) as session:
        found: CaseFile = or_missing(
            lambda: find_case(session, _case_id(request), actor(request).person_id, desk.clock())
        )
        back = _restoring(session, found.case.subject, actor(request).person_id)
    values = {
        "back": back,
        "file": found,
        "form": form,
        "refused": refused,
        "reasons": [
            (each.value, form.say(words[0]), RULE_OF[each].number) for each, words in TEMPLATES.items()
        ],
        "pauses": [(str(days), form.say(words)) for days, words in PAUSES.items()],
        **words(),
    }
    return render(request, "moderation/case.html", values, status=status(form, refused))


def _restoring(session: Session, subject: Subject, person: str) -> Restoring | None:
    try:
        return restoring(session, subject, person)
    except (NotHidden, Conflict, AppealOpen):
        return None


def _appeal_page(request: Request, form: Form, refused: str = "") -> Response:
    person = actor(request).person_id
    with reading(desk_of(request).engine) as session:
        found = or_missing(lambda: verbs.find_appeal(session, number_of(request), person))
    values = {"file": found, "form": form, "refused": refused, **words()}
    return render(request, "moderation/appeal.html", values, status=status(form, refused))


def _deed(request: Request, deed: Callable[[Session, datetime], None]) -> Response:
    """Do something with a case and show it again."""
    desk, form = desk_of(request), form_of(request)
    try:
        with writing(desk.engine) as session:
            deed(session, desk.clock())
    except NoSuchCase as error:
        raise PageNotFound("case") from error
    except ConsultationError as error:
        return _case_page(request, Form(form.language), refused=sentence(form, error))
    return go(links_to(request).moderation(f"cases/{_case_id(request)}"))


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


def _case_id(request: Request) -> str:
    found: str = request.path_params["case"]
    return found

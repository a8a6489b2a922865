"""Consultations for officials: prepared, with title and dates, and published."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import ConsultationError
from consultation.hands import note_hand
from consultation.hearings.answers import shown_participants
from consultation.hearings.documents import documents_of, prepared_version
from consultation.hearings.hearings import (
    ABOUT_CHARACTERS,
    HEARING,
    TITLE_CHARACTERS,
    change_hearing,
    list_hearings,
    make_hearing,
    publish_hearing,
)
from consultation.hearings.outcome import themes_of
from consultation.hearings.questions import questions_of
from consultation.hearings.types import Hearing, Phase, Plan
from consultation.hearings.votes import votes_of
from consultation.subjects import Subject
from identity.roles import Permission
from identity.trail import record
from protocol.text import format_time
from storage.session import reading, writing
from web.access import AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.formats import zone_of
from web.forms import SEEN, Form, moment_fields
from web.hearing_texts import KINDS, refuse
from web.i18n import N_
from web.routes.hearing_common import OFFICE, both, both_fields, done, found_hearing, hearing_page
from web.routes.office_common import links_of, site_of
from web.visitor import desk_of

TIME_MISSING: Final = N_("Choose a day and a time")
_RUNNING: Final = (Phase.INFORM, Phase.COMMENT, Phase.REVIEW)


def hearings(request: Request) -> Response:
    """GET /{lang}/office/consultations"""
    desk = desk_of(request)
    now = desk.clock()
    with reading(desk.engine) as session:
        values = {
            "drafts": list_hearings(session, now, phases=(Phase.DRAFT,), limit=100).hearings,
            "running": list_hearings(session, now, phases=_RUNNING, limit=100).hearings,
            "over": list_hearings(session, now, phases=(Phase.OUTCOME,), limit=100).hearings,
        }
    return render(request, "hearing_office/list.html", values)


def new(request: Request) -> Response:
    """GET /{lang}/office/consultations/new"""
    return _plan_page(request, Form(language_of(request)), None)


def make(request: Request) -> Response:
    """POST /{lang}/office/consultations/new"""
    form, desk = form_of(request), desk_of(request)
    plan, made = _plan(request, form), ""
    if plan is not None:
        try:
            with writing(desk.engine) as session:
                made = make_hearing(session, plan, desk.clock())
                note_hand(session, Subject(HEARING, made), actor(request).person_id)
                record(desk, session, actor(request), "hearing-made", f"hearing {made}")
        except ConsultationError as error:
            refuse(form, error, "closes-day")
    return go(links_of(request).office_hearings(made)) if made else _plan_page(request, form, None)


def one(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}"""
    return _one_page(request, Form(language_of(request)))


def publish(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/publish"""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)

    def deed(session: Session) -> str:
        publish_hearing(session, hearing.id, desk.clock())
        return "hearing-published"

    if done(request, form, hearing, "publish", deed):
        return go(links_of(request).office_hearings(hearing.id))
    return _one_page(request, form)


def edit(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/edit"""
    hearing = found_hearing(request)
    return _plan_page(request, Form.filled(language_of(request), _fields(request, hearing.plan)), hearing)


def save(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/edit"""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    plan = _plan(request, form, hearing.plan if _is_begun(hearing) else None)

    def deed(session: Session) -> str:
        change_hearing(session, hearing.id, plan or hearing.plan, form.value(SEEN), desk.clock())
        return "hearing-changed"

    def saved() -> Mapping[str, str]:
        return _fields(request, found_hearing(request).plan)

    detail = {} if plan is None else _detail(hearing.plan, plan)
    if form.ok and done(request, form, hearing, "closes-day", deed, saved, detail):
        return go(links_of(request).office_hearings(hearing.id))
    return _plan_page(request, form, hearing)


def hearing_office_routes() -> list[AccessRoute]:
    """All of the above. Before `/office/{election}`."""
    path, post = "/{lang}/office/consultations", ("POST",)
    of = f"{path}/{{hearing}}"
    return [
        AccessRoute(path, hearings, access=OFFICE),
        AccessRoute(f"{path}/new", new, access=OFFICE),
        AccessRoute(f"{path}/new", make, access=OFFICE, methods=post),
        AccessRoute(of, one, access=OFFICE),
        AccessRoute(f"{of}/publish", publish, access=OFFICE, methods=post),
        AccessRoute(f"{of}/edit", edit, access=OFFICE),
        AccessRoute(f"{of}/edit", save, access=OFFICE, methods=post),
    ]


def _fields(request: Request, plan: Plan) -> dict[str, str]:
    zone = zone_of(site_of(request).time_zone)
    fields = {SEEN: plan.seen, **both_fields("title", plan.title), **both_fields("about", plan.about)}
    for name, moment in (("opens", plan.opens_at), ("closes", plan.closes_at), ("due", plan.outcome_due)):
        fields |= moment_fields(name, moment, zone)
    return fields


def _is_begun(hearing: Hearing) -> bool:
    """Whether people have answered to its title and description."""
    return hearing.phase in (Phase.COMMENT, Phase.REVIEW)


def _detail(before: Plan, after: Plan) -> dict[str, str]:
    moments = {
        name: (getattr(before, name), getattr(after, name))
        for name in ("opens_at", "closes_at", "outcome_due")
    }
    changed = {
        name: f"{format_time(old)} > {format_time(new)}" for name, (old, new) in moments.items() if old != new
    }
    words = (before.title, before.about) != (after.title, after.about)
    return {**changed, **({"words": "changed"} if words else {})}


def _plan(request: Request, form: Form, begun: Plan | None = None) -> Plan | None:
    """begun: whose words stay."""
    zone = zone_of(site_of(request).time_zone)
    if begun is None:
        title = both(form, "title", TITLE_CHARACTERS)
        about = both(form, "about", ABOUT_CHARACTERS, lines=True)
    else:
        title, about = begun.title, begun.about
    opens, closes, due = (
        form.moment(name, zone, missing=form.say(TIME_MISSING)) for name in ("opens", "closes", "due")
    )
    if not form.ok or opens is None or closes is None or due is None:
        return None
    return Plan(title, about, opens, closes, due)


def _plan_page(request: Request, form: Form, hearing: Hearing | None) -> Response:
    values = {"begun": hearing is not None and _is_begun(hearing)}
    return hearing_page(request, "plan", form, hearing, values)


def _one_page(request: Request, form: Form) -> Response:
    hearing = found_hearing(request)
    with reading(desk_of(request).engine) as session:
        texts = [(each, prepared_version(session, each)) for each in documents_of(session, hearing.id)]
        values = {
            "texts": texts,
            "questions": questions_of(session, hearing.id),
            "kinds": KINDS,
            "participants": shown_participants(hearing.participants),
            "themes": themes_of(session, hearing.id),
            "changeable": hearing.phase in (Phase.DRAFT, Phase.INFORM),
            "votes": votes_of(session, hearing.id),
            "makes_votes": actor(request).may(Permission.MANAGE_ELECTIONS),
        }
    return hearing_page(request, "one", form, hearing, values)

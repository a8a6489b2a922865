"""Petitions for citizens: lists and public pages without cookies, and the pages of whoever started one.

Public pages are the same for everybody, so they may be cached. What depends on the reader has addresses of its own:
`manage` and `edit` here, signing and its receipt in `web.routes.signing`.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.areas import areas
from consultation.errors import ConsultationError, NoSuchArea
from consultation.moderation.errors import Paused
from consultation.moderation.pauses import require_not_paused
from consultation.petitions import life
from consultation.petitions.errors import (
    ChangedSince,
    NoSuchBody,
    NoSuchPetition,
    TooManyPetitions,
    WrongState,
)
from consultation.petitions.settings import bodies, rules
from consultation.petitions.store import find_petition
from consultation.petitions.types import HIDING, Draft, Petition, State
from protocol.petition_text import ACTION_CHARACTERS, BACKGROUND_CHARACTERS, DETAILS_CHARACTERS
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.live.petitions import answers_page, petition_page, petitions_page, similar_lines, versions_page
from web.live.source import LivePages
from web.pages.common import PageNotFound
from web.pages.petitions import Narrowed
from web.petition_texts import OUTCOMES, REASONS
from web.rendering import Renderer
from web.routes.office_common import CONFLICT, links_of, office_of
from web.visitor import desk_of
from web.written import text_of

SOUGHT_MAX: Final = 100
VALUE_MAX: Final = 64
ACTION_MISSING: Final = N_("Write what should be done, in one sentence")
BACKGROUND_MISSING: Final = N_("Write why it should be done")
BODY_MISSING: Final = N_("Choose who should answer")
AREA_WRONG: Final = N_("Choose one of the areas in the list")
LANGUAGE_MISSING: Final = N_("Choose the language in which it is written")
PAUSED: Final = N_("A moderator has paused your writing here. You can write again later; the mail says when.")
TOO_MANY: Final = N_("You have several petitions in preparation. Finish or withdraw one of them first.")
CHANGED: Final = N_("The words were changed since you opened them. Look at them again before you go on.")
MOVED_ON: Final = N_("This petition has moved on since the page was opened. Look at it again.")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,5}")
_NO_STORE: Final = {"Cache-Control": "no-store"}


def petitions(request: Request) -> Response:
    """GET /{lang}/petitions?q=&state=&area=&body=&sort=&after="""
    with reading(desk_of(request).engine) as session:
        page = petitions_page(session, _narrowed(request), _asked(request, "after"), desk_of(request).clock())
    return render(request, "petitions/list.html", {"page": page, "reasons": REASONS})


def rejected(request: Request) -> Response:
    """GET /{lang}/petitions/rejected: the published reasons, and what was rejected for them."""
    with reading(desk_of(request).engine) as session:
        page = petitions_page(
            session, Narrowed(state="rejected"), _asked(request, "after"), desk_of(request).clock()
        )
    return render(request, "petitions/rejected.html", {"page": page, "reasons": REASONS, "hiding": HIDING})


def answers(request: Request) -> Response:
    """GET /{lang}/petitions/answers: what is overdue, and who answers in time."""
    with reading(desk_of(request).engine) as session:
        page = answers_page(session, desk_of(request).clock())
    return render(request, "petitions/answers.html", {"page": page})


def one(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}"""
    votes = LivePages(office_of(request))
    with reading(desk_of(request).engine) as session:
        page = petition_page(
            session, request.path_params["petition"], desk_of(request).clock(), partial(votes.votes, session)
        )
    values = {"page": page, "reasons": REASONS, "outcomes": OUTCOMES}
    return render(request, "petitions/page.html", values, headers={} if page.petition.public else _NO_STORE)


def all_versions(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/versions"""
    with reading(desk_of(request).engine) as session:
        page = versions_page(session, request.path_params["petition"])
    headers = {} if page.petition.public else _NO_STORE
    return render(request, "petitions/versions.html", {"page": page}, headers=headers)


def start(request: Request) -> Response:
    """GET /{lang}/petitions/new"""
    language = language_of(request)
    return _start_page(request, Form.filled(language, {"language": language}))


def started(request: Request) -> Response:
    """POST /{lang}/petitions/new: a draft, which its creator sees as it will look."""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    draft = _draft(form)
    if draft is None:
        return _start_page(request, form)
    try:
        with writing(desk.engine) as session:
            require_not_paused(session, person, desk.clock())
            number = life.create_draft(session, person, draft, desk.clock())
    except ConsultationError as error:
        _say(form, error)
        return _start_page(request, form)
    return go(links_of(request).petition(number, "manage"))


def manage(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/manage: how it looks, and what comes next."""
    return _manage_page(request, Form(language_of(request)))


def managed(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/manage: send it off, withdraw it, end signing."""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    number = request.path_params["petition"]
    deeds = {"submit": life.submit, "withdraw": life.withdraw, "close": life.close_early}
    deed = deeds.get(form.value("deed"))
    if deed is None:
        return _manage_page(request, form)
    try:
        with writing(desk.engine) as session:
            _own(session, number, person)
            if deed is life.submit:
                require_not_paused(session, person, desk.clock())
            deed(session, person, number, desk.clock())
            gone = deed is life.withdraw and _is_gone(session, number)
    except ConsultationError as error:
        _say(form, error)
        return _manage_page(request, form, CONFLICT)
    links = links_of(request)
    return go(links.petitions() if gone else links.petition(number, "manage"))


def edit(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/edit"""
    with reading(desk_of(request).engine) as session:
        found = _own(session, request.path_params["petition"], actor(request).person_id)
    text = found.text
    values = {
        "action": text.action,
        "background": text.background,
        "details": text.details,
        "language": text.language,
        "body": found.body.id,
        "area": "" if found.area is None else found.area[0],
        "version": str(found.proposed or text.version),
    }
    return _edit_page(request, Form.filled(language_of(request), values))


def edited(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/edit"""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    number, seen = request.path_params["petition"], form.value("version")
    draft = _draft(form)
    if draft is None or not _VERSION.fullmatch(seen):
        return _edit_page(request, form)
    try:
        with writing(desk.engine) as session:
            state = _own(session, number, person).state
            require_not_paused(session, person, desk.clock())
            if state is State.DRAFT:
                life.save_draft(session, person, number, draft, desk.clock())
            else:
                life.edit(session, person, number, int(seen), draft, desk.clock())
    except ConsultationError as error:
        _say(form, error)
        return _edit_page(request, form)
    return go(links_of(request).petition(number, "manage"))


def petition_routes() -> list[AccessRoute]:
    """All of the above. The lists stand before `{petition}`."""
    every, every_one = "/{lang}/petitions", "/{lang}/petitions/{petition}"
    public, own, post = Access.PUBLIC, Access.SIGNED_IN, ("POST",)
    return [
        AccessRoute(every, petitions, access=public),
        AccessRoute(f"{every}/rejected", rejected, access=public),
        AccessRoute(f"{every}/answers", answers, access=public),
        AccessRoute(f"{every}/new", start, access=own),
        AccessRoute(f"{every}/new", started, access=own, methods=post),
        AccessRoute(every_one, one, access=public),
        AccessRoute(f"{every_one}/versions", all_versions, access=public),
        AccessRoute(f"{every_one}/manage", manage, access=own),
        AccessRoute(f"{every_one}/manage", managed, access=own, methods=post),
        AccessRoute(f"{every_one}/edit", edit, access=own),
        AccessRoute(f"{every_one}/edit", edited, access=own, methods=post),
    ]


def _asked(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:VALUE_MAX]


def _narrowed(request: Request) -> Narrowed:
    return Narrowed(
        sought=request.query_params.get("q", "")[:SOUGHT_MAX].strip(),
        state=_asked(request, "state"),
        area=_asked(request, "area"),
        body=_asked(request, "body"),
        sort=_asked(request, "sort") or "newest",
    )


def _own(session: Session, number: str, person: str) -> Petition:
    """A petition that this person started. To everybody else the page does not exist."""
    try:
        found = find_petition(session, number)
    except NoSuchPetition as error:
        raise PageNotFound(number) from error
    if found.creator != person:
        raise PageNotFound("started by somebody else")
    return found


def _is_gone(session: Session, number: str) -> bool:
    try:
        find_petition(session, number)
    except NoSuchPetition:
        return True
    return False


def _draft(form: Form) -> Draft | None:
    """What was written; None when something is wrong, which is then said beside its field."""
    action = text_of(form, "action", ACTION_CHARACTERS, missing=form.say(ACTION_MISSING))
    background = text_of(
        form, "background", BACKGROUND_CHARACTERS, lines=True, missing=form.say(BACKGROUND_MISSING)
    )
    details = text_of(form, "details", DETAILS_CHARACTERS, lines=True, least=0)
    body, area = form.value("body"), form.value("area")
    if not body:
        form.wrong("body", form.say(BODY_MISSING))
    language = form.choice("language", life.LANGUAGES, form.say(LANGUAGE_MISSING))
    return Draft(action, background, details, language, body, area or None) if form.ok else None


def _say(form: Form, error: ConsultationError) -> None:
    """What a verb refused, beside the field that it is about."""
    field, sentence = _REFUSALS.get(type(error), ("action", MOVED_ON))
    form.wrong(field, form.say(sentence))


_REFUSALS: Final[Mapping[type[ConsultationError], tuple[str, str]]] = {
    NoSuchBody: ("body", BODY_MISSING),
    NoSuchArea: ("area", AREA_WRONG),
    Paused: ("action", PAUSED),
    TooManyPetitions: ("action", TOO_MANY),
    ChangedSince: ("action", CHANGED),
    WrongState: ("action", MOVED_ON),
}


def _start_page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        values = {
            "form": form,
            "bodies": bodies(session),
            "areas": areas(session),
            "sponsors": rules(session).sponsors,
        }
    return render(request, "petitions/new.html", values, status=200 if form.ok else FORM_REFUSED)


def _edit_page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        found = _own(session, request.path_params["petition"], actor(request).person_id)
        values = {
            "petition": found,
            "form": form,
            "bodies": bodies(session),
            "areas": areas(session),
        }
    return render(request, "petitions/edit.html", values, status=200 if form.ok else FORM_REFUSED)


def _manage_page(request: Request, form: Form, status: int = 200) -> Response:
    desk, links = desk_of(request), links_of(request)
    renderer: Renderer = request.app.state.renderer
    with reading(desk.engine) as session:
        found = _own(session, request.path_params["petition"], actor(request).person_id)
        values = {
            "petition": found,
            "form": form,
            "rules": rules(session),
            "similar": similar_lines(
                session, f"{found.text.action} {found.text.background}", desk.clock(), found.id
            )
            if found.state in (State.DRAFT, State.SPONSORS)
            else (),
            "signatures": found.signatures,
            "address": renderer.site.base_url + links.petition(found.id),
            "reasons": REASONS,
            "appeal_url": links.appeals(),
        }
    return render(request, "petitions/manage.html", values, status=status)

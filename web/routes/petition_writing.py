"""Pages of whoever writes a petition: start it, look at it, change its words, send it off, end it.

To everybody else these pages do not exist. A form that begins a petition comes with the browser's work, or is counted
by the slower limit; changes of one's own petitions are counted by account and network alone, for they add no row
beside the account's few petitions and their bounded versions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    TooManyVersions,
    WrongState,
)
from consultation.petitions.lists import prepared
from consultation.petitions.settings import bodies, rules
from consultation.petitions.store import find_petition, last_words
from consultation.petitions.types import Draft, Petition, State
from consultation.signing.counting import public_count
from protocol.petition_text import ACTION_CHARACTERS, BACKGROUND_CHARACTERS, DETAILS_CHARACTERS
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_
from web.live.petitions import preview_of, similar_lines
from web.pages.common import PageNotFound
from web.pages.petitions import Preview
from web.petition_texts import REASONS
from web.rate_limits import Rule, TooManyRequests, hit
from web.rate_rules import (
    PETITION_START,
    PETITION_START_NETWORK,
    PETITION_WRITE,
    PETITION_WRITE_NETWORK,
    SIMILAR,
)
from web.rendering import Renderer
from web.routes.office_common import CONFLICT, links_of
from web.sense import similar_of
from web.visitor import counted_as, desk_of
from web.work import require_work, work_challenge
from web.written import text_of, title_of

PURPOSE: Final = "petition-start"
"""Of the work with which a petition begins."""
PREVIEW: Final = "preview"
"""Value of the button that only shows how it will look."""
ACTION_MISSING: Final = N_("Write what should be done, in one sentence")
BACKGROUND_MISSING: Final = N_("Write why it should be done")
BODY_MISSING: Final = N_("Choose who should answer")
AREA_WRONG: Final = N_("Choose one of the areas in the list")
LANGUAGE_MISSING: Final = N_("Choose the language in which it is written")
PAUSED: Final = N_("A moderator has paused your writing here. You can write again later; the mail says when.")
TOO_MANY: Final = N_(
    "You have %(limit)s petitions in preparation, the most that one person may have. They are listed below: finish or "
    "withdraw one of them first."
)
TOO_MANY_VERSIONS: Final = N_(
    "The words were changed as often as they can be. Leave them as they are, or end this petition and start another."
)
CHANGED: Final = N_("The words were changed since you opened them. Look at them again before you go on.")
MOVED_ON: Final = N_("This petition has moved on since the page was opened. Look at it again.")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True)
class _Refusal:
    """What is said of an error. field: beside which."""

    field: str
    sentence: str


_REFUSALS: Final[Mapping[type[ConsultationError], _Refusal]] = {
    NoSuchBody: _Refusal("body", BODY_MISSING),
    NoSuchArea: _Refusal("area", AREA_WRONG),
    Paused: _Refusal("action", PAUSED),
    TooManyPetitions: _Refusal("action", TOO_MANY),
    TooManyVersions: _Refusal("action", TOO_MANY_VERSIONS),
    ChangedSince: _Refusal("action", CHANGED),
    WrongState: _Refusal("action", MOVED_ON),
}


def start(request: Request) -> Response:
    """GET /{lang}/petitions/new"""
    language = language_of(request)
    return _start_page(request, Form.filled(language, {"language": language}))


def started(request: Request) -> Response:
    """POST /{lang}/petitions/new: how it will look; or a draft, which its creator alone sees."""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    draft = _draft(form)
    if draft is None:
        return _start_page(request, form)
    if form.value("deed") == PREVIEW:
        return _start_page(request, form, _preview(request, form, draft))
    try:
        with reading(desk.engine) as session:  # before anything is counted or work is spent
            life.require_room(session, person)
            require_not_paused(session, person, desk.clock())
    except ConsultationError as error:
        _say(form, error)
        return _start_page(request, form)
    _count(request, form, "action", PETITION_START, PETITION_START_NETWORK)
    if form.ok:
        require_work(request, form, PURPOSE)
    if not form.ok:
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
    _count(request, form, "deeds", PETITION_WRITE, PETITION_WRITE_NETWORK)
    if not form.ok:
        return _manage_page(request, form, FORM_REFUSED)
    try:
        with writing(desk.engine) as session:
            _own(session, number, person)
            if deed is life.submit:
                require_not_paused(session, person, desk.clock())
            deed(session, person, number, desk.clock())
            gone = deed is life.withdraw and _is_gone(session, number)
    except ConsultationError as error:
        _say(form, error, "deeds")
        return _manage_page(request, form, CONFLICT)
    links = links_of(request)
    return go(links.petitions() if gone else links.petition(number, "manage"))


def edit(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/edit"""
    with reading(desk_of(request).engine) as session:
        found = _own(session, request.path_params["petition"], actor(request).person_id)
        seen = _seen(session, found)
    text = found.text
    values = {
        "action": text.action,
        "background": text.background,
        "details": text.details,
        "language": text.language,
        "body": found.body.id,
        "area": "" if found.area is None else found.area[0],
        **seen,
    }
    return _edit_page(request, Form.filled(language_of(request), values))


def edited(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/edit: what would change; or the change."""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    number, seen = request.path_params["petition"], form.value("version")
    with reading(desk.engine) as session:
        found = _own(session, number, person)
    draft = _draft(form)
    if draft is None:
        return _edit_page(request, form)
    if form.value("deed") == PREVIEW:
        return _edit_page(request, form, _preview(request, form, draft, found))
    _count(request, form, "action", PETITION_WRITE, PETITION_WRITE_NETWORK)
    if not form.ok:
        return _edit_page(request, form)
    try:
        if not _VERSION.fullmatch(seen):
            raise ChangedSince
        with writing(desk.engine) as session:
            state = _own(session, number, person).state
            require_not_paused(session, person, desk.clock())
            if state is State.DRAFT:
                life.save_draft(session, person, number, draft, desk.clock())
            else:
                clock, digest = desk.clock, digest_of(form)
                life.edit(session, person, number, int(seen), draft, clock(), digest=digest)
    except ChangedSince as error:
        # Both are on the page, what stands now and what was typed: whoever sends it again has seen both.
        with reading(desk.engine) as session:
            found = _own(session, number, person)
            read = {name: (value,) for name, value in _seen(session, found).items()}
        form = replace(form, fields={**form.fields, **read})
        preview = _preview(request, form, draft, found)
        _say(form, error)
        return _edit_page(request, form, preview)
    except ConsultationError as error:
        _say(form, error)
        return _edit_page(request, form)
    return go(links_of(request).petition(number, "manage"))


def digest_of(form: Form) -> bytes:
    """Of the words that a form was opened at; empty, as no words have it, when it cannot be read."""
    typed = form.value("digest")
    return bytes.fromhex(typed) if _DIGEST.fullmatch(typed) else b""


def petition_writing_routes() -> list[AccessRoute]:
    """All of the above. Before `/{lang}/petitions/{petition}`: `new` is no petition."""
    new, one = "/{lang}/petitions/new", "/{lang}/petitions/{petition}"
    own, post = Access.SIGNED_IN, ("POST",)
    return [
        AccessRoute(new, start, access=own),
        AccessRoute(new, started, access=own, methods=post),
        AccessRoute(f"{one}/manage", manage, access=own),
        AccessRoute(f"{one}/manage", managed, access=own, methods=post),
        AccessRoute(f"{one}/edit", edit, access=own),
        AccessRoute(f"{one}/edit", edited, access=own, methods=post),
    ]


def _own(session: Session, number: str, person: str) -> Petition:
    """A petition that this person started. To everybody else the page does not exist."""
    try:
        found = find_petition(session, number)
    except NoSuchPetition as error:
        raise PageNotFound(number) from error
    if found.creator != person:
        raise PageNotFound("started by somebody else")
    return found


def _seen(session: Session, petition: Petition) -> Mapping[str, str]:
    """Fields that name the words from which an edit goes out."""
    last = last_words(session, petition.id)
    return {"version": str(last.version), "digest": last.digest.hex()}


def _is_gone(session: Session, number: str) -> bool:
    try:
        find_petition(session, number)
    except NoSuchPetition:
        return True
    return False


def _draft(form: Form) -> Draft | None:
    """What was written; None when something is wrong, which is then said beside its field."""
    action = title_of(form, "action", ACTION_CHARACTERS, missing=form.say(ACTION_MISSING))
    background = text_of(
        form, "background", BACKGROUND_CHARACTERS, lines=True, missing=form.say(BACKGROUND_MISSING)
    )
    details = text_of(form, "details", DETAILS_CHARACTERS, lines=True, least=0)
    body, area = form.value("body"), form.value("area")
    if not body:
        form.wrong("body", form.say(BODY_MISSING))
    language = form.choice("language", life.LANGUAGES, form.say(LANGUAGE_MISSING))
    return Draft(action, background, details, language, body, area or None) if form.ok else None


def _preview(request: Request, form: Form, draft: Draft, of: Petition | None = None) -> Preview | None:
    """How it would look; None with a sentence when it cannot be shown. of: the petition that is changed."""
    _count(request, form, "action", SIMILAR)
    if not form.ok:
        return None
    desk = desk_of(request)
    try:
        with reading(desk.engine) as session:
            return preview_of(session, draft, of, desk.clock(), similar_of(request.app))
    except ConsultationError as error:
        _say(form, error)
        return None


def _count(request: Request, form: Form, field: str, *limits: Rule) -> None:
    """Count this form, and say beside `field` when it comes too often: nothing that was typed is lost."""
    try:
        hit(request, *limits, subject=counted_as(request, actor(request)))
    except TooManyRequests as error:
        form.wrong(field, too_many(form.language, error.retry_after)[1])


def _say(form: Form, error: ConsultationError, field: str = "") -> None:
    """What a verb refused, beside the field that it is about. field: on a page that has no such fields."""
    refusal = _REFUSALS.get(type(error), _Refusal("action", MOVED_ON))
    form.wrong(field or refusal.field, form.say(refusal.sentence, limit=life.PREPARED_MAX))


def _start_page(request: Request, form: Form, preview: Preview | None = None) -> Response:
    with reading(desk_of(request).engine) as session:
        values = {
            "form": form,
            "preview": preview,
            "bodies": bodies(session),
            "areas": areas(session),
            "sponsors": rules(session).sponsors,
            "prepared": prepared(session, actor(request).person_id),
            "challenge": work_challenge(request, PURPOSE),
        }
    return render(request, "petitions/new.html", values, status=200 if form.ok else FORM_REFUSED)


def _edit_page(request: Request, form: Form, preview: Preview | None = None) -> Response:
    with reading(desk_of(request).engine) as session:
        found = _own(session, request.path_params["petition"], actor(request).person_id)
        values = {
            "petition": found,
            "form": form,
            "preview": preview,
            "bodies": bodies(session),
            "areas": areas(session),
            "signatures": public_count(session, found.id, desk_of(request).clock()).count,
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
                session,
                f"{found.text.action} {found.text.background}",
                desk.clock(),
                found.id,
                similar_of(request.app),
            )
            if found.state in (State.DRAFT, State.SPONSORS)
            else (),
            "signatures": public_count(session, found.id, desk.clock()),
            "address": renderer.site.base_url + links.petition(found.id),
            "reasons": REASONS,
            "appeal_url": links.appeals(),
        }
    return render(request, "petitions/manage.html", values, status=status)

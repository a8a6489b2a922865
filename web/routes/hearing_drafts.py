"""Draft texts of consultations for officials: typed, matched version by version, published."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import NoSuchSubject
from consultation.hearings.documents import (
    LANGUAGES,
    NOTE_CHARACTERS,
    TEXT_CHARACTERS,
    add_document,
    comments_of,
    correct_matching,
    discard_version,
    find_document,
    paragraphs_of,
    prepare_version,
    prepared_version,
    publish_version,
)
from consultation.hearings.hearings import TITLE_CHARACTERS
from consultation.hearings.types import NO_TEXT, Document, Hearing
from storage.session import reading
from web.access import AccessRoute, form_of, go
from web.errors import language_of
from web.forms import FORM_BYTES_MAX, SEEN, Form
from web.hearing_texts import MATCHES
from web.i18n import N_
from web.pages.common import PageNotFound
from web.routes.hearing_common import (
    OFFICE,
    both,
    both_fields,
    done,
    found_hearing,
    hearing_page,
    number_in,
)
from web.routes.office_common import CONFLICT, links_of
from web.visitor import desk_of
from web.written import text_of

LANGUAGE_MISSING: Final = N_("Choose in which language the text is written")
MATCH_WRONG: Final = N_("Choose one of the earlier paragraphs, or that it is new")
NEW: Final = "new"
_TEXT_BYTES: Final = 9 * TEXT_CHARACTERS + FORM_BYTES_MAX
"""A letter of Vietnamese has up to three bytes, and a form spells each with three."""


def new_document(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/documents/new"""
    form = Form.filled(language_of(request), {"language": "vi"})
    return _text_page(request, form, found_hearing(request), None)


def make_document(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/new"""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    title = both(form, "title", TITLE_CHARACTERS)
    language = form.choice("language", LANGUAGES, form.say(LANGUAGE_MISSING))
    text_of(form, "text", TEXT_CHARACTERS, lines=True)
    made: list[str] = []

    def deed(session: Session) -> str:
        found = add_document(session, hearing.id, title, language, form.value("text"), desk.clock())
        made.append(found.id)
        return "hearing-version-prepared"

    if form.ok and done(request, form, hearing, "text", deed):
        return go(links_of(request).office_hearings(hearing.id, f"documents/{made[0]}"))
    return _text_page(request, form, hearing, None)


def document(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/documents/{document}: what is prepared, or a form."""
    hearing = found_hearing(request)
    found = _document(request, hearing)
    fields = _fields(request, found)
    if _is_prepared(request, found) and request.query_params.get("again") != "1":
        return _matching_page(
            request, Form.filled(language_of(request), {SEEN: fields[SEEN]}), hearing, found
        )
    return _text_page(request, Form.filled(language_of(request), fields), hearing, found)


def prepare(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/{document}: the next version, to be matched."""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    found = _document(request, hearing)
    note = both(form, "note", NOTE_CHARACTERS) if found.version else NO_TEXT
    text_of(form, "text", TEXT_CHARACTERS, lines=True)

    def deed(session: Session) -> str:
        seen = number_in(form, SEEN)
        prepare_version(session, found.id, seen, form.value("text"), note, desk.clock())
        return "hearing-version-prepared"

    if form.ok and done(request, form, hearing, "text", deed, lambda: _seen(request, found)):
        return go(links_of(request).office_hearings(hearing.id, f"documents/{found.id}"))
    return _text_page(request, form, hearing, found)


def match(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/{document}/matching: corrected, published, discarded."""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    found, links = _document(request, hearing), links_of(request)
    seen, deed_name = number_in(form, SEEN), form.value("deed")
    wanted = {} if deed_name == "discard" else _wanted(request, form, found)

    def deed(session: Session) -> str:
        now = desk.clock()
        if deed_name == "discard":
            discard_version(session, found.id, seen, now)
            return "hearing-version-discarded"
        corrected = correct_matching(session, found.id, seen, wanted, now)
        if deed_name != "publish":
            return "hearing-matching-corrected"
        publish_version(session, found.id, corrected, now)
        return "hearing-version-published"

    try:
        if form.ok and done(request, form, hearing, "deed", deed, lambda: _seen(request, found)):
            stays = deed_name not in ("publish", "discard")
            return go(links.office_hearings(hearing.id, f"documents/{found.id}" if stays else ""))
    except NoSuchSubject:  # nothing is prepared any more
        return go(links.office_hearings(hearing.id))
    return _matching_page(request, form, hearing, found)


def hearing_draft_routes() -> list[AccessRoute]:
    """All of the above. Before `/office/{election}`."""
    every, post = "/{lang}/office/consultations/{hearing}/documents", ("POST",)
    text = f"{every}/{{document}}"
    return [
        AccessRoute(f"{every}/new", new_document, access=OFFICE),
        AccessRoute(f"{every}/new", make_document, access=OFFICE, methods=post, limit=_TEXT_BYTES),
        AccessRoute(text, document, access=OFFICE),
        AccessRoute(text, prepare, access=OFFICE, methods=post, limit=_TEXT_BYTES),
        AccessRoute(f"{text}/matching", match, access=OFFICE, methods=post),
    ]


def _document(request: Request, hearing: Hearing) -> Document:
    name = request.path_params["document"]
    with reading(desk_of(request).engine) as session:
        try:
            return find_document(session, hearing.id, name)
        except NoSuchSubject as error:
            raise PageNotFound(name) from error


def _is_prepared(request: Request, found: Document) -> bool:
    with reading(desk_of(request).engine) as session:
        return prepared_version(session, found) is not None


def _seen(request: Request, found: Document) -> dict[str, str]:
    with reading(desk_of(request).engine) as session:
        return {SEEN: str(find_document(session, found.hearing, found.id).revision)}


def _fields(request: Request, found: Document) -> Mapping[str, str]:
    """What is prepared, or else what is public, to be changed."""
    with reading(desk_of(request).engine) as session:
        newest = find_document(session, found.hearing, found.id)
        prepared = prepared_version(session, newest)
        number = newest.version + 1 if prepared else newest.version
        text = "\n\n".join(each.words for each in paragraphs_of(session, newest.id, number))
    note = both_fields("note", prepared.note if prepared else NO_TEXT)
    return {SEEN: str(newest.revision), "text": text, **note}


def _wanted(request: Request, form: Form, found: Document) -> dict[int, str | None]:
    """What was chosen for each paragraph of the prepared version that the form names."""
    with reading(desk_of(request).engine) as session:
        earlier = [each.id or "" for each in paragraphs_of(session, found.id, found.version)]
        positions = [each.position for each in paragraphs_of(session, found.id, found.version + 1)]
    wanted: dict[int, str | None] = {}
    for position in positions:
        name = f"match-{position}"
        if form.values(name):
            chosen = form.choice(name, (NEW, *earlier), form.say(MATCH_WRONG))
            wanted[position] = None if chosen == NEW else chosen
    return wanted if form.ok else {}


def _text_page(request: Request, form: Form, hearing: Hearing, found: Document | None) -> Response:
    return hearing_page(request, "text", form, hearing, {"document": found})


def _matching_page(request: Request, form: Form, hearing: Hearing, found: Document) -> Response:
    with reading(desk_of(request).engine) as session:
        found = find_document(session, hearing.id, found.id)
        prepared = prepared_version(session, found)
        if prepared is None:
            return go(links_of(request).office_hearings(hearing.id, f"documents/{found.id}"))
        old = paragraphs_of(session, found.id, found.version)
        lines = paragraphs_of(session, found.id, prepared.number)
        comments = comments_of(session, [each.id or "" for each in old])
    kept = {each.id for each in lines}
    values = {
        "document": found,
        "prepared": prepared,
        "old": old,
        "lines": lines,
        "left": [each for each in old if each.id not in kept],
        "comments": comments,
        "matches": MATCHES,
    }
    stale = any(fault.field == "deed" for fault in form.faults)
    return hearing_page(request, "matching", form, hearing, values, CONFLICT if stale else 0)

"""Consultations for officials: prepared, published, texts matched version by version, and ended with an outcome."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import ConsultationError, NoSuchSubject
from consultation.hearings.answers import shown_participants
from consultation.hearings.documents import (
    LANGUAGES,
    NOTE_CHARACTERS,
    TEXT_CHARACTERS,
    add_document,
    comments_of,
    correct_matching,
    discard_version,
    documents_of,
    find_document,
    paragraphs_of,
    prepare_version,
    prepared_version,
    publish_version,
)
from consultation.hearings.errors import MatchedTwice, OutcomeIncomplete
from consultation.hearings.hearings import (
    ABOUT_CHARACTERS,
    TITLE_CHARACTERS,
    change_hearing,
    find_hearing,
    list_hearings,
    make_hearing,
    publish_hearing,
)
from consultation.hearings.outcome import (
    REASON_CHARACTERS,
    SAID_CHARACTERS,
    THEME_CHARACTERS,
    add_theme,
    change_theme,
    missing,
    publish_outcome,
    remove_theme,
    themes_of,
)
from consultation.hearings.questions import (
    OPTION_CHARACTERS,
    OPTIONS_MAX,
    QUESTION_CHARACTERS,
    add_question,
    change_question,
    find_question,
    questions_of,
    remove_question,
)
from consultation.hearings.types import (
    NO_TEXT,
    Document,
    Hearing,
    Phase,
    Plan,
    Question,
    QuestionKind,
    Theme,
    Verdict,
)
from identity.roles import Permission
from identity.trail import record
from protocol.text import LocalText
from storage.session import reading, writing
from web.access import FORM_REFUSED, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.formats import zone_label, zone_of
from web.forms import FORM_BYTES_MAX, Form, moment_fields
from web.hearing_texts import KINDS, LACKS, MATCHES, PHASES, VERDICTS, refuse
from web.i18n import N_
from web.pages.common import PageNotFound, Site
from web.rendering import Renderer
from web.routes.office_common import CONFLICT, links_of
from web.visitor import desk_of
from web.written import text_of

OFFICE: Final = Permission.ANSWER_PETITIONS
TIME_MISSING: Final = N_("Choose a day and a time")
LANGUAGE_MISSING: Final = N_("Choose in which language the text is written")
KIND_MISSING: Final = N_("Choose how the question is answered")
OPTION_LINE: Final = N_("Line %(line)s: write the English words, then |, then the Vietnamese words.")
MATCH_WRONG: Final = N_("Choose one of the earlier paragraphs, or that it is new")
SURE_MISSING: Final = N_("Tick the box if the consultation is to end")
NEW: Final = "new"
_TEXT_BYTES: Final = 9 * TEXT_CHARACTERS + FORM_BYTES_MAX
"""A letter of Vietnamese has up to three bytes, and a form spells each with three."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_RUNNING: Final = (Phase.INFORM, Phase.COMMENT, Phase.REVIEW)

Deed = Callable[[Session], str]
"""Does it; gives the name of the deed for the site log."""


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
                record(desk, session, actor(request), "hearing-made", f"hearing {made}")
        except ConsultationError as error:
            refuse(form, error, "closes-day")
    return go(links_of(request).office_hearings(made)) if made else _plan_page(request, form, None)


def one(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}"""
    return _one_page(request, Form(language_of(request)))


def publish(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/publish"""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)

    def deed(session: Session) -> str:
        publish_hearing(session, hearing.id, desk.clock())
        return "hearing-published"

    if _done(request, form, hearing, "publish", deed):
        return go(links_of(request).office_hearings(hearing.id))
    return _one_page(request, form)


def edit(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/edit"""
    hearing, zone = _found(request), zone_of(_site(request).time_zone)
    plan = hearing.plan
    fields = {**_both_fields("title", plan.title), **_both_fields("about", plan.about)}
    for name, moment in (("opens", plan.opens_at), ("closes", plan.closes_at), ("due", plan.outcome_due)):
        fields |= moment_fields(name, moment, zone)
    return _plan_page(request, Form.filled(language_of(request), fields), hearing)


def save(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/edit"""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    plan = _plan(request, form)

    def deed(session: Session) -> str:
        change_hearing(session, hearing.id, plan or hearing.plan, desk.clock())
        return "hearing-changed"

    if form.ok and _done(request, form, hearing, "closes-day", deed):
        return go(links_of(request).office_hearings(hearing.id))
    return _plan_page(request, form, hearing)


def new_document(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/documents/new"""
    return _text_page(request, Form.filled(language_of(request), {"language": "vi"}), _found(request), None)


def make_document(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/new"""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    title = _both(form, "title", TITLE_CHARACTERS)
    language = form.choice("language", LANGUAGES, form.say(LANGUAGE_MISSING))
    text_of(form, "text", TEXT_CHARACTERS, lines=True)
    made: list[str] = []

    def deed(session: Session) -> str:
        found = add_document(session, hearing.id, title, language, form.value("text"), desk.clock())
        made.append(found.id)
        return "hearing-version-prepared"

    if form.ok and _done(request, form, hearing, "text", deed):
        return go(links_of(request).office_hearings(hearing.id, f"documents/{made[0]}"))
    return _text_page(request, form, hearing, None)


def document(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/documents/{document}: what is prepared, or a form."""
    hearing = _found(request)
    found = _document(request, hearing)
    again = request.query_params.get("again") == "1"
    with reading(desk_of(request).engine) as session:
        prepared = prepared_version(session, found)
        number = found.version + 1 if prepared else found.version
        text = "\n\n".join(each.words for each in paragraphs_of(session, found.id, number))
    if prepared is not None and not again:
        return _matching_page(request, Form(language_of(request)), hearing, found)
    fields = {"text": text, **_both_fields("note", prepared.note if prepared else NO_TEXT)}
    return _text_page(request, Form.filled(language_of(request), fields), hearing, found)


def prepare(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/{document}: the next version, to be matched."""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    found = _document(request, hearing)
    note = _both(form, "note", NOTE_CHARACTERS) if found.version else NO_TEXT
    text_of(form, "text", TEXT_CHARACTERS, lines=True)

    def deed(session: Session) -> str:
        prepare_version(session, found.id, form.value("text"), note, desk.clock())
        return "hearing-version-prepared"

    if form.ok and _done(request, form, hearing, "text", deed):
        return go(links_of(request).office_hearings(hearing.id, f"documents/{found.id}"))
    return _text_page(request, form, hearing, found)


def match(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/documents/{document}/matching: corrected, published, discarded."""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    found, links = _document(request, hearing), links_of(request)
    deed_name = form.value("deed")
    if deed_name == "discard":

        def discard(session: Session) -> str:
            discard_version(session, found.id, desk.clock())
            return "hearing-version-discarded"

        try:
            _done(request, form, hearing, "deed", discard)
        except NoSuchSubject:
            return go(links.office_hearings(hearing.id))
        return (
            go(links.office_hearings(hearing.id))
            if form.ok
            else _matching_page(request, form, hearing, found)
        )
    wanted = _wanted(request, form, found)
    revision = int(form.value("revision")) if _NUMBER.fullmatch(form.value("revision")) else 0

    def deed(session: Session) -> str:
        corrected = correct_matching(session, found.id, revision, wanted, desk.clock())
        if deed_name != "publish":
            return "hearing-matching-corrected"
        publish_version(session, found.id, corrected, desk.clock())
        return "hearing-version-published"

    if form.ok and _done(request, form, hearing, "deed", deed):
        place = "" if deed_name == "publish" else f"documents/{found.id}"
        return go(links.office_hearings(hearing.id, place))
    return _matching_page(request, form, hearing, found)


def new_question(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/questions/new"""
    return _question_page(request, Form(language_of(request)), _found(request), 0)


def question(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/questions/{number}"""
    hearing, number = _found(request), _number(request)
    with reading(desk_of(request).engine) as session:
        try:
            found = find_question(session, hearing.id, number)
        except NoSuchSubject as error:
            raise PageNotFound("no such question") from error
    options = "\n".join(f"{option.en} | {option.vi}" for option in found.options)
    fields = {"kind": found.kind.value, "options": options, **_both_fields("text", found.text)}
    return _question_page(request, Form.filled(language_of(request), fields), hearing, number)


def save_question(request: Request) -> Response:
    """POST …/questions/new and …/questions/{number}: added, changed or taken out."""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    number = _number(request) if "number" in request.path_params else 0
    removes = bool(number) and form.value("deed") == "remove"
    asked = None if removes else _question(form)

    def deed(session: Session) -> str:
        if asked is None:
            remove_question(session, hearing.id, number, desk.clock())
            return "hearing-question-removed"
        if number:
            change_question(session, hearing.id, number, asked, desk.clock())
            return "hearing-question-changed"
        add_question(session, hearing.id, asked, desk.clock())
        return "hearing-question-added"

    if form.ok and _done(request, form, hearing, "options", deed):
        return go(links_of(request).office_hearings(hearing.id))
    return _question_page(request, form, hearing, number)


def new_theme(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/themes/new"""
    return _theme_page(request, Form(language_of(request)), _found(request), 0)


def theme(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/themes/{number}"""
    hearing, number = _found(request), _number(request)
    with reading(desk_of(request).engine) as session:
        found = next((each for each in themes_of(session, hearing.id) if each.number == number), None)
    if found is None:
        raise PageNotFound("no such theme")
    fields = {
        **_both_fields("title", found.title),
        **_both_fields("said", found.said),
        **_both_fields("reason", found.reason),
        "verdict": found.verdict.value if found.verdict else "-",
    }
    return _theme_page(request, Form.filled(language_of(request), fields), hearing, number)


def save_theme(request: Request) -> Response:
    """POST …/themes/new and …/themes/{number}: added, changed or taken out."""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    number = _number(request) if "number" in request.path_params else 0
    removes = bool(number) and form.value("deed") == "remove"
    said = None if removes else _theme(form)

    def deed(session: Session) -> str:
        if said is None:
            remove_theme(session, hearing.id, number, desk.clock())
            return "hearing-theme-removed"
        if number:
            change_theme(session, hearing.id, number, said, desk.clock())
            return "hearing-theme-changed"
        add_theme(session, hearing.id, said, desk.clock())
        return "hearing-theme-added"

    if form.ok and _done(request, form, hearing, "title-en", deed):
        return go(links_of(request).office_hearings(hearing.id, "outcome"))
    return _theme_page(request, form, hearing, number)


def outcome(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/outcome"""
    return _outcome_page(request, Form(language_of(request)), _found(request))


def end(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/outcome: the end, refused with a list of what is missing."""
    form, desk, hearing = form_of(request), desk_of(request), _found(request)
    if not form.ticked("sure"):
        form.wrong("sure", form.say(SURE_MISSING))

    def deed(session: Session) -> str:
        publish_outcome(session, hearing.id, desk.clock())
        return "hearing-outcome-published"

    try:
        if form.ok and _done(request, form, hearing, "sure", deed):
            return go(links_of(request).office_hearings(hearing.id))
    except OutcomeIncomplete as error:
        for lack in error.missing:
            title = lack.title.vi if form.language == "vi" else lack.title.en
            anchor = f"theme{lack.theme}" if lack.theme else "themes"
            form.wrong(
                f"{lack.lack}-{lack.theme}",
                form.say(LACKS[lack.lack], number=lack.theme, title=title),
                anchor,
            )
    return _outcome_page(request, form, hearing)


def hearing_office_routes() -> list[AccessRoute]:
    """All of the above. Before `/office/{election}`."""
    path, post = "/{lang}/office/consultations", ("POST",)
    of = f"{path}/{{hearing}}"
    text, asked, themes = f"{of}/documents/{{document}}", f"{of}/questions", f"{of}/themes"
    return [
        AccessRoute(path, hearings, access=OFFICE),
        AccessRoute(f"{path}/new", new, access=OFFICE),
        AccessRoute(f"{path}/new", make, access=OFFICE, methods=post),
        AccessRoute(of, one, access=OFFICE),
        AccessRoute(f"{of}/publish", publish, access=OFFICE, methods=post),
        AccessRoute(f"{of}/edit", edit, access=OFFICE),
        AccessRoute(f"{of}/edit", save, access=OFFICE, methods=post),
        AccessRoute(f"{of}/documents/new", new_document, access=OFFICE),
        AccessRoute(f"{of}/documents/new", make_document, access=OFFICE, methods=post, limit=_TEXT_BYTES),
        AccessRoute(text, document, access=OFFICE),
        AccessRoute(text, prepare, access=OFFICE, methods=post, limit=_TEXT_BYTES),
        AccessRoute(f"{text}/matching", match, access=OFFICE, methods=post),
        AccessRoute(f"{asked}/new", new_question, access=OFFICE),
        AccessRoute(f"{asked}/new", save_question, access=OFFICE, methods=post),
        AccessRoute(f"{asked}/{{number}}", question, access=OFFICE),
        AccessRoute(f"{asked}/{{number}}", save_question, access=OFFICE, methods=post),
        AccessRoute(f"{themes}/new", new_theme, access=OFFICE),
        AccessRoute(f"{themes}/new", save_theme, access=OFFICE, methods=post),
        AccessRoute(f"{themes}/{{number}}", theme, access=OFFICE),
        AccessRoute(f"{themes}/{{number}}", save_theme, access=OFFICE, methods=post),
        AccessRoute(f"{of}/outcome", outcome, access=OFFICE),
        AccessRoute(f"{of}/outcome", end, access=OFFICE, methods=post),
    ]


def _done(request: Request, form: Form, hearing: Hearing, field: str, deed: Deed) -> bool:
    """Whether the deed was done and noted; if not, the form says why beside `field`."""
    desk = desk_of(request)
    try:
        with writing(desk.engine) as session:
            record(desk, session, actor(request), deed(session), f"hearing {hearing.id}")
    except (NoSuchSubject, OutcomeIncomplete):
        raise
    except MatchedTwice as error:
        refuse(form, error, f"match-{error.positions[1]}")
    except ConsultationError as error:
        refuse(form, error, field)
    return form.ok


def _site(request: Request) -> Site:
    renderer: Renderer = request.app.state.renderer
    return renderer.site


def _found(request: Request) -> Hearing:
    desk, name = desk_of(request), request.path_params["hearing"]
    with reading(desk.engine) as session:
        try:
            return find_hearing(session, name, desk.clock())
        except NoSuchSubject as error:
            raise PageNotFound(name) from error


def _document(request: Request, hearing: Hearing) -> Document:
    name = request.path_params["document"]
    with reading(desk_of(request).engine) as session:
        try:
            return find_document(session, hearing.id, name)
        except NoSuchSubject as error:
            raise PageNotFound(name) from error


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise PageNotFound(text)
    return int(text)


def _both(form: Form, name: str, limit: int, *, lines: bool = False, least: int = 1) -> LocalText:
    return LocalText(
        en=text_of(form, f"{name}-en", limit, lines=lines, least=least),
        vi=text_of(form, f"{name}-vi", limit, lines=lines, least=least),
    )


def _both_fields(name: str, text: LocalText) -> dict[str, str]:
    return {f"{name}-en": text.en, f"{name}-vi": text.vi}


def _plan(request: Request, form: Form) -> Plan | None:
    zone = zone_of(_site(request).time_zone)
    title = _both(form, "title", TITLE_CHARACTERS)
    about = _both(form, "about", ABOUT_CHARACTERS, lines=True)
    opens, closes, due = (
        form.moment(name, zone, missing=form.say(TIME_MISSING)) for name in ("opens", "closes", "due")
    )
    if not form.ok or opens is None or closes is None or due is None:
        return None
    return Plan(title, about, opens, closes, due)


def _question(form: Form) -> Question | None:
    text = _both(form, "text", QUESTION_CHARACTERS)
    kind = form.choice("kind", [each.value for each in QuestionKind], form.say(KIND_MISSING))
    most = OPTIONS_MAX * (2 * OPTION_CHARACTERS + 10)
    lines = text_of(form, "options", most, lines=True, least=0).split("\n")
    options = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        english, bar, vietnamese = line.partition("|")
        if not (english.strip() and bar and vietnamese.strip()):
            form.wrong("options", form.say(OPTION_LINE, line=number))
            break
        options.append(LocalText(en=english.strip(), vi=vietnamese.strip()))
    return Question(QuestionKind(kind), text, options) if form.ok else None


def _theme(form: Form) -> Theme | None:
    title = _both(form, "title", THEME_CHARACTERS)
    said = _both(form, "said", SAID_CHARACTERS, lines=True, least=0)
    reason = _both(form, "reason", REASON_CHARACTERS, lines=True, least=0)
    value = form.value("verdict")
    verdict = Verdict(value) if value in list(Verdict) else None
    return Theme(title, said, verdict, reason) if form.ok else None


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


def _page(
    request: Request,
    template: str,
    form: Form,
    hearing: Hearing | None,
    values: Mapping[str, object],
    status: int = 0,
) -> Response:
    site = _site(request)
    shown = {
        "form": form,
        "hearing": hearing,
        "zone": zone_label(site.local(desk_of(request).clock())),
        "phases": PHASES,
        **values,
    }
    answer = status or (200 if form.ok else FORM_REFUSED)
    return render(request, f"hearing_office/{template}.html", shown, status=answer)


def _one_page(request: Request, form: Form) -> Response:
    hearing = _found(request)
    with reading(desk_of(request).engine) as session:
        texts = [(each, prepared_version(session, each)) for each in documents_of(session, hearing.id)]
        values = {
            "texts": texts,
            "questions": questions_of(session, hearing.id),
            "kinds": KINDS,
            "participants": shown_participants(hearing.participants),
            "themes": themes_of(session, hearing.id),
            "changeable": hearing.phase in (Phase.DRAFT, Phase.INFORM),
        }
    return _page(request, "one", form, hearing, values)


def _plan_page(request: Request, form: Form, hearing: Hearing | None) -> Response:
    return _page(request, "plan", form, hearing, {})


def _text_page(request: Request, form: Form, hearing: Hearing, found: Document | None) -> Response:
    return _page(request, "text", form, hearing, {"document": found})


def _matching_page(request: Request, form: Form, hearing: Hearing, found: Document) -> Response:
    with reading(desk_of(request).engine) as session:
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
        "earlier": {each.id: each for each in old},
        "lines": lines,
        "left": [each for each in old if each.id not in kept],
        "comments": comments,
        "matches": MATCHES,
    }
    stale = any(fault.field == "deed" for fault in form.faults)
    return _page(request, "matching", form, hearing, values, status=CONFLICT if stale else 0)


def _question_page(request: Request, form: Form, hearing: Hearing, number: int) -> Response:
    return _page(request, "question", form, hearing, {"number": number, "kinds": KINDS})


def _theme_page(request: Request, form: Form, hearing: Hearing, number: int) -> Response:
    return _page(request, "theme", form, hearing, {"number": number, "verdicts": VERDICTS})


def _outcome_page(request: Request, form: Form, hearing: Hearing) -> Response:
    with reading(desk_of(request).engine) as session:
        themes: Sequence[Theme] = themes_of(session, hearing.id)
    values = {"themes": themes, "verdicts": VERDICTS, "lacks": len(missing(themes))}
    return _page(request, "outcome", form, hearing, values)

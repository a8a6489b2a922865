"""Questions, themes and the outcome of a consultation for officials."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import NoSuchSubject
from consultation.hearings.errors import OutcomeIncomplete
from consultation.hearings.outcome import (
    REASON_CHARACTERS,
    SAID_CHARACTERS,
    THEME_CHARACTERS,
    add_theme,
    change_theme,
    find_theme,
    missing,
    outcome_seen,
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
    known_question,
    questions_of,
    remove_question,
)
from consultation.hearings.types import Hearing, Question, QuestionKind, Theme, Verdict
from protocol.text import LocalText
from storage.session import reading
from web.access import AccessRoute, form_of, go
from web.errors import language_of
from web.forms import SEEN, Form
from web.hearing_texts import KINDS, LACKS, VERDICTS
from web.i18n import N_
from web.pages.common import PageNotFound
from web.routes.hearing_common import (
    OFFICE,
    TAKEN_OUT,
    Deed,
    both,
    both_fields,
    done,
    found_hearing,
    hearing_page,
    number_of,
)
from web.routes.office_common import links_of, require_tick, without
from web.visitor import desk_of
from web.written import text_of

KIND_MISSING: Final = N_("Choose how the question is answered")
OPTION_LINE: Final = N_("Line %(line)s: write the English words, then |, then the Vietnamese words.")
UNDECIDED: Final = "-"
SURE_MISSING: Final = N_("Tick the box if the consultation is to end")


def new_question(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/questions/new"""
    return _question_page(request, Form(language_of(request)), found_hearing(request), 0)


def question(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/questions/{number}"""
    hearing, number = found_hearing(request), number_of(request)
    try:
        fields = _question_fields(request, hearing, number)
    except NoSuchSubject as error:
        raise PageNotFound("no such question") from error
    return _question_page(request, Form.filled(language_of(request), fields), hearing, number)


def save_question(request: Request) -> Response:
    """POST …/questions/new and …/questions/{number}: added, changed or taken out."""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    number, seen = number_of(request), form.value(SEEN)
    asked = None if _removes(form, number) else _question(form)

    def deed(session: Session) -> str:
        if asked is None:
            remove_question(session, hearing.id, number, seen, desk.clock())
            return "hearing-question-removed"
        if number:
            change_question(session, hearing.id, number, asked, seen, desk.clock())
            return "hearing-question-changed"
        add_question(session, hearing.id, asked, desk.clock())
        return "hearing-question-added"

    if _kept(request, form, hearing, "options", deed, lambda: _question_fields(request, hearing, number)):
        return go(links_of(request).office_hearings(hearing.id))
    return _question_page(request, form, hearing, number)


def new_theme(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/themes/new"""
    return _theme_page(request, Form(language_of(request)), found_hearing(request), 0)


def theme(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/themes/{number}"""
    hearing, number = found_hearing(request), number_of(request)
    try:
        fields = _theme_fields(request, hearing, number)
    except NoSuchSubject as error:
        raise PageNotFound("no such theme") from error
    return _theme_page(request, Form.filled(language_of(request), fields), hearing, number)


def save_theme(request: Request) -> Response:
    """POST …/themes/new and …/themes/{number}: added, changed or taken out."""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    number, seen = number_of(request), form.value(SEEN)
    said = None if _removes(form, number) else _theme(form)

    def deed(session: Session) -> str:
        if said is None:
            remove_theme(session, hearing.id, number, seen, desk.clock())
            return "hearing-theme-removed"
        if number:
            change_theme(session, hearing.id, number, said, seen, desk.clock())
            return "hearing-theme-changed"
        add_theme(session, hearing.id, said, desk.clock())
        return "hearing-theme-added"

    if _kept(request, form, hearing, "title-en", deed, lambda: _theme_fields(request, hearing, number)):
        return go(links_of(request).office_hearings(hearing.id, "outcome"))
    return _theme_page(request, form, hearing, number)


def outcome(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/outcome"""
    return _outcome_page(request, Form(language_of(request)), found_hearing(request))


def end(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/outcome: the end, refused with a list of what is missing."""
    form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
    require_tick(form, SURE_MISSING)

    def deed(session: Session) -> str:
        publish_outcome(session, hearing.id, form.value(SEEN), desk.clock())
        return "hearing-outcome-published"

    try:
        if form.ok and done(request, form, hearing, "sure", deed):
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
    if form.saved:
        form = without(form, "sure")  # meant for an outcome that stands there no more
    return _outcome_page(request, form, hearing)


def hearing_outcome_routes() -> list[AccessRoute]:
    """All of the above. Before `/office/{election}`."""
    of, post = "/{lang}/office/consultations/{hearing}", ("POST",)
    asked, themes = f"{of}/questions", f"{of}/themes"
    return [
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


def _removes(form: Form, number: int) -> bool:
    return bool(number) and form.value("deed") == "remove"


def _kept(
    request: Request,
    form: Form,
    hearing: Hearing,
    field: str,
    deed: Deed,
    saved: Callable[[], Mapping[str, str]],
) -> bool:
    """As `done`, also for what a colleague took out meanwhile: then what was typed can be added anew."""
    if not form.ok:
        return False
    try:
        return done(request, form, hearing, field, deed, saved)
    except NoSuchSubject:
        form.overtaken({SEEN: ""})
        form.wrong(field, form.say(TAKEN_OUT))
        return False


def _question(form: Form) -> Question | None:
    text = both(form, "text", QUESTION_CHARACTERS)
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
    title = both(form, "title", THEME_CHARACTERS)
    said = both(form, "said", SAID_CHARACTERS, lines=True, least=0)
    reason = both(form, "reason", REASON_CHARACTERS, lines=True, least=0)
    value = form.value("verdict")
    verdict = Verdict(value) if value in list(Verdict) else None
    return Theme(title, said, verdict, reason) if form.ok else None


def _question_fields(request: Request, hearing: Hearing, number: int) -> dict[str, str]:
    """Raises: NoSuchSubject."""
    with reading(desk_of(request).engine) as session:
        found = known_question(session, hearing.id, number)
    options = "\n".join(f"{option.en} | {option.vi}" for option in found.options)
    words = both_fields("text", found.text)
    return {SEEN: found.seen, "kind": found.kind.value, "options": options, **words}


def _theme_fields(request: Request, hearing: Hearing, number: int) -> dict[str, str]:
    """Raises: NoSuchSubject."""
    with reading(desk_of(request).engine) as session:
        found = find_theme(session, hearing.id, number)
    return {
        SEEN: found.seen,
        **both_fields("title", found.title),
        **both_fields("said", found.said),
        **both_fields("reason", found.reason),
        "verdict": found.verdict.value if found.verdict else UNDECIDED,
    }


def _question_page(request: Request, form: Form, hearing: Hearing, number: int) -> Response:
    with reading(desk_of(request).engine) as session:
        places = {each.id: each.number for each in questions_of(session, hearing.id)}
    values = {"number": number, "place": places.get(number, 0), "kinds": KINDS}
    return hearing_page(request, "question", form, hearing, values)


def _theme_page(request: Request, form: Form, hearing: Hearing, number: int) -> Response:
    with reading(desk_of(request).engine) as session:
        places = {each.id: each.number for each in themes_of(session, hearing.id)}
    values = {"number": number, "place": places.get(number, 0), "verdicts": VERDICTS}
    return hearing_page(request, "theme", form, hearing, values)


def _outcome_page(request: Request, form: Form, hearing: Hearing) -> Response:
    with reading(desk_of(request).engine) as session:
        themes = themes_of(session, hearing.id)
    values = {
        "themes": themes,
        "verdicts": VERDICTS,
        "lacks": len(missing(themes)),
        "seen": outcome_seen(themes),
    }
    return hearing_page(request, "outcome", form, hearing, values)

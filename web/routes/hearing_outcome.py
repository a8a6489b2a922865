"""Questions, themes and the outcome of a consultation for officials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

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

_Said = TypeVar("_Said", Question, Theme)


@dataclass(frozen=True)
class Listed(Generic[_Said]):
    """What a consultation has a list of: questions, themes. name: of one, in addresses and in the site log.

    field: beside which a refusal is said that concerns no single one.  leads: to which page of the office.
    words: what its page shows besides, as `kinds`.
    """

    name: str
    field: str
    leads: str
    words: Mapping[str, object]
    read: Callable[[Form], _Said | None]
    fields: Callable[[_Said], Mapping[str, str]]
    every: Callable[[Session, str], Sequence[_Said]]
    find: Callable[[Session, str, int], _Said]
    add: Callable[[Session, str, _Said, datetime], int]
    change: Callable[[Session, str, int, _Said, str, datetime], None]
    remove: Callable[[Session, str, int, str, datetime], None]

    def new(self, request: Request) -> Response:
        """GET /{lang}/office/consultations/{hearing}/…/new"""
        return self._page(request, Form(language_of(request)), found_hearing(request), 0)

    def show(self, request: Request) -> Response:
        """GET /{lang}/office/consultations/{hearing}/…/{number}"""
        hearing, number = found_hearing(request), number_of(request)
        try:
            fields = self._stands(request, hearing, number)
        except NoSuchSubject as error:
            raise PageNotFound(f"no such {self.name}") from error
        return self._page(request, Form.filled(language_of(request), fields), hearing, number)

    def save(self, request: Request) -> Response:
        """POST …/new and …/{number}: added, changed or taken out."""
        form, desk, hearing = form_of(request), desk_of(request), found_hearing(request)
        number, seen = number_of(request), form.value(SEEN)
        said = None if number and form.value("deed") == "remove" else self.read(form)

        def deed(session: Session) -> str:
            if said is None:
                self.remove(session, hearing.id, number, seen, desk.clock())
                return f"hearing-{self.name}-removed"
            if number:
                self.change(session, hearing.id, number, said, seen, desk.clock())
                return f"hearing-{self.name}-changed"
            self.add(session, hearing.id, said, desk.clock())
            return f"hearing-{self.name}-added"

        try:
            if form.ok and done(
                request, form, hearing, self.field, deed, lambda: self._stands(request, hearing, number)
            ):
                return go(links_of(request).office_hearings(hearing.id, self.leads))
        except NoSuchSubject:  # a colleague took it out meanwhile: what was typed can be added anew
            form.overtaken({SEEN: ""})
            form.wrong(self.field, form.say(TAKEN_OUT))
        return self._page(request, form, hearing, number)

    def _stands(self, request: Request, hearing: Hearing, number: int) -> Mapping[str, str]:
        """Raises: NoSuchSubject."""
        with reading(desk_of(request).engine) as session:
            found = self.find(session, hearing.id, number)
        return {SEEN: found.seen, **self.fields(found)}

    def _page(self, request: Request, form: Form, hearing: Hearing, number: int) -> Response:
        with reading(desk_of(request).engine) as session:
            places = {each.id: each.number for each in self.every(session, hearing.id)}
        values = {"number": number, "place": places.get(number, 0), **self.words}
        return hearing_page(request, self.name, form, hearing, values)


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
    listed: list[AccessRoute] = []
    for kind in (QUESTION, THEME):
        path = f"{of}/{kind.name}s"
        listed += [
            AccessRoute(f"{path}/new", kind.new, access=OFFICE),
            AccessRoute(f"{path}/new", kind.save, access=OFFICE, methods=post),
            AccessRoute(f"{path}/{{number}}", kind.show, access=OFFICE),
            AccessRoute(f"{path}/{{number}}", kind.save, access=OFFICE, methods=post),
        ]
    return [
        *listed,
        AccessRoute(f"{of}/outcome", outcome, access=OFFICE),
        AccessRoute(f"{of}/outcome", end, access=OFFICE, methods=post),
    ]


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


def _question_fields(found: Question) -> Mapping[str, str]:
    options = "\n".join(f"{option.en} | {option.vi}" for option in found.options)
    return {"kind": found.kind.value, "options": options, **both_fields("text", found.text)}


def _theme_fields(found: Theme) -> Mapping[str, str]:
    return {
        **both_fields("title", found.title),
        **both_fields("said", found.said),
        **both_fields("reason", found.reason),
        "verdict": found.verdict.value if found.verdict else UNDECIDED,
    }


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


QUESTION: Final = Listed(
    "question", "options", "", {"kinds": KINDS}, _question, _question_fields, questions_of, known_question,
    add_question, change_question, remove_question,
)  # fmt: skip
THEME: Final = Listed(
    "theme", "title-en", "outcome", {"verdicts": VERDICTS}, _theme, _theme_fields, themes_of, find_theme,
    add_theme, change_theme, remove_theme,
)  # fmt: skip

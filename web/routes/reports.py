"""Reporting something, and what became of it. Whoever reports is told to nobody but the database."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation import kinds
from consultation.errors import ConsultationError
from consultation.moderation.reports import WORDS_MAX, own_reports, report
from consultation.moderation.types import Rule
from consultation.subjects import Subject
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.rate_limits import REPORT, REPORT_DAY, TooManyRequests, hit
from web.routes.moderation_common import links_to, sentence, words
from web.visitor import counted_as, desk_of
from web.written import text_of

RULE_MISSING: Final = N_("Choose the rule that it breaks")


def report_form(request: Request) -> Response:
    """GET /{lang}/report/{kind}/{id}?sent="""
    if request.query_params.get("sent") == "yes":
        return render(request, "moderation/reported.html", {"back": _path_of(request)})
    return _report_page(request, Form(language_of(request)))


def report_send(request: Request) -> Response:
    """POST /{lang}/report/{kind}/{id}: the same answer for a first report and a second one."""
    form, desk, subject = form_of(request), desk_of(request), _subject(request)
    rule = form.choice("rule", [each.value for each in Rule], form.say(RULE_MISSING))
    typed = text_of(form, "words", WORDS_MAX, lines=True, least=0)
    if form.ok:
        try:
            hit(request, REPORT, REPORT_DAY, subject=counted_as(request, actor(request)))
        except TooManyRequests as error:
            form.wrong("rule", too_many(form.language, error.retry_after)[1])
    if form.ok:
        try:
            with writing(desk.engine) as session:
                report(session, actor(request).person_id, subject, Rule(rule), typed, desk.clock())
        except ConsultationError as error:
            form.wrong("rule", sentence(form, error))
    if not form.ok:
        return _report_page(request, form)
    return go(f"{links_to(request).report(subject.kind, subject.id)}?sent=yes")


def mine(request: Request) -> Response:
    """GET /{lang}/reports: what one has reported, and what became of it."""
    with reading(desk_of(request).engine) as session:
        reported = own_reports(session, actor(request).person_id)
    return render(request, "moderation/own_reports.html", {"reported": reported, **words()})


def report_routes() -> list[AccessRoute]:
    """All of the above."""
    one, reader = "/{lang}/report/{kind}/{id}", Access.SIGNED_IN
    return [
        AccessRoute(one, report_form, access=reader),
        AccessRoute(one, report_send, access=reader, methods=("POST",)),
        AccessRoute("/{lang}/reports", mine, access=reader),
    ]


def _report_page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        described = kinds.describe(session, _subject(request))
    if described is None or not described.public:
        raise PageNotFound("subject")
    values = {"form": form, "described": described, **words()}
    return render(request, "moderation/report.html", values, status=200 if form.ok else FORM_REFUSED)


def _path_of(request: Request) -> str:
    """Of what was reported, if everybody may see it; else the list of rules."""
    with reading(desk_of(request).engine) as session:
        described = kinds.describe(session, _subject(request))
    links = links_to(request)
    return links.under(described.path) if described is not None and described.public else links.rules()


def _subject(request: Request) -> Subject:
    kind, number = request.path_params["kind"], request.path_params["id"]
    if kind not in kinds.KINDS or len(number) > 64 or not number.isascii() or "\0" in number:
        raise PageNotFound(kind)
    return Subject(kind, number)

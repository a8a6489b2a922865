"""From a consultation to the draft of a vote, by one form of an official."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import ChangedMeanwhile, ConsultationError
from consultation.hearings.questions import questions_of
from consultation.hearings.types import Hearing, Phase, Question
from consultation.hearings.votes import asked_of, begin_vote, vote_seen
from identity.roles import Permission
from storage.session import reading
from voting.draft_document import QUESTIONS_MAX
from web.access import AccessRoute, form_of, go
from web.errors import language_of
from web.forms import SEEN, Form
from web.hearing_texts import refuse
from web.i18n import N_
from web.pages.common import PageNotFound
from web.routes.ballot_form import OPTION_ROWS, ballot_fields, ballot_of, draft_of
from web.routes.hearing_common import both_fields, found_hearing, hearing_page
from web.routes.office_common import CONFLICT, by_of, links_of, office_of
from web.visitor import desk_of

NOTHING_ASKED: Final = N_("Choose at least one question, or write one")
TOO_MANY: Final = N_("A vote asks at most %(limit)s questions. Choose fewer.")
OWN: Final = "own"
_OVER: Final = (Phase.REVIEW, Phase.OUTCOME)


def vote_form(request: Request) -> Response:
    """GET /{lang}/office/consultations/{hearing}/vote"""
    hearing = _over(request)
    chosen = [str(question.number) for question in _asked(request, hearing)] or [OWN]
    fields = {
        **ballot_fields(request),
        **both_fields("title", hearing.plan.title),
        SEEN: _seen(request, hearing),
    }
    return _page(request, Form.filled(language_of(request), {**fields, "ask": chosen}), hearing)


def vote(request: Request) -> Response:
    """POST /{lang}/office/consultations/{hearing}/vote: on to the draft of the vote."""
    form, hearing = form_of(request), _over(request)
    draft, asked = draft_of(form), _asked(request, hearing)
    offered = [str(question.number) for question in asked]
    chosen = form.choices("ask", (*offered, OWN), form.say(NOTHING_ASKED))
    taken = [asked_of(question) for question in asked if str(question.number) in chosen]
    ballot = ballot_of(form, tuple(each for each in taken if each is not None), asks=OWN in chosen)
    if len(ballot.questions) > QUESTIONS_MAX:
        form.wrong("ask", form.say(TOO_MANY, limit=QUESTIONS_MAX))
    if not form.ok:
        return _page(request, form, hearing)
    try:
        begin_vote(office_of(request), by_of(request), hearing.id, ballot, draft, form.value(SEEN))
    except ChangedMeanwhile as error:
        refuse(form, error, "title-en")
        form.overtaken({SEEN: _seen(request, hearing)})
        return _page(request, form, hearing)
    except ConsultationError as error:
        refuse(form, error, "title-en")
        return _page(request, form, hearing, CONFLICT)
    return go(links_of(request).draft(draft))


def hearing_vote_routes() -> list[AccessRoute]:
    """All of the above. Before `/office/{election}`."""
    path = "/{lang}/office/consultations/{hearing}/vote"
    return [
        AccessRoute(path, vote_form, access=Permission.MANAGE_ELECTIONS),
        AccessRoute(path, vote, access=Permission.MANAGE_ELECTIONS, methods=("POST",)),
    ]


def _over(request: Request) -> Hearing:
    hearing = found_hearing(request)
    if hearing.phase not in _OVER or not hearing.is_public:
        raise PageNotFound("comments have not ended")
    return hearing


def _asked(request: Request, hearing: Hearing) -> list[Question]:
    """Those of its questions that a vote can ask."""
    with reading(desk_of(request).engine) as session:
        return [each for each in questions_of(session, hearing.id) if asked_of(each) is not None]


def _seen(request: Request, hearing: Hearing) -> str:
    with reading(desk_of(request).engine) as session:
        return vote_seen(session, hearing.id, office_of(request))


def _page(request: Request, form: Form, hearing: Hearing, status: int = 0) -> Response:
    values = {"questions": _asked(request, hearing), "rows": OPTION_ROWS}
    return hearing_page(request, "vote", form, hearing, values, status)

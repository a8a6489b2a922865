"""Petitions at work: what officials say to them, the vote that one becomes, and the moderator's decision."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.differences import differences
from consultation.errors import ConsultationError
from consultation.moderation.errors import ClaimedByOther, NotClaimed
from consultation.petitions import answering, claiming, deciding
from consultation.petitions.answering import Saying, last_official
from consultation.petitions.clocks import clocks_of, in_time, waiting
from consultation.petitions.deciding import Rejecting
from consultation.petitions.errors import ChangedSince, NoSuchPetition, NoSuchTwin, OwnPetition, WrongState
from consultation.petitions.judged import judged_before
from consultation.petitions.lists import Filter, list_petitions
from consultation.petitions.settings import answerers, bodies, thresholds
from consultation.petitions.store import events_of, find_petition, last_words, petitions_of
from consultation.petitions.types import HIDING, Outcome, Petition, PetitionText, Reason, State
from consultation.petitions.votes import begin_vote, votes_of
from consultation.signing.counting import public_count, public_counts
from identity.roles import Permission
from storage.session import reading, writing
from voting.deeds import By
from web.access import FORM_REFUSED, AccessRoute, form_of, go, render
from web.errors import language_of
from web.formats import zone_of
from web.forms import Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.pages.moderation import hidden_boxes
from web.petition_texts import DUES, OUTCOMES, PARTS, REASONS, sentence_of
from web.routes.ballot_form import OPTION_ROWS, ballot_fields, ballot_of, draft_of
from web.routes.moderation_common import words as moderation_words
from web.routes.office_common import CONFLICT, by_of, form_page, links_of, office_of, site_of, zone_here
from web.routes.petition_writing import digest_of
from web.visitor import desk_of
from web.written import text_of

WORDS_MISSING: Final = N_("Write what everybody should read")
BODY_MISSING: Final = N_("Choose who says this")
LANGUAGE_MISSING: Final = N_("Choose the language in which it is written")
DAY_MISSING: Final = N_("Enter the day of the debate")
OUTCOME_MISSING: Final = N_("Choose what became of it")
DECISION_MISSING: Final = N_("Choose whether to publish it")
REASON_MISSING: Final = N_("Choose the reason from the published list")
REASON_WORDS_MISSING: Final = N_("Write for the one who started it what the reason means here")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_PETITION: Final = re.compile(r"(?:^|/petitions/)([0-9a-f]{16})(?:[/?#].*)?$")
_ADDRESS_MAX: Final = 300


@dataclass(frozen=True)
class Deed:
    """One thing that the office can say. title, lead, button: sentences.  say: carries it out."""

    title: str
    lead: str
    button: str
    say: Callable[[Session, By, str, Saying, Form, Request], object]


def _set_debate(session: Session, by: By, petition: str, said: Saying, form: Form, request: Request) -> None:
    on = form.moment("on", zone_of(site_of(request).time_zone), missing=form.say(DAY_MISSING))
    if on is not None:
        answering.set_debate(session, by, petition, said, on)


def _set_outcome(session: Session, by: By, petition: str, said: Saying, form: Form, _: Request) -> None:
    chosen = form.choice("outcome", [each.value for each in Outcome], form.say(OUTCOME_MISSING))
    if chosen:
        answering.set_outcome(session, by, petition, said, Outcome(chosen))


DEEDS: Final[Mapping[str, Deed]] = {
    "answer": Deed(
        N_("Answer this petition"),
        N_("Everybody reads the answer at once. Whoever asked for it gets one mail."),
        N_("Publish the answer"),
        lambda session, by, petition, said, *_: answering.answer(session, by, petition, said),
    ),
    "taken-up": Deed(
        N_("Say who works on it"),
        N_("One line in what happened so far. It does not answer the petition."),
        N_("Publish this line"),
        lambda session, by, petition, said, *_: answering.take_up(session, by, petition, said),
    ),
    "debate": Deed(
        N_("Set the day of the debate"),
        N_("Say where it is and who may come. A later day replaces this one, and both stay in the list."),
        N_("Publish the day"),
        _set_debate,
    ),
    "no-debate": Deed(
        N_("Say why there is no debate"),
        N_("Enough people have signed that a debate is due. Give them the reasons."),
        N_("Publish the reasons"),
        lambda session, by, petition, said, *_: answering.refuse_debate(session, by, petition, said),
    ),
    "outcome": Deed(
        N_("Say what became of it"),
        N_("What was done, or why not. If that changes later, say it again: the newest stands first."),
        N_("Publish what became of it"),
        _set_outcome,
    ),
}


def office_list(request: Request) -> Response:
    """GET /{lang}/office/petitions?due=&after=: what is due, and everything that is published; each page after page."""
    after, urgent = (request.query_params.get(name, "") for name in ("after", "due"))
    now = desk_of(request).clock()
    everything = Filter(frozenset({State.OPEN, State.CLOSED}))
    with reading(desk_of(request).engine) as session:
        due = waiting(session, urgent)
        names = {each.id: each for each in petitions_of(session, [clock.petition for clock in due.clocks])}
        page = list_petitions(session, everything, now, after)
        counted = public_counts(session, [petition.id for petition in page.petitions], now)
        values = {
            "clocks": [(clock, names[clock.petition]) for clock in due.clocks],
            "next_due": due.next,
            "first_due": not urgent,
            "records": in_time(session, now),
            "page": page,
            "signatures": {petition: each.count for petition, each in counted.items()},
            "as_of": min((each.as_of for each in counted.values()), default=None),
            "first": not after,
            "ready": bool(bodies(session)),
            "thresholds": thresholds(session),
            "now": now,
            "dues": DUES,
        }
    return render(request, "petition_office/list.html", values)


def office_one(request: Request) -> Response:
    """GET /{lang}/office/petitions/{petition}"""
    now = desk_of(request).clock()
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session)
        values = {
            "petition": petition,
            "signatures": public_count(session, petition.id, now),
            "clocks": clocks_of(session, petition.id),
            "events": events_of(session, petition.id),
            "votes": votes_of(session, petition.id),
            "now": now,
            "deeds": DEEDS,
            "dues": DUES,
            "reasons": REASONS,
            "outcomes": OUTCOMES,
        }
    return render(request, "petition_office/one.html", values)


def say_form(request: Request) -> Response:
    """GET /{lang}/office/petitions/{petition}/say/{deed}"""
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session)
        seen = last_official(session, petition.id)
    form = Form.filled(language_of(request), {"seen": str(seen), "language": language_of(request)})
    return _say_page(request, form)


def say(request: Request) -> Response:
    """POST /{lang}/office/petitions/{petition}/say/{deed}"""
    form, by, desk = form_of(request), by_of(request), desk_of(request)
    deed = _deed(request)
    with reading(desk.engine) as session:
        petition = _published(request, session).id
        known = [body.id for body in answerers(session, petition)]
    words = text_of(form, "words", answering.WORDS_CHARACTERS, lines=True, missing=form.say(WORDS_MISSING))
    body = form.choice("body", known, form.say(BODY_MISSING))
    language = form.choice("language", ("en", "vi"), form.say(LANGUAGE_MISSING))
    if not form.ok:
        return _say_page(request, form)
    try:
        with writing(desk.engine) as session:
            deed.say(session, by, petition, Saying(body, words, language, _seen(form)), form, request)
    except ConsultationError as error:
        status = CONFLICT if isinstance(error, ChangedSince) else FORM_REFUSED
        form.wrong("words", form.say(sentence_of(error)))
        return _say_page(request, form, status)
    return go(links_of(request).office_petitions(petition)) if form.ok else _say_page(request, form)


def vote_form(request: Request) -> Response:
    """GET /{lang}/office/petitions/{petition}/vote"""
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session)
        seen = last_official(session, petition.id)
    values = {"seen": str(seen), **ballot_fields(request)}
    for language in ("en", "vi"):
        if petition.text.language in (language, "both"):
            values |= {f"title-{language}": petition.text.action}
    return _vote_page(request, Form.filled(language_of(request), values))


def vote(request: Request) -> Response:
    """POST /{lang}/office/petitions/{petition}/vote: on to the draft of the vote."""
    form = form_of(request)
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session).id
    draft, ballot = draft_of(form), ballot_of(form)
    if not form.ok:
        return _vote_page(request, form)
    try:
        begin_vote(office_of(request), by_of(request), petition, ballot, draft, _seen(form))
    except ConsultationError as error:
        form.wrong("title-en", form.say(sentence_of(error)))
        return _vote_page(request, form, CONFLICT)
    return go(links_of(request).draft(draft))


def decide_form(request: Request) -> Response:
    """GET /{lang}/moderation/petitions/{petition}"""
    return _decide_page(request, Form(language_of(request)))


def decide(request: Request) -> Response:
    """POST /{lang}/moderation/petitions/{petition}"""
    form, by, desk = form_of(request), by_of(request), desk_of(request)
    petition, version, digest = request.path_params["petition"], _version(form), digest_of(form)
    decision = form.choice("decision", ("publish", "reject"), form.say(DECISION_MISSING))
    wanted = _rejecting(form) if decision == "reject" else None
    if not form.ok:
        return _decide_page(request, form)
    try:
        with writing(desk.engine) as session:
            if wanted is None:
                deciding.admit(session, by, petition, version, digest)
            else:
                deciding.reject(session, by, petition, version, wanted, digest)
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    except NoSuchTwin as error:
        form.wrong("twin", form.say(sentence_of(error)))
        return _decide_page(request, form)
    except (ChangedSince, ClaimedByOther, NotClaimed, OwnPetition, WrongState) as error:
        return _decide_page(request, form, refused=form.say(sentence_of(error)))
    return go(links_of(request).moderation())


def decide_claim(request: Request) -> Response:
    """POST /{lang}/moderation/petitions/{petition}/claim"""
    return _take(request, claiming.claim)


def decide_release(request: Request) -> Response:
    """POST /{lang}/moderation/petitions/{petition}/release"""
    return _take(request, claiming.release)


def petition_office_routes() -> list[AccessRoute]:
    """All of the above. Before the officials' other routes: `/office/petitions` is no election."""
    post, answer = ("POST",), Permission.ANSWER_PETITIONS
    every = "/{lang}/office/petitions"
    one, judged = f"{every}/{{petition}}", "/{lang}/moderation/petitions/{petition}"
    return [
        AccessRoute(every, office_list, access=answer),
        AccessRoute(one, office_one, access=answer),
        AccessRoute(f"{one}/say/{{deed}}", say_form, access=answer),
        AccessRoute(f"{one}/say/{{deed}}", say, access=answer, methods=post),
        AccessRoute(f"{one}/vote", vote_form, access=Permission.MANAGE_ELECTIONS),
        AccessRoute(f"{one}/vote", vote, access=Permission.MANAGE_ELECTIONS, methods=post),
        AccessRoute(judged, decide_form, access=Permission.MODERATE),
        AccessRoute(judged, decide, access=Permission.MODERATE, methods=post),
        AccessRoute(f"{judged}/claim", decide_claim, access=Permission.MODERATE, methods=post),
        AccessRoute(f"{judged}/release", decide_release, access=Permission.MODERATE, methods=post),
    ]


def _deed(request: Request) -> Deed:
    found = DEEDS.get(request.path_params["deed"])
    if found is None:
        raise PageNotFound("no such deed")
    return found


def _published(request: Request, session: Session) -> Petition:
    number = request.path_params["petition"]
    try:
        petition = find_petition(session, number)
    except NoSuchPetition as error:
        raise PageNotFound(number) from error
    if petition.state not in (State.OPEN, State.CLOSED):
        raise PageNotFound(number)
    return petition


def _seen(form: Form) -> int:
    typed = form.value("seen")
    return int(typed) if _NUMBER.fullmatch(typed) else -1


def _version(form: Form) -> int:
    typed = form.value("version")
    return int(typed) if _NUMBER.fullmatch(typed) else 0


def _say_page(request: Request, form: Form, status: int = 0) -> Response:
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session)
        said = [event for event in events_of(session, petition.id) if event.what in answering.OFFICIAL]
        values = {
            "petition": petition,
            "deed": _deed(request),
            "name": request.path_params["deed"],
            "events": said,
            "gone": hidden_boxes(session, [event.hidden_entry for event in said], desk_of(request).clock()),
            "bodies": answerers(session, petition.id),
            "due": [clock for clock in clocks_of(session, petition.id) if clock.met_at is None],
            "dues": DUES,
            "outcomes": OUTCOMES,
            "reasons": REASONS,
            "zone_label": zone_here(request),
            # Shown with what a colleague said meanwhile, the form may be sent again, knowingly.
            "seen": last_official(session, petition.id) if status == CONFLICT else max(_seen(form), 0),
        }
    return form_page(request, "petition_office/say.html", form, values, status)


def _vote_page(request: Request, form: Form, status: int = 0) -> Response:
    with reading(desk_of(request).engine) as session:
        petition = _published(request, session)
        values = {
            "petition": petition,
            "seen": last_official(session, petition.id) if status == CONFLICT else max(_seen(form), 0),
            "rows": OPTION_ROWS,
        }
    return form_page(request, "petition_office/vote.html", form, values, status)


def _rejecting(form: Form) -> Rejecting | None:
    reason = form.choice("reason", [each.value for each in Reason], form.say(REASON_MISSING))
    words = text_of(
        form, "words", deciding.WORDS_CHARACTERS, lines=True, missing=form.say(REASON_WORDS_MISSING)
    )
    if not form.ok:
        return None
    found = _PETITION.search(form.value("twin").strip()[:_ADDRESS_MAX])
    return Rejecting(Reason(reason), words, found[1] if found else None)


def _take(request: Request, deed: Callable[[Session, By, str], None]) -> Response:
    """Take a petition or give it back, and show it again."""
    form, by, petition = Form(language_of(request)), by_of(request), request.path_params["petition"]
    try:
        with writing(desk_of(request).engine) as session:
            deed(session, by, petition)
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    except (ClaimedByOther, OwnPetition, WrongState) as error:
        return _decide_page(request, form, refused=form.say(sentence_of(error)))
    return go(links_of(request).moderation(f"petitions/{petition}"))


def _decide_page(request: Request, form: Form, *, refused: str = "") -> Response:
    number = request.path_params["petition"]
    with reading(desk_of(request).engine) as session:
        try:
            petition = find_petition(session, number)
        except NoSuchPetition as error:
            raise PageNotFound(number) from error
        if petition.state is State.DRAFT:
            raise PageNotFound(number)  # its creator alone has seen it
        judged = last_words(session, number)
        work = claiming.work_on(session, number, by_of(request).actor.person_id, desk_of(request).clock())
        history = judged_before(session, number)
        signatures = public_count(session, number, desk_of(request).clock())
    if not form.ok and not work.mine and not refused:
        refused = form.say(sentence_of(ClaimedByOther() if work.claimed else NotClaimed()))
    values = {
        "petition": petition,
        "judged": judged,
        "signatures": signatures,
        "changes": _changes(petition.text, judged) if petition.proposed else (),
        "work": work,
        "history": history,
        "parts": PARTS,
        "refused": refused,
        **moderation_words(),
        "reasons": REASONS,
        "hiding": HIDING,
    }
    return form_page(request, "petition_office/decide.html", form, values, CONFLICT if refused else 0)


def _changes(before: PetitionText, after: PetitionText) -> list[object]:
    return [
        differences(getattr(before, name), getattr(after, name))
        for name in ("action", "background", "details")
        if getattr(before, name) != getattr(after, name)
    ]

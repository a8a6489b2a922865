"""Who signs in gets the code that lets one ballot in: `/{lang}/elections/{election}/permit`.

The only page that knows who votes, and it knows nothing of the ballot: that lies sealed in another tab, which casts it
through the API with the code and without any cookie.
"""

import re
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from identity.assurance import Action
from identity.sessions import SignedIn
from storage.session import reading, writing
from voting.draft_voters import contact_of, is_eligible
from voting.errors import Closed, NoSuchElection, NotOpen
from voting.models import VotingElection
from voting.notices import remember_for_permit
from voting.office import find_election, read_manifest
from voting.sign_in import PERMIT_SECONDS, issue_permit
from web import client_texts
from web.access import Access, AccessRoute, actor, form_of, render
from web.errors import language_of
from web.i18n import translations
from web.links import api
from web.live.heads import head_of
from web.pages.common import Head, PageNotFound, State
from web.people_texts import METHODS
from web.rate_limits import PERMIT, hit
from web.routes.office_common import office_of
from web.visitor import desk_of

_TAB: Final = re.compile(r"[A-Za-z0-9_-]{22}")


def ask(request: Request) -> Response:
    """GET /{lang}/elections/{election}/permit?tab="""
    with reading(office_of(request).engine) as session:
        head, refusal = _standing(request, session, actor(request))
        told = not refusal and contact_of(session, head.id, actor(request).claim) is not None
    return _page(request, head, refusal, request.query_params.get("tab", ""), told=told)


def give(request: Request) -> Response:
    """POST /{lang}/elections/{election}/permit: one code. Loading the answer again gives another one."""
    office, who, tab = office_of(request), actor(request), _tab(form_of(request).value("tab"))
    hit(request, PERMIT, subject=who.person_id)
    with writing(office.engine) as session:
        head, refusal = _standing(request, session, who)
        if not refusal:
            try:
                code = issue_permit(office, session, head.id, who.claim)
                remember_for_permit(session, head.id, code, who.claim, office.clock())
            except (Closed, NotOpen):  # the clock has moved on since the line above
                refusal = "closed"
    if refusal:
        return _page(request, head, refusal, tab, status=403)
    texts = client_texts.translated(client_texts.PERMIT, language_of(request))
    values = {
        "head": head,
        "code": code,
        "expires": head.local(office.clock() + timedelta(seconds=PERMIT_SECONDS)),
        "api_path": api(head.id),
        "data": {"election": head.id, "tab": tab, "code": code, "texts": texts} if tab else None,
    }
    return render(request, "permit/given.html", values)


def permit_routes() -> list[AccessRoute]:
    """Both of the above, for whoever is signed in."""
    path = "/{lang}/elections/{election}/permit"
    return [
        AccessRoute(path, ask, access=Access.SIGNED_IN),
        AccessRoute(path, give, access=Access.SIGNED_IN, methods=("POST",)),
    ]


def _standing(request: Request, session: Session, who: SignedIn) -> tuple[Head, str]:
    """The vote, and why this person gets no code for it: closed, weak, not-listed, or nothing."""
    row = _asking(session, request.path_params["election"])
    head = head_of(session, row, office_of(request).clock(), withheld=False)
    if head.state is not State.OPEN:
        return head, "closed"
    if not desk_of(request).policy.is_enough(who.assurance, Action.VOTE):
        return head, "weak"
    return head, "" if is_eligible(session, row.id, who.claim) else "not-listed"


def _asking(session: Session, election: str) -> VotingElection:
    try:
        row = find_election(session, election)
    except NoSuchElection:
        raise PageNotFound(election) from None
    if row.fingerprint is None or not read_manifest(row).asks_sign_in:
        raise PageNotFound("this vote asks no sign-in")
    return row


def _page(
    request: Request, head: Head, refusal: str, tab: str, *, told: bool = False, status: int = 200
) -> Response:
    gettext = translations(language_of(request)).gettext
    values = {
        "head": head,
        "refusal": refusal,
        "tab": _tab(tab),
        "told": told,
        "here": request.url.path + (f"%3Ftab={_tab(tab)}" if _tab(tab) else ""),
        "methods": [gettext(METHODS[each]) if each in METHODS else each for each in actor(request).methods],
    }
    return render(request, "permit/page.html", values, status=status)


def _tab(text: str) -> str:
    return text if _TAB.fullmatch(text) else ""

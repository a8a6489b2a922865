"""The links that stop mails: of digests, and of news to those who signed a petition. None asks for sign-in.

Opening one changes nothing, for scanners open every link of a mail. A page with a button posts, and so does the button
of a mail program (RFC 8058).
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.following import contacts
from consultation.petitions.store import find_petition
from consultation.petitions.types import Petition
from consultation.signing import telling
from consultation.signing.ending import find_signature
from consultation.signing.errors import NoSuchSignature
from consultation.signing.telling import StopLink
from identity.desk import Desk
from identity.errors import LinkUnusable
from storage.session import reading, writing
from web.access import Access, AccessRoute, form_of, go, render
from web.i18n import DEFAULT, is_language
from web.links import Links
from web.routes.following import TOKEN_CHARACTERS
from web.visitor import desk_of

EVERYTHING: Final = "all"
"""Of the field `stop`: of all petitions that the same person signed."""
_NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class _Link:
    """What a link stops. news: about which signature; None for digests."""

    token: str
    news: StopLink | None


def ask(request: Request) -> Response:
    """GET /{lang}/stop-mails?t=: what the link in each mail opens. It changes nothing."""
    try:
        link = _link(desk_of(request), request.query_params.get("t", ""))
    except LinkUnusable:
        return render(request, "my/stop_link_unusable.html", status=HTTPStatus.GONE)
    return _page(request, link, done=False)


def stop(request: Request) -> Response:
    """POST /{lang}/stop-mails"""
    form = form_of(request)
    try:
        link = _link(desk_of(request), form.value("t"))
    except LinkUnusable:
        return render(request, "my/stop_link_unusable.html", status=HTTPStatus.GONE)
    everything = form.value("stop") == EVERYTHING
    _stop(desk_of(request), link, everything=everything)
    return _page(request, link, done=True, everything=everything)


def stop_from_mail(request: Request) -> Response:
    """POST /api/v1/mails/stop?t=: the button of a mail program. No cookie, no form of ours, no page."""
    try:
        _stop(desk_of(request), _link(desk_of(request), request.query_params.get("t", "")), everything=False)
    except LinkUnusable:
        return Response(status_code=HTTPStatus.NOT_FOUND, headers=_NO_STORE)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_NO_STORE)


def show_from_mail(request: Request) -> Response:
    """GET /api/v1/mails/stop?t=: mail programs without that button open the address as a page."""
    preferred = request.query_params.get("lang", "")
    links = Links(preferred if is_language(preferred) else DEFAULT)
    return go(links.stop_mails(request.query_params.get("t", "")[:TOKEN_CHARACTERS]))


def mail_stop_routes() -> list[AccessRoute]:
    """All of the above."""
    everybody, post, page, api = Access.PUBLIC, ("POST",), "/{lang}/stop-mails", "/api/v1/mails/stop"
    return [
        AccessRoute(page, ask, access=everybody),
        AccessRoute(page, stop, access=everybody, methods=post),
        AccessRoute(api, show_from_mail, access=everybody),
        AccessRoute(api, stop_from_mail, access=everybody, methods=post),
    ]


def _link(desk: Desk, typed: str) -> _Link:
    token = typed[:TOKEN_CHARACTERS]
    try:
        return _Link(token, telling.stopped_by(desk, token))
    except LinkUnusable:
        contacts.stopped_by(desk, token)
        return _Link(token, None)


def _stop(desk: Desk, link: _Link, *, everything: bool) -> None:
    with writing(desk.engine) as session:
        if link.news is None:
            person = contacts.stop(desk, session, link.token)
            if person is not None:
                telling.forget_account_news(session, person)
            return
        telling.stop_by_link(desk, session, link.news, everything=everything)


def _page(request: Request, link: _Link, *, done: bool, everything: bool = False) -> Response:
    with reading(desk_of(request).engine) as session:
        petition = _petition(session, link)
    template = "my/stop_petition_mails.html" if link.news else "my/stop_mails.html"
    values = {"token": link.token, "done": done, "everything": everything, "petition": petition}
    return render(request, template, values, headers=_NO_STORE)


def _petition(session: Session, link: _Link) -> Petition | None:
    """What the mails are about; None for digests, and when the signature was taken back."""
    if link.news is None:
        return None
    try:
        return find_petition(session, find_signature(session, link.news.key).petition)
    except NoSuchSignature:
        return None

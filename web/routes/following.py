"""Following a subject, the news about it in the page, and the address to which news are mailed."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.following import contacts
from consultation.following.contacts import CONFIRM, LIFETIME, Contact
from consultation.following.follows import FollowsTooMuch, follow, followed_by, follows, unfollow
from consultation.following.notices import Notice, notices_of, read_all, unread
from consultation.following.showing import shown_to
from consultation.kinds import KINDS, describe
from consultation.petitions.subjects import PETITION
from consultation.signing.ending import signed_by
from consultation.signing.receipts import Handle
from consultation.signing.telling import forget_account_news
from consultation.subjects import Described, Subject
from identity.errors import LinkUnusable
from mail import words
from mail.address import parse_address
from mail.errors import MailError
from mail.mailbox import canonical_address
from mail.outbox import Mail, queue_mail
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.following_texts import HAPPENED
from web.forms import Form
from web.i18n import N_, Language
from web.links import Links
from web.pages.common import PageNotFound
from web.rate_limits import EMAIL_LINK, EMAIL_LINK_DAY, EMAIL_LINK_NETWORK, hit
from web.routes.sign_in import MAIL_MISSING, MAIL_WRONG, voice_of
from web.settings import Settings
from web.visitor import desk_of

PAGE: Final = 20
WRITTEN_MAX: Final = 50
"""Of each kind, on the page of one's own; the export has all."""
TOO_MUCH: Final = N_("You follow very many things already. Stop following one of them first.")
TOKEN_CHARACTERS: Final = 100


def ask(request: Request) -> Response:
    """GET /{lang}/follow/{kind}/{id}: follow this, or stop."""
    return _ask(request, Form(language_of(request)))


def choose(request: Request) -> Response:
    """POST /{lang}/follow/{kind}/{id}"""
    desk, person, form = desk_of(request), actor(request).person_id, form_of(request)
    with writing(desk.engine) as session:
        found = _subject(request, session)
        if form.value("follow") == "no":
            unfollow(session, person, found.subject)
        else:
            try:
                follow(session, person, found.subject, desk.clock())
            except FollowsTooMuch:
                form.wrong("follow", form.say(TOO_MUCH))
    if not form.ok:
        return _ask(request, form, status=FORM_REFUSED)
    return go(Links(language_of(request)).follow(found.subject.kind, found.subject.id))


def _ask(request: Request, form: Form, *, status: int = 200) -> Response:
    desk, who = desk_of(request), actor(request)
    with reading(desk.engine) as session:
        found = _subject(request, session)
        values = {
            "form": form,
            "found": found,
            "following": follows(session, who.person_id, found.subject),
            "contact": contacts.contact_of(desk, session, who.person_id, desk.clock()),
        }
    return render(request, "my/follow.html", values, status=status)


def _subject(request: Request, session: Session) -> Described:
    kind, number = str(request.path_params["kind"]), str(request.path_params["id"])
    known = kind in KINDS and len(number) <= 64 and number.isascii() and number.isprintable()
    found = shown_to(session, actor(request).person_id, Subject(kind, number)) if known else None
    if found is None:
        raise PageNotFound(number)
    return found


def news(request: Request) -> Response:
    """GET /{lang}/my/news?before=: what happened to what somebody follows."""
    return _news(request, Form(language_of(request)))


def _news(request: Request, form: Form, *, status: int = 200) -> Response:
    desk, who = desk_of(request), actor(request)
    before = _number(request.query_params.get("before", ""))
    with reading(desk.engine) as session:
        found = notices_of(session, who.person_id, before=before, limit=PAGE + 1)
        values = {
            "form": form,
            "notices": [_line(session, who.person_id, notice) for notice in found[:PAGE]],
            "older": found[PAGE - 1].id if len(found) > PAGE else None,
            "newest": found[0].id if found else 0,
            "unread": unread(session, who.person_id),
            "contact": contacts.contact_of(desk, session, who.person_id, desk.clock()),
            "sends_mail": _sends_mail(request),
        }
    return render(request, "my/news.html", values, status=status)


@dataclass(frozen=True)
class Line:
    """A notice as a line of the page. shown: what is to be read; None when that cannot be seen any more.

    within: what somebody follows, where something in it is to be read, as a contribution to a discussion.
    """

    notice: Notice
    sentence: str
    shown: Described | None
    within: Described | None


def _line(session: Session, person: str, notice: Notice) -> Line:
    subject = shown_to(session, person, notice.subject)
    about = subject if notice.about == notice.subject else shown_to(session, person, notice.about)
    names = {
        each.title for each in (about, subject) if each is not None
    }  # an answer is called as its petition
    within = subject if about is not None and about != subject and len(names) > 1 else None
    return Line(notice, HAPPENED[notice.what], about or subject, within)


def read(request: Request) -> Response:
    """POST /{lang}/my/news/read: everything up to the newest one on the page."""
    desk, number = desk_of(request), _number(form_of(request).value("up_to"))
    if number is not None:
        with writing(desk.engine) as session:
            read_all(session, actor(request).person_id, desk.clock(), up_to=number)
    return go(Links(language_of(request)).news())


def activity(request: Request) -> Response:
    """GET /{lang}/my/activity: what somebody follows, wrote and signed."""
    desk, who = desk_of(request), actor(request)
    with reading(desk.engine) as session:
        followed = [
            (one, shown_to(session, who.person_id, one.subject))
            for one in followed_by(session, who.person_id)
        ]
        written = [
            described
            for kind in KINDS.values()
            for subject in list(kind.written_by(session, who.person_id))[:WRITTEN_MAX]
            for described in [describe(session, subject)]
            if described is not None
        ]
        signed = [
            (
                one,
                shown_to(session, who.person_id, Subject(PETITION, one.petition)),
                Handle(one.key, by_mail=False).written(desk),
            )
            for one in signed_by(session, who.person_id)
        ]
    values = {"followed": followed, "written": written, "signed": signed}
    return render(request, "my/activity.html", values)


def give_address(request: Request) -> Response:
    """POST /{lang}/my/news/address: a mail with a link goes there."""
    desk, who, form, language = desk_of(request), actor(request), form_of(request), language_of(request)
    typed = form.text("email", most=254, missing=form.say(MAIL_MISSING))
    if form.ok:
        try:
            typed = parse_address(typed)
        except MailError:
            form.wrong("email", form.say(MAIL_WRONG))
    if not form.ok:
        return _news(request, form, status=FORM_REFUSED)
    hit(request, EMAIL_LINK_NETWORK, EMAIL_LINK, EMAIL_LINK_DAY, subject=canonical_address(typed))
    now = desk.clock()
    with writing(desk.engine) as session:
        contact, token = contacts.give_address(desk, session, who.person_id, typed, now)
        mail = _confirmation(request, contact, typed, token, language)
        queue_mail(session, mail, key=f"{CONFIRM} {contact.key} {now.isoformat()}", now=now)
    return go(f"{Links(language).news()}#mails")


def _confirmation(request: Request, contact: Contact, address: str, token: str, language: Language) -> Mail:
    desk = desk_of(request)
    said = words.confirm_address(
        voice_of(request, language),
        link=desk.base_url + Links(language).confirm_address(token),
        hours=int(LIFETIME.total_seconds() // 3600),
    )
    return Mail(
        to=address,
        language=language,
        subject=said.subject,
        text=said.text,
        kind=CONFIRM,
        subject_key=contact.key,
        urgent=True,
        secret=True,
        expires_at=desk.clock() + LIFETIME,
    )


def stop_mine(request: Request) -> Response:
    """POST /{lang}/my/news/stop: no mails any more; the address is forgotten."""
    with writing(desk_of(request).engine) as session:
        contacts.forget_address(session, actor(request).person_id)
        forget_account_news(session, actor(request).person_id)
    return go(f"{Links(language_of(request)).news()}#mails")


def confirmable(request: Request) -> Response:
    """GET /{lang}/confirm-address?t=: what the mailed link opens. It changes nothing."""
    desk, token = desk_of(request), request.query_params.get("t", "")[:TOKEN_CHARACTERS]
    try:
        with reading(desk.engine) as session:
            contacts.look_at_link(session, token, desk.clock())
    except LinkUnusable:
        return _unusable(request)
    return render(request, "my/confirm_address.html", {"token": token, "done": False})


def confirm(request: Request) -> Response:
    """POST /{lang}/confirm-address"""
    desk = desk_of(request)
    try:
        with writing(desk.engine) as session:
            person = contacts.confirm(desk, session, form_of(request).value("t"), desk.clock())
            if person is not None:
                forget_account_news(session, person)
    except LinkUnusable:
        return _unusable(request)
    return render(request, "my/confirm_address.html", {"done": True})


def _unusable(request: Request) -> Response:
    return render(request, "my/address_link_unusable.html", status=HTTPStatus.GONE)


def _sends_mail(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.mail_server is not None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 18 else None


def following_routes() -> list[AccessRoute]:
    """All of the above."""
    mine, everybody, post = Access.SIGNED_IN, Access.PUBLIC, ("POST",)
    follow_one, my_news = "/{lang}/follow/{kind}/{id}", "/{lang}/my/news"
    return [
        AccessRoute(follow_one, ask, access=mine),
        AccessRoute(follow_one, choose, access=mine, methods=post),
        AccessRoute(my_news, news, access=mine),
        AccessRoute(f"{my_news}/read", read, access=mine, methods=post),
        AccessRoute(f"{my_news}/address", give_address, access=mine, methods=post),
        AccessRoute(f"{my_news}/stop", stop_mine, access=mine, methods=post),
        AccessRoute("/{lang}/my/activity", activity, access=mine),
        AccessRoute("/{lang}/confirm-address", confirmable, access=everybody),
        AccessRoute("/{lang}/confirm-address", confirm, access=everybody, methods=post),
    ]

"""Signing a petition, the receipt, taking a signature back, and the record that everybody can recount.

Who has signed before gets the same pages as who signs for the first time. Nothing is signed by opening an address:
mail scanners open every link of a mail before its reader does.
"""

import re
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.areas import areas, require_area
from consultation.empty_accounts import withdraw_and_leave
from consultation.errors import ConsultationError, NoSuchArea
from consultation.petitions.errors import NoSuchPetition, NotSignable
from consultation.petitions.store import find_petition, require_signable, versions
from consultation.petitions.types import Petition, State
from consultation.signing.counting import public_count
from consultation.signing.ending import find_signature
from consultation.signing.errors import NoSuchSignature, RemovedAlready, SigningLinkUnusable, WordsChanged
from consultation.signing.receipts import Handle, kept, opens_for, read_handle, removals
from consultation.signing.signing import (
    LINK_LIFETIME,
    LINK_MAIL,
    Asking,
    Signing,
    ask_by_mail,
    confirm,
    look,
    sign,
    signed_version,
    takes_mail,
)
from consultation.signing.telling import stop_mails
from crypto.encoding import encode_base64url
from identity.assurance import Action
from mail import words
from mail.address import parse_address
from mail.errors import MailError
from mail.outbox import Mail
from protocol.canonical import encode_canonical
from protocol.text import parse_time
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.links import petition_bundle
from web.pace import in_step
from web.pages.common import PageNotFound
from web.rate_limits import TooManyRequests, hit, limiter_of
from web.rate_rules import SIGN_AGAIN, SIGN_PERSON
from web.routes.office_common import CONFLICT, links_of
from web.routes.office_files import file_response
from web.routes.sign_in import voice_of
from web.signing_texts import ADDRESS_WRONG, AREA_WRONG, sentence_of
from web.visitor import counted_as, desk_of, signed_in
from web.work import limit_mails, require_work, work_challenge

ADDRESS_CHARACTERS: Final = 254
TOKEN_CHARACTERS: Final = 100
_BATCH_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")
_NO_STORE: Final = {"Cache-Control": "no-store"}


def form_page(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/sign"""
    return _form_page(request, Form(language_of(request)))


@in_step
def signed(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/sign: of who is signed in the signature, else a mail with a link."""
    form, number = form_of(request), request.path_params["petition"]
    area = _area(request, form)
    version = _version(form)
    who = signed_in(request)
    if who is None:
        return _asked(request, form, area)
    if version is None or not form.ok:
        return _form_page(request, form)
    try:
        counted = counted_as(request, who)
        hit(request, SIGN_PERSON, subject=counted)
        hit(request, SIGN_AGAIN, subject=f"{number} {counted}")
    except TooManyRequests as error:
        form.wrong("sign", too_many(form.language, error.retry_after)[1])
        return _form_page(request, form)
    desk = desk_of(request)
    network = limiter_of(request).network_of(request)
    signing = Signing(version, area, form.ticked("mails"), form.language, network)
    try:
        with writing(desk.engine) as session:
            key = sign(desk, session, number, who, signing)
    except NoSuchPetition as error:
        raise PageNotFound(number) from error
    except ConsultationError as error:
        form.wrong("sign", form.say(sentence_of(error)))
        return _form_page(request, form, CONFLICT)
    return go(_receipt_link(request, number, Handle(key, by_mail=False)))


def sent(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/sign/sent"""
    with reading(desk_of(request).engine) as session:
        petition = _readable(request, session)
    values = {"petition": petition, "hours": int(LINK_LIFETIME.total_seconds() // 3600)}
    return render(request, "signing/sent.html", values, headers=_NO_STORE)


def link(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/sign/confirm?t=: what the mailed link opens. It changes nothing."""
    token = request.query_params.get("t", "")[:TOKEN_CHARACTERS]
    return _link_page(request, Form(language_of(request)), token)


@in_step
def confirmed(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/sign/confirm: the button behind the link."""
    form, number, desk = form_of(request), request.path_params["petition"], desk_of(request)
    token = form.value("t")[:TOKEN_CHARACTERS]
    version = _version(form)
    if version is None:
        return _link_page(request, form, token)
    try:
        with writing(desk.engine) as session:
            network = limiter_of(request).network_of(request)
            key = confirm(desk, session, token, version, network, petition=number)
    except SigningLinkUnusable:
        return _link_page(request, form, "")
    except ConsultationError as error:
        form.wrong("sign", form.say(sentence_of(error)))
        return _link_page(request, form, token, CONFLICT)
    return go(_receipt_link(request, number, Handle(key, by_mail=True)))


def receipt(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/receipt?r="""
    desk, handle = desk_of(request), _handle(request, request.query_params.get("r", ""))
    with reading(desk.engine) as session:
        petition, area = _readable(request, session), None
        try:
            found = kept(desk, session, handle.key)
        except NoSuchSignature:
            found = None
        if found is not None:
            if found.petition != petition.id:
                raise PageNotFound(petition.id)
            if not _opens(request, session, handle, found.person):
                return _sign_in(request)
            area = None if found.area is None else require_area(session, found.area)
    if found is None:
        return render(request, "signing/gone.html", {"petition": petition}, headers=_NO_STORE)
    values = {
        "petition": petition,
        "row": found,
        "area": area,
        "hour": parse_time(found.receipt.entry.time),
        "receipt": found.receipt,
        "handle": handle.written(desk),
    }
    return render(request, "signing/receipt.html", values, headers=_NO_STORE)


def receipt_file(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/receipt/file?r="""
    desk, handle = desk_of(request), _handle(request, request.query_params.get("r", ""))
    with reading(desk.engine) as session:
        try:
            found = kept(desk, session, handle.key)
        except NoSuchSignature as error:
            raise PageNotFound("receipt") from error
        if found.petition != request.path_params["petition"]:
            raise PageNotFound("receipt")
        if not _opens(request, session, handle, found.person):
            return _sign_in(request)
    name = f"petition-{found.petition}-receipt.json"
    return file_response(encode_canonical(found.receipt) + b"\n", "application/json", name)


def ended(request: Request) -> Response:
    """POST /{lang}/petitions/{petition}/receipt: take the signature back, or the mails about it."""
    form, desk, number = form_of(request), desk_of(request), request.path_params["petition"]
    handle = _handle(request, form.value("r"))
    key = handle.key
    try:
        with writing(desk.engine) as session:
            row = find_signature(session, key)
            if row.petition != number or not _opens(request, session, handle, row.person):
                raise PageNotFound(number)
            if form.value("deed") == "withdraw":
                withdraw_and_leave(desk, session, key)
            elif form.value("deed") == "stop-mails":
                stop_mails(session, key)
            else:
                raise PageNotFound("deed")
    except (NoSuchSignature, RemovedAlready, SigningLinkUnusable):
        pass  # it is gone already, and the page of the receipt says how
    return go(_receipt_link(request, number, handle))


def leave(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/receipt/withdraw?r=: what it means, and the button."""
    desk, handle = desk_of(request), _handle(request, request.query_params.get("r", ""))
    with reading(desk.engine) as session:
        petition = _readable(request, session)
        try:
            row = find_signature(session, handle.key)
        except NoSuchSignature:
            return render(request, "signing/gone.html", {"petition": petition}, headers=_NO_STORE)
        if row.petition != petition.id:
            raise PageNotFound(petition.id)
        if not _opens(request, session, handle, row.person):
            return _sign_in(request)
        removed = row.batch is not None
    if removed:
        return go(_receipt_link(request, petition.id, handle))
    values = {"petition": petition, "handle": handle.written(desk)}
    return render(request, "signing/withdraw.html", values, headers=_NO_STORE)


def record(request: Request) -> Response:
    """GET /{lang}/petitions/{petition}/record: how to recount, and what was removed."""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        petition = _readable(request, session)
        counted = public_count(session, petition.id, desk.clock())
        found = removals(session, petition.id, _before(request))
    values = {
        "petition": petition,
        "counted": counted,
        "batches": found.batches,
        "before": found.before,
        "exists": counted.entries > 0,
        "bundle_url": petition_bundle(petition.id),
        "log_key": encode_base64url(desk.keys.log.public_key),
        "site_host": urlsplit(desk.base_url).netloc,
        "hour_of": parse_time,
    }
    headers = {} if petition.public else _NO_STORE
    return render(request, "signing/record.html", values, headers=headers)


def _before(request: Request) -> int | None:
    """Number of the batch before which the page of removals begins; the newest for what is no number."""
    asked = request.query_params.get("before", "")
    return int(asked) if _BATCH_NUMBER.fullmatch(asked) else None


def signing_routes() -> list[AccessRoute]:
    """Before `/{lang}/petitions/{petition}` with anything behind it."""
    one, everybody, post = "/{lang}/petitions/{petition}", Access.PUBLIC, ("POST",)
    return [
        AccessRoute(f"{one}/sign", form_page, access=everybody),
        AccessRoute(f"{one}/sign", signed, access=everybody, methods=post),
        AccessRoute(f"{one}/sign/sent", sent, access=everybody),
        AccessRoute(f"{one}/sign/confirm", link, access=everybody),
        AccessRoute(f"{one}/sign/confirm", confirmed, access=everybody, methods=post),
        AccessRoute(f"{one}/receipt", receipt, access=everybody),
        AccessRoute(f"{one}/receipt", ended, access=everybody, methods=post),
        AccessRoute(f"{one}/receipt/file", receipt_file, access=everybody),
        AccessRoute(f"{one}/receipt/withdraw", leave, access=everybody),
        AccessRoute(f"{one}/record", record, access=everybody),
    ]


def _readable(request: Request, session: Session) -> Petition:
    """The petition of the address, unless only its creator may see it. Raises: PageNotFound."""
    number = request.path_params["petition"]
    try:
        found = find_petition(session, number)
    except NoSuchPetition as error:
        raise PageNotFound(number) from error
    if found.state is State.DRAFT:
        raise PageNotFound(number)
    return found


def _form_page(request: Request, form: Form, status: int = 0) -> Response:
    desk, who = desk_of(request), signed_in(request)
    refused, sure = "", True
    with reading(desk.engine) as session:
        petition = _readable(request, session)
        places = areas(session)
        earlier = None if who is None else signed_version(session, petition.id, who.person_id)
        texts = versions(session, petition.id) if earlier and earlier < petition.text.version else ()
    try:
        require_signable(petition, desk.clock())
    except NotSignable as error:
        refused = form.say(sentence_of(error))
    before = next((text for text in texts if text.version == earlier), None)
    if who is not None:
        sure = desk.policy.is_enough(who.assurance, Action.SIGN_PETITION)
    values = {
        "petition": petition,
        "form": form,
        "areas": places,
        "refused": refused,
        "signed_in": who is not None,
        "sure": sure,
        "by_mail": takes_mail(desk),
        "before": before,
        "challenge": None
        if who or refused or not takes_mail(desk)
        else work_challenge(request, _purpose(petition.id)),
        "sign_in_url": f"{links_of(request).sign_in()}?{urlencode({'next': request.url.path})}",
    }
    code = status or (200 if form.ok else FORM_REFUSED)
    return render(request, "signing/sign.html", values, status=code, headers=_NO_STORE)


def _link_page(request: Request, form: Form, token: str, status: int = 0) -> Response:
    desk, usable, refused = desk_of(request), True, ""
    with reading(desk.engine) as session:
        petition = _readable(request, session)
        try:
            usable = look(desk, session, token).petition == petition.id
        except SigningLinkUnusable:
            usable = False
    try:
        require_signable(petition, desk.clock())
    except NotSignable as error:
        refused = form.say(sentence_of(error))
    values = {"petition": petition, "form": form, "token": token, "usable": usable, "refused": refused}
    code = status or (200 if usable and form.ok else FORM_REFUSED if usable else 410)
    return render(request, "signing/confirm.html", values, status=code, headers=_NO_STORE)


def _asked(request: Request, form: Form, area: str | None) -> Response:
    """Send a link to whoever is not signed in; the answer is the same for every address."""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        petition = _readable(request, session)
    typed = form.text("email", most=ADDRESS_CHARACTERS, missing=form.say(ADDRESS_WRONG))
    try:
        address = parse_address(typed) if typed else ""
    except MailError:
        form.wrong("email", form.say(ADDRESS_WRONG))
    if not form.ok:
        return _form_page(request, form)
    worked = require_work(request, form, _purpose(petition.id))
    if form.ok:
        try:
            limit_mails(request, address)
        except TooManyRequests as error:
            form.wrong("email", too_many(form.language, error.retry_after)[1])
    if not form.ok:
        return _form_page(request, form)
    asking = Asking(address, area, form.ticked("mails"), form.language, worked)

    def mail(token: str, lifetime: timedelta) -> Mail:
        here = f"{desk.base_url}{links_of(request).petition(petition.id, 'sign/confirm')}?t={token}"
        voice, hours = voice_of(request, form.language), int(lifetime.total_seconds() // 3600)
        if petition.public:
            said = words.sign_petition(voice, title=petition.text.action, link=here, hours=hours)
        else:
            said = words.sign_unread_petition(voice, number=petition.id, link=here, hours=hours)
        return Mail(
            to=address,
            language=form.language,
            subject=said.subject,
            text=said.text,
            kind=LINK_MAIL,
            subject_key=petition.id,
            urgent=True,
            secret=True,
            expires_at=desk.clock() + lifetime,
        )

    try:
        with writing(desk.engine) as session:
            ask_by_mail(desk, session, petition.id, asking, mail)
    except ConsultationError as error:
        form.wrong("sign", form.say(sentence_of(error)))
        return _form_page(request, form, CONFLICT)
    return go(links_of(request).petition(petition.id, "sign/sent"))


def _area(request: Request, form: Form) -> str | None:
    chosen = form.value("area")
    if not chosen:
        return None
    try:
        with reading(desk_of(request).engine) as session:
            return require_area(session, chosen).id
    except NoSuchArea:
        form.wrong("area", form.say(AREA_WRONG))
        return None


def _version(form: Form) -> int | None:
    """The one that its page showed; None with a sentence where that is none."""
    changed = form.say(sentence_of(WordsChanged()))
    return form.number("version", least=1, most=2**31 - 1, wrong=changed, missing=changed)


def _handle(request: Request, text: str) -> Handle:
    handle = read_handle(desk_of(request), text)
    if handle is None:
        raise PageNotFound("receipt")
    return handle


def _opens(request: Request, session: Session, handle: Handle, person: str) -> bool:
    """Whether whoever asks may see this receipt. Raises: PageNotFound for who is signed in as somebody else.

    person: who signed.
    """
    who = signed_in(request)
    if opens_for(session, handle, person, None if who is None else who.person_id):
        return True
    if who is not None:
        raise PageNotFound("receipt")
    return False


def _sign_in(request: Request) -> Response:
    """It was signed with an account: first that, then the receipt."""
    here = f"{request.url.path}?{request.url.query}"
    return go(f"{links_of(request).sign_in()}?{urlencode({'next': here})}")


def _receipt_link(request: Request, petition: str, handle: Handle) -> str:
    return f"{links_of(request).petition(petition, 'receipt')}?r={handle.written(desk_of(request))}"


def _purpose(petition: str) -> str:
    return f"sign-{petition}"

"""Receipts without a script: on paper (PDF), and by mail on request.

Both are made from the public board by a receipt code, so they say nothing that is not there, and never a choice. A mail
lets the server connect an address with a ballot: its form says so first.
"""

import re
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from mail import words
from mail.address import parse_address
from mail.errors import MailError
from mail.mailbox import canonical_address
from mail.outbox import Attachment, Mail, delivery, queue_mail
from mail.words import Voice
from paper.receipt import receipt_pdf
from paper.sheet import NotPrintable
from storage.session import reading, writing
from web import formats
from web.access import FORM_REFUSED, Access, AccessRoute, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_, Language
from web.live.receipts import FoundReceipt, find_receipt
from web.pages.common import PageNotFound
from web.rate_limits import RECEIPT_MAIL, RECEIPT_MAIL_NETWORK, RECEIPT_PAPER, TooManyRequests, hit
from web.rendering import Renderer
from web.routes.office_common import links_of, office_of
from web.routes.office_files import file_response
from web.settings import Settings

KIND: Final = "receipt"
CODE_CHARACTERS: Final = 60
ADDRESS_CHARACTERS: Final = 254
ADDRESS_MISSING: Final = N_("Enter the e-mail address to which the receipt should go")
ADDRESS_WRONG: Final = N_("Write an e-mail address such as lan@example.org")
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")


def paper(request: Request) -> Response:
    """GET /{lang}/elections/{election}/receipt.pdf?code="""
    hit(request, RECEIPT_PAPER)
    code = request.query_params.get("code", "")[:CODE_CHARACTERS]
    found = _found(request, code)
    if found is None:
        return go(links_of(request).check(request.path_params["election"], code))
    return file_response(_pdf(found, language_of(request)), "application/pdf", _file_name(found))


def ask(request: Request) -> Response:
    """GET /{lang}/elections/{election}/receipt-mail?code="""
    code = request.query_params.get("code", "")[:CODE_CHARACTERS]
    found = _found(request, code)
    if found is None:
        return go(links_of(request).check(request.path_params["election"], code))
    number = secrets.token_hex(16)
    return _page(request, found, Form.filled(language_of(request), {"number": number}))


def send(request: Request) -> Response:
    """POST /{lang}/elections/{election}/receipt-mail: queue the mail, once however often the form is sent."""
    form, language = form_of(request), language_of(request)
    found, number = _found(request, form.value("code")[:CODE_CHARACTERS]), form.value("number")
    if found is None or not _NUMBER.fullmatch(number) or not _sends_mail(request):
        raise PageNotFound("no such receipt")
    typed = form.text("email", most=ADDRESS_CHARACTERS, missing=form.say(ADDRESS_MISSING))
    address = _address(form, typed)
    if form.ok:
        _count(request, form, address)
    if not form.ok:
        return _page(request, found, form)
    office = office_of(request)
    with writing(office.engine) as session:
        mail = _mail(request, found, address, language)
        queue_mail(session, mail, key=f"{KIND}.{number}", now=office.clock())
    return go(f"{links_of(request).receipt_mail(found.head.id)}/{number}")


def state(request: Request) -> Response:
    """GET /{lang}/elections/{election}/receipt-mail/{number}: what became of the mail, for who asked for it."""
    number = request.path_params["number"]
    office = office_of(request)
    with reading(office.engine) as session:
        found = delivery(session, f"{KIND}.{number}") if _NUMBER.fullmatch(number) else None
    if found is None:
        raise PageNotFound(number)
    values = {"delivery": found, "election": request.path_params["election"]}
    return render(request, "receipts/state.html", values, headers={"Cache-Control": "no-store"})


def receipt_routes() -> list[AccessRoute]:
    """All of the above, for everybody."""
    vote = "/{lang}/elections/{election}"
    return [
        AccessRoute(f"{vote}/receipt.pdf", paper, access=Access.PUBLIC),
        AccessRoute(f"{vote}/receipt-mail", ask, access=Access.PUBLIC),
        AccessRoute(f"{vote}/receipt-mail", send, access=Access.PUBLIC, methods=("POST",)),
        AccessRoute(f"{vote}/receipt-mail/{{number}}", state, access=Access.PUBLIC),
    ]


def _found(request: Request, code: str) -> FoundReceipt | None:
    renderer: Renderer = request.app.state.renderer
    election = request.path_params["election"]
    return find_receipt(office_of(request), renderer.site, language_of(request), election, code)


def _page(request: Request, found: FoundReceipt, form: Form) -> Response:
    values = {"found": found, "form": form, "sends_mail": _sends_mail(request)}
    return render(request, "receipts/mail.html", values, status=200 if form.ok else FORM_REFUSED)


def _sends_mail(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.mail_server is not None


def _address(form: Form, typed: str) -> str:
    try:
        return parse_address(typed) if typed else ""
    except MailError:
        form.wrong("email", form.say(ADDRESS_WRONG))
        return ""


def _count(request: Request, form: Form, address: str) -> None:
    try:
        hit(request, RECEIPT_MAIL_NETWORK, RECEIPT_MAIL, subject=canonical_address(address))
    except TooManyRequests as error:
        form.wrong("email", too_many(form.language, error.retry_after)[1])


def _mail(request: Request, found: FoundReceipt, address: str, language: Language) -> Mail:
    """The text is deleted as soon as the outcome is known, so that the outbox does not keep whose ballot it is."""
    renderer: Renderer = request.app.state.renderer
    site, paper = renderer.site, found.paper
    voice = Voice(language, found.head.authority.in_(language), site.help_line)
    said = words.receipt(
        voice,
        title=found.head.title.in_(language),
        receipt_code=paper.receipt_code,
        voter_number=paper.voter_number,
        moment=f"{formats.full(paper.cast_at, language)} ({found.head.zone})",
        check_link=paper.scan,
    )
    attachment = Attachment(_file_name(found), "application/pdf", _pdf(found, language))
    return Mail(
        to=address,
        language=language,
        subject=said.subject,
        text=said.text,
        kind=KIND,
        subject_key=found.head.id,
        urgent=True,
        secret=True,
        attachment=attachment,
    )


def _pdf(found: FoundReceipt, language: Language) -> bytes:
    try:
        return receipt_pdf(found.paper, language)
    except NotPrintable as error:
        raise PageNotFound("the title has letters that cannot be printed") from error


def _file_name(found: FoundReceipt) -> str:
    return f"psephos-receipt-{found.paper.receipt_code[:5]}.pdf"

"""The registrar's pages of a frozen vote: addresses for notices, what became of the mails, replaced codes.

Codes are made, printed and replaced on the registrar's own machine. What comes here is public (a signed revocation) or
an address; never a code.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from mail.errors import MailError
from mail.outbox import resend
from protocol.errors import ProtocolError
from storage.session import reading, writing
from voting.code_replacement import FILE_BYTES_MAX, read_revocation_file
from voting.contacts import CONTACTS_BYTES_MAX, read_contacts, voter_numbers
from voting.errors import VotingError, WrongState
from voting.notices import NoticeKind, set_contacts
from voting.revocation import revoke
from web.access import FORM_REFUSED, AccessRoute, actor, form_of, go, render
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_
from web.live.registrar import (
    RegistrarPage,
    frozen_row,
    registrar_list,
    registrar_page,
    revocation_preview,
)
from web.pages.common import PageNotFound
from web.rate_limits import UPLOAD, TooManyRequests, hit
from web.registrar_texts import CONTACT_FAULTS
from web.routes.office_common import CONFLICT, by_of, links_of, office_of

FORM_BYTES: Final = 16_384
FILE_MISSING: Final = N_("Choose the file")
NOT_NOW: Final = N_("Voting has closed, so this cannot be done any more.")
NO_REVOCATION: Final = N_(
    "This is not a file that replaces a code of this vote. Choose the one that `psephos registrar replace` wrote."
)
NOT_SIGNED: Final = N_(
    "This file cannot be published: it is not signed by the registrar whom the terms of this vote name, or the code "
    "in it was replaced already."
)
SURE_MISSING: Final = N_("Tick the box to say that this is meant")


def votes(request: Request) -> Response:
    """GET /{lang}/registrar"""
    return render(request, "registrar/list.html", {"heads": registrar_list(office_of(request))})


def vote(request: Request) -> Response:
    """GET /{lang}/registrar/{election}"""
    return _page(request, Form(language_of(request)))


def take_contacts(request: Request) -> Response:
    """POST /{lang}/registrar/{election}/contacts: the whole file, or nothing of it."""
    form, office, election, by = form_of(request), office_of(request), _election(request), by_of(request)
    file = form.file("contacts", most_bytes=CONTACTS_BYTES_MAX, missing=form.say(FILE_MISSING))
    if file is None or not _counted(request, form, "contacts"):
        return _page(request, form)
    with reading(office.engine) as session:
        found = read_contacts(file.data, voter_numbers(session, election))
    if not found.usable:
        for number, fault in enumerate(found.faults):
            name = f"contacts-{number}" if number else "contacts"
            form.wrong(name, form.say(CONTACT_FAULTS[fault.code], **vars(fault)), "contacts")
        return _page(request, form, more=found.count - len(found.faults))
    noted = by.beside("contacts-taken", f"election {election}", addresses=str(len(found.contacts)))
    return _done(request, form, "contacts", lambda: set_contacts(office, election, found.contacts, noted))


def drop_contacts(request: Request) -> Response:
    """POST /{lang}/registrar/{election}/contacts/remove"""
    office, election = office_of(request), _election(request)
    noted = by_of(request).beside("contacts-removed", f"election {election}")
    return _done(request, form_of(request), "contacts", lambda: set_contacts(office, election, {}, noted))


def look_at_revocation(request: Request) -> Response:
    """POST /{lang}/registrar/{election}/revocation: what the file would do; nothing is done yet."""
    form = form_of(request)
    file = form.file("revocation", most_bytes=FILE_BYTES_MAX, missing=form.say(FILE_MISSING))
    if file is None or not _counted(request, form, "revocation"):
        return _page(request, form)
    return _preview(request, form, file.data)


def publish_revocation(request: Request) -> Response:
    """POST /{lang}/registrar/{election}/revocation/publish: with the file that was looked at, as base64."""
    form, office, election, by = form_of(request), office_of(request), _election(request), by_of(request)
    try:
        data = base64.b64decode(form.value("file"), validate=True)
    except (binascii.Error, ValueError):
        raise PageNotFound("no file") from None
    if not form.ticked("sure"):
        form.wrong("sure", form.say(SURE_MISSING))
        return _preview(request, form, data)

    def deed() -> None:
        body, signature = read_revocation_file(data)
        shown = revocation_preview(office, election, body)
        noted = by.beside("code-replaced", f"election {election}", old=shown.old, new=shown.new)
        revoke(office, election, body, signature, noted)

    return _done(request, form, "revocation", deed)


def send_again(request: Request) -> Response:
    """POST /{lang}/registrar/{election}/resend: one mail, to the same address."""
    form, office, election, by = form_of(request), office_of(request), _election(request), by_of(request)
    wanted = form.value("mail")
    known = {str(row.id) for row in registrar_page(office, election).failures if row.resendable}
    if wanted in known:
        with writing(office.engine) as session:
            try:
                resend(session, int(wanted), now=office.clock())
            except MailError:  # somebody else was faster
                return go(_place(request))
            by.note(session, "notice-resent", f"election {election}", mail=wanted)
    return go(_place(request))


def registrar_routes() -> list[AccessRoute]:
    """All of the above."""
    deliver, replace, post = Permission.DELIVER_CODES, Permission.REPLACE_CODES, ("POST",)
    path = "/{lang}/registrar"
    one = f"{path}/{{election}}"
    large = CONTACTS_BYTES_MAX + FORM_BYTES
    return [
        AccessRoute(path, votes, access=deliver),
        AccessRoute(one, vote, access=deliver),
        AccessRoute(f"{one}/contacts", take_contacts, access=deliver, methods=post, limit=large),
        AccessRoute(f"{one}/contacts/remove", drop_contacts, access=deliver, methods=post),
        AccessRoute(f"{one}/revocation", look_at_revocation, access=replace, methods=post, limit=FORM_BYTES),
        AccessRoute(
            f"{one}/revocation/publish", publish_revocation, access=replace, methods=post, limit=FORM_BYTES
        ),
        AccessRoute(f"{one}/resend", send_again, access=deliver, methods=post),
    ]


def _election(request: Request) -> str:
    with reading(office_of(request).engine) as session:
        return frozen_row(session, request.path_params["election"]).id


def _place(request: Request) -> str:
    return links_of(request).registrar(request.path_params["election"])


def _page(request: Request, form: Form, *, more: int = 0, status: int = 0) -> Response:
    page: RegistrarPage = registrar_page(office_of(request), request.path_params["election"])
    values = {"page": page, "form": form, "more": more, "kinds": list(NoticeKind)}
    return render(request, "registrar/page.html", values, status=status or (200 if form.ok else FORM_REFUSED))


def _preview(request: Request, form: Form, data: bytes) -> Response:
    try:
        body, _ = read_revocation_file(data)
        shown = revocation_preview(office_of(request), _election(request), body)
    except ProtocolError:
        form.wrong("revocation", form.say(NO_REVOCATION))
        return _page(request, form)
    page = registrar_page(office_of(request), request.path_params["election"])
    values = {"page": page, "form": form, "shown": shown, "file": base64.b64encode(data).decode("ascii")}
    return render(request, "registrar/revocation.html", values, status=200 if form.ok else FORM_REFUSED)


def _done(request: Request, form: Form, field: str, deed: Callable[[], None]) -> Response:
    try:
        deed()
    except WrongState:
        form.wrong(field, form.say(NOT_NOW))
        return _page(request, form, status=CONFLICT)
    except (ProtocolError, VotingError):
        form.wrong(field, form.say(NOT_SIGNED))
        return _page(request, form, status=CONFLICT)
    return go(_place(request))


def _counted(request: Request, form: Form, field: str) -> bool:
    try:
        hit(request, UPLOAD, subject=actor(request).person_id)
    except TooManyRequests as error:
        form.wrong(field, too_many(form.language, error.retry_after)[1])
        return False
    return True

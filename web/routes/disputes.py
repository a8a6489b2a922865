"""Objections: filed by anybody, listed for everybody, answered by officials.

The list is public at once, with category, time, digest, what the machine found, and the answer. What the filer wrote is
shown only if the filer has said so.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from crypto.crockford import MistypedCode
from crypto.display_code import parse_display_code
from identity.roles import Permission
from mail import words
from mail.address import parse_address
from mail.errors import MailError
from mail.outbox import Mail, queue_mail
from mail.words import Voice
from protocol.errors import ProtocolError
from storage.session import reading
from voting.dispute_evidence import EVIDENCE_BYTES_MAX
from voting.disputes import (
    CODE_MAX,
    WORDS_MAX,
    AnsweredAlready,
    Category,
    Dispute,
    DisputeLine,
    Filing,
    NoSuchDispute,
    TooLate,
    Verdict,
    address_for_answer,
    answer_dispute,
    disputes_of,
    file_dispute,
    find_dispute,
    is_filer,
    last_moment,
    open_disputes,
)
from voting.models import VotingElection
from web.access import FORM_REFUSED, Access, AccessRoute, form_of, go, render
from web.dispute_texts import CATEGORIES, FINDINGS, VERDICTS
from web.errors import language_of, too_many
from web.forms import FORM_BYTES_MAX, Form
from web.i18n import N_, Language
from web.live.heads import head_of
from web.live.registrar import frozen_row, registrar_list
from web.pages.common import Head, PageNotFound
from web.rate_limits import DISPUTE, TooManyRequests, hit
from web.routes.office_common import CONFLICT, by_of, links_of, office_of
from web.routes.office_files import file_response
from web.settings import Settings
from web.visitor import desk_of

ADDRESS_CHARACTERS: Final = 254
CATEGORY_MISSING: Final = N_("Choose what happened")
WORDS_MISSING: Final = N_("Write what happened, and when")
CODE_WRONG: Final = N_("Write the receipt code or voter number with its five groups, or leave this empty")
ADDRESS_WRONG: Final = N_("Write an e-mail address such as lan@example.org, or leave this empty")
EVIDENCE_WRONG: Final = N_(
    "Choose the file that the voting booth or the page “Check my ballot” has saved (its name ends in .json), or leave "
    "this empty. Other papers: say in the text that you have them."
)
VERDICT_MISSING: Final = N_("Choose what the office answers")
ANSWER_MISSING: Final = N_("Write the answer. Everybody can read it.")
_KEY: Final = re.compile(r"[0-9a-f]{32}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class DisputesPage:
    """The objections to a vote. until: the last moment to object, None while there is no end yet."""

    head: Head
    lines: tuple[DisputeLine, ...]
    until: object
    over: bool


def public_log(request: Request) -> Response:
    """GET /{lang}/elections/{election}/disputes"""
    with reading(office_of(request).engine) as session:
        page = _page_of(request, session)
    return render(request, "disputes/log.html", _words(page))


def one(request: Request) -> Response:
    """GET /{lang}/elections/{election}/disputes/{number}?key=: for who filed it, with what they filed."""
    key = _key(request.query_params.get("key", ""))
    with reading(office_of(request).engine) as session:
        page = _page_of(request, session)
        dispute = _find(request, session, page.head.id)
        filer = key is not None and is_filer(session, page.head.id, dispute.line.number, key)
    values = {**_words(page), "dispute": dispute, "key": key.hex() if key and filer else ""}
    headers = {"Cache-Control": "no-store"} if key else {}
    return render(request, "disputes/one.html", values, headers=headers)


def filing(request: Request) -> Response:
    """GET /{lang}/elections/{election}/disputes/{number}/filing?key=: the record behind the public digest."""
    key = _key(request.query_params.get("key", ""))
    with reading(office_of(request).engine) as session:
        election = frozen_row(session, request.path_params["election"]).id
        dispute = _find(request, session, election)
        if key is None or not is_filer(session, election, dispute.line.number, key):
            raise PageNotFound("not the filer")
    return file_response(dispute.data, "application/json", f"psephos-objection-{dispute.line.number}.json")


def new(request: Request) -> Response:
    """GET /{lang}/elections/{election}/disputes/new?code="""
    code = request.query_params.get("code", "")[:CODE_MAX]
    form = Form.filled(language_of(request), {"key": secrets.token_hex(16), "receipt_code": code})
    return _form_page(request, form)


def file(request: Request) -> Response:
    """POST /{lang}/elections/{election}/disputes/new: taken once, however often the form is sent."""
    form = form_of(request)
    with reading(office_of(request).engine) as session:
        election = frozen_row(session, request.path_params["election"]).id
    made = _filing(form)
    if made is not None and form.ok:
        _count(request, form)
    if made is None or not form.ok:
        return _form_page(request, form)
    try:
        number = file_dispute(office_of(request), desk_of(request), election, made)
    except TooLate:
        return _form_page(request, form)
    except ProtocolError:
        form.wrong("evidence", form.say(EVIDENCE_WRONG))
        return _form_page(request, form)
    return go(f"{links_of(request).disputes(election, number)}?key={made.key.hex()}")


def office_list(request: Request) -> Response:
    """GET /{lang}/office/disputes: votes with the number of objections that wait."""
    office = office_of(request)
    with reading(office.engine) as session:
        waiting = open_disputes(session)
    rows = [(head, waiting.get(head.id, 0)) for head in registrar_list(office)]
    rows.sort(key=lambda row: row[1] == 0)
    return render(request, "disputes/office_list.html", {"rows": rows})


def office_log(request: Request) -> Response:
    """GET /{lang}/office/{election}/disputes"""
    with reading(office_of(request).engine) as session:
        page = _page_of(request, session)
    return render(request, "disputes/office_log.html", _words(page))


def office_one(request: Request) -> Response:
    """GET /{lang}/office/{election}/disputes/{number}"""
    return _office_page(request, Form(language_of(request)))


def office_answer(request: Request) -> Response:
    """POST /{lang}/office/{election}/disputes/{number}"""
    form, office, by = form_of(request), office_of(request), by_of(request)
    with reading(office.engine) as session:
        row = frozen_row(session, request.path_params["election"])
        number = _find(request, session, row.id).line.number
        head = head_of(session, row, office.clock(), withheld=False)
    verdict = form.choice("verdict", [each.value for each in Verdict], form.say(VERDICT_MISSING))
    text = form.text("answer", most=WORDS_MAX, missing=form.say(ANSWER_MISSING), lines=True)
    if not form.ok:
        return _office_page(request, form)
    try:
        told = _telling(request, head, number)
        answer_dispute(office, by, head.id, number, Verdict(verdict), text, told)
    except AnsweredAlready:
        return _office_page(request, Form(form.language), status=CONFLICT)
    return go(links_of(request).office_disputes(head.id, number))


def office_evidence(request: Request) -> Response:
    """GET /{lang}/office/{election}/disputes/{number}/evidence"""
    with reading(office_of(request).engine) as session:
        election = frozen_row(session, request.path_params["election"]).id
        dispute = _find(request, session, election)
    if dispute.evidence is None:
        raise PageNotFound("no evidence")
    return file_response(
        dispute.evidence, "application/json", f"psephos-objection-{dispute.line.number}-evidence.json"
    )


def dispute_routes() -> list[AccessRoute]:
    """All of the above. Before the officials' other routes: `/office/disputes` is no election."""
    vote, office = "/{lang}/elections/{election}/disputes", "/{lang}/office"
    answer, everybody, post = Permission.ANSWER_DISPUTES, Access.PUBLIC, ("POST",)
    one_of_office = f"{office}/{{election}}/disputes/{{number}}"
    large = EVIDENCE_BYTES_MAX + FORM_BYTES_MAX
    return [
        AccessRoute(vote, public_log, access=everybody),
        AccessRoute(f"{vote}/new", new, access=everybody),
        AccessRoute(f"{vote}/new", file, access=everybody, methods=post, limit=large),
        AccessRoute(f"{vote}/{{number}}", one, access=everybody),
        AccessRoute(f"{vote}/{{number}}/filing", filing, access=everybody),
        AccessRoute(f"{office}/disputes", office_list, access=answer),
        AccessRoute(f"{office}/{{election}}/disputes", office_log, access=answer),
        AccessRoute(one_of_office, office_one, access=answer),
        AccessRoute(one_of_office, office_answer, access=answer, methods=post),
        AccessRoute(f"{one_of_office}/evidence", office_evidence, access=answer),
    ]


def _page_of(request: Request, session: Session) -> DisputesPage:
    office = office_of(request)
    row: VotingElection = frozen_row(session, request.path_params["election"])
    until, head = last_moment(session, row), head_of(session, row, office.clock(), withheld=False)
    over = until is not None and office.clock() >= until
    return DisputesPage(head, tuple(disputes_of(session, row.id)), until and head.local(until), over)


def _words(page: DisputesPage) -> dict[str, object]:
    return {"page": page, "categories": CATEGORIES, "findings": FINDINGS, "verdicts": VERDICTS}


def _find(request: Request, session: Session, election: str) -> Dispute:
    number = request.path_params["number"]
    if not _NUMBER.fullmatch(number):
        raise PageNotFound(number)
    try:
        return find_dispute(session, election, int(number))
    except NoSuchDispute as error:
        raise PageNotFound(number) from error


def _form_page(request: Request, form: Form) -> Response:
    with reading(office_of(request).engine) as session:
        page = _page_of(request, session)
    values = {**_words(page), "form": form, "sends_mail": _sends_mail(request)}
    return render(request, "disputes/new.html", values, status=200 if form.ok else FORM_REFUSED)


def _office_page(request: Request, form: Form, status: int = 0) -> Response:
    with reading(office_of(request).engine) as session:
        page = _page_of(request, session)
        dispute = _find(request, session, page.head.id)
    values = {**_words(page), "form": form, "dispute": dispute}
    return render(
        request, "disputes/office_one.html", values, status=status or (200 if form.ok else FORM_REFUSED)
    )


def _filing(form: Form) -> Filing | None:
    """What was filled in; None when it is no form of ours."""
    key = _key(form.value("key"))
    if key is None:
        raise PageNotFound("no key")
    category = form.choice("category", [each.value for each in Category], form.say(CATEGORY_MISSING))
    text = form.text("words", most=WORDS_MAX, missing=form.say(WORDS_MISSING), lines=True)
    code = _code(form)
    file = form.file("evidence", most_bytes=EVIDENCE_BYTES_MAX)
    address = _address(form)
    if not form.ok:
        return None
    return Filing(
        category=Category(category),
        words=text,
        publish_words=form.ticked("publish"),
        receipt_code=code,
        evidence=None if file is None else file.data,
        email=address,
        language=form.language,
        key=key,
    )


def _code(form: Form) -> str:
    typed = form.text("receipt_code", most=CODE_MAX)
    try:
        return parse_display_code(typed) if typed else ""
    except MistypedCode:
        form.wrong("receipt_code", form.say(CODE_WRONG))
        return ""


def _address(form: Form) -> str:
    typed = form.text("email", most=ADDRESS_CHARACTERS)
    try:
        return parse_address(typed) if typed else ""
    except MailError:
        form.wrong("email", form.say(ADDRESS_WRONG))
        return ""


def _count(request: Request, form: Form) -> None:
    try:
        hit(request, DISPUTE)
    except TooManyRequests as error:
        form.wrong("words", too_many(form.language, error.retry_after)[1])


def _sends_mail(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.mail_server is not None


def _telling(request: Request, head: Head, number: int) -> Callable[[Session], None]:
    """What queues the mail about an answer, in the transaction of the answer."""
    settings: Settings = request.app.state.settings
    office, links_language = office_of(request), language_of(request)

    def tell(session: Session) -> None:
        wanted = address_for_answer(session, head.id, number)
        if wanted is None:
            return
        address, written_in = wanted
        language: Language = "vi" if written_in == "vi" else "en" if written_in == "en" else links_language
        place = f"{settings.base_url}/{language}/elections/{head.id}/disputes/{number}"
        said = words.dispute_answered(
            Voice(language, head.authority.in_(language), settings.help_line),
            title=head.title.in_(language),
            number=str(number),
            link=place,
        )
        mail = Mail(address, language, said.subject, said.text, "dispute-answer", head.id)
        queue_mail(session, mail, key=f"dispute-answer.{head.id}.{number}", now=office.clock())

    return tell


def _key(text: str) -> bytes | None:
    return bytes.fromhex(text) if _KEY.fullmatch(text) else None

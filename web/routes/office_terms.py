"""Fixing the terms, the files that are handed in for them, and the freeze."""

import io
import zipfile
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from crypto.display_code import display_code
from identity.roles import Permission
from protocol.ceremony_record import CEREMONY_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.manifest import decode_manifest
from protocol.signed_body import FREEZE_SIGNATURE_BYTES_MAX
from protocol.terms import assemble_terms
from voting.checklist import BEFORE_TERMS, checklist, hindrances
from voting.draft_document import Section
from voting.draft_errors import FileRefused, NoSuchDraft, NotReady, ReadAgain, TermsNotFixed
from voting.draft_facts import differences
from voting.draft_store import CEREMONY, ROLL, StoredDraft
from voting.draft_terms import (
    TermsFiles,
    fix_terms,
    freeze,
    handed_in,
    take_back_terms,
    take_ceremony,
    take_freeze_signature,
    take_roll,
    terms_files,
    withdraw,
)
from voting.drafts import load
from web.access import FORM_REFUSED, AccessRoute, form_of, go
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.live.heads import holders_of, warnings_of
from web.pages.common import PageNotFound
from web.pages.office import head_of
from web.pages.office_texts import sentence
from web.routes.office_common import (
    CONFLICT,
    base_of,
    by_of,
    draft_page,
    drafted,
    links_of,
    office_of,
)
from web.routes.office_files import file_response
from web.visitor import desk_of

ROLL_UPLOAD_BYTES: Final = 64_000_000
"""About half a million voters; a larger roll is frozen by command."""
SMALL_UPLOAD_BYTES: Final = CEREMONY_BYTES_MAX + 10_000

FILE_MISSING: Final = N_("Choose the file")
READ_AGAIN: Final = N_(
    "Somebody changed this draft meanwhile. Read it once more; it is shown here as it is now."
)
STILL_MISSING: Final = N_("Something is missing. See the list of tasks.")
REFUSED: Final = {
    "ceremony": N_(
        "This is not the key of these terms. Choose ceremony.json, as “psephos trustee keys” wrote it for this vote."
    ),
    "roll": N_(
        "This is not a roll for these terms. Choose roll.json, as “psephos registrar make” wrote it for this vote."
    ),
    "signature": N_(
        "This is not a signature of these terms. Download the terms anew, sign them with “psephos trustee sign-freeze” "
        "and choose that file."
    ),
    "other-trustee": N_("This is the signature of another key holder. Choose your own file."),
    "too-early": N_("Key and roll come first. They are not there yet."),
    "too-large": N_("This file is longer than it can be. Choose the right one."),
    "stands": N_("Another file stands here already. Remove that one first."),
    "taken-back": N_("The terms, the key or the roll were changed meanwhile. Download the terms anew."),
    "identity": N_(
        "This is not a public key of a key holder. Choose the file that “psephos trustee identity” wrote beside the "
        "key file; its name ends with .public.json."
    ),
    "others-key": N_("This is another key holder’s key. Choose your own file."),
    "not-there": N_("This vote does not name you as a key holder any more."),
}


def terms(request: Request, found: StoredDraft) -> Response:
    """GET …/terms: everything once more, then the button."""
    return _terms_page(request, found, Form(language_of(request)))


def fix(request: Request, found: StoredDraft) -> Response:
    """POST …/terms"""
    form = form_of(request)
    try:
        fix_terms(office_of(request), by_of(request), found.id, base_of(form), desk_of(request).host)
    except ReadAgain:
        form.wrong("terms", form.say(READ_AGAIN))
        found = load(office_of(request), found.id)
        return _terms_page(request, found, form, CONFLICT)
    except (NotReady, ProtocolError):
        form.wrong("terms", form.say(STILL_MISSING))
        return _terms_page(request, found, form, FORM_REFUSED)
    return go(links_of(request).draft(found.id))


def take_back(request: Request, found: StoredDraft) -> Response:
    """POST …/take-back"""
    take_back_terms(office_of(request), by_of(request), found.id)
    return go(links_of(request).draft(found.id))


def ceremony(request: Request, found: StoredDraft) -> Response:
    """GET …/ceremony"""
    return _file_page(request, found, Section.CEREMONY, Form(language_of(request)))


def hand_in_ceremony(request: Request, found: StoredDraft) -> Response:
    """POST …/ceremony"""
    return _hand_in(request, found, Section.CEREMONY)


def roll(request: Request, found: StoredDraft) -> Response:
    """GET …/roll"""
    return _file_page(request, found, Section.ROLL, Form(language_of(request)))


def hand_in_roll(request: Request, found: StoredDraft) -> Response:
    """POST …/roll"""
    return _hand_in(request, found, Section.ROLL)


def signatures(request: Request, found: StoredDraft) -> Response:
    """GET …/signatures"""
    return _file_page(request, found, Section.SIGNATURES, Form(language_of(request)))


def hand_in_signature(request: Request, found: StoredDraft) -> Response:
    """POST …/signatures"""
    return _hand_in(request, found, Section.SIGNATURES)


def withdraw_file(request: Request, found: StoredDraft) -> Response:
    """POST …/ceremony/withdraw and …/roll/withdraw"""
    kind = request.url.path.rsplit("/", 2)[1]
    withdraw(office_of(request), by_of(request), found.id, CEREMONY if kind == "ceremony" else ROLL)
    return go(links_of(request).draft(found.id, kind))


def freeze_page(request: Request, found: StoredDraft) -> Response:
    """GET …/freeze: what it means, and the button."""
    return _freeze_page(request, found, Form(language_of(request)))


def freeze_now(request: Request, found: StoredDraft) -> Response:
    """POST …/freeze"""
    form = form_of(request)
    try:
        freeze(office_of(request), by_of(request), found.id)
    except NotReady:
        form.wrong("freeze", form.say(STILL_MISSING))
        return _freeze_page(request, found, form, FORM_REFUSED)
    return go(links_of(request).draft(found.id, "frozen"))


def frozen(request: Request) -> Response:
    """GET …/frozen: what comes next."""
    try:
        found = load(office_of(request), request.path_params["draft"])
    except NoSuchDraft as error:
        raise PageNotFound(request.path_params["draft"]) from error
    if found.frozen_at is None or found.election is None:
        return go(links_of(request).draft(found.id))
    fixed = office_of(request).terms(found.election)
    values = {"fingerprint": fixed.fingerprint_code, "election": found.election}
    return draft_page(request, found, "office/frozen.html", values)


def download(request: Request, found: StoredDraft) -> Response:
    """GET …/files/{name}: manifest.json, ceremony.json, roll.json, or all of them as terms.zip."""
    return terms_download(request, found)


def terms_download(request: Request, found: StoredDraft) -> Response:
    """One of the files that key holders and registrar work with. Raises: PageNotFound."""
    name = request.path_params["name"]
    try:
        files = terms_files(office_of(request), found.id)
    except TermsNotFixed as error:
        raise PageNotFound(name) from error
    named = named_files(files)
    if name == "terms.zip":
        folder = f"terms-{(found.election or '')[:8]}"
        return file_response(zipped(named, folder), "application/zip", f"{folder}.zip")
    if name not in named:
        raise PageNotFound(name)
    return file_response(named[name], "application/json", name)


def named_files(files: TermsFiles) -> dict[str, bytes]:
    """Each file as the commands read it, with its line end."""
    found = {"manifest.json": files.manifest, "ceremony.json": files.ceremony, "roll.json": files.roll}
    return {name: body + b"\n" for name, body in found.items() if body is not None}


def zipped(files: dict[str, bytes], folder: str) -> bytes:
    """A folder as a ZIP file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}", data)
    return packed.getvalue()


def refusal(form: Form, error: FileRefused) -> str:
    """What to do about a file that was refused."""
    return form.say(REFUSED[error.reason])


def terms_routes(draft: str) -> list[AccessRoute]:
    """All of the above. draft: path of a draft."""
    access, post = Permission.MANAGE_ELECTIONS, ["POST"]
    uploads = (
        ("ceremony", ceremony, hand_in_ceremony, SMALL_UPLOAD_BYTES),
        ("roll", roll, hand_in_roll, ROLL_UPLOAD_BYTES + 10_000),
        ("signatures", signatures, hand_in_signature, FREEZE_SIGNATURE_BYTES_MAX + 10_000),
    )
    return [
        AccessRoute(f"{draft}/terms", drafted(terms), access=access),
        AccessRoute(f"{draft}/terms", drafted(fix), access=access, methods=post),
        AccessRoute(f"{draft}/take-back", drafted(take_back), access=access, methods=post),
        *(AccessRoute(f"{draft}/{name}", drafted(show), access=access) for name, show, _, _ in uploads),
        *(
            AccessRoute(f"{draft}/{name}", drafted(take), access=access, methods=post, limit=limit)
            for name, _, take, limit in uploads
        ),
        AccessRoute(f"{draft}/ceremony/withdraw", drafted(withdraw_file), access=access, methods=post),
        AccessRoute(f"{draft}/roll/withdraw", drafted(withdraw_file), access=access, methods=post),
        AccessRoute(f"{draft}/files/{{name}}", drafted(download), access=access),
        AccessRoute(f"{draft}/freeze", drafted(freeze_page), access=access),
        AccessRoute(f"{draft}/freeze", drafted(freeze_now), access=access, methods=post),
        AccessRoute(f"{draft}/frozen", frozen, access=access),
    ]


def _terms_page(request: Request, found: StoredDraft, form: Form, status: int = 200) -> Response:
    items = checklist(found.prepared, office_of(request).clock())
    language = language_of(request)
    values = {
        "form": form,
        "missing": [sentence(item, language) for item in hindrances(items, BEFORE_TERMS)]
        + [
            sentence(item, language)
            for item in hindrances(items, (Section.TERMS,))
            if item.code == "terms-impossible"
        ],
    }
    return draft_page(request, found, "office/terms.html", values, status=status)


def _hand_in(request: Request, found: StoredDraft, section: Section) -> Response:
    form, office, by = form_of(request), office_of(request), by_of(request)
    file = form.file("file", most_bytes=ROLL_UPLOAD_BYTES, missing=form.say(FILE_MISSING))
    if file is None:
        return _file_page(request, found, section, form)
    try:
        match section:
            case Section.CEREMONY:
                take_ceremony(office, by, found.id, file.data)
            case Section.ROLL:
                take_roll(office, by, found.id, file.data)
            case _:
                take_freeze_signature(office, by, found.id, file.data)
    except FileRefused as error:
        form.wrong("file", refusal(form, error))
        return _file_page(request, found, section, form)
    except TermsNotFixed:
        return go(links_of(request).draft(found.id))
    back = section.value if section is not Section.CEREMONY else ""
    return go(links_of(request).draft(found.id, back))


def _file_page(request: Request, found: StoredDraft, section: Section, form: Form) -> Response:
    if not found.prepared.settled:
        return go(links_of(request).draft(found.id, Section.TERMS.value))
    prepared, given = found.prepared, handed_in(office_of(request), found.id)
    values: dict[str, object] = {"form": form, "given": given, "prepared": prepared}
    if section is Section.ROLL and prepared.roll is not None and prepared.voters is not None:
        values["differences"] = differences(prepared.voters.cells, prepared.roll)
        values["areas"] = {area.id: area for area in found.draft.areas.areas}
    if section is Section.SIGNATURES:
        values["fingerprint"] = _fingerprint(request, found)
    status = 200 if form.ok else FORM_REFUSED
    return draft_page(request, found, f"office/{section.value}.html", values, status=status)


def _fingerprint(request: Request, found: StoredDraft) -> str | None:
    """Its code, once key and roll are there."""
    files = terms_files(office_of(request), found.id)
    if files.ceremony is None or files.roll is None:
        return None
    fixed, _ = assemble_terms(files.manifest, files.ceremony, files.roll)
    return display_code(fixed.fingerprint)


def _freeze_page(request: Request, found: StoredDraft, form: Form, status: int = 200) -> Response:
    if not found.prepared.settled:
        return go(links_of(request).draft(found.id, Section.TERMS.value))
    language = language_of(request)
    missing = hindrances(checklist(found.prepared, office_of(request).clock()))
    manifest = decode_manifest(terms_files(office_of(request), found.id).manifest)
    values = {
        "form": form,
        "missing": [sentence(item, language) for item in missing],
        "fingerprint": None if missing else _fingerprint(request, found),
        "holders": holders_of(manifest),
        "warnings": warnings_of(manifest),
        "voters": sum(cell.voters for cell in found.prepared.roll or ()),
        "title": head_of(found).title,
    }
    return draft_page(request, found, "office/freeze.html", values, status=status)

"""The voters' list of a draft: uploaded, shown with every bad line, accepted whole or not at all."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from identity.types import EMAIL
from voting.draft_document import Section
from voting.draft_errors import DraftError
from voting.draft_store import StoredDraft
from voting.draft_voters import accept_list, read_list, remove_lists, stage_list, stored_lists
from voting.list_findings import Finding
from web.access import FORM_REFUSED, AccessRoute, form_of, go
from web.errors import language_of
from web.forms import Form
from web.i18n import N_, Language, translations
from web.rate_limits import UPLOAD, hit
from web.routes.office_common import CONFLICT, by_of, draft_page, drafted, links_of, office_of, section_page
from web.voters_list_texts import SENTENCES

LIST_BYTES_MAX: Final = 64_000_000
"""A million voters with names and addresses; a larger one is a mistake."""
SHOWN_LINES: Final = 10
NO_SIGN_IN: Final = "none"
FILE_MISSING: Final = N_("Choose the file with the voters’ list")
ISSUER_MISSING: Final = N_("Choose how the voters of this list sign in")
NOT_STAGED: Final = N_(
    "This list is not waiting any more: another one was uploaded meanwhile. Upload it again."
)


def voters(request: Request, found: StoredDraft) -> Response:
    """GET …/voters"""
    accepted, _ = stored_lists(office_of(request), found.id)
    form = Form.filled(language_of(request), {"issuer": NO_SIGN_IN if _asks_nobody(found) else ""})
    return _page(request, found, form, accepted)


def upload(request: Request, found: StoredDraft) -> Response:
    """POST …/voters: read it; faultless, it waits to be accepted."""
    form, office = form_of(request), office_of(request)
    hit(request, UPLOAD, subject=by_of(request).actor.person_id)
    file = form.file("file", most_bytes=LIST_BYTES_MAX, missing=form.say(FILE_MISSING))
    choice = form.choice("issuer", [value for value, _ in issuers(request)], form.say(ISSUER_MISSING))
    if not form.ok or file is None:
        return _page(request, found, form, stored_lists(office, found.id)[0])
    issuer = None if choice == NO_SIGN_IN else choice
    report = read_list(office, found.id, file.data, issuer)
    staged = stage_list(office, by_of(request), found.id, report, issuer) if report.usable else None
    language = form.language
    values = {
        "file_name": file.name,
        "report": report,
        "faults": [(fault, finding_sentence(fault, language)) for fault in report.faults],
        "warnings": [(warning, finding_sentence(warning, language)) for warning in report.warnings],
        "lines": report.lines[:SHOWN_LINES],
        "staged": staged,
        "facts": stored_lists(office, found.id)[1] if staged else None,
        "areas": {area.id: area for area in found.draft.areas.areas},
    }
    status = 200 if report.usable else FORM_REFUSED
    return draft_page(request, found, "office/voters_preview.html", values, status=status)


def accept(request: Request, found: StoredDraft) -> Response:
    """POST …/voters/accept"""
    form = form_of(request)
    try:
        accept_list(office_of(request), by_of(request), found.id, form.value("list"))
    except DraftError as error:
        if error.code != "nothing-staged":
            raise
        form.wrong("file", form.say(NOT_STAGED))
        return _page(request, found, form, stored_lists(office_of(request), found.id)[0], CONFLICT)
    return go(links_of(request).draft(found.id))


def remove(request: Request, found: StoredDraft) -> Response:
    """POST …/voters/remove"""
    remove_lists(office_of(request), by_of(request), found.id)
    return go(links_of(request).draft(found.id, Section.VOTERS.value))


def issuers(request: Request) -> Sequence[tuple[str, str]]:
    """(issuer, name) of every way to sign in that can tell a voter; first: they do not sign in."""
    language = language_of(request)
    gettext = translations(language).gettext
    configured = request.app.state.settings.providers
    return [
        (NO_SIGN_IN, gettext(N_("They do not sign in; keep nothing but numbers"))),
        (EMAIL, gettext(N_("By a link to the e-mail address in the list"))),
        *((one.issuer, one.name_vi if language == "vi" else one.name_en) for one in configured),
    ]


def finding_sentence(finding: Finding, language: Language) -> str:
    """What is wrong with a line, in the reader's language. Its values come from the file: pages escape them."""
    return translations(language).gettext(SENTENCES[finding.code]).format(**finding.values)


def voter_routes(draft: str) -> list[AccessRoute]:
    """All of the above. draft: path of a draft."""
    access, post, path = Permission.MANAGE_ELECTIONS, ["POST"], f"{draft}/voters"
    limit = LIST_BYTES_MAX + 10_000
    return [
        AccessRoute(path, drafted(voters), access=access),
        AccessRoute(path, drafted(upload), access=access, methods=post, limit=limit),
        AccessRoute(f"{path}/accept", drafted(accept), access=access, methods=post),
        AccessRoute(f"{path}/remove", drafted(remove), access=access, methods=post),
    ]


def _page(
    request: Request, found: StoredDraft, form: Form, accepted: object, status: int | None = None
) -> Response:
    values = {
        "accepted": accepted,
        "issuers": issuers(request),
        "areas": {area.id: area for area in found.draft.areas.areas},
    }
    if status is not None:
        shared = {"form": form, "part_name": Section.VOTERS, "conflict": None, "base": 0, **values}
        return draft_page(request, found, "office/voters.html", shared, status=status)
    if found.prepared.settled:
        return draft_page(
            request, found, "office/fixed.html", {"part_name": Section.VOTERS, "part": None, **values}
        )
    return section_page(request, found, Section.VOTERS, form, values)


def _asks_nobody(found: StoredDraft) -> bool:
    return found.draft.rules.sign_in == "none"

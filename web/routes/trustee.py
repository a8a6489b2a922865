"""Key holders at work: what each has to do now, the files to take home, the files to hand in.

Nothing secret ever comes here. A key holder's own program (`psephos trustee`) makes and keeps the secret; what is
handed in is public or a signature.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from protocol.errors import ProtocolError
from protocol.leaf import Kind
from protocol.signed_body import FREEZE_SIGNATURE_BYTES_MAX, decode_signed_body
from protocol.terms import assemble_terms
from protocol.trustee_identity import IDENTITY_BYTES_MAX
from storage.session import reading
from tally.errors import TallyError
from tally.opening import append_partial_openings, append_statement, count_progress
from voting.draft_errors import DraftFrozen, FileRefused, NoSuchDraft, TermsFixed, TermsNotFixed
from voting.draft_holders import Holding, holdings, take_identity
from voting.draft_terms import take_ceremony, take_freeze_signature, terms_files
from voting.office import State, find_election, state_of
from web.access import FORM_REFUSED, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.links import bundle
from web.pages.common import PageNotFound
from web.pages.office import calendar_view, head_of
from web.routes.office_common import by_of, links_of, office_of
from web.routes.office_terms import FILE_MISSING, SMALL_UPLOAD_BYTES, refusal, terms_download

OPENING_BYTES: Final = 8_000_000
NOT_SIGNED: Final = N_(
    "This file cannot be taken. Download the public record anew, run the command again, and choose the file that it "
    "wrote."
)
OTHER_TRUSTEE: Final = N_("This file is of another key holder. Choose your own.")
TOO_EARLY: Final = N_(
    "This cannot be handed in yet, or it stands on the board already. See what comes next above."
)
GONE: Final = N_("The vote was changed meanwhile. Look at what comes next above.")


class Step(StrEnum):
    """What a key holder does next."""

    KEY = "key"
    TERMS = "terms"
    """Waiting for the office to fix the terms."""
    CEREMONY = "ceremony"
    ROLL = "roll"
    """Waiting for the registrar."""
    SIGN = "sign"
    FREEZE = "freeze"
    """Waiting for the others and the office."""
    VOTE = "vote"
    """Waiting for the polls to close and the ballots to be multiplied."""
    STATE = "state"
    OPEN = "open"
    DONE = "done"


WAITING: Final = frozenset({Step.TERMS, Step.ROLL, Step.FREEZE, Step.VOTE, Step.DONE})


def step_of(request: Request, holding: Holding) -> Step:
    """Where this key holder stands."""
    stored, prepared, number = holding.stored, holding.stored.prepared, holding.number
    if stored.frozen_at is not None and stored.election is not None:
        return _step_of_election(request, stored.election, number)
    if not prepared.settled:
        return Step.TERMS if stored.draft.key_holders.holders[number - 1].key else Step.KEY
    if not prepared.ceremony:
        return Step.CEREMONY
    if prepared.roll is None:
        return Step.ROLL
    return Step.FREEZE if number in prepared.signed else Step.SIGN


def _step_of_election(request: Request, election: str, number: int) -> Step:
    with reading(office_of(request).engine) as session:
        state = state_of(find_election(session, election))
    progress = count_progress(office_of(request), election)
    if state is State.PUBLISHED or number in progress.openings:
        return Step.DONE
    if not progress.aggregated:
        return Step.VOTE
    return Step.OPEN if number in progress.statements else Step.STATE


def shares(request: Request) -> Response:
    """GET /{lang}/trustee: every vote in which one holds a share."""
    mine = holdings(office_of(request), actor(request).person_id)
    rows = [(holding, head_of(holding.stored), step_of(request, holding)) for holding in mine]
    return render(request, "trustee/list.html", {"rows": rows, "waiting": WAITING})


def share(request: Request) -> Response:
    """GET /{lang}/trustee/{draft}"""
    return _page(request, _holding(request), Form(language_of(request)))


def hand_in_key(request: Request) -> Response:
    """POST /{lang}/trustee/{draft}/key"""

    def take(holding: Holding, data: bytes) -> None:
        take_identity(office_of(request), by_of(request), holding.stored.id, holding.number, data)

    return _hand_in(request, take)


def hand_in_ceremony(request: Request) -> Response:
    """POST /{lang}/trustee/{draft}/ceremony"""

    def take(holding: Holding, data: bytes) -> None:
        take_ceremony(office_of(request), by_of(request), holding.stored.id, data)

    return _hand_in(request, take)


def hand_in_signature(request: Request) -> Response:
    """POST /{lang}/trustee/{draft}/signature: one's own only."""

    def take(holding: Holding, data: bytes) -> None:
        take_freeze_signature(office_of(request), by_of(request), holding.stored.id, data, holding.number)

    return _hand_in(request, take)


def hand_in_statement(request: Request) -> Response:
    """POST /{lang}/trustee/{draft}/statement: the closing statement."""
    return _hand_in_signed(request, Kind.CLOSING_STATEMENT)


def hand_in_opening(request: Request) -> Response:
    """POST /{lang}/trustee/{draft}/opening: the parts of the count."""
    return _hand_in_signed(request, Kind.PARTIAL_OPENING)


def download(request: Request) -> Response:
    """GET /{lang}/trustee/{draft}/files/{name}"""
    return terms_download(request, _holding(request).stored)


def trustee_routes() -> list[AccessRoute]:
    """All of the above."""
    access, post, one = Permission.HOLD_KEY_SHARE, ["POST"], "/{lang}/trustee/{draft}"
    uploads = (
        ("key", hand_in_key, IDENTITY_BYTES_MAX + 10_000),
        ("ceremony", hand_in_ceremony, SMALL_UPLOAD_BYTES),
        ("signature", hand_in_signature, FREEZE_SIGNATURE_BYTES_MAX + 10_000),
        ("statement", hand_in_statement, 64 * 1024),
        ("opening", hand_in_opening, OPENING_BYTES),
    )
    return [
        AccessRoute("/{lang}/trustee", shares, access=access),
        AccessRoute(one, share, access=access),
        *(
            AccessRoute(f"{one}/{name}", take, access=access, methods=post, limit=limit)
            for name, take, limit in uploads
        ),
        AccessRoute(f"{one}/files/{{name}}", download, access=access),
    ]


def _holding(request: Request) -> Holding:
    """The share of the person who asks; other people's drafts are not there. Raises: PageNotFound."""
    name = request.path_params["draft"]
    for holding in holdings(office_of(request), actor(request).person_id):
        if holding.stored.id == name:
            return holding
    raise PageNotFound(name)


def _hand_in(request: Request, take: Callable[[Holding, bytes], None]) -> Response:
    """Take a file before the freeze; what is wrong with it stands beside the field."""
    holding, form = _holding(request), form_of(request)
    file = form.file("file", most_bytes=SMALL_UPLOAD_BYTES, missing=form.say(FILE_MISSING))
    if file is None:
        return _page(request, holding, form)
    try:
        take(holding, file.data)
    except FileRefused as error:
        form.wrong("file", refusal(form, error))
    except (TermsFixed, TermsNotFixed, DraftFrozen, NoSuchDraft):
        form.wrong("file", form.say(GONE))
    if not form.ok:
        return _page(request, _holding(request), form)
    return go(links_of(request).trustee(holding.stored.id))


def _hand_in_signed(request: Request, kind: Kind) -> Response:
    """Take what goes onto the board of a frozen election."""
    holding, form, office = _holding(request), form_of(request), office_of(request)
    election = holding.stored.election
    if holding.stored.frozen_at is None or election is None:
        raise PageNotFound(kind.value)
    file = form.file("file", most_bytes=OPENING_BYTES, missing=form.say(FILE_MISSING))
    if file is None:
        return _page(request, holding, form)
    append, deed = (
        (append_statement, "statement-taken")
        if kind is Kind.CLOSING_STATEMENT
        else (append_partial_openings, "opening-taken")
    )
    try:
        signed = decode_signed_body(file.data)
        if signed.kind is not kind:
            form.wrong("file", form.say(NOT_SIGNED))
        elif signed.trustee != holding.number:
            form.wrong("file", form.say(OTHER_TRUSTEE))
        else:
            beside = by_of(request).beside(deed, f"election {election}", trustee=str(holding.number))
            append(office, election, signed.body, signed.signature, beside)
    except ProtocolError:
        form.wrong("file", form.say(NOT_SIGNED))
    except TallyError as error:
        form.wrong("file", form.say(NOT_SIGNED if error.code == "body-refused" else TOO_EARLY))
    if not form.ok:
        return _page(request, holding, form)
    return go(links_of(request).trustee(holding.stored.id))


def _page(request: Request, holding: Holding, form: Form) -> Response:
    stored = holding.stored
    step = step_of(request, holding)
    progress = (
        count_progress(office_of(request), stored.election) if stored.frozen_at and stored.election else None
    )
    values = {
        "head": head_of(stored),
        "view": calendar_view,
        "draft": stored.draft,
        "prepared": stored.prepared,
        "number": holding.number,
        "holder": stored.draft.key_holders.holders[holding.number - 1],
        "step": step,
        "waiting": step in WAITING,
        "form": form,
        "progress": progress,
        "frozen": stored.frozen_at is not None,
        "fingerprint": _fingerprint(request, holding),
        "bundle_url": bundle(stored.election) if stored.frozen_at and stored.election else "",
    }
    return render(request, "trustee/share.html", values, status=200 if form.ok else FORM_REFUSED)


def _fingerprint(request: Request, holding: Holding) -> str | None:
    """Its code, once key and roll are there."""
    stored = holding.stored
    if stored.frozen_at is not None and stored.election is not None:
        return office_of(request).terms(stored.election).fingerprint_code
    if not (stored.prepared.ceremony and stored.prepared.roll is not None):
        return None
    files = terms_files(office_of(request), stored.id)
    if files.ceremony is None or files.roll is None:
        return None
    return assemble_terms(files.manifest, files.ceremony, files.roll)[0].fingerprint_code

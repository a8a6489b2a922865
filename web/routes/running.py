"""What officials do to a frozen vote: open by hand, extend, close early, lower the quorum, publish, rehearse.

Each deed that cannot be undone has a page that names its consequence and asks why; name and reason are published.
"""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from protocol.errors import ProtocolError
from protocol.leaf import Kind
from protocol.signed_body import decode_signed_body
from rehearsal.trial_run import VOTERS_MAX, NotATrial
from rehearsal.trials import VOTERS_IN_AN_AREA, ask_for_count, ask_for_votes, begin_trial, trials_of
from storage.session import Beside, writing
from tally.clock import leave_opening_to_official
from tally.errors import TallyError
from tally.opening import append_act, append_partial_openings, append_statement, publish_result
from voting.closing import close_polls
from voting.deeds import By
from voting.draft_store import StoredDraft
from voting.errors import VotingError
from voting.extension import extend_polls
from voting.preparation import open_polls
from web.access import FORM_REFUSED, AccessRoute, form_of, go, render
from web.errors import language_of
from web.formats import zone_of
from web.forms import Form, moment_fields
from web.i18n import N_
from web.live.running import running_page
from web.pages.running import RunningPage
from web.routes.office_common import (
    CONFLICT,
    SURE_MISSING,
    by_of,
    draft_page,
    drafted,
    form_page,
    links_of,
    office_of,
    require_tick,
)
from web.routes.office_terms import FILE_MISSING
from web.routes.trustee import NOT_SIGNED, OPENING_BYTES
from web.routes.trustee import TOO_EARLY as TOO_EARLY_OR_TWICE

REASON_CHARACTERS: Final = 1000

REASON_MISSING: Final = N_("Write the reason. Everybody can read it.")
MOMENT_MISSING: Final = N_("Enter the new day and time of closing")
TOO_EARLY: Final = N_("Voting closes then already, or earlier. Enter a later time.")
TOO_LATE: Final = N_("The terms of this vote allow a closing up to %(time)s at the latest")
VOTERS_WRONG: Final = N_("Enter a number of invented voters from 1 to %(most)s")
NOT_NOW: Final = N_("This cannot be done now: the vote has moved on meanwhile. Look at its page.")

Deed = Callable[[Request, RunningPage], Response]


def dashboard(request: Request) -> Response:
    """GET /{lang}/office/{election}"""
    return render(request, "office/running/page.html", {"page": _page(request)})


def opening_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/opening"""
    page = _page(request)
    form = Form.filled(language_of(request), {"by": "hand" if page.opens_by_hand else "clock"})
    return _form_page(request, page, "opening", form)


def choose_opening(request: Request) -> Response:
    """POST /{lang}/office/{election}/opening: who opens, or the opening itself."""
    form, page, by = form_of(request), _page(request), by_of(request)
    office, election = office_of(request), page.head.id

    def deed() -> None:
        if form.value("deed") == "open":
            open_polls(office, election, by.name, _noted(by, page, "polls-opened"))
            return
        choice = form.choice("by", ("clock", "hand"), form.say(SURE_MISSING))
        if form.ok:
            noted = _noted(by, page, "opening-chosen", opens=choice)
            leave_opening_to_official(office, election, choice == "hand", noted)

    return _done(request, page, "opening", form, deed)


def extend_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/extend"""
    page = _page(request)
    fields = moment_fields("closes", page.head.closes_at, zone_of(page.head.time_zone))
    return _form_page(request, page, "extend", Form.filled(language_of(request), fields))


def extend(request: Request) -> Response:
    """POST /{lang}/office/{election}/extend"""
    form, page, by = form_of(request), _page(request), by_of(request)
    wanted = form.moment("closes", zone_of(page.head.time_zone), missing=form.say(MOMENT_MISSING))
    reason = _reason(form)
    if wanted is not None and page.can_extend_until is not None:
        if wanted <= page.head.closes_at:
            form.wrong("closes", form.say(TOO_EARLY), "closes-day")
        elif wanted > page.can_extend_until:
            latest = page.head.local(page.can_extend_until)
            form.wrong(
                "closes", form.say(TOO_LATE, time=f"{latest:%d/%m/%Y %H:%M} ({page.head.zone})"), "closes-day"
            )

    def deed() -> None:
        if wanted is not None:
            noted = _noted(by, page, "polls-extended", closes_at=wanted.isoformat())
            extend_polls(office_of(request), page.head.id, wanted, by.name, reason, noted)

    return _done(request, page, "extend", form, deed)


def close_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/close"""
    return _form_page(request, _page(request), "close", Form(language_of(request)))


def close(request: Request) -> Response:
    """POST /{lang}/office/{election}/close"""
    form, page, by = form_of(request), _page(request), by_of(request)
    reason = _reason(form)
    require_tick(form)
    noted = _noted(by, page, "polls-closed")
    return _done(
        request,
        page,
        "close",
        form,
        lambda: close_polls(office_of(request), page.head.id, by.name, reason, noted),
    )


def act_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/act"""
    return _form_page(request, _page(request), "act", Form(language_of(request)))


def act(request: Request) -> Response:
    """POST /{lang}/office/{election}/act: fewer closing statements are enough."""
    form, page, by = form_of(request), _page(request), by_of(request)
    reason = _reason(form)
    require_tick(form)
    noted = _noted(by, page, "quorum-lowered")
    return _done(
        request,
        page,
        "act",
        form,
        lambda: append_act(office_of(request), page.head.id, by.name, reason, noted),
    )


def publish_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/publish"""
    return _form_page(request, _page(request), "publish", Form(language_of(request)))


def publish(request: Request) -> Response:
    """POST /{lang}/office/{election}/publish"""
    form, page, by = form_of(request), _page(request), by_of(request)
    require_tick(form)
    noted = _noted(by, page, "result-published")
    return _done(
        request, page, "publish", form, lambda: publish_result(office_of(request), page.head.id, noted)
    )


def files_page(request: Request) -> Response:
    """GET /{lang}/office/{election}/files"""
    return _form_page(request, _page(request), "files", Form(language_of(request)))


def hand_in(request: Request) -> Response:
    """POST /{lang}/office/{election}/files: what a key holder without an account has signed.

    It is as good as from their own hands: the file carries their signature, and nobody else's would be taken.
    """
    form, page, by, office = form_of(request), _page(request), by_of(request), office_of(request)
    file = form.file("file", most_bytes=OPENING_BYTES, missing=form.say(FILE_MISSING))
    if file is None:
        return _form_page(request, page, "files", form)
    try:
        signed = decode_signed_body(file.data)
        append = {Kind.CLOSING_STATEMENT: append_statement, Kind.PARTIAL_OPENING: append_partial_openings}[
            signed.kind
        ]
        deed = "statement-taken" if signed.kind is Kind.CLOSING_STATEMENT else "opening-taken"
        noted = _noted(by, page, deed, trustee=str(signed.trustee))
        append(office, page.head.id, signed.body, signed.signature, noted)
    except (ProtocolError, KeyError):
        form.wrong("file", form.say(NOT_SIGNED))
    except TallyError as error:
        form.wrong("file", form.say(NOT_SIGNED if error.code == "body-refused" else TOO_EARLY_OR_TWICE))
    if not form.ok:
        return _form_page(request, _page(request), "files", form)
    return go(links_of(request).running(page.head.id))


def rehearse(request: Request) -> Response:
    """POST /{lang}/office/{election}/rehearse: let invented voters vote, or the trial's key holders count."""
    form, page, by, office = form_of(request), _page(request), by_of(request), office_of(request)

    def deed() -> None:
        if page.trial is None:
            raise NotATrial
        counting = form.value("deed") == "count"
        number = (
            None
            if counting
            else form.number(
                "number", least=1, most=VOTERS_MAX, wrong=form.say(VOTERS_WRONG, most=VOTERS_MAX)
            )
        )
        if not form.ok:
            return
        with writing(office.engine) as session:
            if counting:
                ask_for_count(session, page.head.id, office.clock())
            else:
                ask_for_votes(session, page.head.id, number or VOTERS_IN_AN_AREA, office.clock())
            _noted(by, page, "trial-counted" if counting else "trial-voted")(session)

    return _done(request, page, "page", form, deed)


def trial_page(request: Request, found: StoredDraft) -> Response:
    """GET /{lang}/office/drafts/{draft}/trial"""
    voters = VOTERS_IN_AN_AREA * len(found.draft.areas.areas)
    form = Form.filled(language_of(request), {"voters": str(min(voters, VOTERS_MAX))})
    return _trial_page(request, found, form)


def begin_a_trial(request: Request, found: StoredDraft) -> Response:
    """POST /{lang}/office/drafts/{draft}/trial"""
    form, by = form_of(request), by_of(request)
    wrong = form.say(VOTERS_WRONG, most=VOTERS_MAX)
    voters = form.number("voters", least=1, most=VOTERS_MAX, wrong=wrong, missing=wrong)
    if voters is None:
        return _trial_page(request, found, form)
    begin_trial(office_of(request), found.id, voters, by.beside("trial-begun", f"draft {found.id}"))
    return go(links_of(request).draft(found.id, "trial"))


def running_routes() -> list[AccessRoute]:
    """Everything that officials do after the freeze, and trial runs before it."""
    access, post, path = Permission.MANAGE_ELECTIONS, ["POST"], "/{lang}/office/{election}"
    trial = "/{lang}/office/drafts/{draft}/trial"
    return [
        AccessRoute(trial, drafted(trial_page), access=access),
        AccessRoute(trial, drafted(begin_a_trial), access=access, methods=post),
        AccessRoute(path, dashboard, access=access),
        AccessRoute(f"{path}/opening", opening_page, access=access),
        AccessRoute(f"{path}/opening", choose_opening, access=access, methods=post),
        AccessRoute(f"{path}/extend", extend_page, access=access),
        AccessRoute(f"{path}/extend", extend, access=access, methods=post),
        AccessRoute(f"{path}/close", close_page, access=access),
        AccessRoute(f"{path}/close", close, access=access, methods=post),
        AccessRoute(f"{path}/act", act_page, access=access),
        AccessRoute(f"{path}/act", act, access=access, methods=post),
        AccessRoute(f"{path}/publish", publish_page, access=access),
        AccessRoute(f"{path}/publish", publish, access=access, methods=post),
        AccessRoute(f"{path}/files", files_page, access=access),
        AccessRoute(f"{path}/files", hand_in, access=access, methods=post, limit=OPENING_BYTES),
        AccessRoute(f"{path}/rehearse", rehearse, access=access, methods=post),
    ]


def _page(request: Request) -> RunningPage:
    return running_page(office_of(request), request.path_params["election"])


def _noted(by: By, page: RunningPage, deed: str, **detail: str) -> Beside:
    """The deed's line in the site log."""
    return by.beside(deed, f"election {page.head.id}", **detail)


def _reason(form: Form) -> str:
    return form.text("reason", most=REASON_CHARACTERS, missing=form.say(REASON_MISSING))


def _done(
    request: Request, page: RunningPage, template: str, form: Form, deed: Callable[[], object]
) -> Response:
    """Do it if nothing is wrong with the form, and go to the vote's page; else the form again, with what was typed."""
    if not form.ok:
        return _form_page(request, page, template, form)
    try:
        deed()
    except (VotingError, TallyError, ProtocolError):
        form.wrong("deed", form.say(NOT_NOW), "main")
        return _form_page(request, _page(request), template, form, status=CONFLICT)
    if not form.ok:
        return _form_page(request, page, template, form)
    return go(links_of(request).running(page.head.id))


def _form_page(request: Request, page: RunningPage, template: str, form: Form, status: int = 0) -> Response:
    return form_page(request, f"office/running/{template}.html", form, {"page": page}, status)


def _trial_page(request: Request, found: StoredDraft, form: Form) -> Response:
    values = {"form": form, "trials": trials_of(office_of(request), found.id)}
    return draft_page(request, found, "office/trial.html", values, status=200 if form.ok else FORM_REFUSED)

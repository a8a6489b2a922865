"""A draft as voters will see it: the booth's own template, as on a phone and at a desk. Nothing can be cast."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from voting.draft_document import DraftQuestion
from voting.draft_manifest import manifest_question
from voting.draft_store import StoredDraft
from web.access import AccessRoute
from web.live.source import booth_question
from web.pages.booth import BoothOption, BoothPage, BoothQuestion
from web.pages.common import Head, KeyHolders, PageNotFound, State, Turnout, Warnings
from web.pages.office import calendar_view, text_of
from web.routes.office_common import draft_page, drafted, links_of, office_of
from web.security import CSP, policy

# The preview page frames the booth of the same draft, and only that page may.
FRAMING: Final = {"Content-Security-Policy": policy({**CSP, "frame-src": "'self'"})}
FRAMED: Final = {
    "Content-Security-Policy": policy({**CSP, "frame-ancestors": "'self'", "script-src": "'none'"}),
    "X-Frame-Options": "SAMEORIGIN",
}
END: Final = "end"


@dataclass(frozen=True)
class Preview:
    """Which screen is shown. step: `code`, `question-1` …, `review`.  next_url, back_url: the screens around it."""

    step: str
    next_url: str
    back_url: str
    about_url: str


def preview(request: Request, found: StoredDraft) -> Response:
    """GET …/preview: both widths."""
    return draft_page(request, found, "office/preview.html", headers=FRAMING)


def screen(request: Request, found: StoredDraft) -> Response:
    """GET …/preview/{step}: one screen of the booth."""
    links = links_of(request)
    page = booth_page(request, found)
    steps = ["code", *(f"question-{number}" for number in range(1, len(page.questions) + 1)), "review", END]
    step = request.path_params["step"]
    if step not in steps:
        raise PageNotFound(step)
    at = steps.index(step)

    def url(place: int) -> str:
        return links.draft(found.id, f"preview/{steps[max(0, min(len(steps) - 1, place))]}")

    if step == END:
        values: dict[str, object] = {"again": url(0)}
        return draft_page(request, found, "office/preview_end.html", values, headers=FRAMED)
    shown = Preview(step, url(at + 1), url(at - 1), links.draft(found.id))
    return draft_page(request, found, "booth.html", {"page": page, "preview": shown}, headers=FRAMED)


def booth_page(request: Request, found: StoredDraft) -> BoothPage:
    """The booth of this draft as if it were open; what is not decided yet is left empty."""
    draft = found.draft
    now = office_of(request).clock()
    times = calendar_view(draft.calendar)
    holders = tuple(holder.name for holder in draft.key_holders.holders)
    head = Head(
        id=found.id,
        title=text_of(draft.title.title),
        authority=text_of(draft.title.authority),
        state=State.OPEN,
        opens_at=times.opens or now,
        closes_at=times.closes or now + timedelta(days=7),
        time_zone=draft.calendar.time_zone or "UTC",
        fingerprint=None,
        revoting=draft.rules.revoting,
    )
    return BoothPage(
        head=head,
        questions=tuple(_question(question) for question in draft.questions.questions),
        holders=KeyHolders(
            names=holders or ("…",), threshold=draft.key_holders.threshold, one_machine=len(holders) > 1
        ),
        warnings=Warnings(
            unwitnessed=True,
            no_objection_time=draft.calendar.objection_seconds == 0,
            relaxed_areas=False,
            short_key=draft.key_holders.bits == 2048,
        ),
        turnout=Turnout(0, max(1, 0 if found.prepared.voters is None else found.prepared.voters.voters), now),
    )


def preview_routes(draft: str) -> list[AccessRoute]:
    """All of the above. draft: path of a draft."""
    access = Permission.MANAGE_ELECTIONS
    return [
        AccessRoute(f"{draft}/preview", drafted(preview), access=access),
        AccessRoute(f"{draft}/preview/{{step}}", drafted(screen), access=access),
    ]


def _question(question: DraftQuestion) -> BoothQuestion:
    """Where one language is missing the other one is shown."""
    labels = tuple(BoothOption(option.id, text_of(option.label)) for option in question.options)
    return replace(booth_question(manifest_question(question)), text=text_of(question.text), options=labels)

"""The officials' votes in preparation: the list, a new one, the list of tasks, the preview, the history."""

import re

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from storage.session import reading
from voting.checklist import checklist
from voting.draft_document import TITLE_CHARACTERS, Draft, TitlePart, Words
from voting.draft_errors import NoSuchDraft
from voting.draft_store import StoredDraft
from voting.drafts import (
    changes,
    copied_draft,
    copied_election,
    create,
    discard,
    list_drafts,
    new_draft_id,
)
from voting.errors import NoSuchElection
from voting.office import Office, State, read_manifest, state_of
from voting.preparation import list_elections
from web.access import FORM_REFUSED, AccessRoute, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_, Text
from web.pages.office import (
    DraftRow,
    head_of,
    missing_count,
    next_section,
    task_groups,
    text_of,
)
from web.pages.office_forms import TITLE_MISSING, read_words
from web.pages.office_texts import section_name
from web.routes.office_common import by_of, draft_page, drafted, links_of, office_of
from web.routes.office_preview import preview_routes
from web.routes.office_questions import question_routes
from web.routes.office_sections import section_routes
from web.routes.office_terms import terms_routes
from web.routes.office_voters import voter_routes

_DRAFT = re.compile("[0-9a-f]{32}")
BASE_MISSING = N_("Choose where to start from")
DISCARD_MISSING = N_("Tick the box if the draft is to be deleted")


def votes(request: Request) -> Response:
    """GET /{lang}/office: everything in preparation, then every election."""
    office = office_of(request)
    now = office.clock()
    rows = [
        DraftRow(
            head=head_of(found),
            owner=found.owner,
            changed_at=found.changed_at,
            missing=missing_count(checklist(found.prepared, now)),
        )
        for found in list_drafts(office)
    ]
    return render(request, "office/list.html", {"drafts": rows, "elections": _elections(office)})


def new(request: Request) -> Response:
    """GET /{lang}/office/drafts/new"""
    form = Form.filled(language_of(request), {"base": "empty", "draft": new_draft_id()})
    return _new_page(request, form)


def make(request: Request) -> Response:
    """POST /{lang}/office/drafts/new"""
    form, office = form_of(request), office_of(request)
    title = read_words(form, "title", TITLE_CHARACTERS)
    if not title.either:
        form.wrong("title-en", form.say(TITLE_MISSING))
    base = form.choice("base", [value for value, _ in _bases(office)], form.say(BASE_MISSING))
    if not form.ok:
        return _new_page(request, form)
    try:
        start = _start(office, base)
    except (NoSuchDraft, NoSuchElection):
        form.wrong("base", form.say(BASE_MISSING))
        return _new_page(request, form)
    site = request.app.state.settings.authority
    authority = Words(en=site.en, vi=site.vi) if start is None else start.title.authority
    part = TitlePart(authority=authority, rehearsal=form.ticked("rehearsal"), title=title)
    name = form.value("draft")
    draft_id = create(office, by_of(request), part, start, name if _DRAFT.fullmatch(name) else None)
    return go(links_of(request).draft(draft_id))


def tasks(request: Request, found: StoredDraft) -> Response:
    """GET /{lang}/office/drafts/{draft}"""
    language = language_of(request)
    items = checklist(found.prepared, office_of(request).clock())
    following = next_section(items)
    values = {
        "groups": task_groups(items, found.id, language),
        "next_href": links_of(request).draft(found.id, "freeze" if following is None else following.value),
        "next_name": None if following is None else section_name(following, language),
        "missing": missing_count(items),
    }
    return draft_page(request, found, "office/draft.html", values)


def history(request: Request, found: StoredDraft) -> Response:
    """GET /{lang}/office/drafts/{draft}/history"""
    language = language_of(request)
    made = [
        (change, section_name(change.section, language)) for change in changes(office_of(request), found.id)
    ]
    return draft_page(request, found, "office/history.html", {"changes": made})


def discard_page(request: Request, found: StoredDraft) -> Response:
    """GET /{lang}/office/drafts/{draft}/discard"""
    return draft_page(request, found, "office/discard.html", {"form": Form(language_of(request))})


def discard_now(request: Request, found: StoredDraft) -> Response:
    """POST /{lang}/office/drafts/{draft}/discard"""
    form = form_of(request)
    if not form.ticked("sure"):
        form.wrong("sure", form.say(DISCARD_MISSING))
        return draft_page(request, found, "office/discard.html", {"form": form}, status=FORM_REFUSED)
    discard(office_of(request), by_of(request), found.id)
    return go(links_of(request).office())


def office_routes() -> list[AccessRoute]:
    """Everything that officials do before the freeze."""
    access, post, path = Permission.MANAGE_ELECTIONS, ["POST"], "/{lang}/office"
    draft = f"{path}/drafts/{{draft}}"
    return [
        AccessRoute(path, votes, access=access),
        AccessRoute(f"{path}/drafts/new", new, access=access),
        AccessRoute(f"{path}/drafts/new", make, access=access, methods=post),
        AccessRoute(draft, drafted(tasks), access=access),
        *section_routes(draft),
        *question_routes(draft),
        *voter_routes(draft),
        *terms_routes(draft),
        *preview_routes(draft),
        AccessRoute(f"{draft}/history", drafted(history), access=access),
        AccessRoute(f"{draft}/discard", drafted(discard_page), access=access),
        AccessRoute(f"{draft}/discard", drafted(discard_now), access=access, methods=post),
    ]


def _start(office: Office, base: str) -> Draft | None:
    """What a new draft is copied from; None for nothing. Raises: NoSuchDraft, NoSuchElection."""
    kind, _, name = base.partition("-")
    if kind == "draft":
        return copied_draft(office, name)
    return copied_election(office, name) if kind == "election" else None


def _new_page(request: Request, form: Form) -> Response:
    values = {"form": form, "bases": _bases(office_of(request))}
    return render(request, "office/new.html", values, status=200 if form.ok else FORM_REFUSED)


def _bases(office: Office) -> list[tuple[str, Text | None]]:
    """(value, title) of what a new vote can start from; the first is nothing."""
    drafts = [(f"draft-{found.id}", text_of(found.draft.title.title)) for found in list_drafts(office)]
    elections = [(f"election-{name}", title) for name, title, _ in _elections(office)]
    return [("empty", None), *elections, *drafts]


def _elections(office: Office) -> list[tuple[str, Text, State]]:
    """(id, title, state) of every frozen election, the newest first."""
    with reading(office.engine) as session:
        found: list[tuple[str, Text, State]] = []
        for row in list_elections(session):
            state = state_of(row)
            if state is not State.DRAFT:
                title = read_manifest(row).title
                found.append((row.id, Text(title.en, title.vi), state))
        return found

"""What the officials' routes share: the draft of the address, who acts, and the pages that refuse."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from voting.deeds import By
from voting.draft_document import Section
from voting.draft_errors import ChangedMeanwhile, DraftFrozen, NoSuchDraft, TermsFixed
from voting.draft_store import StoredDraft
from voting.drafts import load
from voting.office import Office
from web.access import FORM_REFUSED, Handler, actor, go, render
from web.errors import language_of
from web.formats import zone_label
from web.forms import Form
from web.i18n import N_
from web.links import Links
from web.pages.common import PageNotFound, Site
from web.pages.office import calendar_view, head_of
from web.rendering import Renderer
from web.visitor import desk_of

CONFLICT: Final = HTTPStatus.CONFLICT
SURE_MISSING: Final = N_("Tick the box to say that this is meant")
DraftHandler = Callable[[Request, StoredDraft], Response]


def office_of(request: Request) -> Office:
    """The election office of this site."""
    office: Office = request.app.state.office
    return office


def by_of(request: Request) -> By:
    """Who acts, and the site log in which it is noted."""
    return By(desk_of(request), actor(request))


def links_of(request: Request) -> Links:
    """Addresses in the language of the page."""
    return Links(language_of(request))


def site_of(request: Request) -> Site:
    """What every page knows of this site."""
    renderer: Renderer = request.app.state.renderer
    return renderer.site


def zone_here(request: Request) -> str:
    """What stands beside a field for a time: the site's zone, as "GMT+7"."""
    return zone_label(site_of(request).local(desk_of(request).clock()))


def form_page(
    request: Request, template: str, form: Form, values: Mapping[str, object], status: int = 0
) -> Response:
    """A page around a form, which it gets as `form`. status: unless given, by what is wrong with the form."""
    answer = status or (200 if form.ok else CONFLICT if form.saved else FORM_REFUSED)
    return render(request, template, {"form": form, **values}, status=answer)


def require_tick(form: Form, sentence: str = SURE_MISSING) -> None:
    """What cannot be undone is meant: the box `sure` is ticked."""
    if not form.ticked("sure"):
        form.wrong("sure", form.say(sentence))


def drafted(handler: DraftHandler) -> Handler:
    """A handler of one draft. A frozen election's draft leads to what comes next, fixed terms to how to change them."""

    def answer(request: Request) -> Response:
        try:
            found = load(office_of(request), request.path_params["draft"])
            if found.frozen_at is not None:
                return go(links_of(request).draft(found.id, "frozen"))
            return handler(request, found)
        except NoSuchDraft as error:
            raise PageNotFound(request.path_params["draft"]) from error
        except DraftFrozen:
            return go(links_of(request).draft(request.path_params["draft"], "frozen"))
        except TermsFixed:
            found = load(office_of(request), request.path_params["draft"])
            return draft_page(request, found, "office/fixed.html", {"part_name": None}, status=CONFLICT)

    answer.__doc__ = handler.__doc__
    answer.__name__ = handler.__name__
    return answer


def draft_page(
    request: Request,
    found: StoredDraft,
    template: str,
    values: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page of a draft."""
    shared = {"head": head_of(found), "draft": found.draft, "view": calendar_view}
    return render(request, template, {**shared, **(values or {})}, status=status, headers=headers)


def section_page(
    request: Request,
    found: StoredDraft,
    section: Section,
    form: Form,
    values: Mapping[str, object] | None = None,
    conflict: ChangedMeanwhile | None = None,
) -> Response:
    """The form of a section; with what somebody else saved meanwhile beside it, if that is why it is shown again.

    Fixed terms are shown to be read.
    """
    if found.prepared.settled:
        fixed = {"part_name": section, "part": found.draft.part(section)}
        return draft_page(request, found, "office/fixed.html", fixed)
    status = CONFLICT if conflict else 200 if form.ok else FORM_REFUSED
    shown = {
        "form": form,
        "part_name": section,
        "conflict": conflict,
        # Saving again on this base replaces what the other one saved, knowingly.
        "base": conflict.revision if conflict else base_of(form) or found.revision,
        **(values or {}),
    }
    return draft_page(request, found, f"office/{section.value}.html", shown, status=status)


def base_of(form: Form) -> int:
    """The revision that a sent form was opened at; 0 for none, which is before every change."""
    typed = form.value("base")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 9 else 0


def without(form: Form, *names: str) -> Form:
    """The same form and faults without some fields."""
    fields = {name: values for name, values in form.fields.items() if name not in names}
    return Form(form.language, fields, form.files, form.faults)

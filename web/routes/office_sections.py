"""The sections that are one form each: title, calendar, counting areas, rules, key holders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from identity import people
from identity.roles import Permission, Role
from storage.session import reading
from voting import calendar
from voting.draft_document import (
    HOLDERS_MAX,
    AreasPart,
    CalendarPart,
    KeyHoldersPart,
    Part,
    RulesPart,
    Section,
    TitlePart,
)
from voting.draft_errors import ChangedMeanwhile
from voting.draft_store import StoredDraft
from voting.drafts import save_section
from web.access import AccessRoute, form_of, go
from web.errors import language_of
from web.forms import Form
from web.pages import office_calendar as calendar_form
from web.pages import office_forms as forms
from web.pages.office_forms import Filled
from web.routes.office_common import base_of, by_of, drafted, links_of, office_of, section_page
from web.visitor import desk_of

ROWS_AT_FIRST = 3
ROWS_MORE = 2


@dataclass(frozen=True)
class SectionForm:
    """How a section is filled in and read. values: what its page shows besides."""

    section: Section
    fill: Callable[[StoredDraft], Filled]
    read: Callable[[Request, StoredDraft, Form], Part | None]
    values: Callable[[Request, Form], Mapping[str, object]]


def show(section_form: SectionForm) -> Callable[[Request, StoredDraft], Response]:
    """GET: the form with what is there."""

    def page(request: Request, found: StoredDraft) -> Response:
        form = Form.filled(language_of(request), section_form.fill(found))
        return section_page(request, found, section_form.section, form, section_form.values(request, form))

    return page


def save(section_form: SectionForm) -> Callable[[Request, StoredDraft], Response]:
    """POST: keep it, or say beside the fields what to do."""

    def page(request: Request, found: StoredDraft) -> Response:
        form = form_of(request)
        part = section_form.read(request, found, form)
        if part is None or form.value("deed") == "more":
            return section_page(
                request, found, section_form.section, form, section_form.values(request, form)
            )
        try:
            save_section(office_of(request), by_of(request), found.id, base_of(form), part)
        except ChangedMeanwhile as conflict:
            values = section_form.values(request, form)
            return section_page(request, found, section_form.section, form, values, conflict)
        return go(links_of(request).draft(found.id))

    return page


def _nothing(_: Request, __: Form) -> Mapping[str, object]:
    return {}


def _calendar_values(_: Request, form: Form) -> Mapping[str, object]:
    return {
        "zones": calendar.zone_names(),
        "twice": {field: calendar_form.twice(form, field) for field in ("opens", "closes")},
    }


def _holder_values(request: Request, form: Form) -> Mapping[str, object]:
    used = max(
        (number for number in range(1, HOLDERS_MAX + 1) if form.value(f"name-{number}").strip()), default=0
    )
    asked = form.value("rows")
    rows = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= 2 else 0
    more = ROWS_MORE if form.value("deed") == "more" else 0
    shown = min(HOLDERS_MAX, max(ROWS_AT_FIRST, used, rows) + more)
    return {"rows": shown, "people": accounts(request)}


def accounts(request: Request) -> Sequence[people.Person]:
    """Everybody with the role of a key holder whose access is open."""
    with reading(desk_of(request).engine) as session:
        return [
            person
            for person in people.staff(session)
            if Role.TRUSTEE in person.roles and person.disabled_at is None
        ]


def _read_title(_: Request, __: StoredDraft, form: Form) -> TitlePart | None:
    return forms.read_title(form)


def _read_calendar(request: Request, _: StoredDraft, form: Form) -> CalendarPart | None:
    return calendar_form.read_calendar(form, office_of(request).clock())


def _read_areas(_: Request, found: StoredDraft, form: Form) -> AreasPart | None:
    return forms.read_areas(form, found.draft.areas)


def _read_rules(_: Request, __: StoredDraft, form: Form) -> RulesPart | None:
    return forms.read_rules(form)


def _read_holders(request: Request, found: StoredDraft, form: Form) -> KeyHoldersPart | None:
    # An account that was chosen earlier stays possible, also when its role was taken since.
    known = [holder.person for holder in found.draft.key_holders.holders if holder.person]
    return forms.read_holders(form, [*(person.id for person in accounts(request)), *known])


SECTION_FORMS = (
    SectionForm(Section.TITLE, lambda found: forms.fill_title(found.draft.title), _read_title, _nothing),
    SectionForm(
        Section.CALENDAR,
        lambda found: calendar_form.fill_calendar(found.draft.calendar),
        _read_calendar,
        _calendar_values,
    ),
    SectionForm(Section.AREAS, lambda found: forms.fill_areas(found.draft.areas), _read_areas, _nothing),
    SectionForm(Section.RULES, lambda found: forms.fill_rules(found.draft.rules), _read_rules, _nothing),
    SectionForm(
        Section.KEY_HOLDERS,
        lambda found: forms.fill_holders(found.draft.key_holders),
        _read_holders,
        _holder_values,
    ),
)


def section_routes(draft: str) -> list[AccessRoute]:
    """A page and its form for each. draft: path of a draft."""
    access = Permission.MANAGE_ELECTIONS
    routes = []
    for section_form in SECTION_FORMS:
        path = f"{draft}/{section_form.section.value}"
        limit = 1_000_000 if section_form.section is Section.AREAS else 64 * 1024
        routes += [
            AccessRoute(path, drafted(show(section_form)), access=access),
            AccessRoute(path, drafted(save(section_form)), access=access, methods=["POST"], limit=limit),
        ]
    return routes

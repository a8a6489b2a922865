"""One's own data: what the site keeps and for how long, all of it to take along, and the end of the account."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation.exporting import export_account
from consultation.leaving import delete_account
from identity.errors import HoldsRoles
from identity.second_factor import factors_of
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.links import Links
from web.pages.common import Site
from web.rate_limits import EXPORT, hit
from web.rendering import Renderer
from web.retention import RETENTION
from web.visitor import desk_of, leave

NOT_TICKED: Final = N_("Tick the box if you want to delete your account")
HOLDS_ROLES: Final = N_(
    "You have a role here. Ask an administrator to end it; then you can delete your account."
)
README: Final = N_("Open data.html to read it. data.json holds the same for programs.")


def kept(request: Request) -> Response:
    """GET /{lang}/data: what this site keeps, why, and for how long."""
    return render(request, "my/retention.html", {"rows": RETENTION})


def page(request: Request) -> Response:
    """GET /{lang}/my/data"""
    return render(request, "my/data.html", {"staff": actor(request).is_staff})


def export(request: Request) -> Response:
    """POST /{lang}/my/data/export: everything, as a ZIP file with one page to read and one file for programs."""
    desk, who = desk_of(request), actor(request)
    hit(request, EXPORT, subject=who.person_id)
    with reading(desk.engine) as session:
        lists = export_account(desk, session, who.person_id)
    readable = _readable(request, lists)
    whole = json.dumps(lists, ensure_ascii=False, indent=2).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", Form(language_of(request)).say(README) + "\n")
        archive.writestr("data.html", readable)
        archive.writestr("data.json", whole)
    return Response(
        packed.getvalue(),
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="my-data.zip"',
            "Cache-Control": "no-store",
        },
    )


def _readable(request: Request, lists: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    renderer: Renderer = request.app.state.renderer
    site: Site = renderer.site
    values = {"lists": lists, "authority": site.authority}
    return renderer.html(language_of(request), "my/export.html", **values)


def ask(request: Request) -> Response:
    """GET /{lang}/my/data/delete: what goes, what stays, and a box to tick."""
    return _ask(request, Form(language_of(request)))


def delete(request: Request) -> Response:
    """POST /{lang}/my/data/delete: the account is gone, and this browser is signed out."""
    desk, who, form, links = desk_of(request), actor(request), form_of(request), Links(language_of(request))
    if form.value("sure") != "yes":
        form.wrong("sure", form.say(NOT_TICKED))
        return _ask(request, form, status=FORM_REFUSED)
    with writing(desk.engine) as session:
        if factors_of(session, who.person_id).any and not who.is_fresh(desk.clock()):
            return go(f"{links.second_factor()}?next={links.my_data('delete')}")
        try:
            delete_account(desk, session, who.person_id)
        except HoldsRoles:
            form.wrong("sure", form.say(HOLDS_ROLES))
    if not form.ok:
        return _ask(request, form, status=FORM_REFUSED)
    return leave(request, f"/{links.language}/account-deleted")


def deleted(request: Request) -> Response:
    """GET /{lang}/account-deleted: where whoever has deleted their account arrives."""
    return render(request, "my/deleted.html")


def _ask(request: Request, form: Form, *, status: int = 200) -> Response:
    return render(request, "my/delete.html", {"form": form, "staff": actor(request).is_staff}, status=status)


def my_data_routes() -> list[AccessRoute]:
    """All of the above."""
    mine, post, place = Access.SIGNED_IN, ("POST",), "/{lang}/my/data"
    return [
        AccessRoute("/{lang}/data", kept, access=Access.PUBLIC),
        AccessRoute(place, page, access=mine),
        AccessRoute(f"{place}/export", export, access=mine, methods=post),
        AccessRoute(f"{place}/delete", ask, access=mine),
        AccessRoute(f"{place}/delete", delete, access=mine, methods=post),
        AccessRoute("/{lang}/account-deleted", deleted, access=Access.PUBLIC),
    ]

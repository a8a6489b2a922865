"""The start page of the staff: what somebody may do here, and nothing else."""

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import permissions_of
from web.access import Access, AccessRoute, actor, render
from web.errors import language_of
from web.links import Links
from web.people_texts import ROLE_NAMES, ROLE_TASKS, TASKS


def page(request: Request) -> Response:
    """GET /{lang}/staff"""
    who, links = actor(request), Links(language_of(request))
    mine = permissions_of(who.roles)
    there = {getattr(route, "path", "") for route in request.app.routes}
    tasks = [
        (task.place(links), task.title, task.sentence)
        for task in TASKS
        if task.permission in mine
        and task.place(links).replace(f"/{links.language}/", "/{lang}/", 1) in there
    ]
    roles = [(ROLE_NAMES[role], ROLE_TASKS[role]) for role in ROLE_NAMES if role in who.roles]
    return render(request, "staff/page.html", {"who": who, "tasks": tasks, "roles": roles})


def staff_routes() -> list[AccessRoute]:
    """All of the above."""
    return [AccessRoute("/{lang}/staff", page, access=Access.STAFF)]

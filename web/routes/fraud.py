"""Suspected signatures: what is suspicious about a petition, a preview of conditions, and the removal of one batch.

Conditions are in the address, so that two moderators can look at the same preview; only the removal is posted.
"""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import ConsultationError
from consultation.fraud.batches import (
    Conditions,
    Preview,
    begun,
    groups_of,
    network_name,
    preview,
    remove_suspected,
    suspected_petitions,
)
from consultation.fraud.errors import NoConditions, PreviewOutdated, TooFew
from consultation.fraud.marks import Mark
from consultation.petitions.errors import NoSuchPetition
from consultation.petitions.store import find_petition, petitions_of
from consultation.petitions.types import Petition, State
from consultation.signing.receipts import is_removed
from identity.roles import Permission
from mail.errors import MailError
from mail.mailbox import canonical_address, domain_of
from protocol.petition import REASON_CHARACTERS
from storage.session import reading, writing
from web.access import FORM_REFUSED, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.formats import zone_label, zone_of
from web.forms import Form
from web.fraud_texts import MARKS, REFUSED
from web.i18n import N_
from web.links import Links
from web.pages.common import PageNotFound, Site
from web.visitor import desk_of
from web.written import text_of

CONFLICT: Final = 409
DOMAIN_CHARACTERS: Final = 253
DOMAIN_WRONG: Final = N_("Write the part behind the @, such as example.org")
QUARTER_WANTED: Final = N_("Write a full quarter of an hour, such as 14:00 or 14:15")
REASON_MISSING: Final = N_("Write why these signatures do not count. Everybody can read it.")
_NETWORK: Final = re.compile(r"[0-9a-f]{32}")
_BATCH: Final = re.compile(r"[1-9][0-9]{0,5}")
_MOMENT_PARTS: Final = ("day", "month", "year", "time")
_FIELDS: Final = (
    "mark",
    "domain",
    "network",
    *(f"{name}-{part}" for name in ("since", "until") for part in _MOMENT_PARTS),
)


def suspected(request: Request) -> Response:
    """GET /{lang}/moderation/signatures"""
    now = desk_of(request).clock()
    with reading(desk_of(request).engine) as session:
        found = suspected_petitions(session)
        known = {each.id: each for each in petitions_of(session, [line.petition for line in found])}
    lines = [(known[line.petition], line.marked) for line in found if line.petition in known]
    return render(request, "fraud/list.html", {"lines": lines, "now": now})


def look(request: Request) -> Response:
    """GET /{lang}/moderation/signatures/{petition}?mark=&domain=&network=&since-day=…&look=yes"""
    asked = request.query_params
    form = Form(language_of(request), {name: tuple(asked.getlist(name)) for name in _FIELDS if name in asked})
    conditions = _conditions(request, form) if asked.get("look") == "yes" else None
    return _page(request, form, conditions)


def remove(request: Request) -> Response:
    """POST /{lang}/moderation/signatures/{petition}"""
    form, desk, petition = form_of(request), desk_of(request), request.path_params["petition"]
    conditions = _conditions(request, form)
    reason = text_of(form, "reason", REASON_CHARACTERS, lines=False, missing=form.say(REASON_MISSING))
    if not form.ok or conditions is None:
        return _page(request, form, conditions, status=FORM_REFUSED)
    try:
        with writing(desk.engine) as session:
            removed = remove_suspected(
                desk, session, petition, conditions, form.value("fingerprint"), reason, actor(request)
            )
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    except ConsultationError as error:
        form.wrong("reason", form.say(REFUSED[type(error)]))
        status = CONFLICT if isinstance(error, PreviewOutdated) else FORM_REFUSED
        return _page(request, form, conditions, status=status)
    done = urlencode({"batch": removed.batch})
    return go(f"{Links(language_of(request)).moderation('signatures')}/{petition}?{done}")


def fraud_routes() -> list[AccessRoute]:
    """All of the above."""
    place, moderate = "/{lang}/moderation/signatures", Permission.MODERATE
    return [
        AccessRoute(place, suspected, access=moderate),
        AccessRoute(f"{place}/{{petition}}", look, access=moderate),
        AccessRoute(f"{place}/{{petition}}", remove, access=moderate, methods=("POST",)),
    ]


def _page(request: Request, form: Form, conditions: Conditions | None, status: int = 0) -> Response:
    desk, site = desk_of(request), _site(request)
    batch, now = request.query_params.get("batch", ""), desk.clock()
    with reading(desk.engine) as session:
        petition = _find(session, request.path_params["petition"])
        groups = groups_of(session, petition.id)
        removed = _BATCH.fullmatch(batch) is not None and is_removed(session, petition.id, int(batch))
        shown: Preview | None = None
        if conditions is not None:
            try:
                shown = preview(desk, session, petition.id, conditions)
            except (NoConditions, TooFew) as error:
                form.wrong("mark", form.say(REFUSED[type(error)]))
    values = {
        "petition": petition,
        "groups": groups,
        "networks": [(network.hex(), network_name(network), count) for network, count in groups.networks],
        "marks": MARKS,
        "form": form,
        "preview": shown,
        "kept": [(name, value) for name in _FIELDS for value in form.values(name)],
        "batch": int(batch) if removed else 0,
        "own": petition.creator == actor(request).person_id,
        "zone": zone_label(site.local(now)),
        "now": now,
    }
    return render(request, "fraud/petition.html", values, status=status or (200 if form.ok else FORM_REFUSED))


def _conditions(request: Request, form: Form) -> Conditions | None:
    """What was chosen; None when something in it cannot be used, which is then said."""
    zone = zone_of(_site(request).time_zone)
    marks = form.choices("mark", [mark.value for mark in Mark])
    domain = _domain(form)
    network = form.value("network")
    if network and not _NETWORK.fullmatch(network):
        raise PageNotFound("no network")
    since, until = (_moment(form, name, zone) for name in ("since", "until"))
    if not form.ok:
        return None
    return Conditions(
        marks=frozenset(map(Mark, marks)),
        domain=domain,
        network=bytes.fromhex(network) if network else None,
        since=since,
        until=until,
    )


def _moment(form: Form, name: str, zone: ZoneInfo) -> datetime | None:
    moment = form.moment(name, zone)
    if moment is not None and moment != begun(moment):
        form.wrong(name, form.say(QUARTER_WANTED), f"{name}-time")
    return moment


def _domain(form: Form) -> str:
    typed = form.text("domain", most=DOMAIN_CHARACTERS)
    try:
        return domain_of(canonical_address(f"x@{typed.rpartition('@')[2]}")) if typed else ""
    except MailError:
        form.wrong("domain", form.say(DOMAIN_WRONG))
        return ""


def _find(session: Session, petition: str) -> Petition:
    try:
        found = find_petition(session, petition)
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    if found.state is State.DRAFT:  # only who writes it has seen it
        raise PageNotFound(petition)
    return found


def _site(request: Request) -> Site:
    site: Site = request.app.state.renderer.site
    return site

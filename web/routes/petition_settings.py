"""What officials set for petitions: who answers, thresholds, areas of the site, supporters and days."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from consultation import areas as area_list
from consultation.areas import AREAS_MAX, Area, areas, set_areas
from consultation.errors import TextRefused
from consultation.petitions.settings import (
    BODIES_MAX,
    COUNT_MAX,
    DAYS_MAX,
    MAIL_LANGUAGES,
    NAME_CHARACTERS,
    SPONSORS_MAX,
    THRESHOLDS_MAX,
    bodies,
    rules,
    set_bodies,
    set_rules,
    set_thresholds,
    thresholds,
)
from consultation.petitions.types import Body, Due, Rules, Threshold
from consultation.text import written
from identity.roles import Permission
from mail.address import parse_address
from mail.errors import MailError
from protocol.text import LocalText
from storage.session import reading, writing
from web.access import FORM_REFUSED, AccessRoute, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.petition_texts import DUES
from web.routes.office_common import by_of, links_of
from web.visitor import desk_of
from web.written import say, text_of

NUMBER_WRONG: Final = N_("Write a whole number from %(least)s to %(most)s")
NAME_MISSING: Final = N_("Write the name in this language too")
ADDRESS_WRONG: Final = N_("Write an e-mail address such as lan@example.org, or leave this empty")
LANGUAGE_WRONG: Final = N_("Choose the language of the mails from the list")
DUE_MISSING: Final = N_("Choose what is due")
BODY_UNKNOWN: Final = N_("Choose who answers from the list")
TWICE: Final = N_("This threshold is there twice.")
LINE_WRONG: Final = N_("Line %(n)s: write code; English name; Vietnamese name")
LINE_TWICE: Final = N_("Line %(n)s: this code is there already")
TOO_MANY_LINES: Final = N_("At most %(most)s lines are possible")
SPARE_ROWS: Final = 3
AREAS_BYTES: Final = 2_000_000
_CODE: Final = re.compile("[a-z0-9][a-z0-9-]{0,31}")
_LINE_CHARACTERS: Final = 400


def show(request: Request) -> Response:
    """GET /{lang}/office/petitions/settings/{part}"""
    part = _PARTS.get(request.path_params["part"])
    if part is None:
        raise PageNotFound("no such setting")
    return _page(request, part[0](request))


def save(request: Request) -> Response:
    """POST /{lang}/office/petitions/settings/{part}"""
    part = _PARTS.get(request.path_params["part"])
    if part is None:
        raise PageNotFound("no such setting")
    form = form_of(request)
    part[1](request, form)
    return go(links_of(request).office_petitions()) if form.ok else _page(request, form)


def petition_settings_routes() -> list[AccessRoute]:
    """Before `/office/petitions/{petition}`."""
    place, answer = "/{lang}/office/petitions/settings/{part}", Permission.ANSWER_PETITIONS
    return [
        AccessRoute(place, show, access=answer),
        AccessRoute(place, save, access=answer, methods=("POST",), limit=AREAS_BYTES),
    ]


def _page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        known = bodies(session)
    values = {
        "part": request.path_params["part"],
        "form": form,
        "rows": range(1, _rows(form) + 1),
        "bodies": known,
        "dues": DUES,
    }
    status = 200 if form.ok else FORM_REFUSED
    return render(request, "petition_office/settings.html", values, status=status)


def _rows(form: Form) -> int:
    typed = form.value("rows")
    return min(int(typed), BODIES_MAX) if re.fullmatch("[0-9]{1,3}", typed) else 0


def _show_numbers(request: Request) -> Form:
    with reading(desk_of(request).engine) as session:
        now = rules(session)
    values = {name: str(getattr(now, name)) for name in ("sponsors", "sponsor_days", "open_days")}
    return Form.filled(language_of(request), values)


def _save_numbers(request: Request, form: Form) -> None:
    sponsors = _number(form, "sponsors", 0, SPONSORS_MAX)
    sponsor_days, open_days = (_number(form, name, 1, DAYS_MAX) for name in ("sponsor_days", "open_days"))
    if not form.ok:
        return
    with writing(desk_of(request).engine) as session:
        set_rules(session, Rules(sponsors, sponsor_days, open_days))
        detail = {"sponsors": str(sponsors), "sponsor_days": str(sponsor_days), "open_days": str(open_days)}
        by_of(request).note(session, "petition-numbers-set", "site", **detail)


def _show_bodies(request: Request) -> Form:
    with reading(desk_of(request).engine) as session:
        known = bodies(session)
    values = {"rows": str(len(known) + SPARE_ROWS)}
    for number, body in enumerate(known, start=1):
        values |= {
            f"id-{number}": body.id,
            f"name-{number}-en": body.name.en,
            f"name-{number}-vi": body.name.vi,
            f"mail-{number}": body.mail,
            f"language-{number}": body.language,
        }
    return Form.filled(language_of(request), values)


def _save_bodies(request: Request, form: Form) -> None:
    wanted: list[Body] = []
    taken = {form.value(f"id-{number}") for number in range(1, _rows(form) + 1)}
    for number in range(1, _rows(form) + 1):
        names = [form.value(f"name-{number}-{language}").strip() for language in ("en", "vi")]
        if not any(names):
            continue
        missing = form.say(NAME_MISSING)
        english, vietnamese = (
            text_of(form, f"name-{number}-{language}", NAME_CHARACTERS, missing=missing)
            for language in ("en", "vi")
        )
        body = form.value(f"id-{number}")
        if not _CODE.fullmatch(body) or body in {each.id for each in wanted}:
            body = _free(taken)
            taken.add(body)
        address, language = _address(form, f"mail-{number}"), _language(form, f"language-{number}")
        wanted.append(Body(body, LocalText(en=english, vi=vietnamese), address, language=language))
    if not form.ok:
        return
    with writing(desk_of(request).engine) as session:
        set_bodies(session, wanted)
        by_of(request).note(session, "petition-bodies-set", "site", count=str(len(wanted)))


def _free(taken: set[str]) -> str:
    number = 1
    while f"body-{number}" in taken:
        number += 1
    return f"body-{number}"


def _address(form: Form, name: str) -> str:
    typed = form.text(name, most=254)
    try:
        return parse_address(typed) if typed else ""
    except MailError:
        form.wrong(name, form.say(ADDRESS_WRONG))
        return ""


def _language(form: Form, name: str) -> str:
    typed = form.value(name)
    return form.choice(name, MAIL_LANGUAGES, form.say(LANGUAGE_WRONG)) if typed else ""


def _show_thresholds(request: Request) -> Form:
    with reading(desk_of(request).engine) as session:
        known = thresholds(session)
    values = {"rows": str(len(known) + SPARE_ROWS)}
    for number, each in enumerate(known, start=1):
        values |= {
            f"count-{number}": str(each.count),
            f"due-{number}": each.due.value,
            f"body-{number}": "" if each.body is None else each.body.id,
            f"days-{number}": str(each.days),
        }
    return Form.filled(language_of(request), values)


def _save_thresholds(request: Request, form: Form) -> None:
    with reading(desk_of(request).engine) as session:
        known = {body.id: body for body in bodies(session)}
    wanted: list[Threshold] = []
    for number in range(1, _rows(form) + 1):
        if not form.value(f"count-{number}").strip():
            continue
        count = _number(form, f"count-{number}", 1, COUNT_MAX)
        days = _number(form, f"days-{number}", 1, DAYS_MAX)
        due = form.choice(f"due-{number}", [each.value for each in Due], form.say(DUE_MISSING))
        chosen = form.value(f"body-{number}")
        if chosen and chosen not in known:
            form.wrong(f"body-{number}", form.say(BODY_UNKNOWN))
        if not form.ok:
            continue
        threshold = Threshold(0, count, Due(due), known.get(chosen), days)
        if threshold in wanted:
            form.wrong(f"count-{number}", form.say(TWICE))
        wanted.append(threshold)
        if len(wanted) > THRESHOLDS_MAX:
            form.wrong(f"count-{number}", form.say(TOO_MANY_LINES, most=THRESHOLDS_MAX))
    if not form.ok:
        return
    with writing(desk_of(request).engine) as session:
        set_thresholds(session, wanted)
        counts = ", ".join(str(each.count) for each in wanted)
        by_of(request).note(session, "petition-thresholds-set", "site", counts=counts)


def _show_areas(request: Request) -> Form:
    with reading(desk_of(request).engine) as session:
        known = areas(session)
    lines = "\n".join(f"{area.id}; {area.name.en}; {area.name.vi}" for area in known)
    return Form.filled(language_of(request), {"areas": lines})


def _save_areas(request: Request, form: Form) -> None:
    lines = [line for line in form.value("areas").splitlines() if line.strip()]
    if len(lines) > AREAS_MAX:
        form.wrong("areas", form.say(TOO_MANY_LINES, most=AREAS_MAX))
        return
    wanted: dict[str, Area] = {}
    for number, line in enumerate(lines, start=1):
        parts = [part.strip() for part in line[:_LINE_CHARACTERS].split(";")]
        if len(parts) != 3 or not _CODE.fullmatch(parts[0]):
            form.wrong("areas", form.say(LINE_WRONG, n=number))
            return
        if parts[0] in wanted:
            form.wrong("areas", form.say(LINE_TWICE, n=number))
            return
        try:
            english, vietnamese = (written(part, area_list.NAME_CHARACTERS) for part in parts[1:])
        except TextRefused as error:
            form.wrong("areas", say(form, error))
            return
        wanted[parts[0]] = Area(parts[0], LocalText(en=english, vi=vietnamese))
    with writing(desk_of(request).engine) as session:
        set_areas(session, list(wanted.values()))
        by_of(request).note(session, "areas-set", "site", count=str(len(wanted)))


def _number(form: Form, name: str, least: int, most: int) -> int:
    wrong = form.say(NUMBER_WRONG, least=least, most=most)
    return form.number(name, least=least, most=most, wrong=wrong, missing=wrong) or 0


_PARTS: Final[Mapping[str, tuple[Callable[[Request], Form], Callable[[Request, Form], None]]]] = {
    "bodies": (_show_bodies, _save_bodies),
    "thresholds": (_show_thresholds, _save_thresholds),
    "areas": (_show_areas, _save_areas),
    "numbers": (_show_numbers, _save_numbers),
}

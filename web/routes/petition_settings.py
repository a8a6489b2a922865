"""What officials set for petitions: who answers, thresholds, areas of the site, supporters and days."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation import areas as area_list
from consultation.areas import AREAS_MAX, Area, areas, set_areas
from consultation.errors import ChangedMeanwhile, TextRefused
from consultation.petitions.errors import BodyKeepsName
from consultation.petitions.settings import (
    BODIES_MAX,
    COUNT_MAX,
    DAYS_MAX,
    MAIL_LANGUAGES,
    NAME_CHARACTERS,
    SPONSORS_MAX,
    THRESHOLDS_MAX,
    bodies,
    body_ids,
    rules,
    set_bodies,
    set_rules,
    set_thresholds,
    thresholds,
)
from consultation.petitions.types import Body, Due, Rules, Threshold
from consultation.seen import require_seen, seen_of
from consultation.text import written
from identity.roles import Permission
from mail.address import parse_address
from mail.errors import MailError
from protocol.text import LocalText
from storage.session import reading, writing
from web.access import FORM_REFUSED, AccessRoute, form_of, go, render
from web.errors import language_of
from web.forms import SEEN, Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.petition_texts import DUES
from web.routes.office_common import CONFLICT, by_of, links_of
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
KEEPS_NAME: Final = N_(
    "Petitions name this body already, so it keeps its name: %(en)s, %(vi)s. Empty this row, and add the new name in a "
    "new one."
)
OVERTAKEN_ROWS: Final = N_(
    "Somebody else has saved these settings meanwhile. Below is what stands now: make your change there."
)
SPARE_ROWS: Final = 3
DETAIL_MAX: Final = 2_000
"""Characters of one detail in the site log."""
Values = Mapping[str, str]
AREAS_BYTES: Final = 2_000_000
_CODE: Final = re.compile("[a-z0-9][a-z0-9-]{0,31}")
_LINE_CHARACTERS: Final = 400


def show(request: Request) -> Response:
    """GET /{lang}/office/petitions/settings/{part}"""
    part = _PARTS.get(request.path_params["part"])
    if part is None:
        raise PageNotFound("no such setting")
    with reading(desk_of(request).engine) as session:
        values = _with_seen(part[0](session))
    return _page(request, Form.filled(language_of(request), values))


def save(request: Request) -> Response:
    """POST /{lang}/office/petitions/settings/{part}"""
    part = _PARTS.get(request.path_params["part"])
    if part is None:
        raise PageNotFound("no such setting")
    form = form_of(request)
    try:
        part[1](request, form)
    except ChangedMeanwhile:
        with reading(desk_of(request).engine) as session:
            now_there = _with_seen(part[0](session))
        # The rows below are those that stand now: between other rows than were shown, what was typed says nothing.
        form = Form.filled(form.language, now_there)
        form.saved = now_there
        form.wrong(next(iter(now_there)), form.say(OVERTAKEN_ROWS), "settings")
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
    status = 200 if form.ok else CONFLICT if form.saved else FORM_REFUSED
    return render(request, "petition_office/settings.html", values, status=status)


def _rows(form: Form) -> int:
    typed = form.value("rows")
    return min(int(typed), BODIES_MAX) if re.fullmatch("[0-9]{1,3}", typed) else 0


def _shown_numbers(session: Session) -> Values:
    now = rules(session)
    return {name: str(getattr(now, name)) for name in ("sponsors", "sponsor_days", "open_days")}


def _save_numbers(request: Request, form: Form) -> None:
    sponsors = _number(form, "sponsors", 0, SPONSORS_MAX)
    sponsor_days, open_days = (_number(form, name, 1, DAYS_MAX) for name in ("sponsor_days", "open_days"))
    if not form.ok:
        return
    with _replacing(request, form, _shown_numbers, "petition-numbers-set", _lines_of_numbers) as session:
        set_rules(session, Rules(sponsors, sponsor_days, open_days))


def _shown_bodies(session: Session) -> Values:
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
    return values


def _save_bodies(request: Request, form: Form) -> None:
    wanted: list[Body] = []
    with reading(desk_of(request).engine) as session:  # also of closed ones: history names them
        taken = {*body_ids(session), *(form.value(f"id-{number}") for number in range(1, _rows(form) + 1))}
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
    try:
        with _replacing(request, form, _shown_bodies, "petition-bodies-set", _lines_of_bodies) as session:
            set_bodies(session, wanted)
    except BodyKeepsName as error:
        number = next(n for n in range(1, _rows(form) + 1) if form.value(f"id-{n}") == error.body)
        form.wrong(f"name-{number}-en", form.say(KEEPS_NAME, en=error.name.en, vi=error.name.vi))


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


def _shown_thresholds(session: Session) -> Values:
    known = thresholds(session)
    values = {"rows": str(len(known) + SPARE_ROWS)}
    for number, each in enumerate(known, start=1):
        values |= {
            f"count-{number}": str(each.count),
            f"due-{number}": each.due.value,
            f"body-{number}": "" if each.body is None else each.body.id,
            f"days-{number}": str(each.days),
        }
    return values


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
    deed, told = "petition-thresholds-set", _lines_of_thresholds
    with _replacing(request, form, _shown_thresholds, deed, told) as session:
        set_thresholds(session, wanted)


def _shown_areas(session: Session) -> Values:
    known = areas(session)
    lines = "\n".join(f"{area.id}; {area.name.en}; {area.name.vi}" for area in known)
    return {"areas": lines}


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
    with _replacing(request, form, _shown_areas, "areas-set", _lines_of_areas) as session:
        set_areas(session, list(wanted.values()))


def _number(form: Form, name: str, least: int, most: int) -> int:
    wrong = form.say(NUMBER_WRONG, least=least, most=most)
    return form.number(name, least=least, most=most, wrong=wrong, missing=wrong) or 0


def _with_seen(values: Values) -> Values:
    return {**values, SEEN: seen_of(*sorted(values.items()))}


@contextmanager
def _replacing(
    request: Request,
    form: Form,
    shown: Callable[[Session], Values],
    deed: str,
    lines: Callable[[Session], Values],
) -> Iterator[Session]:
    """One transaction in which settings are replaced, and which notes each line that was added, taken out or changed.

    Raises: ChangedMeanwhile when the form had shown others than stand there now.
    """
    with writing(desk_of(request).engine) as session:
        require_seen(form.value(SEEN), _with_seen(shown(session))[SEEN])
        before = lines(session)
        yield session
        session.flush()
        by_of(request).note(session, deed, "site", **_told(before, lines(session)))


def _told(before: Values, after: Values) -> dict[str, str]:
    """What the site log keeps of a change, old and new."""
    found = {
        "added": [f"{name}: {after[name]}" for name in after if name not in before],
        "closed": [f"{name}: {before[name]}" for name in before if name not in after],
        "changed": [
            f"{name}: {before[name]} → {after[name]}"
            for name in after
            if name in before and before[name] != after[name]
        ],
    }
    told = {what: "; ".join(each) for what, each in found.items() if each}
    return {"count": str(len(after))} | {
        what: text if len(text) <= DETAIL_MAX else text[: DETAIL_MAX - 1] + "…" for what, text in told.items()
    }


def _lines_of_numbers(session: Session) -> Values:
    return _shown_numbers(session)


def _lines_of_bodies(session: Session) -> Values:
    return {
        each.id: f"{each.name.en} | {each.name.vi} | {'mail' if each.mail else 'no mail'} {each.language}".strip()
        for each in bodies(session)
    }


def _lines_of_thresholds(session: Session) -> Values:
    return {
        f"{each.count} {each.due.value} {each.body.id if each.body else '(addressed)'}": f"{each.days} days"
        for each in thresholds(session)
    }


def _lines_of_areas(session: Session) -> Values:
    return {each.id: f"{each.name.en} | {each.name.vi}" for each in areas(session)}


_PARTS: Final[Mapping[str, tuple[Callable[[Session], Values], Callable[[Request, Form], None]]]] = {
    "bodies": (_shown_bodies, _save_bodies),
    "thresholds": (_shown_thresholds, _save_thresholds),
    "areas": (_shown_areas, _save_areas),
    "numbers": (_shown_numbers, _save_numbers),
}

"""What officials' pages of consultations share: which one it is, a deed and its note, fields in two languages."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.errors import ChangedMeanwhile, ConsultationError, NoSuchSubject
from consultation.hands import note_hand
from consultation.hearings.errors import MatchedTwice, OutcomeIncomplete
from consultation.hearings.hearings import HEARING, find_hearing
from consultation.hearings.types import Hearing
from consultation.subjects import Subject
from identity.roles import Permission
from identity.trail import record
from protocol.text import LocalText
from storage.session import reading, writing
from web.access import actor
from web.forms import SEEN, Form
from web.hearing_texts import PHASES, refuse
from web.i18n import N_
from web.pages.common import PageNotFound
from web.routes.office_common import form_page, zone_here
from web.visitor import desk_of
from web.written import text_of

OFFICE: Final = Permission.ANSWER_PETITIONS
TAKEN_OUT: Final = N_(
    "Somebody else has taken this out meanwhile. What you typed is still here: save it to add it anew."
)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")

Deed = Callable[[Session], str]
"""Does it; gives the name of the deed for the site log."""


def found_hearing(request: Request) -> Hearing:
    """The consultation of the address, public or not."""
    desk, name = desk_of(request), request.path_params["hearing"]
    with reading(desk.engine) as session:
        try:
            return find_hearing(session, name, desk.clock())
        except NoSuchSubject as error:
            raise PageNotFound(name) from error


def number_of(request: Request) -> int:
    """Id of the question or theme of the address; 0 for a new one."""
    if "number" not in request.path_params:
        return 0
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise PageNotFound(text)
    return int(text)


def number_in(form: Form, name: str) -> int:
    """A number that the form brings back; 0 where it brings none."""
    return int(form.value(name)) if _NUMBER.fullmatch(form.value(name)) else 0


def done(
    request: Request,
    form: Form,
    hearing: Hearing,
    field: str,
    deed: Deed,
    saved: Callable[[], Mapping[str, str]] = dict,
    detail: Mapping[str, str] | None = None,
) -> bool:
    """Whether the deed was done and noted; if not, the form says why beside `field`.

    saved: the fields as they would be shown now, for a form that another official was faster with.
    detail: for the body behind the line of the site log.
    """
    desk = desk_of(request)
    try:
        with writing(desk.engine) as session:
            what = deed(session)
            note_hand(session, Subject(HEARING, hearing.id), actor(request).person_id)
            record(desk, session, actor(request), what, f"hearing {hearing.id}", detail)
    except (NoSuchSubject, OutcomeIncomplete):
        raise
    except MatchedTwice as error:
        refuse(form, error, f"match-{error.positions[1]}")
    except ChangedMeanwhile as error:
        form.overtaken({SEEN: "", **saved()})
        changed = (name for name in form.saved if name != SEEN and form.saved_else(name))
        refuse(form, error, next(changed, field))
    except ConsultationError as error:
        refuse(form, error, field)
    return form.ok


def both(form: Form, name: str, limit: int, *, lines: bool = False, least: int = 1) -> LocalText:
    """A text in both languages, from the fields `name-en` and `name-vi`."""
    return LocalText(
        en=text_of(form, f"{name}-en", limit, lines=lines, least=least),
        vi=text_of(form, f"{name}-vi", limit, lines=lines, least=least),
    )


def both_fields(name: str, text: LocalText) -> dict[str, str]:
    """The fields that `both` reads, for a form that is shown with a known text."""
    return {f"{name}-en": text.en, f"{name}-vi": text.vi}


def hearing_page(
    request: Request,
    template: str,
    form: Form,
    hearing: Hearing | None,
    values: Mapping[str, object],
    status: int = 0,
) -> Response:
    """A page of `hearing_office/`. status: as in `form_page`."""
    shown = {"hearing": hearing, "zone": zone_here(request), "phases": PHASES, **values}
    return form_page(request, f"hearing_office/{template}.html", form, shown, status)

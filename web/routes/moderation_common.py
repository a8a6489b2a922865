"""What the pages of moderation share: their words, numbers from addresses, and what a verb refused."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from starlette.requests import Request

from consultation.errors import ConsultationError
from consultation.moderation.errors import NoSuchAppeal, NoSuchCase, NoSuchEntry
from consultation.moderation.types import APPEALABLE, REVERSALS, Action
from web.access import FORM_REFUSED
from web.errors import language_of
from web.forms import Form
from web.links import Links
from web.moderation_texts import (
    ACTIONS,
    BECAME,
    KINDS,
    REFUSED,
    RULES,
    TEMPLATES,
    TIES,
    rule_number,
    rule_sentence,
)
from web.pages.common import PageNotFound
from web.people_texts import ACTOR_ROLES

CONFLICT: Final = 409
FAVOURS: Final = frozenset({*REVERSALS.values(), Action.REVERSED})
"""What lightens a burden again."""
NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_Found = TypeVar("_Found")


def words() -> dict[str, object]:
    """What the parts of the templates need."""
    return {
        "actions": ACTIONS,
        "became": BECAME,
        "kinds": KINDS,
        "rules": RULES,
        "roles": ACTOR_ROLES,
        "templates": {each.value: words for each, words in TEMPLATES.items()},
        "ties": TIES,
        "rule_number": rule_number,
        "rule_sentence": rule_sentence,
        "burdens": APPEALABLE,
        "favours": FAVOURS,
    }


def number_of(request: Request) -> int:
    """The number in the address. Raises: PageNotFound."""
    typed = request.path_params["number"]
    if not NUMBER.fullmatch(typed):
        raise PageNotFound(typed)
    return int(typed)


def or_missing(find: Callable[[], _Found]) -> _Found:
    """What was looked for. Raises: PageNotFound."""
    try:
        return find()
    except (NoSuchCase, NoSuchAppeal, NoSuchEntry) as error:
        raise PageNotFound(error.code) from error


def sentence(form: Form, error: ConsultationError) -> str:
    """What a verb refused, in the reader's language."""
    return form.say(REFUSED[type(error)]) if type(error) in REFUSED else str(error)


def status(form: Form, refused: str) -> int:
    """Of a page with a form: refused by a verb, wrongly filled in, or fine."""
    return CONFLICT if refused else 200 if form.ok else FORM_REFUSED


def links_to(request: Request) -> Links:
    """In the reader's language."""
    return Links(language_of(request))

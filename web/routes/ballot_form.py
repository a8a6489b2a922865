"""The form that begins a vote from what citizens asked or said: title, who holds it, a question with its options."""

import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

from consultation.ballots import Asked, Ballot
from voting.draft_document import OPTION_CHARACTERS, QUESTION_CHARACTERS, TITLE_CHARACTERS, Words
from voting.drafts import new_draft_id
from web.forms import Form
from web.i18n import N_
from web.pages.common import PageNotFound
from web.routes.office_common import site_of

TITLE_MISSING: Final = N_("Write the title")
QUESTION_MISSING: Final = N_("Write the question")
OPTIONS_MISSING: Final = N_("Write at least two options")
OPTIONS_TWICE: Final = N_("Two options are the same. Change one of them.")
OPTION_HALF: Final = N_("Write each option in both languages")
OPTION_ROWS: Final = range(1, 6)
_DRAFT: Final = re.compile(r"[0-9a-f]{32}")


def ballot_fields(request: Request) -> Mapping[str, str]:
    """What the form begins with: a number for the draft, this site's authority, yes and no."""
    authority = site_of(request).authority
    return {
        "draft": new_draft_id(),
        "authority-en": authority.en,
        "authority-vi": authority.vi,
        "option-1-en": "Yes",
        "option-1-vi": "Có",
        "option-2-en": "No",
        "option-2-vi": "Không",
    }


def draft_of(form: Form) -> str:
    """The number with which the form began: sent twice, it begins one draft."""
    draft = form.value("draft")
    if not _DRAFT.fullmatch(draft):
        raise PageNotFound("no draft")
    return draft


def ballot_of(form: Form, taken: tuple[Asked, ...] = (), *, asks: bool = True) -> Ballot:
    """What was filled in; what is wrong is said beside its field.

    taken: questions that need not be written down.  asks: whether one was written down, to stand behind them.
    """
    own = (_question(form),) if asks else ()
    return Ballot(
        title=_both(form, "title", TITLE_CHARACTERS, form.say(TITLE_MISSING)),
        authority=_both(form, "authority", TITLE_CHARACTERS, form.say(TITLE_MISSING)),
        questions=(*taken, *own),
    )


def _question(form: Form) -> Asked:
    options: list[Words] = []
    for number in OPTION_ROWS:
        words = _both(form, f"option-{number}", OPTION_CHARACTERS, "")
        if words.either and not words.whole:
            missing = "en" if not words.en else "vi"
            form.wrong(f"option-{number}-{missing}", form.say(OPTION_HALF))
        elif words.whole:
            options.append(words)
    if len(options) < 2:
        form.wrong("option-1-en", form.say(OPTIONS_MISSING))
    for language in ("en", "vi"):
        if len({getattr(option, language).casefold() for option in options}) < len(options):
            form.wrong("option-1-en", form.say(OPTIONS_TWICE))
    return Asked(_both(form, "question", QUESTION_CHARACTERS, form.say(QUESTION_MISSING)), tuple(options))


def _both(form: Form, name: str, most: int, missing: str) -> Words:
    return Words(
        en=form.text(f"{name}-en", most=most, missing=missing),
        vi=form.text(f"{name}-vi", most=most, missing=missing),
    )

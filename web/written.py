"""What citizens write, from a form: in one spelling, or with a sentence beside the field that says what to change."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import TextProblem, TextRefused
from consultation.text import written
from consultation.titles import require_title
from web.forms import Form
from web.i18n import N_

PROBLEMS: Final[Mapping[TextProblem, str]] = {
    TextProblem.EMPTY: N_("Write something here."),
    TextProblem.TOO_SHORT: N_("Write at least %(limit)s characters."),
    TextProblem.TOO_LONG: N_("This is too long. Write at most %(limit)s characters."),
    TextProblem.UNSEEN: N_(
        "This holds characters that nobody can see. Type the words again instead of pasting them."
    ),
    TextProblem.TOWERS: N_(
        "This holds letters with too many accents on top of each other. Write them plainly."
    ),
    TextProblem.ADDRESS: N_("Titles and names hold no web or mail address. Write it into the text."),
    TextProblem.MIXED: N_("A word here mixes letters of two alphabets that look alike. Type it anew."),
}

OVERTAKEN: Final = N_(
    "Somebody else has changed this meanwhile, and yours is not saved yet. Compare what is shown; if you send it "
    "again, yours stands."
)


def text_of(
    form: Form, name: str, limit: int, *, lines: bool = False, least: int = 1, missing: str = ""
) -> str:
    """The field as `consultation.text.written` gives it; "" when something is wrong, which is then said beside it.

    missing: translated, what to say instead of the general sentence when nothing was written.
    """
    try:
        return written(form.value(name), limit, lines=lines, least=least)
    except TextRefused as error:
        empty = error.problem is TextProblem.EMPTY
        form.wrong(name, missing if empty and missing else say(form, error))
        return ""


def title_of(form: Form, name: str, limit: int, *, least: int = 1, missing: str = "", kept: str = "") -> str:
    """As `text_of`, for a title: of one line, and as `consultation.titles.require_title` wants it.

    kept: the title that stands already, which is not looked at again.
    """
    title = text_of(form, name, limit, least=least, missing=missing)
    if title != kept:
        try:
            require_title(title)
        except TextRefused as error:
            form.wrong(name, say(form, error))
    return title


def say(form: Form, error: TextRefused) -> str:
    """The sentence of a refusal in the reader's language."""
    return form.say(PROBLEMS[error.problem], limit=error.limit)

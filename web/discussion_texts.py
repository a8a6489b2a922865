"""Words for discussions: orders, sides, and what a verb refused."""

from collections.abc import Mapping
from typing import Final

from consultation.discussions.contributions import Side
from consultation.discussions.errors import (
    EditedMeanwhile,
    LinksTooEarly,
    NotTheAuthor,
    OwnWords,
    QuestionFixed,
    SideMissing,
    ThreadClosed,
    TooManyVersions,
    TopicsByOffice,
    WordsChanged,
)
from consultation.discussions.sorting import Order
from consultation.errors import ConsultationError, NoSuchSubject
from consultation.moderation.errors import Paused
from web import formats
from web.forms import Form
from web.i18n import N_
from web.pages.common import Site

ORDERS: Final[Mapping[Order, str]] = {
    Order.AGREED: N_("Most agreed"),
    Order.NEWEST: N_("Newest"),
    Order.OLDEST: N_("Oldest"),
    Order.DISPUTED: N_("Most disputed"),
}

COLUMNS: Final[Mapping[Side, str]] = {
    Side.FOR: N_("For"),
    Side.AGAINST: N_("Against"),
    Side.NEITHER: N_("Neither for nor against"),
}

SIDES: Final[Mapping[Side, str]] = {
    Side.FOR: N_("I am for it"),
    Side.AGAINST: N_("I am against it"),
    Side.NEITHER: N_("Neither: I add something"),
}

PAUSED: Final = N_(
    "You can write here again from %(time)s on. Entry %(entry)s of the moderation record says why."
)

REFUSALS: Final[Mapping[type[ConsultationError], str]] = {
    ThreadClosed: N_("This discussion is closed. You can read it, and nothing is added any more."),
    SideMissing: N_("Choose whether you are for it, against it, or neither"),
    LinksTooEarly: N_(
        "Take the links out. You can set links when a first contribution of yours has stood for a day."
    ),
    OwnWords: N_("This is your own contribution."),
    NotTheAuthor: N_("Only who wrote this can change it."),
    EditedMeanwhile: N_("You have changed this in another window. Compare, and send it again."),
    WordsChanged: N_(
        "These words were changed after you had read them. Read them again before you agree or disagree."
    ),
    TooManyVersions: N_("A contribution has at most 50 versions. Reply to it instead."),
    QuestionFixed: N_(
        "This question and its words stay as they are: people have answered them, or a citizen wrote them."
    ),
    TopicsByOffice: N_("Here only officials open topics."),
    NoSuchSubject: N_("What you answer was taken away meanwhile."),
}


def refuse(form: Form, error: ConsultationError, site: Site, name: str) -> None:
    """Say beside the field what a verb refused. Raises: the error itself, where no page has a sentence for it."""
    if isinstance(error, Paused):
        until = formats.full(site.local(error.until), form.language)
        form.wrong(name, form.say(PAUSED, time=until, entry=error.entry))
    elif type(error) in REFUSALS:
        form.wrong(name, form.say(REFUSALS[type(error)]))
    else:
        raise error

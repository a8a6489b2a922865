"""Words of consultations: phases, fates of paragraphs, verdicts, what is missing, and what a verb refused."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import ChangedMeanwhile, ConsultationError, TextRefused
from consultation.hearings.errors import (
    AnswerWrong,
    MatchedTwice,
    NothingAnswered,
    NothingToAsk,
    OutcomeIncomplete,
    ParagraphsWrong,
    Promised,
    QuestionsFixed,
    QuestionWrong,
    SameText,
    TimesWrong,
    TooMany,
    WrongPhase,
)
from consultation.hearings.types import Fate, Lack, Match, Phase, QuestionKind, Verdict
from consultation.moderation.errors import Paused
from web.forms import Form
from web.i18n import N_
from web.written import OVERTAKEN, say

PHASES: Final[Mapping[Phase, str]] = {
    Phase.DRAFT: N_("In preparation"),
    Phase.INFORM: N_("Read"),
    Phase.COMMENT: N_("Comment"),
    Phase.REVIEW: N_("Review"),
    Phase.OUTCOME: N_("Outcome"),
}

KINDS: Final[Mapping[QuestionKind, str]] = {
    QuestionKind.SINGLE: N_("Choose one"),
    QuestionKind.MULTIPLE: N_("Choose several"),
    QuestionKind.SCALE: N_("Scale from 1 to 5"),
    QuestionKind.TEXT: N_("Own words"),
}

FATES: Final[Mapping[Fate, str]] = {
    Fate.SAME: N_("Unchanged"),
    Fate.CHANGED: N_("Changed"),
    Fate.MOVED: N_("Moved"),
    Fate.MOVED_AND_CHANGED: N_("Moved and changed"),
    Fate.ADDED: N_("New"),
    Fate.REMOVED: N_("Taken out"),
}

MATCHES: Final[Mapping[Match, str]] = {
    Match.EXACT: N_("The same words"),
    Match.SIMILAR: N_("Alike words"),
    Match.BY_HAND: N_("Chosen by an official"),
    Match.NEW: N_("New"),
}

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.ACCEPTED: N_("Accepted"),
    Verdict.PARTLY: N_("Accepted in part"),
    Verdict.REJECTED: N_("Not accepted"),
}

LACKS: Final[Mapping[Lack, str]] = {
    Lack.THEMES: N_("Add at least one theme"),
    Lack.VERDICT: N_("Theme %(number)s, “%(title)s”: say whether it is accepted, in part, or rejected"),
    Lack.REASON: N_("Theme %(number)s, “%(title)s”: give the reason in both languages"),
}

_ERRORS: Final[Mapping[type[ConsultationError], str]] = {
    TimesWrong: N_(
        "Comments must begin before they end, end in the future, and the outcome is due after that."
    ),
    Promised: N_(
        "People rely on it: the end of comments can only be put off, and once they have begun, title and description "
        "stay."
    ),
    WrongPhase: N_("This is not possible in the phase in which this consultation is now."),
    NothingToAsk: N_("Publish a draft text or add a question first: there is nothing to comment on yet."),
    QuestionsFixed: N_("Questions cannot be changed any more: people answer them already."),
    QuestionWrong: N_(
        "Write 2 to 20 different options, each on a line of its own; for a scale exactly two, for its ends; for own "
        "words none."
    ),
    SameText: N_("This text is the public one. Change something, then prepare it as a new version."),
    ChangedMeanwhile: OVERTAKEN,
    NothingAnswered: N_("Answer at least one question."),
    OutcomeIncomplete: N_("The outcome must say for each theme whether it is accepted, and why."),
}
_TOO_MANY: Final = N_("There can be at most %(limit)s of these.")
_PARAGRAPHS: Final = N_(
    "A text has at most %(limit)s paragraphs, and a paragraph at most %(characters)s characters."
)
_TWICE: Final = N_("Paragraphs %(first)s and %(second)s cannot both be the same earlier paragraph.")
_ANSWER: Final = N_("Choose from what is offered here.")
_PAUSED: Final = N_(
    "A moderator has paused you: entry %(n)s of the moderation record. You can read and sign, but not write."
)


def refuse(form: Form, error: ConsultationError, field: str) -> None:
    """Say beside `field` why a verb refused. Raises the error itself where it is nothing that a form can mend."""
    form.wrong(field, _sentence(form, error))


def _sentence(form: Form, error: ConsultationError) -> str:
    match error:
        case TextRefused():
            return say(form, error)
        case TooMany():
            return form.say(_TOO_MANY, limit=error.limit)
        case ParagraphsWrong():
            return form.say(_PARAGRAPHS, limit=error.limit, characters=error.characters)
        case MatchedTwice():
            return form.say(_TWICE, first=error.positions[0], second=error.positions[1])
        case AnswerWrong():
            return form.say(_ANSWER)
        case Paused():
            return form.say(_PAUSED, n=error.entry)
    known = _ERRORS.get(type(error))
    if known is None:
        raise error
    return form.say(known)

"""The sentences of petitions: reasons of a rejection, outcomes, what a threshold asks for, what a verb refused."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import ConsultationError, NoSuchArea
from consultation.following.follows import FollowsTooMuch
from consultation.moderation.errors import ClaimedByOther, NotClaimed
from consultation.petitions.errors import (
    ChangedSince,
    NoSuchBody,
    NoSuchPetition,
    NoSuchTwin,
    NothingDue,
    NotPublished,
    NotSignable,
    NotTheCreator,
    OwnPetition,
    TooManyPetitions,
    WhyNot,
    WrongState,
)
from consultation.petitions.sponsors import Part
from consultation.petitions.types import Due, Outcome, Reason, State
from web.i18n import N_

REASONS: Final[Mapping[Reason, str]] = {
    Reason.DUPLICATE: N_("Another petition asks for the same."),
    Reason.NOT_OURS: N_("Nobody whom petitions here can address may decide this."),
    Reason.UNCLEAR: N_("It does not say clearly what should be done."),
    Reason.NO_REQUEST: N_("It asks nobody to do anything."),
    Reason.PRIVATE_MATTER: N_(
        "It is about one person’s own matter. For that there is another way to complain or apply."
    ),
    Reason.IN_COURT: N_("A court is deciding about it now."),
    Reason.ADVERTISING: N_("It advertises goods, services or an organisation."),
    Reason.JOKE: N_("It is not meant seriously."),
    Reason.PERSONAL_DATA: N_("It holds personal data of somebody else."),
    Reason.ACCUSATION: N_("It accuses somebody of a deed that is not proven."),
    Reason.OFFENSIVE: N_("It insults people or calls for hatred."),
    Reason.UNLAWFUL: N_("To publish it would break the law."),
}
"""The published list, in its order."""

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.DONE: N_("Carried out"),
    Outcome.PARTLY: N_("Carried out in part"),
    Outcome.PLANNED: N_("Planned"),
    Outcome.DECLINED: N_("Declined"),
    Outcome.PASSED_ON: N_("Passed on"),
}

DUES: Final[Mapping[Due, str]] = {Due.ANSWER: N_("Written answer"), Due.DEBATE: N_("Debate")}

STATES: Final[Mapping[State, str]] = {
    State.DRAFT: N_("Draft"),
    State.SPONSORS: N_("Gathers its first signatures"),
    State.MODERATION: N_("Being checked"),
    State.OPEN: N_("Open"),
    State.CLOSED: N_("Closed"),
    State.REJECTED: N_("Rejected"),
    State.WITHDRAWN: N_("Withdrawn"),
}

PARTS: Final[Mapping[Part, str]] = {
    Part.STARTED: N_("You started this petition. Somebody else must decide about it."),
    Part.SPONSORED: N_(
        "You signed this petition before it was published. Somebody else must decide about it."
    ),
    Part.ANSWERED: N_("You answered this petition for the office. Somebody else must decide about it."),
}
"""For a moderator."""

NOT_SIGNABLE: Final[Mapping[WhyNot, str]] = {
    WhyNot.NOT_YET: N_("This petition is being checked. It can be signed when it is published."),
    WhyNot.CLOSED: N_("This petition is closed. It takes no more signatures."),
    WhyNot.REJECTED: N_("This petition was rejected. It takes no signatures."),
    WhyNot.WITHDRAWN: N_("This petition was withdrawn. It takes no signatures."),
}

_ERRORS: Final[Mapping[type[ConsultationError], str]] = {
    NoSuchPetition: N_("There is no petition here."),
    WrongState: N_("This petition has moved on since the page was opened. Look at it again."),
    ChangedSince: N_("The words were changed since you opened them. Look at them again before you go on."),
    NotTheCreator: N_("Only the person who started this petition can do this."),
    NoSuchBody: N_("Choose who should answer from the list."),
    NoSuchArea: N_("Choose one of the areas in the list."),
    NoSuchTwin: N_("Give the address of the published petition that asks the same."),
    TooManyPetitions: N_("You have several petitions in preparation. Finish or withdraw one of them first."),
    NothingDue: N_("Nothing of this kind is due for this petition."),
    OwnPetition: N_(
        "You started this petition, signed it before it was published, or answered it for the office. "
        "Somebody else must decide about it."
    ),
    ClaimedByOther: N_("Another moderator works on this now."),
    NotClaimed: N_("Take the petition first. Its time may have run out."),
    NotPublished: N_("This petition is not published."),
    FollowsTooMuch: N_("You follow very many things already. Stop following one of them first."),
}


def sentence_of(error: ConsultationError) -> str:
    """What to say (marked with N_, to be translated) when a verb of petitions refused. Raises: KeyError for others."""
    if isinstance(error, NotSignable):
        return NOT_SIGNABLE[error.why]
    return _ERRORS[type(error)]

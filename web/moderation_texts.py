"""Words of moderation: the rules, the reasons that authors read, what was decided, and what a verb refused."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import ConsultationError, NoSuchSubject
from consultation.moderation.errors import (
    AppealDecided,
    AppealOpen,
    AppealTooLate,
    CaseDecided,
    ClaimedByOther,
    Conflict,
    GroundMissing,
    NotAppealable,
    NotClaimed,
    NotHidden,
    OwnContent,
    ReportsTooMuch,
    WordsChanged,
)
from consultation.moderation.queue import QueueOrder
from consultation.moderation.reports import Became
from consultation.moderation.ties import Tie
from consultation.moderation.types import Action, Rule, Template
from consultation.petitions.types import Reason
from web.i18n import N_
from web.petition_texts import REASONS

RULES: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.VIOLENCE: (
        N_("No threats and no calls to violence"),
        N_("Nobody threatens others, asks for violence, or praises it."),
    ),
    Rule.PERSONAL_DATA: (
        N_("No personal data of others"),
        N_("No addresses, telephone numbers, identity numbers, pictures or private life of other people."),
    ),
    Rule.UNLAWFUL: (
        N_("Nothing that the law forbids"),
        N_("Nothing whose publication breaks the law, or is forbidden by a court."),
    ),
    Rule.HATRED: (
        N_("No hatred"),
        N_("Nobody is degraded for origin, religion, sex, disability, age or belief."),
    ),
    Rule.ATTACK: (
        N_("No attacks on persons"),
        N_("Argue about the matter. No insults, and no accusation without anything that shows it."),
    ),
    Rule.IMPERSONATION: (
        N_("No false names of others"),
        N_("Nobody pretends to be somebody else, an office or an official."),
    ),
    Rule.ADVERTISING: (
        N_("No advertising, no flooding"),
        N_("No goods and services, and not the same words again and again."),
    ),
    Rule.OFF_TOPIC: (
        N_("Keep to the matter"),
        N_("What belongs to another matter belongs to another place."),
    ),
}
"""Title and sentence. A harsh opinion, also about an office and its officials’ work, breaks none of them."""

TEMPLATES: Final[Mapping[Template, tuple[str, str]]] = {
    Template.THREAT: (
        N_("Threatens somebody"),
        N_("Your words threaten somebody. Say what you want to be changed, without a threat."),
    ),
    Template.CALL_TO_VIOLENCE: (
        N_("Calls to violence"),
        N_("Your words call for violence or praise it. Say what you want to be changed, without it."),
    ),
    Template.ADDRESS_OF_OTHERS: (
        N_("Address, telephone or number of others"),
        N_(
            "Your words hold an address, a telephone number or another number of somebody else. Write it again without "
            "that."
        ),
    ),
    Template.PRIVATE_LIFE: (
        N_("Private life of others"),
        N_("Your words tell of the private life of somebody else. Write about the matter alone."),
    ),
    Template.FORBIDDEN_BY_LAW: (
        N_("Forbidden by law"),
        N_("The law forbids that these words are published here."),
    ),
    Template.GROUP_DEGRADED: (
        N_("Degrades a group of people"),
        N_("Your words degrade people for what they are. You can criticise what somebody does."),
    ),
    Template.PERSON_INSULTED: (
        N_("Insults somebody"),
        N_("Your words insult somebody. The same criticism is welcome without the insult."),
    ),
    Template.ACCUSED_WITHOUT_PROOF: (
        N_("Accuses without anything that shows it"),
        N_(
            "Your words accuse somebody of a deed, and nothing shows it. Name what shows it, or turn to the inspection."
        ),
    ),
    Template.FALSE_OFFICE: (
        N_("Speaks in the name of others"),
        N_("You write as if you were somebody else or an office. Write in your own name or in none."),
    ),
    Template.GOODS_OFFERED: (
        N_("Offers goods or services"),
        N_("Your words advertise. This place is for public matters."),
    ),
    Template.SAME_AGAIN: (
        N_("The same again and again"),
        N_("The same words stand here already. Once is enough."),
    ),
    Template.ANOTHER_MATTER: (
        N_("Another matter"),
        N_("Your words belong to another matter. Write them where it is discussed."),
    ),
}
"""For the moderator, and for the author."""

ACTIONS: Final[Mapping[Action, str]] = {
    Action.LEFT: N_("Left as it is"),
    Action.HIDDEN: N_("Hidden"),
    Action.WARNED: N_("The author was warned"),
    Action.PAUSED: N_("The author was paused"),
    Action.REJECTED: N_("Not published"),
    Action.RESTORED: N_("Shown again"),
    Action.LIFTED: N_("Warning or pause taken back"),
    Action.READMITTED: N_("Published after all"),
    Action.UPHELD: N_("Appeal refused"),
    Action.REVERSED: N_("Refusal of the appeal reversed"),
}

KINDS: Final[Mapping[str, str]] = {
    "petition": N_("Petition"),
    "answer": N_("Official answer"),
    "contribution": N_("Contribution"),
    "topic": N_("Discussion"),
    "hearing": N_("Consultation"),
    "paragraph": N_("Paragraph of a draft"),
    "hearing-answer": N_("Answer in a consultation"),
}
"""What was reported. A kind without a name here fails a test."""

TIES: Final[Mapping[Tie, str]] = {
    Tie.AUTHOR: N_("You wrote this. Another moderator decides."),
    Tie.PART: N_(
        "You started, sponsored or answered what this belongs to, or it replies to you. Another moderator decides."
    ),
    Tie.REPORTER: N_("You reported this. Another moderator decides."),
    Tie.DECIDED: N_("You have decided about this before. Another moderator decides."),
}

BECAME: Final[Mapping[Became, str]] = {
    Became.WAITS: N_("Waits for a moderator"),
    Became.HIDDEN: N_("Hidden"),
    Became.LEFT: N_("Left as it is"),
    Became.SHOWN_AGAIN: N_("Hidden, and shown again later"),
    Became.GONE: N_("Taken away by whoever wrote it"),
}
"""Of a report, for whoever made it."""

QUEUE_ORDERS: Final[Mapping[QueueOrder, str]] = {
    QueueOrder.WEIGHT: N_("Most pressing"),
    QueueOrder.AGE: N_("Waiting longest"),
}

PAUSES: Final[Mapping[int, str]] = {0: N_("No pause"), 1: N_("1 day"), 7: N_("7 days"), 30: N_("30 days")}

REFUSED: Final[Mapping[type[ConsultationError], str]] = {
    AppealDecided: N_("This appeal was decided already. Nothing was changed."),
    AppealOpen: N_("An appeal about this waits. Decide it there."),
    AppealTooLate: N_("The time to appeal is over."),
    CaseDecided: N_("This was decided already. Nothing was changed."),
    ClaimedByOther: N_("Another moderator works on this now."),
    Conflict: N_(
        "You have a part in this, reported it, or have decided about it before. Another moderator must do it."
    ),
    GroundMissing: N_("An appeal about this was refused. Write what is new before you show it again."),
    NoSuchSubject: N_("This is not public any more, so there is nothing to hide."),
    NotAppealable: N_("There is nothing to appeal about here, or an appeal was made already."),
    NotClaimed: N_("Take the case first. Its time may have run out."),
    NotHidden: N_("This is not hidden any more."),
    OwnContent: N_("You wrote this yourself. You can withdraw it on its page."),
    ReportsTooMuch: N_("Many of your reports wait for a decision. Report more when they are decided."),
    WordsChanged: N_("The words were changed since you opened this page. Read them again."),
}


def rule_sentence(rule: str | None) -> str:
    """What an entry of the log says of its rule, not translated; "" where none was broken.

    Rejections of petitions have reasons of their own.
    """
    if rule in set(Rule):
        return RULES[Rule(rule)][0]
    return REASONS[Reason(rule)] if rule in set(Reason) else ""


def rule_number(rule: str | None) -> int:
    """Its number in the published list; 0 for the reasons of petitions, which have none."""
    return Rule(rule).number if rule in set(Rule) else 0

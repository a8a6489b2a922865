"""What moderators may do, and by which rules. Both are published; no decision rests on anything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from consultation.subjects import Subject


class Action(StrEnum):
    """What was decided. Each decision is an entry of the public log."""

    LEFT = "left"
    """Reported, looked at, and nothing done."""
    HIDDEN = "hidden"
    WARNED = "warned"
    PAUSED = "paused"
    REJECTED = "rejected"
    """A petition was not published."""
    RESTORED = "restored"
    """What was hidden is shown again."""
    LIFTED = "lifted"
    """A warning or a pause was taken back."""
    READMITTED = "readmitted"
    """A rejection was taken back."""
    UPHELD = "upheld"
    """An appeal was refused: the decision stands."""
    REVERSED = "reversed"
    """That refusal was taken back later, by a third moderator with a new ground."""


APPEALABLE: Final = frozenset({Action.HIDDEN, Action.WARNED, Action.PAUSED, Action.REJECTED})
"""What burdens an author."""
REVERSALS: Final[Mapping[Action, Action]] = {
    Action.HIDDEN: Action.RESTORED,
    Action.WARNED: Action.LIFTED,
    Action.PAUSED: Action.LIFTED,
    Action.REJECTED: Action.READMITTED,
}
"""What takes a decision back."""


class Rule(StrEnum):
    """What is not allowed, in the order of the published list: the first is rule 1."""

    VIOLENCE = "violence"
    PERSONAL_DATA = "data-of-others"
    UNLAWFUL = "law"
    HATRED = "hatred"
    ATTACK = "attack"
    IMPERSONATION = "impersonation"
    ADVERTISING = "flooding"
    OFF_TOPIC = "off-topic"

    @property
    def number(self) -> int:
        """Its number in the published list."""
        return list(Rule).index(self) + 1


URGENT: Final = frozenset({Rule.VIOLENCE, Rule.PERSONAL_DATA, Rule.UNLAWFUL})
"""Reports by these rules stand first in the queue: every hour harms somebody."""


class Template(StrEnum):
    """A reason that was worded beforehand, in both languages. The author reads it; the rule follows from it."""

    THREAT = "threat"
    CALL_TO_VIOLENCE = "call-to-violence"
    ADDRESS_OF_OTHERS = "address-of-others"
    PRIVATE_LIFE = "private-life"
    FORBIDDEN_BY_LAW = "forbidden-by-law"
    GROUP_DEGRADED = "group-degraded"
    PERSON_INSULTED = "person-insulted"
    ACCUSED_WITHOUT_PROOF = "accused-without-proof"
    FALSE_OFFICE = "false-office"
    GOODS_OFFERED = "goods-offered"
    SAME_AGAIN = "same-again"
    ANOTHER_MATTER = "another-matter"


RULE_OF: Final[Mapping[Template, Rule]] = {
    Template.THREAT: Rule.VIOLENCE,
    Template.CALL_TO_VIOLENCE: Rule.VIOLENCE,
    Template.ADDRESS_OF_OTHERS: Rule.PERSONAL_DATA,
    Template.PRIVATE_LIFE: Rule.PERSONAL_DATA,
    Template.FORBIDDEN_BY_LAW: Rule.UNLAWFUL,
    Template.GROUP_DEGRADED: Rule.HATRED,
    Template.PERSON_INSULTED: Rule.ATTACK,
    Template.ACCUSED_WITHOUT_PROOF: Rule.ATTACK,
    Template.FALSE_OFFICE: Rule.IMPERSONATION,
    Template.GOODS_OFFERED: Rule.ADVERTISING,
    Template.SAME_AGAIN: Rule.ADVERTISING,
    Template.ANOTHER_MATTER: Rule.OFF_TOPIC,
}


@dataclass(frozen=True)
class Entry:
    """One entry of the public log. Nobody's name is in it.

    rule: a `Rule`, or for rejections a reason code of petitions; None where nothing was found against a rule.
    digest: SHA-256 of the words that were decided about, 32 bytes.  group: number of the first entry of the same
    decision.  answers: number of the entry that this one takes back or confirms.  role: of who decided.
    deed: index of its deed in the site log, whose subject holds `record_digest`.
    """

    number: int
    at: datetime
    action: Action
    rule: str | None
    subject: Subject
    digest: bytes
    group: int
    answers: int | None
    role: str
    deed: int
    record_digest: bytes

"""How sure the site is of who somebody is, and how sure it has to be for what.

The three levels are those of the eIDAS regulation (EU 910/2014, article 8), which national identities state as `acr`.
Which level a deed needs is configuration: an association may vote with e-mail links, a town may not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final


class Assurance(IntEnum):
    """From weak to strong; comparable."""

    LOW = 1
    """Somebody who reads this mailbox, or holds this device."""
    SUBSTANTIAL = 2
    """A person whom an issuer has identified, signed in with two factors."""
    HIGH = 3
    """The same with documents seen and keys in hardware."""


class Action(StrEnum):
    """What a level is asked for."""

    VOTE = "vote"
    SIGN_PETITION = "sign-petition"
    STAFF = "staff"


DEFAULTS: Final[Mapping[Action, Assurance]] = {
    Action.VOTE: Assurance.SUBSTANTIAL,
    Action.SIGN_PETITION: Assurance.LOW,
    Action.STAFF: Assurance.LOW,
}
"""Staff need a second factor besides, whatever the level (`identity.sessions.SignedIn.is_staff_ready`)."""


@dataclass(frozen=True)
class AssurancePolicy:
    """The level that each action needs here."""

    levels: Mapping[Action, Assurance] = field(default_factory=lambda: DEFAULTS)

    def needed(self, action: Action) -> Assurance:
        """The least level for `action`."""
        return self.levels.get(action, DEFAULTS[action])

    def is_enough(self, level: Assurance, action: Action) -> bool:
        """Whether somebody signed in at `level` may do `action`."""
        return level >= self.needed(action)


def level_named(name: str) -> Assurance:
    """`low`, `substantial` or `high`. Raises: ValueError naming the three."""
    try:
        return Assurance[name.upper()]
    except KeyError:
        raise ValueError(f"“{name}” is none of low, substantial, high.") from None

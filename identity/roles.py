"""Roles, and what each may do. A route names a permission, never a role; this table is the only link between them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody does for the site. One person may have several."""

    OFFICIAL = "official"
    REGISTRAR = "registrar"
    TRUSTEE = "trustee"
    MODERATOR = "moderator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One kind of deed."""

    MANAGE_ELECTIONS = "manage-elections"
    IMPORT_ROLL = "import-roll"
    REPLACE_CODES = "replace-codes"
    DELIVER_CODES = "deliver-codes"
    """Sees whether letters and mails arrived."""
    HOLD_KEY_SHARE = "hold-key-share"
    READ_TRAIL = "read-trail"
    """The site log with the names in it; without names everybody reads it."""
    MANAGE_PEOPLE = "manage-people"
    MODERATE = "moderate"
    ANSWER_PETITIONS = "answer-petitions"
    """Bodies and thresholds, official answers, consultations and their outcomes."""
    ANSWER_DISPUTES = "answer-disputes"


PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OFFICIAL: frozenset(
        {
            Permission.MANAGE_ELECTIONS,
            Permission.IMPORT_ROLL,
            Permission.ANSWER_DISPUTES,
            Permission.ANSWER_PETITIONS,
            Permission.READ_TRAIL,
        }
    ),
    Role.REGISTRAR: frozenset({Permission.IMPORT_ROLL, Permission.REPLACE_CODES, Permission.DELIVER_CODES}),
    Role.TRUSTEE: frozenset({Permission.HOLD_KEY_SHARE}),
    Role.MODERATOR: frozenset({Permission.MODERATE}),
    Role.AUDITOR: frozenset({Permission.READ_TRAIL}),
    Role.ADMINISTRATOR: frozenset({Permission.MANAGE_PEOPLE, Permission.READ_TRAIL}),
}
"""An administrator appoints people and can do nothing to an election: the two powers stay apart."""


def permitted(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether any of `roles` has `permission`."""
    return any(permission in PERMISSIONS[role] for role in roles)


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that `roles` may do together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))

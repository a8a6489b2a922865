"""Where an election asks sign-in: what stands on the board of it. Who signed in never does.

Source: PROTOCOL sections 4 and 8, "Sign-in".
"""

from enum import StrEnum
from typing import Final, Literal

from protocol.canonical import Record
from protocol.errors import ProtocolError
from protocol.text import Base64url, ElectionId

CONFLICTS_PER_CREDENTIAL: Final = 5
"""So many are published for one credential; later ones are refused without a leaf, so that nobody fills the board."""


class ConflictReason(StrEnum):
    """Why a signed-in person may not cast with a voting code."""

    PERSON_HAS_ANOTHER_KEY = "person-has-another-key"
    KEY_HAS_ANOTHER_PERSON = "key-has-another-person"


class Conflict(Record, frozen=True):
    """A ballot that was refused: signed by its credential, but cast by somebody whom the tie does not allow.

    tracker: of the refused ballot, whose body is not published.
    """

    credential: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/conflict/v1"]
    reason: ConflictReason
    tracker: Base64url


class ConflictMisplaced(ProtocolError):
    """A conflict that may not stand on this board."""

    code = "conflict-misplaced"


class PersonsDiffer(ProtocolError):
    """The closing's numbers of persons and keys are not those of the board."""

    code = "persons-differ"


def require_persons(
    asks_sign_in: bool, persons: int | None, keys: int | None, counted: int, voted: int
) -> None:
    """Check the closing's numbers.

    counted: ballots that count.  voted: credentials with a valid ballot, revoked ones too. Every ballot that counts is
    of a key that is tied to a person; besides those only revoked keys can be, which voted before they were revoked.
    Raises: PersonsDiffer.
    """
    if not asks_sign_in:
        if (persons, keys) != (None, None):
            raise PersonsDiffer("Persons are counted, but this election asks no sign-in.")
        return
    if persons is None or keys is None:
        raise PersonsDiffer(
            "This election asks sign-in, but the closing does not say how many persons voted."
        )
    if persons != keys:
        raise PersonsDiffer(
            f"{persons} persons are tied to {keys} voting codes: somebody voted with a code of another."
        )
    if not counted <= keys <= voted:
        raise PersonsDiffer(
            f"{keys} voting codes are tied to persons, but {counted} ballots count and {voted} codes have voted."
        )

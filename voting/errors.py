"""What the verbs of `voting` refuse, each with a stable code and a sentence for the person who asked.

VotingError
├── NoSuchElection, NotFrozen, AlreadyFrozen, WrongState
├── NotOpen, Closed                    no ballots now
├── AlreadyCast, RepeatedCiphertext, TooSoon    rules of the door
├── SignInNeeded, PermitExpired, SignInConflict    where sign-in is asked
├── ChallengedBallot, AlreadyChallenged, TooManyChallenges
├── CodeNotFound
└── ServerAtFault                      nobody's mistake but the server's
    └── SecretsUnsafe, SecretMissing   its own keys

A ballot that fails a check of the protocol raises `protocol.ballot.BallotInvalid` instead.
"""

from protocol.sign_in import ConflictReason


class VotingError(Exception):
    """Base of the room's errors."""

    code = "voting-error"


class NoSuchElection(VotingError):
    """No election has this id."""

    code = "election-not-found"

    def __init__(self) -> None:
        super().__init__("There is no election with this id here.")


class NotFrozen(VotingError):
    """The election's terms are not fixed yet."""

    code = "not-frozen"

    def __init__(self) -> None:
        super().__init__("This election is still being prepared: its terms are not fixed yet.")


class WrongState(VotingError):
    """The deed belongs to another moment of the election."""

    code = "wrong-state"


class NotOpen(VotingError):
    """Too early for ballots."""

    code = "not-open"

    def __init__(self, opens_at: str) -> None:
        super().__init__(f"Voting has not begun. It opens at {opens_at}; nothing was stored.")


class Closed(VotingError):
    """Too late for ballots."""

    code = "closed"

    def __init__(self) -> None:
        super().__init__("Voting is closed. This ballot was not put into the urn.")


class AlreadyCast(VotingError):
    """The very same ballot is on the board."""

    code = "already-cast"

    def __init__(self, index: int) -> None:
        super().__init__(f"This ballot is in the urn already, as entry {index} of the board.")
        self.index = index


class RepeatedCiphertext(VotingError):
    """A ciphertext of this ballot stands in an earlier one."""

    code = "repeated-ciphertext"

    def __init__(self) -> None:
        super().__init__(
            "A ciphertext of this ballot was used before. Seal the ballot anew and cast that one."
        )


class ChallengedBallot(VotingError):
    """The ballot was opened in a test, so everybody can read it."""

    code = "challenged"

    def __init__(self) -> None:
        super().__init__("This ballot was opened in a test and cannot be cast. Seal a new one.")


class AlreadyChallenged(VotingError):
    """The ballot was tested already."""

    code = "already-challenged"

    def __init__(self, index: int) -> None:
        super().__init__(f"This ballot was tested already; the test is entry {index} of the board.")
        self.index = index


class TooManyChallenges(VotingError):
    """One voting code has tested as many ballots as the board takes."""

    code = "too-many-challenges"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} ballots of this voting code were tested already. Further tests can be checked from the "
            "saved file, without the board."
        )


class TooSoon(VotingError):
    """One voting code casts very many ballots one after the other."""

    code = "too-soon"

    def __init__(self, pause_seconds: int) -> None:
        super().__init__(
            f"Many ballots were cast with this voting code. Wait {pause_seconds} seconds, then cast again; "
            "the last one counts."
        )


class SignInNeeded(VotingError):
    """This election takes ballots only from people who have signed in."""

    code = "sign-in-needed"

    def __init__(self) -> None:
        super().__init__("This election asks you to sign in before your ballot goes into the urn.")


class PermitExpired(VotingError):
    """The sign-in that came with the ballot is too old, was used already, or is none."""

    code = "permit-expired"

    def __init__(self) -> None:
        super().__init__(
            "Your sign-in for this ballot has expired or was used. Nothing was stored. Sign in again, then cast."
        )


class SignInConflict(VotingError):
    """The signed-in person may not cast with this voting code. index: of the conflict's leaf, None beyond the limit."""

    code = "sign-in-conflict"

    def __init__(self, reason: ConflictReason, index: int | None) -> None:
        why = (
            "You have voted with another voting code already, and one person has one code."
            if reason is ConflictReason.PERSON_HAS_ANOTHER_KEY
            else "Somebody else has voted with this voting code, after signing in."
        )
        where = "" if index is None else f" The refusal is entry {index} of the board."
        super().__init__(
            f"{why} This ballot was not put into the urn.{where} If this is wrong, tell the election office."
        )
        self.reason, self.index = reason, index


class CodeNotFound(VotingError):
    """No ballot and no voter number reads like this."""

    code = "code-not-found"

    def __init__(self) -> None:
        super().__init__("Not found on the board. Your receipt is evidence: tell the election office.")


class ServerAtFault(VotingError):
    """The server cannot do its part: to a voter it is a fault, never a refusal of what was sent."""


class SecretsUnsafe(ServerAtFault):
    """Others than the server's user may read the folder of secrets."""

    code = "secrets-unsafe"


class SecretMissing(ServerAtFault):
    """A key of this election is not in the folder of secrets."""

    code = "secret-missing"

"""What the verbs of petitions refuse."""

from enum import StrEnum
from typing import Final

from consultation.errors import ConsultationError
from protocol.text import LocalText


class NoSuchPetition(ConsultationError):
    """No petition has this number, or not for the one who asks."""

    code = "petition-not-found"

    def __init__(self) -> None:
        super().__init__("There is no petition here.")


class WhyNot(StrEnum):
    """Why a petition takes no signature now."""

    NOT_YET = "not-yet"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


_SENTENCES: Final = {
    WhyNot.NOT_YET: "This petition is being checked. It can be signed when it is published.",
    WhyNot.CLOSED: "This petition is closed. It takes no more signatures.",
    WhyNot.REJECTED: "This petition was rejected. It takes no signatures.",
    WhyNot.WITHDRAWN: "This petition was withdrawn. It takes no signatures.",
}


class NotSignable(ConsultationError):
    """A signature at a time when the petition takes none."""

    code = "petition-not-signable"

    def __init__(self, why: WhyNot) -> None:
        super().__init__(_SENTENCES[why])
        self.why = why


class WrongState(ConsultationError):
    """A deed that this petition is not ready for, or past."""

    code = "petition-wrong-state"

    def __init__(self) -> None:
        super().__init__("This petition has moved on since the page was opened. Look at it again.")


class ChangedSince(ConsultationError):
    """Somebody saved another version after the form was opened."""

    code = "petition-changed"

    def __init__(self) -> None:
        super().__init__("The words were changed since you opened them. Look at them again before you go on.")


class NotTheCreator(ConsultationError):
    """Only who started a petition may do this."""

    code = "petition-not-yours"

    def __init__(self) -> None:
        super().__init__("Only the person who started this petition can do this.")


class NoSuchBody(ConsultationError):
    """A body that is not on the list."""

    code = "petition-no-such-body"

    def __init__(self) -> None:
        super().__init__("Choose who should answer from the list.")


class BodyKeepsName(ConsultationError):
    """Another name for a body that petitions, answers and the overdue list already name. body, name: as they are."""

    code = "petition-body-keeps-name"

    def __init__(self, body: str, name: LocalText) -> None:
        super().__init__(
            f"Petitions name {name.en} already, so it keeps its name. Empty its row and add the new name in a new one."
        )
        self.body, self.name = body, name


class NoSuchTwin(ConsultationError):
    """The petition that is said to ask the same is none that everybody can see."""

    code = "petition-no-such-twin"

    def __init__(self) -> None:
        super().__init__("Give the address of the published petition that asks the same.")


class TooManyPetitions(ConsultationError):
    """One person with more petitions in preparation than anybody needs."""

    code = "petition-too-many"

    def __init__(self) -> None:
        super().__init__("You have several petitions in preparation. Finish or withdraw one of them first.")


class TooManyVersions(ConsultationError):
    """The words were changed so often that nobody who signed could follow."""

    code = "petition-too-many-versions"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"These words were changed {limit - 1} times, which is as often as they can be. Leave them as they are."
        )


class NothingDue(ConsultationError):
    """A debate is answered where none is due."""

    code = "petition-nothing-due"

    def __init__(self) -> None:
        super().__init__("Nothing of this kind is due for this petition.")


class OwnPetition(ConsultationError):
    """Nobody decides about a petition that they started, sponsored or answered."""

    code = "petition-own"

    def __init__(self) -> None:
        super().__init__(
            "You started this petition, signed it before it was published, or answered it for the office. "
            "Somebody else must decide about it."
        )


class NotPublished(ConsultationError):
    """An answer to a petition that is not published."""

    code = "petition-not-published"

    def __init__(self) -> None:
        super().__init__("This petition is not published.")

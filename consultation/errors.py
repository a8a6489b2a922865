"""What the verbs of `consultation` refuse, each with a stable code and a sentence for the person who asked."""

from enum import StrEnum
from typing import Final


class ConsultationError(Exception):
    """Base of the room's errors."""

    code = "consultation-error"


class TextProblem(StrEnum):
    """Why words were refused."""

    EMPTY = "empty"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    UNSEEN = "unseen"
    TOWERS = "towers"
    ADDRESS = "address"
    MIXED = "mixed"


_SENTENCES: Final = {
    TextProblem.EMPTY: "Write something here.",
    TextProblem.TOO_SHORT: "Write at least {limit} characters.",
    TextProblem.TOO_LONG: "This is too long. Write at most {limit} characters.",
    TextProblem.UNSEEN: "This holds characters that nobody can see. Type the words again instead of pasting them.",
    TextProblem.TOWERS: "This holds letters with too many accents on top of each other. Write them plainly.",
    TextProblem.ADDRESS: "Titles and names hold no web or mail address. Write it into the text.",
    TextProblem.MIXED: "A word here mixes letters of two alphabets that look alike. Type it anew.",
}


class TextRefused(ConsultationError):
    """Words that nobody could read as they were meant. limit: characters, where there is one, else 0."""

    code = "text-refused"

    def __init__(self, problem: TextProblem, limit: int = 0) -> None:
        super().__init__(_SENTENCES[problem].format(limit=limit))
        self.problem, self.limit = problem, limit


class NoSuchArea(ConsultationError):
    """An area that the site does not know."""

    code = "no-such-area"

    def __init__(self) -> None:
        super().__init__("Choose one of the areas in the list.")


class NoSuchSubject(ConsultationError):
    """Nothing is at this address, or nothing that the one who asks may see."""

    code = "not-found"

    def __init__(self) -> None:
        super().__init__("There is nothing here, or it is not public yet.")


class ChangedMeanwhile(ConsultationError):
    """Somebody else changed it since this page was shown."""

    code = "changed-meanwhile"

    def __init__(self) -> None:
        super().__init__("Somebody else has changed this meanwhile. Look at it again.")

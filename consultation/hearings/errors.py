"""What the verbs of consultations refuse."""

from collections.abc import Sequence

from consultation.errors import ConsultationError
from consultation.hearings.types import Missing


class TimesWrong(ConsultationError):
    """The times of a consultation do not follow each other."""

    code = "times-wrong"

    def __init__(self) -> None:
        super().__init__("Comments begin before they end, and the outcome is due after that.")


class Promised(ConsultationError):
    """People rely on what a published consultation says."""

    code = "promised"

    def __init__(self) -> None:
        super().__init__(
            "People rely on it: the end of comments can only be put off, and once they have begun, title and "
            "description stay."
        )


class WrongPhase(ConsultationError):
    """This is not possible in the phase in which the consultation is."""

    code = "wrong-phase"

    def __init__(self) -> None:
        super().__init__("This is not possible in the phase in which this consultation is now.")


class NothingToAsk(ConsultationError):
    """A consultation without a text and without a question cannot be published."""

    code = "nothing-to-ask"

    def __init__(self) -> None:
        super().__init__("Publish a draft text or add a question first: there is nothing to comment on yet.")


class QuestionsFixed(ConsultationError):
    """People answer these questions already."""

    code = "questions-fixed"

    def __init__(self) -> None:
        super().__init__("Questions cannot be changed any more: people answer them already.")


class QuestionWrong(ConsultationError):
    """A question whose options do not fit its kind."""

    code = "question-wrong"

    def __init__(self) -> None:
        super().__init__("Write 2 to 20 different options, or for a scale what its two ends mean.")


class TooMany(ConsultationError):
    """More texts, questions or themes than a reader can go through. limit: how many there may be."""

    code = "too-many"

    def __init__(self, limit: int) -> None:
        super().__init__(f"There can be at most {limit} of these.")
        self.limit = limit


class ParagraphsWrong(ConsultationError):
    """A draft text with too many paragraphs, or too long ones. limit: paragraphs.  characters: of one."""

    code = "paragraphs-wrong"

    def __init__(self, limit: int, characters: int) -> None:
        super().__init__(
            f"A text has at most {limit} paragraphs, and a paragraph at most {characters} characters."
        )
        self.limit, self.characters = limit, characters


class SameText(ConsultationError):
    """The new version says what the public one says."""

    code = "same-text"

    def __init__(self) -> None:
        super().__init__("This text is the public one. Change something, then prepare it as a new version.")


class MatchedTwice(ConsultationError):
    """Two paragraphs of the new version were said to be the same earlier one. positions: of these two."""

    code = "matched-twice"

    def __init__(self, positions: tuple[int, int]) -> None:
        super().__init__(
            f"Paragraphs {positions[0]} and {positions[1]} cannot both be the same earlier paragraph."
        )
        self.positions = positions


class AnswerWrong(ConsultationError):
    """An answer that does not fit its question. number: of the question."""

    code = "answer-wrong"

    def __init__(self, number: int) -> None:
        super().__init__(f"Choose from what question {number} offers.")
        self.number = number


class NothingAnswered(ConsultationError):
    """A set of answers without a single one."""

    code = "nothing-answered"

    def __init__(self) -> None:
        super().__init__("Answer at least one question.")


class OutcomeIncomplete(ConsultationError):
    """The outcome does not yet say for each theme what came of it and why. missing: all that is."""

    code = "outcome-incomplete"

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__("The outcome must say for each theme whether it is accepted, and why.")
        self.missing = tuple(missing)

"""What the verbs of discussions refuse."""

from consultation.errors import ConsultationError


class ThreadClosed(ConsultationError):
    """The time to write is over, or the whole thread was taken away."""

    code = "thread-closed"

    def __init__(self) -> None:
        super().__init__("This discussion is closed. You can read it, and nothing is added any more.")


class SideMissing(ConsultationError):
    """A thread that asks a question wants to know for or against."""

    code = "side-missing"

    def __init__(self) -> None:
        super().__init__("Choose whether you are for it, against it, or neither.")


class LinksTooEarly(ConsultationError):
    """A link in the first words of somebody nobody knows yet."""

    code = "links-too-early"

    def __init__(self) -> None:
        super().__init__(
            "Take the links out. You can set links when a first contribution of yours has stood for a day."
        )


class OwnWords(ConsultationError):
    """Nobody agrees or disagrees with their own words."""

    code = "own-words"

    def __init__(self) -> None:
        super().__init__("This is your own contribution.")


class NotTheAuthor(ConsultationError):
    """Only who wrote something may change it."""

    code = "not-the-author"

    def __init__(self) -> None:
        super().__init__("Only who wrote this can change it.")


class WordsChanged(ConsultationError):
    """Somebody agrees or disagrees with words that do not stand any more."""

    code = "words-changed"

    def __init__(self) -> None:
        super().__init__(
            "These words were changed after you had read them. Read them again before you agree or disagree."
        )


class TooManyVersions(ConsultationError):
    """Words that were changed so often that nobody can follow any more."""

    code = "too-many-versions"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A contribution has at most {limit} versions. Reply to it instead.")
        self.limit = limit


class EditedMeanwhile(ConsultationError):
    """The words were changed in another window since this page was shown."""

    code = "edited-meanwhile"

    def __init__(self) -> None:
        super().__init__("You have changed this in another window. Compare, and send it again.")


class QuestionFixed(ConsultationError):
    """Other words for what people have answered, or for what a citizen asked."""

    code = "question-fixed"

    def __init__(self) -> None:
        super().__init__(
            "This question and its words stay as they are: people have answered them, or a citizen wrote them."
        )


class TopicsByOffice(ConsultationError):
    """On this site only officials open topics."""

    code = "topics-by-office"

    def __init__(self) -> None:
        super().__init__("Here only officials open topics.")

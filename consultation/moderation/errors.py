"""What moderation refuses, each with a stable code and a sentence."""

from datetime import datetime

from consultation.errors import ConsultationError


class Paused(ConsultationError):
    """Somebody may write nothing for a time. until: when they may again.  entry: of the log, where it was decided."""

    code = "paused"

    def __init__(self, until: datetime, entry: int) -> None:
        super().__init__(f"You can write here again from {until:%d/%m/%Y %H:%M} UTC on.")
        self.until, self.entry = until, entry


class NoSuchEntry(ConsultationError):
    """No entry of the log has this number, or it is not the author's own."""

    code = "entry-not-found"

    def __init__(self) -> None:
        super().__init__("No decision has this number.")


class OwnContent(ConsultationError):
    """Somebody reports what they wrote themselves."""

    code = "own-content"

    def __init__(self) -> None:
        super().__init__("You wrote this yourself. You can withdraw it on its page.")


class ReportsTooMuch(ConsultationError):
    """So many reports of one person wait that another one helps nobody."""

    code = "reports-too-much"

    def __init__(self) -> None:
        super().__init__("Many of your reports wait for a decision. Report more when they are decided.")


class NoSuchCase(ConsultationError):
    """No case has this number."""

    code = "case-not-found"

    def __init__(self) -> None:
        super().__init__("No case has this number.")


class CaseDecided(ConsultationError):
    """Nothing of it waits any more: somebody has decided."""

    code = "case-decided"

    def __init__(self) -> None:
        super().__init__("This was decided already. Nothing was changed.")


class ClaimedByOther(ConsultationError):
    """Another moderator works on it."""

    code = "claimed-by-other"

    def __init__(self) -> None:
        super().__init__("Another moderator works on this now.")


class NotClaimed(ConsultationError):
    """Who decides must have taken the case, and the time for it must not be over."""

    code = "not-claimed"

    def __init__(self) -> None:
        super().__init__("Take the case first. Its time may have run out.")


class Conflict(ConsultationError):
    """This moderator has a part in it, reported it, or has decided about it before."""

    code = "conflict"

    def __init__(self) -> None:
        super().__init__(
            "You have a part in this, reported it, or have decided about it before. Another moderator must do it."
        )


class WordsChanged(ConsultationError):
    """The words are not those that the moderator saw."""

    code = "words-changed"

    def __init__(self) -> None:
        super().__init__("The words were changed since you opened this page. Read them again.")


class GroundMissing(ConsultationError):
    """A refused appeal is reversed only with a ground that is new."""

    code = "ground-missing"

    def __init__(self) -> None:
        super().__init__("An appeal about this was refused. Write what is new before you show it again.")


class NotHidden(ConsultationError):
    """Only what moderation has hidden can be shown again."""

    code = "not-hidden"

    def __init__(self) -> None:
        super().__init__("This is not hidden any more.")


class AppealTooLate(ConsultationError):
    """The time to appeal is over."""

    code = "appeal-too-late"

    def __init__(self) -> None:
        super().__init__("The time to appeal is over.")


class NotAppealable(ConsultationError):
    """It burdens nobody, was taken back, or was appealed about before."""

    code = "not-appealable"

    def __init__(self) -> None:
        super().__init__("There is nothing to appeal about here, or an appeal was made already.")


class NoSuchAppeal(ConsultationError):
    """No appeal is about this decision."""

    code = "appeal-not-found"

    def __init__(self) -> None:
        super().__init__("No appeal is about this decision.")


class AppealDecided(ConsultationError):
    """It was decided already; that stands."""

    code = "appeal-decided"

    def __init__(self) -> None:
        super().__init__("This appeal was decided already. Nothing was changed.")


class AppealOpen(ConsultationError):
    """An appeal waits: it is decided there, by somebody else."""

    code = "appeal-open"

    def __init__(self) -> None:
        super().__init__("An appeal about this waits. Decide it there.")

"""What the defences refuse."""

from consultation.errors import ConsultationError


class WorkRefused(ConsultationError):
    """A proof of work that counts for nothing: not ours, for something else, too old, used before, or not done."""

    code = "work-refused"

    def __init__(self) -> None:
        super().__init__("The small calculation that keeps robots away has run out. Send the form again.")

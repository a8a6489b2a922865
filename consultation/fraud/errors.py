"""What the defences refuse."""

from consultation.errors import ConsultationError


class WorkRefused(ConsultationError):
    """A proof of work that counts for nothing: not ours, for something else, too old, used before, or not done."""

    code = "work-refused"

    def __init__(self) -> None:
        super().__init__("The small calculation that keeps robots away has run out. Send the form again.")


class NoConditions(ConsultationError):
    """A removal that would take every signature of a petition, because nothing was said about which."""

    code = "no-conditions"

    def __init__(self) -> None:
        super().__init__(
            "Say which signatures you mean: choose at least one mark, a mail domain or a network."
        )


class TooFew(ConsultationError):
    """Conditions that single somebody out: how few signatures fulfil them, and whether any does, is not said."""

    code = "too-few"

    def __init__(self) -> None:
        super().__init__(
            "Fewer than 5 signatures fulfil these conditions, or none. So few are neither shown nor removed."
        )


class OwnPetition(ConsultationError):
    """Whoever started a petition does not decide which of its signatures count."""

    code = "own-petition"

    def __init__(self) -> None:
        super().__init__("You started this petition. Another moderator decides about its signatures.")


class PreviewOutdated(ConsultationError):
    """Since the preview, other signatures fulfil the conditions."""

    code = "preview-outdated"

    def __init__(self) -> None:
        super().__init__("Other signatures fulfil these conditions by now. Look at the new preview first.")

"""What the verbs of signing refuse."""

from consultation.errors import ConsultationError


class SigningLinkUnusable(ConsultationError):
    """A mailed link that was never given out, has run out, or whose bearer may not sign."""

    code = "signing-link-unusable"

    def __init__(self) -> None:
        super().__init__("This link cannot be used any more. Ask for a new one on the petition's page.")


class SignedInOtherSpelling(ConsultationError):
    """Another account has signed by the same mailbox, in another spelling of its address."""

    code = "signing-other-spelling"

    def __init__(self) -> None:
        super().__init__(
            "This mailbox has signed already, with another spelling of its address. Use the one that signed."
        )


class WordsChanged(ConsultationError):
    """The petition was edited after the signer saw it."""

    code = "signing-words-changed"

    def __init__(self) -> None:
        super().__init__("The words of this petition were changed. Read them again before you sign.")


class NoSuchSignature(ConsultationError):
    """No signature stands under this number: it was withdrawn, or never given."""

    code = "signature-not-found"

    def __init__(self) -> None:
        super().__init__("There is no signature here. It may have been withdrawn.")


class RemovedAlready(ConsultationError):
    """A signature that was removed: it counts for nothing, and stays known so that nobody signs anew in its place."""

    code = "signature-removed"

    def __init__(self) -> None:
        super().__init__("This signature was removed and does not count. There is nothing to take back.")


class RemovedBefore(ConsultationError):
    """The signature of this mailbox was removed as made up, and its account deleted since."""

    code = "signing-removed-before"

    def __init__(self) -> None:
        super().__init__("A signature from here was removed from this petition, so it takes no other one.")


class TakenBackTooOften(ConsultationError):
    """Signed and taken back several times within a day: each time is an entry that stays for ever."""

    code = "signing-taken-back-too-often"

    def __init__(self) -> None:
        super().__init__("You took your signature back several times. You can sign again tomorrow.")


class NothingToRemove(ConsultationError):
    """A removal that names no signature which still counts, or too many at once."""

    code = "signing-nothing-to-remove"

    def __init__(self) -> None:
        super().__init__(
            "None of these signatures counts any more, or there are too many of them for one batch."
        )


class NotSureEnough(ConsultationError):
    """Signed in with less than this site asks of signers."""

    code = "signing-not-sure-enough"

    def __init__(self) -> None:
        super().__init__("Sign in with the way that this site asks for to sign petitions.")

"""What `mail` refuses, each with a stable code and a sentence for the person who asked.

MailError
├── UnusableAddress, UnusableMail      nothing was queued
├── NoSuchMail, NotResendable, TextGone
└── UnusableMailServer, UnusableMailDomains    settings
"""


class MailError(Exception):
    """Base of the room's errors. No sentence repeats an address."""

    code = "mail-error"


class UnusableAddress(MailError):
    """Nothing can be sent to this address."""

    code = "unusable-address"

    def __init__(self) -> None:
        super().__init__("This is not an e-mail address. It should look like name@example.org.")


class UnusableMail(MailError):
    """A mail that must not be sent like this."""

    code = "unusable-mail"


class NoSuchMail(MailError):
    """The outbox has no such mail."""

    code = "mail-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such mail in the outbox.")


class NotResendable(MailError):
    """The mail is still on its way."""

    code = "mail-not-resendable"

    def __init__(self) -> None:
        super().__init__("This mail is still being sent. Wait for its outcome before you send it again.")


class TextGone(MailError):
    """The text was deleted, as it is after some days, or at once where it holds a secret."""

    code = "mail-text-gone"

    def __init__(self) -> None:
        super().__init__("The text of this mail was deleted after it was sent. Have a new one made.")


class UnusableMailServer(MailError):
    """The settings of the mail server."""


class UnusableMailDomains(MailError):
    """The site's own file of mail domains. The sentence names the line to mend."""

    code = "unusable-mail-server"

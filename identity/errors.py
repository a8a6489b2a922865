"""What the verbs of `identity` refuse, each with a stable code and a sentence for the person who asked.

IdentityError
├── KeysUnsafe, KeyMissing, SealBroken     the server's own keys
├── NoSuchPerson, PersonDisabled
├── LinkUnusable                           a mailed link: used, too old, or never sent
├── TooManyLinks                           too many mails to one address
├── SecondFactorNeeded, SecondFactorFailed, SecondFactorBlocked
├── PasskeyRefused, NotTheFirst            registering and using passkeys
├── NotYourself, LastAdministrator         the rules of appointing people
├── HoldsRoles                             an account that cannot be deleted yet
├── NotJoinable, AccountUsed               an identity that cannot be moved to an account
└── TrailBroken                            the site log was changed from outside

OpenID Connect has its own in `identity.oidc.errors`.
"""

from datetime import datetime


class IdentityError(Exception):
    """Base of the room's errors."""

    code = "identity-error"


class KeysUnsafe(IdentityError):
    """Others than the server's user may read the folder of secrets."""

    code = "secrets-unsafe"


class KeyMissing(IdentityError):
    """A key of people or of the site log is gone, though things were made with it."""

    code = "secret-missing"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The key {name} is not in the folder of secrets, though this database was used with it. Restore the "
            "folder (PSEPHOS_SECRETS) from the backup: without it nobody who signed in before is known any more."
        )


class SealBroken(IdentityError):
    """A sealed secret does not open: it was changed, or belongs to another place or key."""

    code = "seal-broken"

    def __init__(self) -> None:
        super().__init__(
            "A stored secret does not open with the server's key. Was the database or the key changed?"
        )


class NoSuchPerson(IdentityError):
    """No person has this number."""

    code = "person-not-found"

    def __init__(self) -> None:
        super().__init__("There is nobody with this number here.")


class PersonDisabled(IdentityError):
    """Somebody whom an administrator has shut out."""

    code = "person-disabled"

    def __init__(self) -> None:
        super().__init__("This account was closed by an administrator. Ask the help desk.")


class LinkUnusable(IdentityError):
    """A link that was used, is too old, or was never sent. Which of them is not told."""

    code = "link-unusable"

    def __init__(self) -> None:
        super().__init__("This link was used already or is too old. Ask for a new one.")


class TooManyLinks(IdentityError):
    """One address would get more mails than anybody needs."""

    code = "too-many-links"


class SecondFactorNeeded(IdentityError):
    """The deed needs a second factor shown in this session, lately."""

    code = "second-factor-needed"

    def __init__(self) -> None:
        super().__init__("Show your second factor first.")


class SecondFactorFailed(IdentityError):
    """A code that is wrong or was used before."""

    code = "second-factor-failed"

    def __init__(self) -> None:
        super().__init__(
            "This code is not right, or it was used before. Wait for the next one and type that."
        )


class SecondFactorBlocked(IdentityError):
    """Too many wrong codes."""

    code = "second-factor-blocked"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Too many wrong codes. The next one can be tried at {until:%H:%M:%S} UTC.")
        self.until = until


class PasskeyRefused(IdentityError):
    """An answer of a browser or key that does not hold. The sentence says what to do; the cause is in `__cause__`."""

    code = "passkey-refused"

    def __init__(self) -> None:
        super().__init__("The passkey was not accepted. Try again, or sign in in another way.")


class NotYourself(IdentityError):
    """Nobody changes their own roles or shuts themselves out."""

    code = "not-yourself"

    def __init__(self) -> None:
        super().__init__("Nobody changes their own roles. Ask another administrator.")


class LastAdministrator(IdentityError):
    """Somebody has to be able to appoint people."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__("This is the only administrator. Appoint another one first.")


class NotJoinable(IdentityError):
    """An identity that belongs to this account already, or to somebody who has a role."""

    code = "not-joinable"

    def __init__(self) -> None:
        super().__init__(
            "This way to sign in belongs to this account already, or to another member of the staff."
        )


class AccountUsed(NotJoinable):
    """An identity that has an account of its own, in which something was done already."""

    code = "account-used"

    def __init__(self) -> None:
        IdentityError.__init__(
            self,
            "This way to sign in has an account of its own, in which something was signed or written. Delete that "
            "account first, then add the way to sign in.",
        )


class HoldsRoles(IdentityError):
    """Somebody of the staff wants to delete their account."""

    code = "holds-roles"

    def __init__(self) -> None:
        super().__init__(
            "You have a role here. Ask an administrator to end it; then you can delete your account."
        )


class TrailBroken(IdentityError):
    """The site log is not what was signed. index: of the first entry that is wrong, None for the log as a whole."""

    code = "trail-broken"

    def __init__(self, fault: str, index: int | None = None) -> None:
        place = "" if index is None else f"Entry {index}: "
        super().__init__(f"The site log was changed after it was signed. {place}{fault}")
        self.index = index

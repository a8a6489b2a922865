"""Why a sign-in with a provider did not happen, each with a stable code.

OidcError
├── UnusableConfiguration        at the start; the sentence is for whoever runs the server
├── UnknownAttempt               the answer belongs to no sign-in of this browser
├── ProviderUnreachable          no answer, too slow, too long, not encrypted as it must be
├── ProviderMisbehaved           an answer that no correct provider gives
│   └── IdTokenRefused           which of the numbered checks failed
├── SignInCancelled              the person turned back
├── SignInRefused                the provider said no
├── AssuranceTooLow              signed in, but not strongly enough
└── ClaimMissing                 signed in, but the token does not say who it is in the words that are needed

None of them holds a token, a claim or a secret. What a provider writes in `error_description` is never shown:
whoever can make a link to this site could write there.
"""

from enum import StrEnum


class OidcError(Exception):
    """Base of the errors of sign-in with a provider. `code` is stable, the text is for the log and for officials."""

    code = "oidc-error"


class UnusableConfiguration(OidcError):
    """The file of PSEPHOS_OIDC cannot be used. The sentence says which entry to mend."""

    code = "oidc-configuration"


class UnknownAttempt(OidcError):
    """No sign-in of this browser waits for this answer: unknown, over, used already, or begun in another browser."""

    code = "sign-in-unknown"

    def __init__(self) -> None:
        super().__init__("No sign-in that was started in this browser waits for this answer. Start again.")


class ProviderUnreachable(OidcError):
    """The provider does not answer as it should."""

    code = "provider-unreachable"

    def __init__(self, what: str) -> None:
        super().__init__(f"The sign-in service did not answer: {what}. Try again in a few minutes.")
        self.what = what


class ProviderMisbehaved(OidcError):
    """The provider's answer is not what the standards allow; nobody was signed in."""

    code = "provider-misbehaved"

    def __init__(self, what: str) -> None:
        super().__init__(f"The sign-in service answered wrongly: {what}. Nobody was signed in.")


class TokenCheck(StrEnum):
    """The checks of an ID token, in order. OpenID Connect Core 1.0 §3.1.3.7."""

    FORM = "form"
    DECRYPTION = "decryption"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    AUTHORIZED_PARTY = "authorized-party"
    EXPIRY = "expiry"
    NOT_BEFORE = "not-before"
    ISSUED_AT = "issued-at"
    NONCE = "nonce"
    ACCESS_TOKEN = "access-token"  # noqa: S105 - the name of a check
    AUTHENTICATION_TIME = "authentication-time"


class IdTokenRefused(ProviderMisbehaved):
    """An ID token failed `check`."""

    code = "id-token-refused"

    def __init__(self, check: TokenCheck) -> None:
        super().__init__(f"its token fails the check “{check}”")
        self.check = check


class SignInCancelled(OidcError):
    """The person turned back at the provider."""

    code = "sign-in-cancelled"

    def __init__(self) -> None:
        super().__init__("The sign-in was cancelled at the sign-in service.")


class SignInRefused(OidcError):
    """The provider refused. reason: its error code, of letters and `_` only, or "unknown"."""

    code = "sign-in-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The sign-in service refused the sign-in ({reason}).")
        self.reason = reason


class AssuranceTooLow(OidcError):
    """The token is sound, but the way in which the person signed in is too weak here."""

    code = "assurance-too-low"

    def __init__(self, what: str) -> None:
        super().__init__(f"The sign-in is not strong enough here: {what}.")


class ClaimMissing(OidcError):
    """The token is sound, but lacks the claim that this site knows people by."""

    code = "claim-missing"

    def __init__(self, what: str) -> None:
        super().__init__(f"The sign-in service does not say who it is: {what}.")

"""Which mail server takes our mails, and as whom we send: read and checked before anything starts."""

import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

import idna

from mail.address import is_one_line, parse_address
from mail.errors import UnusableAddress, UnusableMailServer

PER_MINUTE: Final = 60
PER_MINUTE_MAX: Final = 6000
LABEL_PLACE: Final = "{}"

_SENDER: Final = re.compile(r"(?P<name>[^<>]*)<(?P<in_brackets>[^<>]+)>|(?P<bare>[^<>]+)")


class Security(StrEnum):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    LOOPBACK = "loopback"
    """Not at all: the server is on this machine."""


_SCHEMES: Final = {
    "smtp": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+plain": (Security.LOOPBACK, 25),
}
_FORMS: Final = (
    "Write smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), "
    "or smtp+plain://localhost:25 for a mail server on this machine."
)


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over, and how fast.

    sender_name, sender: what recipients see.  bounces: address to which refusals come back, `{}` stands for the mail's
    label (VERP); None: they come to `sender`.  per_minute: mails, 1 … 6000, of all servers of this site together.
    trust: certificates that are believed; those of the operating system unless given.
    """

    host: str
    port: int
    security: Security
    sender_name: str
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    bounces: str | None = None
    per_minute: int = PER_MINUTE
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @property
    def domain(self) -> str:
        """The domain of the sender: of Message-IDs, and of our greeting."""
        return self.sender.rpartition("@")[2]

    def envelope_sender(self, label: str) -> str:
        """To whom a refusal of the mail with this label comes back."""
        return self.sender if self.bounces is None else self.bounces.replace(LABEL_PLACE, label)


def read_mail_server(
    url: str, sender: str, bounces: str | None = None, per_minute: int = PER_MINUTE
) -> MailServer:
    """The mail server that the texts of the settings describe.

    url: see the error's sentence; user and password percent-encoded.  sender: `Town of X <vote@example.org>`.
    Raises: UnusableMailServer; its sentence repeats neither user nor password.
    """
    security, host, port, user, password = _read_url(url)
    name, sender_address = _read_sender(sender)
    if bounces is not None:
        _require_pattern(bounces)
    if not 1 <= per_minute <= PER_MINUTE_MAX:
        raise UnusableMailServer(f"From 1 to {PER_MINUTE_MAX} mails can be sent in a minute.")
    return MailServer(host, port, security, name, sender_address, user, password, bounces, per_minute)


def _read_url(url: str) -> tuple[Security, str, int, str | None, str | None]:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise UnusableMailServer(f"The address of the mail server cannot be read. {_FORMS}") from error
    if parts.scheme not in _SCHEMES or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise UnusableMailServer(f"The address of the mail server cannot be read. {_FORMS}")
    security, usual_port = _SCHEMES[parts.scheme]
    if security is Security.LOOPBACK and not is_loopback(host):
        raise UnusableMailServer(
            "Mails hold sign-in links. Without encryption they go only to a mail server on this machine "
            f"(localhost). {_FORMS}"
        )
    user, password = parts.username, parts.password
    if (user is None) != (password is None) or user == "" or not is_one_line(unquote(f"{user}{password}")):
        raise UnusableMailServer(f"The mail server wants both a user and a password, or neither. {_FORMS}")
    if not is_loopback(host) and ":" not in host:
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise UnusableMailServer(f"The name of the mail server cannot be read. {_FORMS}") from error
    return (
        security,
        host,
        port or usual_port,
        None if user is None else unquote(user),
        None if password is None else unquote(password),
    )


def is_loopback(host: str) -> bool:
    """Whether a name or number means this machine. Harmless to ignore."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _read_sender(text: str) -> tuple[str, str]:
    found = _SENDER.fullmatch(text.strip()) if is_one_line(text) else None
    name, address = (found["name"] or "", found["in_brackets"] or found["bare"]) if found else ("", "")
    try:
        parsed = parse_address(address)
    except UnusableAddress as error:
        raise UnusableMailServer(
            "The sender is written like “Town of Example <vote@example.org>”, with an address of your own."
        ) from error
    if not parsed.isascii():
        raise UnusableMailServer("Before the @, the sender's address has ASCII letters only.")
    return name.strip().strip('"').strip(), parsed


def _require_pattern(bounces: str) -> None:
    try:
        sound = bounces.count(LABEL_PLACE) == 1 and parse_address(bounces.replace(LABEL_PLACE, "a1.1"))
    except UnusableAddress:
        sound = False
    if not sound or not bounces.isascii():
        raise UnusableMailServer("The address for bounces is written like bounces+{}@example.org.")

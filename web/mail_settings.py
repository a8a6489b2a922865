"""The settings of mail: PSEPHOS_SMTP_URL, PSEPHOS_MAIL_*."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mail.domains import SiteDomains, read_site_domains
from mail.errors import UnusableMailDomains, UnusableMailServer
from mail.server import PER_MINUTE, MailServer, read_mail_server

NO_MAIL: Final = "none"
"""What PSEPHOS_SMTP_URL says on a site that sends no mail."""

VARIABLES: Final = {
    "PSEPHOS_SMTP_URL": "mail server, as `smtp://user:password@host:587` (STARTTLS) or `smtps://…` (TLS), or `none` "
    "to send no mail; default `none` on localhost",
    "PSEPHOS_MAIL_FROM": "sender of all mail, as `Example Ward <vote@example.org>`; needed with a mail server",
    "PSEPHOS_MAIL_BOUNCES": "address to which refused mail comes back, as `bounces+{}@example.org`; default the sender",
    "PSEPHOS_MAIL_PER_MINUTE": "how many mails are sent in a minute at most; default `60`",
    "PSEPHOS_MAIL_DOMAINS": "file of mail domains that give mailboxes away by the minute, or do not, in this site's "
    "own judgement (docs/guides/mail.md); default none",
}


def read_mail_settings(
    environment: Mapping[str, str], value: Callable[[str, str], str], unusable: Callable[[str], Exception]
) -> MailServer | None:
    """The mail server that the settings describe; None where no mail is sent.

    value: reads a variable that a public server must set: whether mails can go out is not guessed, because sign-in
    links, invitations and notices depend on it.  unusable: makes the error that is raised.
    """
    url = value("PSEPHOS_SMTP_URL", NO_MAIL)
    if url == NO_MAIL:
        return None
    sender = environment.get("PSEPHOS_MAIL_FROM", "").strip()
    if not sender:
        raise unusable(
            "Set PSEPHOS_MAIL_FROM, as Example Ward <vote@example.org>: who sends the site's mail."
        )
    pace = environment.get("PSEPHOS_MAIL_PER_MINUTE", "").strip() or str(PER_MINUTE)
    if not (pace.isascii() and pace.isdecimal() and len(pace) < 6):
        raise unusable(f"PSEPHOS_MAIL_PER_MINUTE must be a whole number, not {pace!r}.")
    bounces = environment.get("PSEPHOS_MAIL_BOUNCES", "").strip() or None
    try:
        return read_mail_server(url, sender, bounces, int(pace))
    except UnusableMailServer as error:
        raise unusable(f"{error} (PSEPHOS_SMTP_URL, PSEPHOS_MAIL_…)") from error


def read_mail_domains(environment: Mapping[str, str], unusable: Callable[[str], Exception]) -> SiteDomains:
    """What the site itself says of mail domains. unusable: makes the error that is raised."""
    file = environment.get("PSEPHOS_MAIL_DOMAINS", "").strip()
    if not file:
        return SiteDomains()
    try:
        return read_site_domains(Path(file))
    except UnusableMailDomains as error:
        raise unusable(str(error)) from error

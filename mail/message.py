"""A mail as it goes over the wire (RFC 5322, MIME): plain text, quoted-printable, no line that a relay could break."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from mail.outbox import Attachment


@dataclass(frozen=True)
class Letter:
    """What one mail says to whom. label: token and number of the sending, the local part of its Message-ID."""

    label: str
    to: str
    language: str
    subject: str
    text: str
    attachment: Attachment | None = None

    @property
    def needs_utf8(self) -> bool:
        """Whether the mail server must know RFC 6531: the address has letters beyond ASCII."""
        return not self.to.isascii()

    def __repr__(self) -> str:
        return "Letter(…)"


def message_id(label: str, domain: str) -> str:
    """The Message-ID, fixed before the mail is sent for the first time."""
    return f"<{label}@{domain}>"


def encode_message(letter: Letter, sender_name: str, sender: str, now: datetime) -> bytes:
    """The bytes of a mail, lines ended by CR LF, before dot-stuffing."""
    message = EmailMessage(policy=policy.SMTPUTF8 if letter.needs_utf8 else policy.SMTP)
    message["From"] = _address(sender_name, sender)
    message["To"] = _address("", letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(letter.label, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer comes back
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = letter.language
    file = letter.attachment
    if file is not None:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)

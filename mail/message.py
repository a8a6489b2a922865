"""A mail as it goes over the wire (RFC 5322, MIME): plain text, quoted-printable, no line that a relay could break."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from mail.outbox import Attachment


@dataclass(frozen=True)
class Letter:
    """What one mail says to whom. label: token and number of the sending, the local part of its Message-ID.

    stop_link: as in `mail.outbox.Mail`.
    """

    label: str
    to: str
    language: str
    subject: str
    text: str
    attachment: Attachment | None = None
    stop_link: str = ""

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
    message = EmailMessage(policy=_WHOLE_LINKS.clone(utf8=letter.needs_utf8))
    message["From"] = _address(sender_name, sender)
    message["To"] = _address("", letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(letter.label, sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer comes back
    if letter.stop_link:
        message[_STOP] = f"<{letter.stop_link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058, 3.1
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = letter.language
    file = letter.attachment
    if file is not None:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return message.as_bytes()


class _WholeLinks(policy.EmailPolicy):
    """The library would break an address that is longer than a line into encoded words, which RFC 2369 forbids."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name == _STOP else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode() if name == _STOP else super().fold_binary(name, value)


_STOP: Final = "List-Unsubscribe"
_WHOLE_LINKS: Final = _WholeLinks(linesep="\r\n")


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)

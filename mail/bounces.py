"""What comes back: delivery status notifications (RFC 3464), matched to the mail that they are about.

A report is believed only where it names the label of a mail: 130 random bits that nobody but the recipient and the
servers on the way have seen. So a forged report can at most be about the forger's own mail.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.policy import compat32
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mail.models import OutboxMail
from mail.outbox import MailState
from mail.smtp import one_line

REPORT_BYTES_MAX: Final = 256 * 1024
"""A report repeats the headers of a short mail. Longer ones are not read."""
LINES_MAX: Final = 10_000
BOUNDARIES_MAX: Final = 1_000
"""Lines that look like a boundary between parts: what the library's time grows with."""
PARTS_MAX: Final = 20
MAILBOX_REPORTS_MAX: Final = 100_000

_LABEL: Final = re.compile(r"(?<![a-z0-9])([a-z2-7]{26})\.([1-9][0-9]{0,5})(?![0-9])")
_STATUS: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


class Action(StrEnum):
    """What became of the mail (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True)
class Report:
    """One report about one of our mails. token, sending: of its label.  reason: status and the server's words."""

    token: str
    sending: int
    action: Action
    reason: str


class Heard(StrEnum):
    """What a report changed."""

    BOUNCED = "bounced"
    SENT = "sent"
    NOTHING = "nothing"
    """It is about a mail of ours, and says nothing new."""
    UNKNOWN_MAIL = "unknown-mail"
    NO_REPORT = "no-report"


def read_report(data: bytes) -> Report | None:
    """The report in the bytes of one mail; None for any other mail, also for one that cannot be read."""
    if len(data) > REPORT_BYTES_MAX or data.count(b"\n") > LINES_MAX or data.count(b"\n--") > BOUNDARIES_MAX:
        return None
    try:
        message = email.message_from_bytes(data, policy=compat32)
        return _report(message)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        # The library is lenient with strangers' mails, but not for every one of them.
        return None


def _report(message: Message) -> Report | None:
    parts = _children(message)
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if message.get_content_type() != "multipart/report" or status is None:
        return None
    blocks = _children(status)
    if not blocks:
        return None
    label = _label(message, blocks[0], parts)
    recipient = next((block for block in blocks[1:] if block.get("Action")), None)
    if label is None or recipient is None:
        return None
    action = _text(recipient.get("Action")).strip().lower().partition(" ")[0]
    if action not in set(Action):
        return None
    code = _STATUS.search(_text(recipient.get("Status")))
    diagnosis = _text(recipient.get("Diagnostic-Code")).partition(";")[2]
    reason = one_line(f"{code.group() if code else ''} {diagnosis}")
    return Report(label[0], label[1], Action(action), reason or "The mail server gave no reason.")


def _children(message: Message) -> list[Message]:
    """The parts of a mail, or the blocks of a delivery status; none when there are very many."""
    payload = message.get_payload()
    if not isinstance(payload, list) or len(payload) > PARTS_MAX:
        return []
    return [part for part in payload if isinstance(part, Message)]


def _label(message: Message, about: Message, parts: list[Message]) -> tuple[str, int] | None:
    """From our envelope's id, our Message-ID in what was returned, or the address to which the report came (VERP)."""
    places = [_text(about.get("Original-Envelope-Id"))]
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            places += [_text(returned.get("Message-ID")) for returned in _children(part)]
        elif part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            if isinstance(headers, bytes):
                places.append(_text(email.message_from_bytes(headers, policy=compat32).get("Message-ID")))
    for header in ("X-Original-To", "Delivered-To", "Envelope-To", "To"):
        places += [_text(value) for value in message.get_all(header, [])[:PARTS_MAX]]
    for place in places:
        found = _LABEL.search(place.lower())
        if found:
            return found.group(1), int(found.group(2))
    return None


def _text(header: object) -> str:
    return "" if header is None else str(header)[:1000]


def hear(session: Session, report: Report | None, now: datetime) -> Heard:
    """Write down what a report says. A report about an earlier sending of a mail changes nothing."""
    if report is None:
        return Heard.NO_REPORT
    row = session.scalar(select(OutboxMail).where(OutboxMail.token == report.token).with_for_update())
    if row is None:
        return Heard.UNKNOWN_MAIL
    on_its_way = row.state in (MailState.SENT, MailState.UNKNOWN, MailState.SENDING)
    if row.sending != report.sending or not on_its_way or report.action is Action.DELAYED:
        return Heard.NOTHING
    if report.action is Action.FAILED:
        row.state, row.reason, row.changed_at = MailState.BOUNCED, report.reason, now
        return Heard.BOUNCED
    if row.state == MailState.UNKNOWN:  # now it is known
        row.state, row.reason, row.changed_at = MailState.SENT, None, now
        return Heard.SENT
    return Heard.NOTHING


def reports_in(file: BinaryIO) -> Iterator[bytes]:
    """The mails of a file: one mail, or a mailbox in which each begins with a line `From `. Too long ones are cut."""
    gathered: list[bytes] = []
    size, blank, count = 0, True, 0
    is_mailbox: bool | None = None
    while line := file.readline(REPORT_BYTES_MAX):
        starts = blank and line.startswith(b"From ")
        if is_mailbox is None:
            is_mailbox = starts
        if is_mailbox and starts:
            if gathered:
                yield b"".join(gathered)
                count += 1
                if count >= MAILBOX_REPORTS_MAX:
                    return
            gathered, size = [], 0
        elif size <= REPORT_BYTES_MAX:
            gathered.append(line)
            size += len(line)
        blank = line in (b"\n", b"\r\n")
    if gathered:
        yield b"".join(gathered)


def reports_in_maildir(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The new mails of a Maildir, each with its file; move it to `cur` with `seen` when it was heard."""
    for path in sorted((folder / "new").iterdir())[:MAILBOX_REPORTS_MAX]:
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield path, file.read(REPORT_BYTES_MAX + 1)


def seen(path: Path) -> None:
    """Move a mail of a Maildir from `new` to `cur`, marked as read."""
    path.rename(path.parent.parent / "cur" / f"{path.name}:2,S")

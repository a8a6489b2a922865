"""The outbox: a mail is queued in the transaction of the deed that it tells about, and has a state ever after.

    queued → sending → sent → bounced
                     → refused      for good: a 5xx answer, too late, or a day of temporary ones
                     → unknown      nobody can know whether the mail server took it; only a person sends it again

`mail.sending` moves a mail, `mail.bounces` hears what came back.
"""

import re
import secrets
from base64 import b32encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, String, cast, func, literal, select, update
from sqlalchemy.orm import Session

from mail.address import is_one_line, parse_address
from mail.errors import NoSuchMail, NotResendable, TextGone, UnusableMail
from mail.models import OutboxMail
from storage.jobs import enqueue
from storage.statements import insert_once, rows_changed

SEND: Final = "send-mail"
"""Kind of the job that sends one mail."""
SEND_URGENT: Final = "send-urgent-mail"
"""The same for a mail that somebody is waiting for: the pauses of a large batch do not concern it."""

TEXT_KEPT: Final = timedelta(days=7)
"""For how long the text of a mail is kept after its outcome, so that it can be sent again."""
ADDRESS_KEPT: Final = timedelta(days=30)
"""For how long the address is kept after the outcome; bounces come within days."""

SUBJECT_MAX: Final = 200
TEXT_BYTES_MAX: Final = 64 * 1024
LINE_BYTES_MAX: Final = 998
"""RFC 5322, 2.1.1, without the line's end."""
ATTACHMENT_BYTES_MAX: Final = 512 * 1024
KEY_MAX: Final = 200

_FORGOTTEN: Final = "forgotten."
"""Begins the key of a mail of which nothing but its state is left."""

_KIND: Final = re.compile("[a-z][a-z0-9-]{0,39}")
_FILE_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_STOP_LINK: Final = re.compile(r"https?://[A-Za-z0-9.:/?=&_~%-]{1,300}")
"""No character that would end the header, or the angle brackets in it (RFC 2369, 2; RFC 8058)."""
_MEDIA_TYPE: Final = re.compile("[a-z]+/[a-z0-9.+-]{1,80}")


class MailState(StrEnum):
    """What is known of a mail."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"


SENDING_AT_MOST: Final = timedelta(days=1)
"""No conversation with a mail server lasts longer than minutes."""

CRASHED: Final = "The program ended while the mail server had not answered yet."
TOO_LATE: Final = "It was not sent in time and would be of no use now."


@dataclass(frozen=True)
class Attachment:
    """One file with a mail, for example a receipt. name: ASCII letters, digits, `.`, `_`, `-`."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """What is to be sent. Addresses and line breaks are checked here, before anything is stored.

    kind: of which sort, as `sign-in-link`: small letters and hyphens.  subject_key: what it is about, as an election's
    id; with the kind it names a page of delivery states.  urgent: somebody is waiting for it at a screen; it overtakes
    letters to thousands.  secret: the text is deleted as soon as its outcome is known, and can then not be sent again.
    expires_at: not sent after this time, when it would be of no use.
    stop_link: for mails that people may refuse: the address to which their mail program posts when they press its
    button “unsubscribe” (RFC 8058). It must act on the POST alone, without a cookie; "" for none.
    Raises: UnusableAddress, UnusableMail.
    """

    to: str
    language: str
    subject: str
    text: str
    kind: str
    subject_key: str
    urgent: bool = False
    secret: bool = False
    expires_at: datetime | None = None
    attachment: Attachment | None = None
    stop_link: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "to", parse_address(self.to))
        if self.language not in ("en", "vi"):
            raise UnusableMail("A mail is written in English or in Vietnamese.")
        if not 1 <= len(self.subject) <= SUBJECT_MAX or not is_one_line(self.subject):
            raise UnusableMail(f"The subject of a mail is one line of at most {SUBJECT_MAX} letters.")
        if not self.text or len(self.text.encode()) > TEXT_BYTES_MAX:
            raise UnusableMail(f"The text of a mail has at most {TEXT_BYTES_MAX} bytes.")
        lines = self.text.split("\n")
        if any(
            len(line.encode()) > LINE_BYTES_MAX or not is_one_line(line.replace("\t", "")) for line in lines
        ):
            raise UnusableMail("A line of this mail is too long or holds a control character.")
        if not _KIND.fullmatch(self.kind) or not 1 <= len(self.subject_key) <= KEY_MAX:
            raise ValueError("A mail has a kind and a subject key.")
        if not is_one_line(self.subject_key):
            raise ValueError("A subject key is one line.")
        if self.stop_link and not _STOP_LINK.fullmatch(self.stop_link):
            raise UnusableMail("The address that stops a mail is a plain web address.")
        file = self.attachment
        if file is not None and not (
            _FILE_NAME.fullmatch(file.name)
            and _MEDIA_TYPE.fullmatch(file.media_type)
            and len(file.data) <= ATTACHMENT_BYTES_MAX
        ):
            raise UnusableMail(
                f"A mail takes a file with a plain name and at most {ATTACHMENT_BYTES_MAX} bytes."
            )

    def __repr__(self) -> str:  # neither address nor text in a log
        return f"Mail(kind={self.kind!r})"


def queue_mail(session: Session, mail: Mail, *, key: str, now: datetime) -> int:
    """Have a mail sent after this transaction commits. Gives its number.

    key: a second call with the same key queues nothing and gives the first one's number, whatever the mail says.
    """
    if not 1 <= len(key) <= KEY_MAX or not is_one_line(key):
        raise ValueError("A mail is queued under a key of one line.")
    file = mail.attachment
    values = {
        "key": key,
        "kind": mail.kind,
        "subject_key": mail.subject_key,
        "recipient": mail.to,
        "language": mail.language,
        "subject": mail.subject,
        "text": mail.text,
        "attachment_name": file.name if file else None,
        "attachment_type": file.media_type if file else None,
        "attachment": file.data if file else None,
        "stop_link": mail.stop_link or None,
        "urgent": mail.urgent,
        "secret": mail.secret,
        "expires_at": mail.expires_at,
        "token": new_token(),
        "sending": 1,
        "attempts": 0,
        "state": MailState.QUEUED.value,
        "queued_at": now,
        "changed_at": now,
    }
    number = insert_once(session, OutboxMail, values, ("key",))
    if number is None:
        return session.scalars(select(OutboxMail.id).where(OutboxMail.key == key)).one()
    _enqueue_sending(session, number, 1, mail.urgent, now)
    return number


def _enqueue_sending(session: Session, mail_id: int, sending: int, urgent: bool, now: datetime) -> None:
    payload = {"mail": mail_id, "sending": sending}
    kind, priority = (SEND_URGENT, 1) if urgent else (SEND, 5)
    enqueue(session, kind, payload, now=now, key=f"{mail_id}.{sending}", priority=priority)


def new_token() -> str:
    """26 small letters and digits: 130 bits, which survive systems that fold letters."""
    return b32encode(secrets.token_bytes(17)).decode("ascii").lower()[:26]


@dataclass(frozen=True)
class Delivery:
    """One mail as a page of delivery states shows it. to: None when the address was deleted already."""

    id: int
    key: str
    to: str | None
    state: MailState
    reason: str
    queued_at: datetime
    changed_at: datetime
    sendings: int
    """How often it was sent: 1, and one more for each resend."""
    resendable: bool

    def __repr__(self) -> str:
        return f"Delivery({self.id}, {self.state})"


@dataclass(frozen=True)
class Deliveries:
    """Counts by state (all states, also 0), and a page of the mails, those that need a person first."""

    counts: Mapping[MailState, int]
    rows: tuple[Delivery, ...]


_NEEDS_A_PERSON: Final = (MailState.BOUNCED, MailState.REFUSED, MailState.UNKNOWN)
_SETTLED: Final = (MailState.SENT, *_NEEDS_A_PERSON)


def states(
    session: Session,
    kind: str,
    subject_key: str,
    *,
    state: MailState | None = None,
    limit: int = 100,
    offset: int = 0,
) -> Deliveries:
    """What became of the mails of this kind about this subject. state: only rows in it; counts are of all."""
    which = (OutboxMail.kind == kind) & (OutboxMail.subject_key == subject_key)
    by_state = session.execute(select(OutboxMail.state, func.count()).where(which).group_by(OutboxMail.state))
    found = {name: number for name, number in by_state}  # noqa: C416  (rows are no pairs for mypy)
    if state is not None:
        which &= OutboxMail.state == state
    rows = session.scalars(
        select(OutboxMail)
        .where(which)
        .order_by(OutboxMail.state.in_(_NEEDS_A_PERSON).desc(), OutboxMail.id)
        .limit(limit)
        .offset(offset)
    )
    counts = {each: found.get(each.value, 0) for each in MailState}
    return Deliveries(counts, tuple(_delivery(row) for row in rows))


@dataclass(frozen=True)
class Overview:
    """Counts of the mails of one kind about one subject."""

    kind: str
    subject_key: str
    counts: Mapping[MailState, int]


def overview(session: Session) -> list[Overview]:
    """What the whole outbox holds, by kind and subject."""
    found = session.execute(
        select(OutboxMail.kind, OutboxMail.subject_key, OutboxMail.state, func.count())
        .group_by(OutboxMail.kind, OutboxMail.subject_key, OutboxMail.state)
        .order_by(OutboxMail.kind, OutboxMail.subject_key)
    )
    counts: dict[tuple[str, str], dict[MailState, int]] = {}
    for kind, subject_key, state, number in found:
        counts.setdefault((kind, subject_key), dict.fromkeys(MailState, 0))[MailState(state)] = number
    return [Overview(kind, subject_key, each) for (kind, subject_key), each in counts.items()]


def needing_a_person(session: Session, limit: int = 100) -> list[Delivery]:
    """Mails that did not arrive, or may not have, the newest first."""
    which = select(OutboxMail).where(OutboxMail.state.in_(_NEEDS_A_PERSON))
    return [_delivery(row) for row in session.scalars(which.order_by(OutboxMail.id.desc()).limit(limit))]


def delivery(session: Session, key: str) -> Delivery | None:
    """What became of the mail that was queued under this key; None when none was, or it is forgotten."""
    row = session.scalar(select(OutboxMail).where(OutboxMail.key == key))
    return None if row is None else _delivery(row)


def _delivery(row: OutboxMail) -> Delivery:
    state = MailState(row.state)
    return Delivery(
        row.id,
        row.key,
        row.recipient,
        state,
        row.reason or "",
        row.queued_at,
        row.changed_at,
        row.sending,
        state in _SETTLED and row.text is not None and row.recipient is not None,
    )


def resend(session: Session, mail_id: int, *, now: datetime, to: str | None = None) -> None:
    """Send a mail once more, under a new Message-ID. to: another address, when the first was wrong.

    Raises: NoSuchMail, NotResendable (its outcome is not known yet), TextGone, UnusableAddress.
    """
    row = session.scalar(select(OutboxMail).where(OutboxMail.id == mail_id).with_for_update())
    if row is None:
        raise NoSuchMail
    if MailState(row.state) not in _SETTLED:
        raise NotResendable
    if row.text is None or (row.recipient is None and to is None):
        raise TextGone
    if to is not None:
        row.recipient = parse_address(to)
    row.sending += 1
    row.attempts = 0
    row.state, row.reason = MailState.QUEUED, None
    row.queued_at = row.changed_at = now
    row.expires_at = None  # a person wants it now
    session.flush()
    _enqueue_sending(session, row.id, row.sending, row.urgent, now)


def forget(session: Session, now: datetime) -> int:
    """Delete the texts and addresses that were kept long enough after their outcome. Gives how many mails changed.

    The row stays without them: its state is what the delivery page counts, its key keeps the mail from going twice.
    A mail that nobody sent in time, or in a month, is given up here: also where no mail server is set. One that has
    been `sending` for a day, because its job died, is unknown.
    """
    stuck = OutboxMail.state == MailState.QUEUED
    late = stuck & (OutboxMail.expires_at <= now) | stuck & (OutboxMail.queued_at < now - ADDRESS_KEPT)
    nothing: dict[str, object] = {"text": None, "subject": None, "attachment": None, "stop_link": None}
    given_up = {"state": MailState.REFUSED.value, "reason": TOO_LATE, "changed_at": now}
    old_text = OutboxMail.state.in_(_SETTLED) & OutboxMail.text.is_not(None)
    old_address = OutboxMail.state.in_(_SETTLED) & OutboxMail.recipient.is_not(None)
    forgotten = (OutboxMail.state == MailState.SENDING) & (OutboxMail.changed_at < now - SENDING_AT_MOST)
    unknown = {"state": MailState.UNKNOWN.value, "reason": CRASHED, "changed_at": now}
    changes = (
        update(OutboxMail).where(forgotten, OutboxMail.secret.is_(True)).values(unknown | nothing),
        update(OutboxMail).where(forgotten).values(unknown),
        update(OutboxMail).where(late, OutboxMail.secret.is_(True)).values(given_up | nothing),
        update(OutboxMail).where(late).values(given_up),
        update(OutboxMail).where(old_text, OutboxMail.changed_at < now - TEXT_KEPT).values(nothing),
        update(OutboxMail)
        .where(old_address, OutboxMail.changed_at < now - ADDRESS_KEPT)
        .values(recipient=None),
    )
    return sum(rows_changed(session, change) for change in changes)


def forget_about(session: Session, kind: str, subject_key: str) -> int:
    """Delete texts, addresses and keys of all mails of this kind about this subject, whatever their state.

    What was not sent yet is given up. The rows stay, for their states are counted. Their keys go as well: whoever
    queues mails makes them of what happened and to whom, so a guessed address could be tried against them for ever.
    This is for subjects about which nothing will be queued any more.
    """
    return _forget_wholly(session, (OutboxMail.kind == kind) & (OutboxMail.subject_key == subject_key))


def forget_keys(session: Session, keys: Collection[str]) -> int:
    """The same for the mails that were queued under these keys."""
    every = list(keys)
    parts = (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))
    return sum(_forget_wholly(session, OutboxMail.key.in_(part)) for part in parts)


def forget_recipients(
    session: Session, is_theirs: Callable[[str], bool], *, spared_kinds: Collection[str] = ()
) -> int:
    """The same for all mails to the addresses that `is_theirs` knows. spared_kinds: kinds of mails that stay.

    Every address that is still kept is asked about: one that is known by its hash alone cannot be looked up.
    """
    rows = session.execute(
        select(OutboxMail.id, OutboxMail.recipient)
        .where(OutboxMail.recipient.is_not(None), OutboxMail.kind.not_in(spared_kinds))
        .execution_options(yield_per=_AT_ONCE)
    )
    theirs = [number for number, recipient in rows if recipient is not None and is_theirs(recipient)]
    parts = (theirs[at : at + _AT_ONCE] for at in range(0, len(theirs), _AT_ONCE))
    return sum(_forget_wholly(session, OutboxMail.id.in_(part)) for part in parts)


def is_forgotten() -> ColumnElement[bool]:
    """Whether nothing but its state is left of a mail: also not to whom it went."""
    return OutboxMail.key.like(f"{_FORGOTTEN}%")


_AT_ONCE: Final = 500


def _forget_wholly(session: Session, which: ColumnElement[bool]) -> int:
    given_up = {"state": MailState.REFUSED.value, "reason": TOO_LATE}
    waiting = which & (OutboxMail.state == MailState.QUEUED)
    known = which & ~is_forgotten()
    rows_changed(session, update(OutboxMail).where(waiting).values(given_up))
    key = literal(_FORGOTTEN) + cast(OutboxMail.id, String)
    nothing = {
        "key": key,
        "reason": None,
        "recipient": None,
        "text": None,
        "subject": None,
        "attachment": None,
        "stop_link": None,
    }
    return rows_changed(session, update(OutboxMail).where(known).values(nothing))

"""Mailboxes that take no mails: whoever goes on writing to them is soon taken for a sender of spam, by everybody's."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mail.models import OutboxMail
from mail.outbox import TOO_LATE, MailState, is_forgotten

IN_A_ROW: Final = 2
"""So many mails in a row that came back or were refused for good, and an address is not written to any more."""
_AT_ONCE: Final = 500


def undelivered(session: Session, keys: Sequence[str]) -> frozenset[str]:
    """Those of the mails with these keys that their mailbox did not take. What we ourselves gave up is none of them."""
    found: set[str] = set()
    for at in range(0, len(keys), _AT_ONCE):
        some = OutboxMail.key.in_(keys[at : at + _AT_ONCE])
        found.update(session.scalars(select(OutboxMail.key).where(some, _not_taken())))
    return frozenset(found)


def takes_none(session: Session, kind: str, subject_key: str) -> bool:
    """Whether the newest mails of this kind about this subject were not taken.

    All went to one mailbox: mails to a former one are forgotten when another takes its place.
    """
    newest = (
        select(OutboxMail.id)
        .where(OutboxMail.kind == kind, OutboxMail.subject_key == subject_key, ~is_forgotten())
        .order_by(OutboxMail.id.desc())
        .limit(IN_A_ROW)
    )
    taken = session.scalars(select(OutboxMail.id).where(OutboxMail.id.in_(newest), _not_taken())).all()
    return len(taken) == IN_A_ROW


def _not_taken() -> ColumnElement[bool]:
    refused = (OutboxMail.state == MailState.REFUSED) & OutboxMail.reason.is_not(None)
    return (OutboxMail.state == MailState.BOUNCED) | (refused & (OutboxMail.reason != TOO_LATE))

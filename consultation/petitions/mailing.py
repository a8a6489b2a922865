"""Mails about petitions are written by jobs, which are enqueued in the transaction of the deed.

Who asked gets one mail on each thing that becomes of the petition: the mail's key names the event and the one who
asked, so that a job that runs again queues nothing twice. Nobody is told that a petition was hidden: that can be taken
back on appeal, a mail to everybody cannot, and while it is hidden no mail repeats its words.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from storage.jobs import enqueue

NEWS: Final = "petition-news"
"""Kind of the mails to signers; their subject key is the petition."""
TELL_SIGNERS: Final = "petition-tell-signers"
"""Kind of the job that writes to those who asked. Its payload: `event`, and `after`, where it goes on."""
TELL_REMOVED: Final = "petition-tell-removed"
"""The same for those whose signature was removed. Its payload: `petition`, `batch`, and `after`."""
TELL_BODY: Final = "petition-tell-body"
"""Kind of the job that writes to the body from which something is due. Its payload: `due`."""


def event_mail_key(event: int, signature: str) -> str:
    """Of the mail that tells a signer of an event. signature: its key."""
    return f"{NEWS} {event} {signature}"


def removal_mail_key(batch: int, signature: str) -> str:
    """Of the mail that tells a signer that their signature was removed."""
    return f"{NEWS} removed {batch} {signature}"


def signers_mails(session: Session, event: int, now: datetime, *, after: str = "") -> None:
    """Have everybody who asked told of this event of the petition. after: key of the last one who was."""
    enqueue(session, TELL_SIGNERS, {"event": event, "after": after}, now=now, key=f"{event} {after}".strip())


def removal_mails(session: Session, petition: str, batch: int, now: datetime, *, after: str = "") -> None:
    """Have those told whose signature was removed in this batch, and who asked for mails."""
    payload: dict[str, str | int] = {"petition": petition, "batch": batch, "after": after}
    enqueue(session, TELL_REMOVED, payload, now=now, key=f"{petition} {batch} {after}".strip())


def due_mail(session: Session, due: int, now: datetime) -> None:
    """Have the body told of what is due from it."""
    enqueue(session, TELL_BODY, {"due": due}, now=now, key=str(due))

"""Mails about petitions are written by jobs, which are enqueued in the transaction of the deed.

Who asked gets one mail on each answer, on the date of a debate, and on closing: the mail's key names the event and
the one who asked, so that a job that runs again queues nothing twice.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from storage.jobs import enqueue

TELL_SIGNERS: Final = "petition-tell-signers"
"""Kind of the job that writes to those who asked. Its payload: `event`, and `after`, where it goes on."""
TELL_BODY: Final = "petition-tell-body"
"""Kind of the job that writes to the body from which something is due. Its payload: `due`."""


def signers_mails(session: Session, event: int, now: datetime) -> None:
    """Have everybody who asked told of this event of the petition."""
    enqueue(session, TELL_SIGNERS, {"event": event, "after": ""}, now=now, key=str(event))


def due_mail(session: Session, due: int, now: datetime) -> None:
    """Have the body told of what is due from it."""
    enqueue(session, TELL_BODY, {"due": due}, now=now, key=str(due))

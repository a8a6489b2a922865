"""Whoever acts on what they follow has seen what happened to it before: no mail tells them of it."""

from datetime import datetime

from sqlalchemy.orm import Session

from consultation.following.follows import follows
from consultation.happenings import What, happened
from consultation.subjects import Subject


def acted(session: Session, person: str, subject: Subject, at: datetime) -> None:
    """Note a deed of which nobody is told, as a vote on a contribution. Other deeds say so by their happening's `by`.

    It stands in the same line as what happened, so that what came after it is told, and what came before is not.
    """
    if follows(session, person, subject):
        happened(session, What.ACTED, subject, at=at, by=person, to=person)

"""Who worked on something for the office: kept so that nobody judges, as a moderator, what they said as an official.

The site log knows it as well, but names people only in bodies that are not looked through for one of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consultation.models import ConsultationHand
from consultation.subjects import Subject
from identity.desk import Desk
from storage.statements import insert_once


def note_hand(session: Session, subject: Subject, person: str) -> None:
    """Somebody works on it for the office; harmless to repeat."""
    values = {"subject_kind": subject.kind, "subject": subject.id, "person": person}
    insert_once(session, ConsultationHand, values, ("subject_kind", "subject", "person"))


def is_hand(session: Session, subject: Subject, person: str) -> bool:
    """Whether they ever did."""
    return session.get(ConsultationHand, (subject.kind, subject.id, person)) is not None


class Hands:
    """For `consultation.personal`."""

    name = "office-work"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """What somebody worked on."""
        del desk
        row = ConsultationHand
        found = session.scalars(
            select(row).where(row.person == person).order_by(row.subject_kind, row.subject)
        )
        return [{"subject": f"{one.subject_kind} {one.subject}"} for one in found]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """Who has left cannot be a moderator any more."""
        del desk, now
        session.execute(delete(ConsultationHand).where(ConsultationHand.person == person))

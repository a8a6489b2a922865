"""Taking a decision back: everything that it did, each as an entry of its own."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import ConsultationError
from consultation.moderation.log import Ruling, log_entry, shown
from consultation.moderation.models import ModerationEntry
from consultation.moderation.pauses import lift_pause
from consultation.moderation.types import REVERSALS, Action, Entry
from consultation.subjects import Subject
from identity.desk import Desk
from identity.sessions import SignedIn


@runtime_checkable
class Readmits(Protocol):
    """A kind whose things can be rejected before they are published."""

    def readmit(self, session: Session, desk: Desk, subject_id: str) -> None:
        """Publish it as if it had been admitted. Raises: NoSuchSubject."""


def standing(session: Session, group: int) -> Sequence[ModerationEntry]:
    """What a decision did and what was not taken back since."""
    rows = session.scalars(
        select(ModerationEntry).where(ModerationEntry.group == group).order_by(ModerationEntry.number)
    ).all()
    back = {row.answers for row in rows if Action(row.action) in REVERSALS.values()}
    return [row for row in rows if Action(row.action) in REVERSALS and row.number not in back]


def refusal_of(session: Session, group: int) -> ModerationEntry:
    """The entry by which an appeal about this decision was refused."""
    return session.scalars(
        select(ModerationEntry).where(
            ModerationEntry.group == group, ModerationEntry.action == Action.UPHELD.value
        )
    ).one()


def reverse_refusal(session: Session, desk: Desk, by: SignedIn, row: ModerationEntry, note: str) -> None:
    """Enter that the refusal of an appeal does not hold any more: everybody sees that it was reversed."""
    ruling = Ruling(
        Action.REVERSED,
        Subject(row.subject_kind, row.subject),
        row.digest,
        rule=row.rule,
        author=row.author,
        note=note,
        group=row.group,
        answers=row.number,
    )
    log_entry(session, desk, by, ruling)


def take_back(session: Session, desk: Desk, by: SignedIn, group: int, note: str) -> Sequence[Entry]:
    """Undo everything that still stands of a decision; gives what was undone. What is gone since is only entered."""
    rows = standing(session, group)
    for row in rows:
        subject, action = Subject(row.subject_kind, row.subject), Action(row.action)
        _undo(session, desk, row, subject, action)
        log_entry(
            session,
            desk,
            by,
            Ruling(
                REVERSALS[action],
                subject,
                row.digest,
                rule=row.rule,
                author=row.author,
                note=note,
                group=group,
                answers=row.number,
            ),
        )
    return [shown(row) for row in rows]


def _undo(session: Session, desk: Desk, row: ModerationEntry, subject: Subject, action: Action) -> None:
    kind = kinds.KINDS.get(subject.kind)
    try:
        if action is Action.HIDDEN and kind is not None:
            kind.set_hidden(session, subject.id, entry=None)
        elif action is Action.REJECTED and isinstance(kind, Readmits):
            kind.readmit(session, desk, subject.id)
        elif action is Action.PAUSED:
            lift_pause(session, row.number, desk.clock())
    except ConsultationError:
        return  # gone or withdrawn since: there is nothing to show again

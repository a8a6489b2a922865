"""What moderation knows about a person, for `consultation.personal`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consultation.moderation.models import (
    ModerationAppeal,
    ModerationCase,
    ModerationEntry,
    ModerationPause,
    ModerationReport,
)
from identity.desk import Desk
from protocol.text import format_time


class ModerationData:
    """What somebody reported, what was decided about them, and what they appealed about."""

    name = "moderation"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """One row for each thing: `what` says which sort. Who decided or reported is not theirs to know."""
        del desk
        reports = session.scalars(
            select(ModerationReport).where(ModerationReport.reporter == person).order_by(ModerationReport.id)
        )
        reported: list[Mapping[str, object]] = [
            {"what": "report", "rule": row.rule, "words": row.words, "at": format_time(row.at)}
            for row in reports
        ]
        burdens = session.scalars(
            select(ModerationEntry).where(ModerationEntry.author == person).order_by(ModerationEntry.number)
        )
        decided = [
            {
                "what": "decision",
                "number": row.number,
                "action": row.action,
                "rule": row.rule,
                "subject": f"{row.subject_kind} {row.subject}",
                "note": row.note,
                "at": format_time(row.at),
            }
            for row in burdens
        ]
        pauses = session.scalars(select(ModerationPause).where(ModerationPause.person == person))
        paused = [
            {
                "what": "pause",
                "decision": row.entry,
                "until": format_time(row.until),
                "lifted": row.lifted_at is not None,
            }
            for row in pauses
        ]
        appeals = session.scalars(select(ModerationAppeal).where(ModerationAppeal.author == person))
        appealed = [
            {
                "what": "appeal",
                "decision": row.group,
                "words": row.words,
                "at": format_time(row.filed_at),
                "granted": row.granted,
                "note": row.note,
            }
            for row in appeals
        ]
        return [*reported, *decided, *paused, *appealed]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """Entries of the public log stay: they never named anybody. An appeal that nobody has decided ends."""
        del desk, now
        session.execute(delete(ModerationPause).where(ModerationPause.person == person))
        open_appeal = (ModerationAppeal.author == person) & ModerationAppeal.decided_at.is_(None)
        session.execute(delete(ModerationAppeal).where(open_appeal))
        for statement in (
            update(ModerationAppeal)
            .where(ModerationAppeal.author == person)
            .values(author=None, words="", note=""),
            update(ModerationAppeal).where(ModerationAppeal.decided_by == person).values(decided_by=None),
            update(ModerationReport)
            .where(ModerationReport.reporter == person)
            .values(reporter=None, words=""),
            update(ModerationEntry).where(ModerationEntry.author == person).values(author=None, note=""),
            update(ModerationEntry).where(ModerationEntry.by == person).values(by=None),
            update(ModerationCase)
            .where(ModerationCase.claimed_by == person)
            .values(claimed_by=None, claimed_until=None),
        ):
            session.execute(statement)

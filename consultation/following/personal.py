"""What following knows about a person, for `consultation.personal`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consultation.following.contacts import contact_of, forget_address
from consultation.following.follows import followed_by
from consultation.following.models import FollowingNotice, FollowingSubject
from consultation.following.notices import notice_of
from identity.desk import Desk


class Following:
    """What somebody follows, what they were told, and where their mails go."""

    name = "following"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """One row for each thing: `kind` says which sort."""
        contact = contact_of(desk, session, person, desk.clock())
        follows: list[Mapping[str, object]] = [
            {"kind": "follows", "subject": str(one.subject), "since": one.since}
            for one in followed_by(session, person)
        ]
        rows = session.scalars(
            select(FollowingNotice).where(FollowingNotice.person == person).order_by(FollowingNotice.id)
        )
        told = [
            {
                "kind": "told",
                "what": one.what.value,
                "subject": str(one.subject),
                "about": str(one.about),
                "at": one.at,
                "read_at": one.read_at,
            }
            for one in map(notice_of, rows)
        ]
        mails = (
            []
            if contact is None
            else [{"kind": "mails", "address": contact.address, "not_confirmed": contact.waiting}]
        )
        return [*follows, *told, *mails]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """No row is left."""
        del desk, now
        for table in (FollowingNotice, FollowingSubject):
            session.execute(delete(table).where(table.person == person))
        forget_address(session, person)

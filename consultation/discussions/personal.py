"""What discussions hold about a person. Words stay when an account goes: others have answered them.

Whoever wants their words gone withdraws them first. Votes fall out of the counts with the account.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.models import (
    DiscussionContribution,
    DiscussionTopic,
    DiscussionVersion,
    DiscussionVote,
)
from consultation.discussions.rows import forget_person
from consultation.discussions.subjects import Topics, topic_texts
from identity.desk import Desk
from protocol.text import format_time


class DiscussionData:
    """Contributions with their versions, topics, and what somebody agreed with."""

    name = "discussions"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """Everything that somebody wrote in discussions, and their votes."""
        del desk
        mine = select(DiscussionContribution).where(DiscussionContribution.author == person)
        made = session.scalars(mine.order_by(DiscussionContribution.id)).all()
        earlier: dict[int, list[dict[str, object]]] = {}
        for version in session.scalars(
            select(DiscussionVersion)
            .join(DiscussionContribution, DiscussionContribution.id == DiscussionVersion.contribution)
            .where(DiscussionContribution.author == person)
            .order_by(DiscussionVersion.contribution, DiscussionVersion.version)
        ):
            words: dict[str, object] = {"words": version.words, "written": format_time(version.made_at)}
            earlier.setdefault(version.contribution, []).append(words)
        written: list[Mapping[str, object]] = [
            {
                "what": "contribution",
                "thread": row.thread,
                "number": row.number,
                "words": row.words,
                "side": row.side,
                "office": row.office,
                "written": format_time(row.made_at),
                "edited": None if row.edited_at is None else format_time(row.edited_at),
                "earlier": earlier.get(row.id, []),
                "withdrawn": row.withdrawn_at is not None,
                "hidden": row.hidden_entry is not None,
            }
            for row in made
        ]
        topics = session.scalars(select(DiscussionTopic).where(DiscussionTopic.author == person))
        opened = [
            {"what": "topic", "thread": row.thread, "words": [text for text in topic_texts(row) if text]}
            for row in topics
        ]
        votes = session.execute(
            select(DiscussionContribution.thread, DiscussionContribution.number, DiscussionVote.agrees)
            .join(DiscussionContribution, DiscussionContribution.id == DiscussionVote.contribution)
            .where(DiscussionVote.person == person)
            .order_by(DiscussionVote.contribution)
        )
        cast = [
            {"what": "vote", "thread": thread, "number": number, "agrees": agrees}
            for thread, number, agrees in votes
        ]
        return [*written, *opened, *cast]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """No row of discussions leads to them."""
        del desk, now
        forget_person(session, person)
        Topics().forget_author(session, person)

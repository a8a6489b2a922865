"""What happened to a subject, noted in the transaction of the deed: whoever follows it is told from here.

The verbs of petitions, discussions and consultations know nothing of followers and mails. They note; `consultation`'s
following reads what is new and decides who hears of it, in which way, and who did it themselves and needs no telling.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from consultation.models import ConsultationHappening
from consultation.subjects import Subject

ID_CHARACTERS: Final = 64


class What(StrEnum):
    """What happened. Each has a sentence in two languages, for pages and for mails."""

    PETITION_SPONSORED = "petition-sponsored"
    PETITION_LAPSED = "petition-lapsed"
    PETITION_PUBLISHED = "petition-published"
    PETITION_REJECTED = "petition-rejected"
    PETITION_EDITED = "petition-edited"
    THRESHOLD_REACHED = "threshold-reached"
    PETITION_ANSWERED = "petition-answered"
    DEBATE_SET = "debate-set"
    PETITION_CLOSED = "petition-closed"
    PETITION_BECAME_VOTE = "petition-became-vote"
    PETITION_OUTCOME = "petition-outcome"
    CONTRIBUTION_MADE = "contribution-made"
    REPLY_MADE = "reply-made"
    MENTIONED = "mentioned"
    CONTENT_HIDDEN = "content-hidden"
    CONTENT_RESTORED = "content-restored"
    AUTHOR_WARNED = "author-warned"
    AUTHOR_PAUSED = "author-paused"
    APPEAL_DECIDED = "appeal-decided"
    ACTED = "acted"
    """Of whom it concerns: see `consultation.following.acting`. Nobody is told of it."""
    REPORT_DECIDED = "report-decided"
    CONSULTATION_OPENED = "consultation-opened"
    CONSULTATION_CLOSED = "consultation-closed"
    OUTCOME_PUBLISHED = "outcome-published"
    CONSULTATION_BECAME_VOTE = "consultation-became-vote"


@dataclass(frozen=True)
class Happening:
    """One note. subject: whose followers hear of it.  about: what is to be read, when that is another thing.

    by: who did it, never told of their own deed; None for the clock or the office.  to: for one person alone.
    """

    id: int
    what: What
    subject: Subject
    about: Subject
    by: str | None
    to: str | None
    at: datetime


def happened(
    session: Session,
    what: What,
    subject: Subject,
    *,
    at: datetime,
    by: str | None = None,
    about: Subject | None = None,
    to: str | None = None,
) -> None:
    """Note it in this transaction. The arguments are as in `Happening`."""
    about = about or subject
    session.execute(
        insert(ConsultationHappening).values(
            what=what.value,
            subject_kind=subject.kind,
            subject=subject.id,
            about_kind=about.kind,
            about=about.id,
            by=by,
            to=to,
            at=at,
        )
    )

"""Contributions as rows: locked, hidden, sorted, forgotten. Below the verbs, and below `consultation.kinds`."""

from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consultation.discussions.models import DiscussionContribution, DiscussionVote
from consultation.discussions.sorting import agreed_score, disputed_score
from consultation.discussions.threads import lock_thread
from consultation.errors import NoSuchSubject

CONTRIBUTION: Final = "contribution"
"""Kind of the subject that each of them is."""


def lock_contribution(session: Session, contribution: int) -> DiscussionContribution:
    """The row, locked until the transaction ends. Raises: NoSuchSubject."""
    row = session.scalar(
        select(DiscussionContribution)
        .where(DiscussionContribution.id == contribution)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NoSuchSubject
    return row


def hide(session: Session, contribution: int, entry: int | None) -> None:
    """Take it from the page behind an entry of the moderation log, or show it again. Raises: NoSuchSubject."""
    found = session.get(DiscussionContribution, contribution)
    if found is None:
        raise NoSuchSubject
    thread = lock_thread(session, found.thread)
    row = lock_contribution(session, contribution)
    was, row.hidden_entry = row.hidden_entry, entry
    if row.withdrawn_at is None:
        thread.gone += (entry is not None) - (was is not None)
    session.flush()


def forget_person(session: Session, person: str) -> None:
    """Their words stay as somebody's; their votes fall out of the counts; nothing leads to them any more."""
    mine = DiscussionVote.person == person
    voted = select(DiscussionVote.contribution).where(mine).order_by(DiscussionVote.contribution)
    for contribution in session.scalars(voted).all():
        row = lock_contribution(session, contribution)
        here = mine & (DiscussionVote.contribution == contribution)
        # As it is behind the lock: an edit, or another account of theirs, may have taken it out of the counts.
        agrees = session.scalar(select(DiscussionVote.agrees).where(here))
        if agrees is not None:
            session.execute(delete(DiscussionVote).where(here))
            row.agree -= agrees
            row.disagree -= not agrees
            sort_anew(row)
    for row in session.scalars(
        select(DiscussionContribution).where(DiscussionContribution.author == person).with_for_update()
    ):
        row.author = None
    session.flush()


def note_elsewhere(session: Session, contribution: int, agree: int, disagree: int) -> None:
    """How many agreed and disagreed on the platform from which this was imported. Raises: NoSuchSubject."""
    row = lock_contribution(session, contribution)
    row.agree_before, row.disagree_before = agree, disagree
    session.flush()


def sort_anew(row: DiscussionContribution) -> None:
    """Its keys for sorting, from the counts as they are now."""
    row.score = agreed_score(row.agree, row.disagree)
    row.dispute = disputed_score(row.agree, row.disagree)

"""Accounts that a decision will name are kept from being deleted until it is stored.

Deleting an account locks it first, then what it wrote and reported. A decision locks these, and then notes the author
and tells those who reported: so it holds their accounts before anything else, or both would wait for each other.
"""

from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.moderation.models import ModerationAppeal, ModerationCase, ModerationEntry, ModerationReport
from consultation.subjects import Subject
from identity.models import IdentityPerson
from identity.people import hold


def hold_for_case(session: Session, case: str) -> None:
    """Whoever wrote what the case is about, and whoever reported it. No such case: nobody."""
    asked = select(ModerationCase.subject_kind, ModerationCase.subject).where(ModerationCase.id == case)
    row = session.execute(asked).one_or_none()
    if row is None:
        return
    described = kinds.describe(session, Subject(row.subject_kind, row.subject))
    if described is not None and described.author is not None:
        hold(session, described.author)
    _hold(session, select(ModerationReport.reporter).where(ModerationReport.case == case))
    session.expire_all()  # what was read may have changed while we waited


def hold_for_decision(session: Session, group: int) -> None:
    """The same for what was decided already: also whoever has appealed."""
    named = union(
        select(ModerationEntry.author).where(ModerationEntry.group == group),
        select(ModerationAppeal.author).where(ModerationAppeal.group == group),
        select(ModerationReport.reporter).where(ModerationReport.decision == group),
    )
    _hold(session, select(named.subquery()))


def _hold(session: Session, persons: Select[Any]) -> None:
    wanted = select(IdentityPerson.id).where(IdentityPerson.id.in_(persons))
    session.execute(wanted.with_for_update(read=True, key_share=True))

"""Accounts in which nothing is left: they go by themselves.

Whoever signs by mail gets an account without asking for one, and cannot see it without signing in. When they take the
signature back, the hash of their address would still say that they were here. So an account goes with the last thing
in it, unless somebody is signed in to it or means to come back: by a role, a second factor, a link under way. Whoever
signs in again later is somebody new, and misses nothing.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from consultation.signing.ending import find_signature, withdraw
from consultation.signing.models import PetitionLink
from identity.deleting import delete_empty
from identity.desk import Desk
from identity.models import IdentityClaim, IdentityEmailLink, IdentityPerson
from storage.base import Base

KEPT: Final = timedelta(days=62)
"""After the beginning of the month in which somebody came: a month at least."""
AT_ONCE: Final = 500


def withdraw_and_leave(desk: Desk, session: Session, key: str) -> None:
    """Take a signature back, and delete the account if nothing is left in it.

    Raises: as `consultation.signing.ending.withdraw`.
    """
    person = find_signature(session, key).person
    # Before the petition is locked, as in deleting: two who wait for each other would both lose.
    session.execute(select(IdentityPerson.id).where(IdentityPerson.id == person).with_for_update())
    withdraw(desk, session, key)
    if session.scalar(select(IdentityPerson.id).where(IdentityPerson.id == person, _is_empty())) is not None:
        delete_empty(session, person)


def forget_empty(session: Session, now: datetime) -> int:
    """Delete accounts in which nothing is left and that nobody came to lately; how many, at most AT_ONCE."""
    old = select(IdentityPerson.id).where(IdentityPerson.made_at <= now - KEPT, _is_empty())
    found = session.scalars(
        old.order_by(IdentityPerson.id).limit(AT_ONCE).with_for_update(skip_locked=True, of=IdentityPerson)
    ).all()
    for person in found:
        delete_empty(session, person)
    return len(found)


def _is_empty() -> ColumnElement[bool]:
    """No table leads to the person but that of claims; every foreign key is asked, so a new table is not forgotten."""
    ties = [
        column
        for table in Base.metadata.tables.values()
        if table is not IdentityClaim.__table__
        for column in table.columns
        if any(key.column.table is IdentityPerson.__table__ for key in column.foreign_keys)
    ]
    nothing = [~exists().where(column == IdentityPerson.id) for column in ties]
    own = IdentityClaim.person == IdentityPerson.id
    under_way = [
        ~exists().where(own, table.claim == IdentityClaim.digest, unused.is_(None))
        for table, unused in (
            (PetitionLink, PetitionLink.signature),
            (IdentityEmailLink, IdentityEmailLink.spent_at),
        )
    ]
    return and_(IdentityPerson.name == "", IdentityPerson.disabled_at.is_(None), *nothing, *under_way)

"""What an administrator does to other people: roles, shutting out, taking lost second factors away.

Each deed ends the sessions of the person concerned and stands in the site log. Nobody does any of it to themselves, in
none of their accounts, and the last administrator stays.
"""

from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from identity import second_factor, trail
from identity.desk import Desk
from identity.errors import LastAdministrator, NotYourself
from identity.models import IdentityPerson, IdentityRole
from identity.people import administrators, one_person, require_person, roles_of, set_roles
from identity.roles import Role
from identity.sessions import SignedIn, sign_out_everywhere
from identity.trail import Actor

Verb = Callable[[Desk, Session, Actor, str], None]
"""A deed that needs nothing but the person it is done to."""


def change_roles(desk: Desk, session: Session, actor: Actor, person: str, roles: Collection[Role]) -> None:
    """Give a person exactly these roles. Raises: NoSuchPerson, NotYourself, LastAdministrator."""
    row, before, after = _other(session, actor, person), roles_of(session, person), frozenset(roles)
    if before == after:
        return
    if Role.ADMINISTRATOR not in after:
        _require_another(session, row, before)
    set_roles(session, person, after)
    sign_out_everywhere(session, person)
    detail = {"name": row.name, "before": _listed(before), "after": _listed(after)}
    trail.record(desk, session, actor, "roles-changed", f"person {person}", detail)


def disable(desk: Desk, session: Session, actor: Actor, person: str) -> None:
    """Shut a person out until `enable`. Raises: NoSuchPerson, NotYourself, LastAdministrator."""
    row = _other(session, actor, person)
    if row.disabled_at is not None:
        return
    _require_another(session, row, roles_of(session, person))
    row.disabled_at = desk.clock()
    session.flush()
    for account in sorted(one_person(session, person).accounts):
        sign_out_everywhere(session, account)
    trail.record(desk, session, actor, "person-disabled", f"person {person}", {"name": row.name})


def enable(desk: Desk, session: Session, actor: Actor, person: str) -> None:
    """Let a person in again. Raises: NoSuchPerson, NotYourself."""
    row = _other(session, actor, person)
    if row.disabled_at is None:
        return
    row.disabled_at = None
    session.flush()
    trail.record(desk, session, actor, "person-enabled", f"person {person}", {"name": row.name})


def reset_second_factor(desk: Desk, session: Session, actor: Actor, person: str) -> None:
    """Take all passkeys, the app and the recovery codes away. The next sign-in by mail sets up new ones.

    Raises: NoSuchPerson, NotYourself.
    """
    row = _other(session, actor, person)
    second_factor.forget_all(session, person)
    sign_out_everywhere(session, person)
    trail.record(desk, session, actor, "second-factor-reset", f"person {person}", {"name": row.name})


def _other(session: Session, actor: Actor, person: str) -> IdentityPerson:
    row = require_person(session, person)
    if isinstance(actor, SignedIn) and person in one_person(session, actor.person_id).accounts:
        raise NotYourself
    return row


def _require_another(session: Session, row: IdentityPerson, roles: frozenset[Role]) -> None:
    """Two administrators who remove each other at one moment: the second waits, and is refused."""
    lock = select(IdentityRole.person).where(IdentityRole.role == Role.ADMINISTRATOR.value).with_for_update()
    session.execute(lock.order_by(IdentityRole.person))
    if Role.ADMINISTRATOR in roles and row.disabled_at is None and administrators(session) <= 1:
        raise LastAdministrator


def _listed(roles: Collection[Role]) -> str:
    return " ".join(sorted(roles)) or "none"

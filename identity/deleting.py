"""Deleting an account: nothing that this room keeps leads to the person any more.

What goes: the account, its ways to sign in, passkeys and second factors, sessions, links that were mailed to it, and
the mails themselves. What stays:

* **Deeds of staff in the site log**, with the name and number of who did them. Whoever decides about the votes and
  petitions of others does it in public and for good. So nobody deletes an account that has a role, and after the role
  has ended the log still says what was done in it. Of people who never had a role it says nothing but "citizen".
* **The hash in voters' lists.** It is the registrar's statement about who may vote, it was there before the account,
  and with it somebody signs in anew and votes. Ties of a running vote (`voting.sign_in`) stay until it closes: without
  them one person could vote, delete the account, and vote with another code.

The person of a sign-in after the deletion is a new one.
"""

import secrets
from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from identity.desk import Desk
from identity.errors import HoldsRoles, NoSuchPerson
from identity.models import IdentityClaim, IdentityEmailLink, IdentityInvitation, IdentityPerson
from identity.people import email_claim, person_hash, roles_of
from identity.second_factor import forget_all
from identity.sessions import sign_out_everywhere
from identity.types import EMAIL
from mail.errors import MailError
from mail.outbox import forget_recipients

_BY_CLAIM: Final = (IdentityEmailLink, IdentityInvitation)


def lock_to_delete(session: Session, person: str) -> None:
    """Nobody gives this person a role, and nothing new is written for them, until the transaction ends.

    Raises: NoSuchPerson, HoldsRoles.
    """
    row = session.scalar(select(IdentityPerson).where(IdentityPerson.id == person).with_for_update())
    if row is None:
        raise NoSuchPerson
    if roles_of(session, person):
        raise HoldsRoles


def delete_empty(session: Session, person: str) -> None:
    """Delete an account in which nothing is left, to which nobody is signed in and which has no role.

    Invitations and mails to its addresses stay: they go at their own time.  The caller holds the person's row.
    """
    claims = select(IdentityClaim.digest).where(IdentityClaim.person == person)
    session.execute(delete(IdentityEmailLink).where(IdentityEmailLink.claim.in_(claims)))
    sign_out_everywhere(session, person)
    session.execute(delete(IdentityClaim).where(IdentityClaim.person == person))
    session.execute(delete(IdentityPerson).where(IdentityPerson.id == person))


def delete_person(
    desk: Desk,
    session: Session,
    person: str,
    *,
    addresses: Collection[str] = (),
    spared_kinds: Collection[str] = (),
) -> None:
    """Delete the account; last in its transaction, when no other room leads to it any more (the database checks).

    addresses: to which other rooms have sent them mails.  spared_kinds: kinds of mails that are not the account's.
    Raises: NoSuchPerson, HoldsRoles.
    """
    lock_to_delete(session, person)
    claims = session.scalars(select(IdentityClaim.digest).where(IdentityClaim.person == person)).all()
    sign_out_everywhere(session, person)
    forget_all(session, person)
    for table in _BY_CLAIM:
        session.execute(delete(table).where(table.claim.in_(claims)))

    def is_theirs(address: str) -> bool:
        try:
            claim = person_hash(desk.keys, EMAIL, email_claim(address))
        except MailError:
            return False
        return address in addresses or any(secrets.compare_digest(claim, known) for known in claims)

    forget_recipients(session, is_theirs, spared_kinds=spared_kinds)
    session.execute(delete(IdentityClaim).where(IdentityClaim.person == person))
    session.execute(delete(IdentityPerson).where(IdentityPerson.id == person))

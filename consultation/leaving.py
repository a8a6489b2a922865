"""Leaving: an account is deleted in all rooms, in one transaction.

What the person wrote in public may stay, without them: what others have signed or answered is theirs as well. Their
signatures are withdrawn, and counts fall. `identity.deleting` says what stays of votes and of the site log, and why.
"""

from typing import Final

from sqlalchemy.orm import Session

from consultation.following.contacts import contact_of
from consultation.personal import PERSONAL
from identity.deleting import delete_person, lock_to_delete
from identity.desk import Desk
from voting.notices import NoticeKind

VOTE_MAILS: Final = frozenset({*(kind.value for kind in NoticeKind), "receipt", "dispute-answer"})
"""Kinds of mails about votes. They go to addresses of the voters' list or of a form, not of an account, warn of misuse,
and are forgotten at their own time (`mail.outbox.forget`)."""


def delete_account(desk: Desk, session: Session, person: str) -> None:
    """Delete the account and everything that leads to it. Raises: NoSuchPerson, HoldsRoles."""
    now = desk.clock()
    lock_to_delete(session, person)
    contact = contact_of(desk, session, person, now)
    # The confirmed one alone: another, which only waits, may be anybody's, and its one mail goes with the contact.
    addresses = set() if contact is None or contact.address is None else {contact.address}
    for part in PERSONAL:
        part.forget(desk, session, person, now)
    session.flush()
    session.expire_all()
    delete_person(desk, session, person, addresses=addresses, spared_kinds=VOTE_MAILS)

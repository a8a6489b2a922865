"""Joining one more identity to one's account: an official's national identity to what began as an invitation.

The account asks for a ticket, which belongs to its browser; then the person signs in with the other identity, in the
same browser, and confirms. The identity moves to the account; what had been made for it alone ends. So nobody can join
a stranger's identity to their account, or theirs to a stranger's: both sign-ins have to happen in one browser, the
first with a second factor shown lately.

An identity in whose account something was signed, said or answered is not moved. It would leave one voice behind and
speak again in the account that it comes to, and in the next one, as often as somebody likes.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity import second_factor, trail
from identity.desk import Desk
from identity.errors import AccountUsed, LinkUnusable, NotJoinable, PersonDisabled
from identity.models import IdentityCeremony, IdentityClaim, IdentityPerson
from identity.people import roles_of
from identity.sessions import (
    JOINING,
    KnownAs,
    SignedIn,
    digest_of,
    find_session,
    open_session,
    sign_out_everywhere,
)
from storage.statements import rows_changed

LIFETIME: Final = timedelta(minutes=10)
SECRET_BYTES: Final = 32

Used = Callable[[Session, str], bool]
"""Whether somebody has done anything in an account, by its number: other rooms know."""


def begin(desk: Desk, session: Session, account: SignedIn, browser: bytes) -> str:
    """A ticket for the account of whoever is signed in. browser: secret of the browser that asks."""
    ticket = secrets.token_bytes(SECRET_BYTES)
    session.add(
        IdentityCeremony(
            digest=digest_of(ticket),
            binding=digest_of(browser),
            purpose=JOINING + account.person_id,
            made_at=desk.clock(),
        )
    )
    session.flush()
    return encode_base64url(ticket)


def look(
    desk: Desk, session: Session, ticket: str, browser: bytes, other: SignedIn, *, used: Used
) -> IdentityPerson:
    """The account that a ticket was given to, if `other` can join it.

    Raises: LinkUnusable, NotJoinable, AccountUsed.
    """
    row = session.get(IdentityCeremony, _digest(ticket))
    if (
        row is None
        or not row.purpose.startswith(JOINING)
        or not secrets.compare_digest(row.binding, digest_of(browser))
        or desk.clock() - row.made_at >= LIFETIME
    ):
        raise LinkUnusable
    account = session.get_one(IdentityPerson, row.purpose.removeprefix(JOINING))
    if other.person_id == account.id or roles_of(session, other.person_id):
        raise NotJoinable
    if used(session, other.person_id):
        raise AccountUsed
    return account


def join(
    desk: Desk, session: Session, ticket: str, browser: bytes, other: SignedIn, *, used: Used, device: str
) -> bytes:
    """Move the identity with which `other` signed in to the account; gives the cookie of a new session there.

    The second factor is asked again. Raises: LinkUnusable, NotJoinable, AccountUsed, PersonDisabled.
    """
    # Whoever signs or writes in this moment holds the row, or waits and finds the identity gone.
    session.execute(select(IdentityPerson.id).where(IdentityPerson.id == other.person_id).with_for_update())
    account = look(desk, session, ticket, browser, other, used=used)
    if account.disabled_at is not None:
        raise PersonDisabled
    taken = delete(IdentityCeremony).where(IdentityCeremony.digest == _digest(ticket))
    if rows_changed(session, taken) != 1:
        raise LinkUnusable
    moved = (
        update(IdentityClaim)
        .where(
            IdentityClaim.issuer == other.issuer,
            IdentityClaim.digest == other.claim,
            IdentityClaim.person == other.person_id,
        )
        .values(person=account.id)
    )
    if rows_changed(session, moved) != 1:
        raise NotJoinable
    sign_out_everywhere(session, other.person_id)
    left = session.scalar(
        select(IdentityClaim.digest).where(IdentityClaim.person == other.person_id).limit(1)
    )
    if left is None:  # nobody can sign in as that person any more, and its passkeys must not either
        second_factor.forget_all(session, other.person_id)
    known = KnownAs(other.issuer, other.claim, other.assurance, other.methods)
    cookie = open_session(desk, session, account.id, known, device=device, second_factor=False)
    actor = find_session(desk, session, cookie)
    if actor is not None and actor.is_staff:
        detail = {"issuer": other.issuer}
        trail.record(desk, session, actor, "identity-joined", f"person {account.id}", detail)
    return cookie


def _digest(ticket: str) -> bytes:
    try:
        return digest_of(decode_base64url(ticket, SECRET_BYTES))
    except CryptoError:
        raise LinkUnusable from None

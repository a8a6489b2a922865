"""The address for somebody's mails: given by them, confirmed by a button behind a link, sealed.

The account itself knows no address, only a hash of it. So whoever wants mails says where to; the address is kept under
the site's key, and goes when its owner stops the mails, which needs no sign-in.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consultation.following import stopping
from consultation.following.models import FollowingContact, FollowingNotice
from consultation.following.stopping import NONCE_BYTES
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.desk import Desk
from identity.errors import LinkUnusable
from identity.models import IdentityPerson
from identity.sessions import digest_of
from mail.address import parse_address
from mail.mailbox import canonical_address
from mail.outbox import forget_about
from storage.statements import rows_changed

CONFIRM: Final = "confirm-address"
DIGEST: Final = "digest"
"""Kinds of the mails to this address; their subject key is `Contact.key`."""

LIFETIME: Final = timedelta(days=1)
"""Of a link that confirms an address."""
SECRET_BYTES: Final = 32
_STOP: Final = "stop-mails"


@dataclass(frozen=True)
class Contact:
    """Where somebody's mails go. address: confirmed, None while there is none.  waiting: not confirmed yet.

    key: names the contact in the outbox and in the links that stop its mails. It goes with its mailbox, and leads to
    nobody then.
    """

    key: str
    address: str | None = field(repr=False)
    waiting: str | None = field(repr=False)


def contact_of(desk: Desk, session: Session, person: str, now: datetime) -> Contact | None:
    """The addresses of a person; None when they want no mails."""
    row = session.get(FollowingContact, person)
    if row is None:
        return None
    waiting = row.sealed_next if row.confirm_until is not None and now < row.confirm_until else None
    return Contact(row.nonce.hex(), _opened(desk, person, row.sealed), _opened(desk, person, waiting))


def give_address(
    desk: Desk, session: Session, person: str, address: str, now: datetime
) -> tuple[Contact, str]:
    """Note an address that is not confirmed yet; an earlier one stays in use until then.

    Gives the contact and the secret for the link that goes there.  Raises: mail.errors.UnusableAddress.
    """
    sealed = _sealed(desk, person, parse_address(address))
    token = secrets.token_bytes(SECRET_BYTES)
    # The person's row is locked: two forms at once would both find no contact.
    session.scalar(select(IdentityPerson.id).where(IdentityPerson.id == person).with_for_update())
    # And the contact's: while an address is confirmed, its key may change.
    row = session.get(FollowingContact, person, with_for_update=True)
    if row is None:
        row = FollowingContact(person=person, nonce=secrets.token_bytes(NONCE_BYTES))
        session.add(row)
    row.sealed_next, row.confirm_digest, row.confirm_until = sealed, digest_of(token), now + LIFETIME
    session.flush()
    contact = Contact(row.nonce.hex(), _opened(desk, person, row.sealed), parse_address(address))
    return contact, encode_base64url(token)


def look_at_link(session: Session, token: str, now: datetime) -> None:
    """Whether a link can still confirm an address; it changes nothing. Raises: LinkUnusable."""
    _waiting(session, token, now, lock=False)


def confirm(desk: Desk, session: Session, token: str, now: datetime) -> str | None:
    """Mails go to this address from now on; what happened before is not mailed. Raises: LinkUnusable.

    Gives whose it is if it replaces another one, else None. That one is forgotten, also in digests that were queued:
    what comes back from there says nothing of the new one. In another mailbox the contact has another key: whoever
    reads the mails that lie in the former one cannot stop those that go elsewhere.
    """
    row = _waiting(session, token, now, lock=True)
    before, after = (_opened(desk, row.person, sealed) for sealed in (row.sealed, row.sealed_next))
    replaced = before is not None and before != after
    if replaced:
        forget_about(session, DIGEST, row.nonce.hex())
    if before and after and canonical_address(before) != canonical_address(after):
        _forget_mails(session, row.nonce.hex())  # nothing finds them by the new key
        row.nonce = secrets.token_bytes(NONCE_BYTES)
    row.sealed, row.sealed_next, row.confirm_digest, row.confirm_until = row.sealed_next, None, None, None
    session.flush()
    earlier = (FollowingNotice.person == row.person) & FollowingNotice.mailed_at.is_(None)
    session.execute(update(FollowingNotice).where(earlier).values(mailed_at=now))
    return row.person if replaced else None


def _waiting(session: Session, token: str, now: datetime, *, lock: bool) -> FollowingContact:
    try:
        digest = digest_of(decode_base64url(token, SECRET_BYTES))
    except CryptoError:
        raise LinkUnusable from None
    asked = select(FollowingContact).where(FollowingContact.confirm_digest == digest)
    row = session.scalar(asked.with_for_update() if lock else asked)
    if row is None or row.confirm_until is None or now >= row.confirm_until:
        raise LinkUnusable
    return row


def stop_token(desk: Desk, key: str) -> str:
    """What the link in each digest carries: it stops them without sign-in."""
    return stopping.stop_token(desk, _STOP, bytes.fromhex(key))


def stop(desk: Desk, session: Session, token: str) -> str | None:
    """Forget the address for which this link was made. Gives whose it was, None when it was forgotten before.

    Raises: LinkUnusable for what this server never put into a mail.
    """
    nonce = stopped_by(desk, token)
    person = session.scalar(select(FollowingContact.person).where(FollowingContact.nonce == nonce))
    session.execute(delete(FollowingContact).where(FollowingContact.nonce == nonce))
    _forget_mails(session, nonce.hex())
    return person


def stopped_by(desk: Desk, token: str) -> bytes:
    """The nonce in the token of a link that stops digests. Raises: LinkUnusable."""
    return stopping.nonce_in(desk, _STOP, token)


def forget_address(session: Session, person: str) -> None:
    """No mails any more, and no address: also none in mails that were queued."""
    row = session.get(FollowingContact, person)
    if row is not None:
        key = row.nonce.hex()
        session.delete(row)
        session.flush()
        _forget_mails(session, key)


def forget_unconfirmed(session: Session, now: datetime) -> int:
    """Delete addresses that nobody confirmed in time. Gives how many."""
    late = FollowingContact.confirm_until <= now
    gone = rows_changed(session, delete(FollowingContact).where(late, FollowingContact.sealed.is_(None)))
    nothing = {"sealed_next": None, "confirm_digest": None, "confirm_until": None}
    return gone + rows_changed(session, update(FollowingContact).where(late).values(nothing))


def _forget_mails(session: Session, key: str) -> None:
    for kind in (CONFIRM, DIGEST):
        forget_about(session, kind, key)


def _sealed(desk: Desk, person: str, address: str) -> bytes:
    return desk.keys.seal_secret(address.encode(), f"contact {person}")


def _opened(desk: Desk, person: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else desk.keys.open_secret(sealed, f"contact {person}").decode()

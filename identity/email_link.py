"""Sign-in by a mailed link: it works once, for a quarter of an hour, and only by a button on the page that it opens.

Mail scanners open every link of a mail before its reader does; opening changes nothing here. Whether an address is
known is never looked at before the link is used, so nothing that the asker sees or measures depends on it.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.assurance import Assurance
from identity.desk import Desk
from identity.errors import LinkUnusable
from identity.models import IdentityEmailLink
from identity.people import email_claim, mailbox_hash, person_hash
from identity.sessions import KnownAs, digest_of
from identity.types import EMAIL
from mail.outbox import Mail, queue_mail
from mail.words import Voice, sign_in_link
from storage.statements import rows_changed

LIFETIME: Final = timedelta(minutes=15)
SECRET_BYTES: Final = 32
KIND: Final = "sign-in-link"


@dataclass(frozen=True)
class OpenLink:
    """A link that can still be used. same_browser: whether it was opened where it was asked for."""

    same_browser: bool
    claim: bytes = field(repr=False)
    next_path: str = ""
    mailbox: bytes | None = field(default=None, repr=False)


def ask(desk: Desk, session: Session, address: str, browser: bytes, voice: Voice, next_path: str) -> None:
    """Mail a link to `address`. browser: the secret of the browser that asks.  next_path: where the link leads to.

    Raises: mail.errors.UnusableAddress.
    """
    claim, now = email_claim(address), desk.clock()
    token = secrets.token_bytes(SECRET_BYTES)
    session.add(
        IdentityEmailLink(
            digest=digest_of(token),
            claim=person_hash(desk.keys, EMAIL, claim),
            mailbox=mailbox_hash(desk.keys, claim),
            browser=digest_of(browser),
            language=voice.language,
            next_path=next_path,
            made_at=now,
            expires_at=now + LIFETIME,
            spent_at=None,
        )
    )
    link = f"{desk.base_url}/{voice.language}/sign-in/link?t={encode_base64url(token)}"
    words = sign_in_link(voice, link=link, minutes=int(LIFETIME.total_seconds() // 60))
    mail = Mail(
        to=claim,
        language=voice.language,
        subject=words.subject,
        text=words.text,
        kind=KIND,
        subject_key="site",
        urgent=True,
        secret=True,
        expires_at=now + LIFETIME,
    )
    queue_mail(session, mail, key=f"{KIND} {digest_of(token).hex()}", now=now)


def look(desk: Desk, session: Session, token: str, browser: bytes | None) -> OpenLink:
    """What a link is good for, without using it. Raises: LinkUnusable."""
    row = session.get(IdentityEmailLink, _digest(token))
    if row is None or row.spent_at is not None or desk.clock() >= row.expires_at:
        raise LinkUnusable
    same = browser is not None and secrets.compare_digest(digest_of(browser), row.browser)
    return OpenLink(same, row.claim, row.next_path, row.mailbox)


def use(desk: Desk, session: Session, token: str) -> tuple[KnownAs, str]:
    """Use a link up: who its bearer is, and where they wanted to go. Raises: LinkUnusable."""
    found, now = look(desk, session, token, None), desk.clock()
    spent = (
        update(IdentityEmailLink)
        .where(IdentityEmailLink.digest == _digest(token), IdentityEmailLink.spent_at.is_(None))
        .values(spent_at=now)
    )
    if rows_changed(session, spent) != 1:  # somebody else was a moment earlier
        raise LinkUnusable
    return KnownAs(EMAIL, found.claim, Assurance.LOW, ("email",), found.mailbox), found.next_path


def _digest(token: str) -> bytes:
    try:
        return digest_of(decode_base64url(token, SECRET_BYTES))
    except CryptoError:
        raise LinkUnusable from None

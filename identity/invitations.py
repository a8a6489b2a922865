"""Invitations: a link that makes its bearer a member of the staff, once, within a week, by a button on its page."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity import second_factor, trail
from identity.assurance import Assurance
from identity.desk import Desk
from identity.errors import LinkUnusable, NotYourself
from identity.models import IdentityInvitation, IdentityPerson
from identity.people import (
    email_claim,
    find_or_make,
    keep_only_claim,
    mailbox_hash,
    one_person,
    person_hash,
    roles_of,
    set_roles,
)
from identity.roles import Role
from identity.sessions import KnownAs, SignedIn, digest_of, find_session, open_session, sign_out_everywhere
from identity.trail import Actor, System
from identity.types import EMAIL
from mail.outbox import Mail, queue_mail
from mail.words import Voice, invitation
from storage.statements import rows_changed

LIFETIME: Final = timedelta(days=7)
SECRET_BYTES: Final = 32
NAME_MAX: Final = 100
KIND: Final = "invitation"


@dataclass(frozen=True)
class Invitation:
    """An invitation that can still be used, or a line of the list of open ones."""

    digest: bytes = field(repr=False)
    name: str
    roles: frozenset[Role]
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True)
class Accepted:
    """What an accepted invitation gives. token: the cookie's bytes."""

    person: str
    token: bytes = field(repr=False)


def invite(
    desk: Desk,
    session: Session,
    actor: Actor,
    *,
    name: str,
    address: str,
    roles: Collection[Role],
    language: str,
) -> str:
    """Make an invitation and record it; gives its link. `send` mails it.

    name: as the site log will give it, 1 to 100 characters.  roles: at least one.
    Raises: mail.errors.UnusableAddress, ValueError; NotYourself for one's own address, which would be a way around
    the rule that nobody changes their own roles.
    """
    if not 1 <= len(name) <= NAME_MAX or not roles:
        raise ValueError("Whoever is invited has a name and at least one role.")
    claim, mailbox = person_hash(desk.keys, EMAIL, email_claim(address)), mailbox_hash(desk.keys, address)
    if isinstance(actor, SignedIn) and mailbox in one_person(session, actor.person_id).mailboxes:
        raise NotYourself
    token, now = secrets.token_bytes(SECRET_BYTES), desk.clock()
    session.add(
        IdentityInvitation(
            digest=digest_of(token),
            name=name,
            language=language,
            roles=" ".join(sorted(roles)),
            claim=claim,
            mailbox=mailbox,
            invited_by=actor.name,
            made_at=now,
            expires_at=now + LIFETIME,
            spent_at=None,
        )
    )
    session.flush()
    trail.record(
        desk,
        session,
        actor,
        "person-invited",
        f"invitation {digest_of(token).hex()[:16]}",
        {"name": name, "roles": " ".join(sorted(roles))},
    )
    return f"{desk.base_url}/{language}/invitation?t={encode_base64url(token)}"


def send(
    desk: Desk, session: Session, voice: Voice, *, address: str, link: str, inviter: str, role_names: str
) -> None:
    """Mail the link of an invitation. role_names: in the language of `voice`."""
    words = invitation(voice, inviter=inviter, role=role_names, link=link, days=LIFETIME.days)
    now = desk.clock()
    mail = Mail(
        to=email_claim(address),
        language=voice.language,
        subject=words.subject,
        text=words.text,
        kind=KIND,
        subject_key="site",
        urgent=True,
        secret=True,
        expires_at=now + LIFETIME,
    )
    queue_mail(session, mail, key=f"{KIND} {digest_of(link.encode()).hex()}", now=now)


def look(desk: Desk, session: Session, token: str) -> Invitation:
    """What a link invites to, without using it. Raises: LinkUnusable."""
    row = session.get(IdentityInvitation, _digest(token))
    if row is None or row.spent_at is not None or desk.clock() >= row.expires_at:
        raise LinkUnusable
    return _invitation(row)


def accept(desk: Desk, session: Session, token: str, *, device: str) -> Accepted:
    """Use an invitation up: its bearer has the roles and is signed in, without a second factor yet.

    Second factors that a person without roles had set up do not count for roles, nor do identities that were joined
    to the mailbox: they were made when less depended on them, perhaps by whoever read the mailbox then.
    Raises: LinkUnusable, PersonDisabled.
    """
    found, now = look(desk, session, token), desk.clock()
    row = session.get_one(IdentityInvitation, found.digest)
    spent = (
        update(IdentityInvitation)
        .where(IdentityInvitation.digest == found.digest, IdentityInvitation.spent_at.is_(None))
        .values(spent_at=now)
    )
    if rows_changed(session, spent) != 1:
        raise LinkUnusable
    person = find_or_make(session, EMAIL, row.claim, mailbox=row.mailbox, language=row.language, now=now)
    before = roles_of(session, person)
    if not before:
        second_factor.forget_all(session, person)
        keep_only_claim(session, person, EMAIL, row.claim)
        session.get_one(IdentityPerson, person).name = found.name
    set_roles(session, person, before | found.roles)
    sign_out_everywhere(session, person)
    known = KnownAs(EMAIL, row.claim, Assurance.LOW, ("invitation",))
    cookie = open_session(desk, session, person, known, device=device, second_factor=False)
    actor: SignedIn | None = find_session(desk, session, cookie)
    trail.record(
        desk,
        session,
        actor or System("invitation"),
        "invitation-accepted",
        f"person {person}",
        {"roles": " ".join(sorted(found.roles)), "invited_by": found.invited_by},
    )
    return Accepted(person, cookie)


def open_invitations(desk: Desk, session: Session) -> Sequence[Invitation]:
    """Those that nobody has used yet, the newest first."""
    rows = session.scalars(
        select(IdentityInvitation)
        .where(IdentityInvitation.spent_at.is_(None), IdentityInvitation.expires_at > desk.clock())
        .order_by(IdentityInvitation.made_at.desc())
    )
    return [_invitation(row) for row in rows]


def withdraw(desk: Desk, session: Session, actor: Actor, digest: bytes) -> None:
    """Make the link of an open invitation worthless. Raises: LinkUnusable if it is not open."""
    withdrawn = delete(IdentityInvitation).where(
        IdentityInvitation.digest == digest, IdentityInvitation.spent_at.is_(None)
    )
    if rows_changed(session, withdrawn) != 1:
        raise LinkUnusable
    trail.record(desk, session, actor, "invitation-withdrawn", f"invitation {digest.hex()[:16]}")


def _invitation(row: IdentityInvitation) -> Invitation:
    roles = frozenset(Role(role) for role in row.roles.split() if role in set(Role))
    return Invitation(row.digest, row.name, roles, row.invited_by, row.expires_at)


def _digest(token: str) -> bytes:
    try:
        return digest_of(decode_base64url(token, SECRET_BYTES))
    except CryptoError:
        raise LinkUnusable from None

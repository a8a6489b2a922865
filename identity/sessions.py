"""Sessions: a browser holds 32 random bytes in a cookie, the database their SHA-256 and what they stand for.

A session ends after half an hour without a request, after eight hours of staff or two of a citizen, when it is signed
out, and when anything about its person changes: roles, second factor, being shut out.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from identity.assurance import Action, Assurance
from identity.desk import Desk
from identity.errors import PersonDisabled
from identity.models import IdentityCeremony, IdentityPerson, IdentitySession
from identity.people import find_or_make, mailbox_hash, one_person, person_hash, roles_of
from identity.roles import Permission, Role, permitted
from identity.types import EMAIL, Identity

TOKEN_BYTES: Final = 32
IDLE: Final = timedelta(minutes=30)
STAFF_LIFETIME: Final = timedelta(hours=8)
CITIZEN_LIFETIME: Final = timedelta(hours=2)
FRESH: Final = timedelta(minutes=15)
"""How long ago a second factor may have been shown for a deed that changes how somebody signs in."""
_SEEN_EVERY: Final = timedelta(minutes=1)
"""`seen_at` is written at most so often: reading a page should rarely need the database's write lock."""
DEVICE_CHARACTERS: Final = 80
JOINING: Final = "join "
"""Purpose of the tickets of `identity.joining`, before the number of the account."""


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in, as the database knows them at this moment.

    issuer, claim: the identity that this session rests on; `claim` is the person's digest in voters' lists.
    session: digest that names the session, no secret.
    """

    person_id: str
    name: str
    language: str
    roles: frozenset[Role]
    methods: tuple[str, ...]
    assurance: Assurance
    second_factor_at: datetime | None
    issuer: str
    claim: bytes = field(repr=False)
    session: bytes = field(repr=False)
    sure_enough: bool = True
    """Whether the site's policy lets roles count at this level of assurance."""

    @property
    def is_staff(self) -> bool:
        """Whether they have any role. It gives them nothing before the second factor."""
        return bool(self.roles)

    @property
    def is_staff_ready(self) -> bool:
        """Whether the second factor was shown in this session, so that roles count."""
        return self.is_staff and self.sure_enough and self.second_factor_at is not None

    def may(self, permission: Permission) -> bool:
        """Whether they may do it now, in this session."""
        return self.is_staff_ready and permitted(self.roles, permission)

    def is_fresh(self, now: datetime) -> bool:
        """Whether the second factor was shown lately."""
        return self.second_factor_at is not None and now - self.second_factor_at <= FRESH


@dataclass(frozen=True)
class KnownAs:
    """An identity whose claim is hashed already. mailbox: of a mail address, where this sign-in knows it."""

    issuer: str
    claim: bytes = field(repr=False)
    assurance: Assurance
    methods: tuple[str, ...]
    mailbox: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class OwnSession:
    """One line in the list of somebody's sessions."""

    digest: bytes
    device: str
    methods: tuple[str, ...]
    made_at: datetime
    seen_at: datetime


def digest_of(token: bytes) -> bytes:
    """What the database keeps of a cookie or of a link's secret. It has full entropy, so a plain hash is enough."""
    return hashlib.sha256(token).digest()


def sign_in(desk: Desk, session: Session, identity: Identity, *, language: str, device: str) -> bytes:
    """Sign in whoever an issuer has vouched for; a person is made at the first time. Gives the cookie's bytes.

    Raises: PersonDisabled.
    """
    claim = person_hash(desk.keys, identity.issuer, identity.claim)
    mailbox = mailbox_hash(desk.keys, identity.claim) if identity.issuer == EMAIL else None
    known = KnownAs(identity.issuer, claim, identity.assurance, identity.methods, mailbox)
    return sign_in_known(desk, session, known, language=language, device=device)


def sign_in_known(desk: Desk, session: Session, known: KnownAs, *, language: str, device: str) -> bytes:
    """The same for an identity whose claim is hashed already. Raises: PersonDisabled."""
    person = find_or_make(
        session,
        known.issuer,
        known.claim,
        mailbox=known.mailbox,
        language=language,
        now=_month_of(desk.clock()),
    )
    return open_session(desk, session, person, known, device=device, second_factor=False)


def _month_of(moment: datetime) -> datetime:
    # This stays for ever, and most people sign in for the first time in order to vote: the second would tell which
    # ballot of the board is whose, long after the key of the ties is destroyed (PROTOCOL section 11).
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def open_session(
    desk: Desk, session: Session, person: str, known: KnownAs, *, device: str, second_factor: bool
) -> bytes:
    """A new session of a person. second_factor: whether this very sign-in showed two.

    Raises: PersonDisabled, also for another account of somebody who was shut out.
    """
    if (
        session.get_one(IdentityPerson, person).disabled_at is not None
        or one_person(session, person).shut_out
    ):
        raise PersonDisabled
    token, now = secrets.token_bytes(TOKEN_BYTES), desk.clock()
    session.add(
        IdentitySession(
            digest=digest_of(token),
            person=person,
            issuer=known.issuer,
            claim=known.claim,
            methods=" ".join(known.methods),
            assurance=int(known.assurance),
            device=device[:DEVICE_CHARACTERS],
            made_at=now,
            seen_at=now,
            second_factor_at=now if second_factor else None,
        )
    )
    session.flush()
    return token


def find_session(desk: Desk, session: Session, token: bytes) -> SignedIn | None:
    """Who the bearer of this cookie is; None if the session has ended in whatever way."""
    row = session.get(IdentitySession, digest_of(token))
    if row is None:
        return None
    person = session.get_one(IdentityPerson, row.person)
    roles = roles_of(session, row.person)
    if person.disabled_at is not None or _has_ended(row, roles, desk.clock()):
        return None
    return SignedIn(
        person_id=row.person,
        name=person.name,
        language=person.language,
        roles=roles,
        methods=tuple(row.methods.split()),
        assurance=Assurance(row.assurance),
        second_factor_at=row.second_factor_at,
        issuer=row.issuer,
        claim=row.claim,
        session=row.digest,
        sure_enough=desk.policy.is_enough(Assurance(row.assurance), Action.STAFF),
    )


def needs_touch(desk: Desk, session: Session, signed_in: SignedIn) -> bool:
    """Whether it is time to note that the session is in use."""
    row = session.get(IdentitySession, signed_in.session)
    return row is not None and desk.clock() - row.seen_at >= _SEEN_EVERY


def touch(desk: Desk, session: Session, signed_in: SignedIn) -> None:
    """Note that the session is in use."""
    session.execute(
        update(IdentitySession)
        .where(IdentitySession.digest == signed_in.session)
        .values(seen_at=desk.clock())
    )


def note_second_factor(desk: Desk, session: Session, signed_in: SignedIn, method: str) -> bytes:
    """The second factor was shown: the session goes on under a new cookie, which this gives.

    New, so that whoever learned the cookie before (when it opened little) has nothing now.
    """
    token = secrets.token_bytes(TOKEN_BYTES)
    session.execute(
        update(IdentitySession)
        .where(IdentitySession.digest == signed_in.session)
        .values(
            digest=digest_of(token),
            second_factor_at=desk.clock(),
            methods=" ".join(dict.fromkeys((*signed_in.methods, method))),
        )
    )
    return token


def sign_out(session: Session, digest: bytes) -> None:
    """End one session; harmless if it has ended."""
    session.execute(delete(IdentitySession).where(IdentitySession.digest == digest))


def sign_out_everywhere(session: Session, person: str, *, but: bytes | None = None) -> None:
    """End all sessions of a person, and what was begun in them: tickets for one more way to sign in.

    but: digest of one that stays.
    """
    session.execute(delete(IdentityCeremony).where(IdentityCeremony.purpose == JOINING + person))
    ended = delete(IdentitySession).where(IdentitySession.person == person)
    session.execute(ended if but is None else ended.where(IdentitySession.digest != but))


def sessions_of(desk: Desk, session: Session, person: str) -> Sequence[OwnSession]:
    """The sessions of a person that have not ended, the newest first."""
    roles, now = roles_of(session, person), desk.clock()
    rows = session.scalars(
        select(IdentitySession)
        .where(IdentitySession.person == person)
        .order_by(IdentitySession.seen_at.desc())
    )
    return [
        OwnSession(row.digest, row.device, tuple(row.methods.split()), row.made_at, row.seen_at)
        for row in rows
        if not _has_ended(row, roles, now)
    ]


def _has_ended(row: IdentitySession, roles: frozenset[Role], now: datetime) -> bool:
    lifetime = STAFF_LIFETIME if roles else CITIZEN_LIFETIME
    return now - row.seen_at > IDLE or now - row.made_at > lifetime

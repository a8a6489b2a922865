"""People: found by a keyed hash of what identifies them, appointed to roles, shut out.

Whoever changes another person's roles, second factor or access ends that person's sessions, and it is in the site log.
"""

import secrets
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from identity.errors import NoSuchPerson
from identity.keys import IdentityKeys
from identity.models import IdentityClaim, IdentityPerson, IdentityRole
from identity.roles import Role
from identity.types import EMAIL
from mail.address import parse_address
from mail.mailbox import canonical_address
from storage.statements import insert_once, table_of

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# Made once: putting a statement together takes longer than running it, and these are part of every signature.
_PERSON: Final = table_of(IdentityPerson)
_CLAIM: Final = table_of(IdentityClaim)
_THEIRS, _MINE = _CLAIM.alias(), _CLAIM.alias()
_SAME_MAILBOX: Final = (
    select(_THEIRS.c.person, _THEIRS.c.mailbox, _PERSON.c.disabled_at)
    .select_from(
        _THEIRS.join(_MINE, _THEIRS.c.mailbox == _MINE.c.mailbox).join(
            _PERSON, _PERSON.c.id == _THEIRS.c.person
        )
    )
    .where(_MINE.c.person == bindparam("person"))
)
_BY_CLAIM: Final = select(_CLAIM.c.person, _CLAIM.c.mailbox).where(
    _CLAIM.c.issuer == bindparam("issuer"), _CLAIM.c.digest == bindparam("claim")
)
_MAKE: Final = insert(_PERSON)
_UNMAKE: Final = delete(_PERSON).where(_PERSON.c.id == bindparam("person"))
_ADD_CLAIM: Final = insert(_CLAIM)
_NOTE_MAILBOX: Final = (
    update(_CLAIM)
    .where(_CLAIM.c.issuer == bindparam("of"), _CLAIM.c.digest == bindparam("claim"))
    .values(mailbox=bindparam("known"))
)


@dataclass(frozen=True)
class Person:
    """Somebody of the staff, as administrators see them."""

    id: str
    name: str
    roles: frozenset[Role]
    made_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class Account:
    """Whose an identity is. made: in this transaction, so that nobody else sees the account before its end."""

    person: str
    made: bool


@dataclass(frozen=True)
class OnePerson:
    """Accounts that are one person as far as their mailboxes tell, the asked one among them.

    mailboxes: hashes of all mailboxes with which one can sign in to the asked account.  shut_out: whether an
    administrator has shut one of the accounts out.
    """

    accounts: frozenset[str]
    mailboxes: frozenset[bytes] = field(repr=False)
    shut_out: bool


def person_hash(keys: IdentityKeys, issuer: str, claim: str) -> bytes:
    """What is kept of an identity, 32 bytes: HMAC-SHA256 under a key of this server alone.

    Voters' lists hold the same, so that a person is found in one without either storing a name. Whoever has the
    database but not the key cannot try numbers or addresses.
    """
    return keys.person_digest(issuer, claim)


def email_claim(address: str) -> str:
    """An address as the identity that it stands for: one spelling for all ways to type it.

    Capitals do not distinguish mailboxes anywhere that matters. ASCII ones only: Unicode's rules would make one
    address of two that different people own (ſ and s). Raises: mail.errors.UnusableAddress.
    """
    return parse_address(address).translate(_LOWER)


def mailbox_hash(keys: IdentityKeys, address: str) -> bytes:
    """What is kept of a mailbox, 32 bytes: equal for all spellings that lead to it.

    Of an address that is written as its canonical form it is the `person_hash`. Raises: mail.errors.UnusableAddress.
    """
    return keys.person_digest(EMAIL, canonical_address(address))


def hold(session: Session, person: str) -> bool:
    """Keep the account from being deleted until the transaction ends; False when it is gone.

    Called before anything else is locked, as deleting locks the account first.
    """
    row = select(IdentityPerson.id).where(IdentityPerson.id == person)
    return session.scalar(row.with_for_update(read=True, key_share=True)) is not None


def one_person(session: Session, person: str) -> OnePerson:
    """Which accounts are the person of this one. Wherever people are counted, all of them are one voice.

    Accounts are one when a mailbox of the one, in whatever spelling, is a mailbox of the other. One link is looked at,
    not what hangs on the other end of it.
    """
    rows = session.execute(_SAME_MAILBOX, {"person": person}).all()
    return OnePerson(
        frozenset({person, *(row.person for row in rows)}),
        frozenset(row.mailbox for row in rows if row.mailbox is not None),
        any(row.disabled_at is not None for row in rows),
    )


def owner_of(session: Session, issuer: str, claim: bytes) -> tuple[str | None, bytes | None]:
    """Whose an identity is, and the hash of the mailbox behind it; None for nobody, and for what is no mail address."""
    row = session.execute(_BY_CLAIM, {"issuer": issuer, "claim": claim}).one_or_none()
    return (None, None) if row is None else (row.person, row.mailbox)


def find_or_make(
    session: Session, issuer: str, claim: bytes, *, mailbox: bytes | None = None, language: str, now: datetime
) -> str:
    """Number of the person with this identity, made if there is none yet. mailbox: noted, where it is known."""
    return account_of(session, issuer, claim, mailbox=mailbox, language=language, now=now).person


def account_of(
    session: Session,
    issuer: str,
    claim: bytes,
    *,
    mailbox: bytes | None = None,
    language: str,
    now: datetime,
    owner: tuple[str | None, bytes | None] | None = None,
) -> Account:
    """The same, for who wants to know whether it was made now. owner: what `owner_of` gives, where it was read already.

    Whoever rests on an account that was found holds it, and looks again whose the identity is.
    """
    found, known = owner_of(session, issuer, claim) if owner is None else owner
    if found is not None:
        # What is known of providers may have changed since this claim was made.
        if mailbox is not None and mailbox != known:
            session.execute(_NOTE_MAILBOX, {"of": issuer, "claim": claim, "known": mailbox})
        return Account(found, made=False)
    person = make_person(session, name="", language=language, now=now)
    values = _claim(person, issuer, claim, mailbox, now)
    if insert_once(session, IdentityClaim, values, ("issuer", "digest")) is not None:
        return Account(person, made=True)
    # Another request of the same person was a moment earlier and has committed: theirs is found now.
    session.execute(_UNMAKE, {"person": person})
    return account_of(session, issuer, claim, mailbox=mailbox, language=language, now=now)


def find_by_claim(session: Session, issuer: str, claim: bytes) -> str | None:
    """Number of the person with this identity."""
    return owner_of(session, issuer, claim)[0]


def make_person(session: Session, *, name: str, language: str, now: datetime) -> str:
    """A new person; gives the number."""
    number = secrets.token_hex(16)
    values = {"id": number, "name": name, "language": language, "made_at": now, "failures": 0}
    session.execute(_MAKE, values)
    return number


def add_claim(
    session: Session,
    person: str,
    issuer: str,
    claim: bytes,
    *,
    mailbox: bytes | None = None,
    now: datetime,
) -> None:
    """Let a person sign in with one more identity. mailbox: of a mail address; unless given, what was typed.

    Raises: IntegrityError if it is somebody's already.
    """
    session.execute(_ADD_CLAIM, _claim(person, issuer, claim, mailbox, now))


def _claim(
    person: str, issuer: str, claim: bytes, mailbox: bytes | None, now: datetime
) -> Mapping[str, object]:
    kept = mailbox if mailbox is not None or issuer != EMAIL else claim
    return {"issuer": issuer, "digest": claim, "mailbox": kept, "person": person, "made_at": now}


def keep_only_claim(session: Session, person: str, issuer: str, claim: bytes) -> None:
    """Let a person sign in with this identity alone. The others are nobody's then."""
    others = delete(IdentityClaim).where(IdentityClaim.person == person)
    session.execute(others.where((IdentityClaim.issuer != issuer) | (IdentityClaim.digest != claim)))


def issuers_of(session: Session, person: str) -> Sequence[str]:
    """Issuers with which a person can sign in, each once."""
    found = select(IdentityClaim.issuer).where(IdentityClaim.person == person).distinct()
    return session.scalars(found.order_by(IdentityClaim.issuer)).all()


def roles_of(session: Session, person: str) -> frozenset[Role]:
    """The roles of a person. A role that this release does not know gives nothing."""
    found = session.scalars(select(IdentityRole.role).where(IdentityRole.person == person))
    return frozenset(Role(role) for role in found if role in set(Role))


def set_roles(session: Session, person: str, roles: Collection[Role]) -> None:
    """Exactly these roles from now on. The rules of appointing are in `identity.appointing`."""
    session.execute(delete(IdentityRole).where(IdentityRole.person == person))
    if roles:
        session.execute(insert(IdentityRole), [{"person": person, "role": role.value} for role in set(roles)])


def require_person(session: Session, number: str) -> IdentityPerson:
    """The row of a person. Raises: NoSuchPerson."""
    row = (
        session.get(IdentityPerson, number)
        if len(number) == 32 and number.isascii() and number.isalnum()
        else None
    )
    if row is None:
        raise NoSuchPerson
    return row


def staff(session: Session) -> Sequence[Person]:
    """Everybody who has a role or had one (staff have names), by name."""
    rows = session.scalars(
        select(IdentityPerson)
        .where(IdentityPerson.name != "")
        .order_by(func.lower(IdentityPerson.name), IdentityPerson.id)
    )
    return [Person(row.id, row.name, roles_of(session, row.id), row.made_at, row.disabled_at) for row in rows]


def administrators(session: Session) -> int:
    """How many people can appoint others."""
    return (
        session.scalar(
            select(func.count())
            .select_from(IdentityRole)
            .join(IdentityPerson, IdentityPerson.id == IdentityRole.person)
            .where(IdentityRole.role == Role.ADMINISTRATOR.value, IdentityPerson.disabled_at.is_(None))
        )
        or 0
    )

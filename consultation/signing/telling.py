"""Whom mails about a petition reach, and how its signers stop them: by one press, without sign-in, also without one.

A signature keeps the address only of who signed by mail and asked to be told; who was signed in is told at the address
of their account, if one is confirmed there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from secrets import compare_digest
from typing import Final

from sqlalchemy import ColumnElement, exists, select, true, update
from sqlalchemy.orm import Session

from consultation.following import stopping
from consultation.following.contacts import contact_of
from consultation.following.models import FollowingSubject
from consultation.following.stopping import NONCE_BYTES
from consultation.petitions.mailing import event_mail_key, removal_mail_key
from consultation.petitions.models import PetitionDue, PetitionEvent, PetitionPetition
from consultation.petitions.types import State
from consultation.signing.errors import NoSuchSignature
from consultation.signing.models import PetitionSignature
from consultation.signing.signing import open_address
from identity.desk import Desk
from identity.people import one_person
from mail.errors import UnusableAddress
from mail.mailbox import canonical_address
from mail.outbox import forget_keys
from storage.session import reading, writing

ADDRESS_KEPT: Final = timedelta(days=365)
"""After the last that became of a petition that takes no more signatures: an answer may be long in coming."""
_ENDED: Final = (State.CLOSED, State.REJECTED, State.WITHDRAWN)
_STOP: Final = "stop-news"
_MAILBOX: Final = "mailbox-of-news"

_Row = PetitionSignature


@dataclass(frozen=True)
class StopLink:
    """What the link in a mail stops. key: of the signature.

    mailbox: a tag, made for this signature, of the one in which the mail arrived.
    """

    key: str
    mailbox: bytes


@dataclass(frozen=True)
class Contact:
    """Where a signer who asked for it is told. key: of the signature; names nobody.  version: signed."""

    key: str
    address: str = field(repr=False)
    language: str
    version: int


def contacts_of(
    desk: Desk, session: Session, petition: str, after: str, limit: int, *, at: datetime, below: int = 0
) -> Sequence[Contact]:
    """Signers to whom something that happened `at` is mailed, in the order of their keys: `limit` behind `after`.

    Their rows are held until the transaction, which must be a writing one, ends: whoever takes the signature back or
    stops the mails meanwhile waits, and finds what was queued.
    Fewer at the end, and nobody who signed later. below: only those whose signature stands under an earlier version
    of the words than this one; 0 for all. Who follows the petition and would be told at the same address is left out:
    the digest tells them.
    """
    digested = exists().where(
        FollowingSubject.person == _Row.person,
        FollowingSubject.subject_kind == "petition",
        FollowingSubject.subject == _Row.petition,
        FollowingSubject.since <= at,
    )
    wanted = (
        _Row.batch.is_(None)
        & (_Row.signed_at <= at)
        & (_Row.address_sealed.is_not(None) | ~digested)
        & (_Row.version < below if below else true())
    )
    return _contacts(desk, session, petition, wanted, after, limit)


def removed_contacts(
    desk: Desk, session: Session, petition: str, batch: int, after: str, limit: int
) -> Sequence[Contact]:
    """The same for those whose signature was removed in this batch."""
    return _contacts(desk, session, petition, _Row.batch == batch, after, limit)


def news_keys(session: Session, petition: str, key: str) -> Sequence[str]:
    """Of all mails that a signer can have got about a petition: the outbox is large, and is asked by key alone."""
    events = session.scalars(select(PetitionEvent.id).where(PetitionEvent.petition == petition)).all()
    batch = session.scalar(select(_Row.batch).where(_Row.key == key))
    removed = [] if batch is None else [removal_mail_key(batch, key)]
    return [*(event_mail_key(event, key) for event in events), *removed]


def stop_mails(session: Session, key: str) -> None:
    """Nothing more is told about this petition, and the address goes, also from mails that were queued.

    Raises: NoSuchSignature.
    """
    _stop(session, _find(session, key))


def stop_by_link(desk: Desk, session: Session, link: StopLink, *, everything: bool) -> None:
    """Stop what goes to the mailbox in which this link arrived. Whoever reads a former mailbox stops nothing else.

    everything: about all that the same person signed, with whichever account; else about this signature's petition.
    """
    signer = session.scalar(select(_Row.person).where(_Row.key == link.key))
    if signer is None:
        return  # the signature was taken back, and its mails and its address went with it
    asked = _Row.person.in_(one_person(session, signer).accounts) if everything else _Row.key == link.key
    mine = select(_Row).where(asked, _Row.mails.is_(True)).order_by(_Row.petition, _Row.id)
    for row in session.scalars(mine.with_for_update()).all():
        contact = _contact(desk, session, row)
        if contact is not None and _lies_in(desk, link, contact.address):
            _stop(session, row)


def forget_account_news(session: Session, person: str) -> None:
    """The address of their account is gone: also from mails about what they signed that were sent to it or wait."""
    mine = select(_Row).where(_Row.person == person, _Row.mails.is_(True), _Row.address_sealed.is_(None))
    for row in session.scalars(mine.order_by(_Row.petition).with_for_update()).all():
        forget_keys(session, news_keys(session, row.petition, row.key))


def forget_addresses(desk: Desk) -> int:
    """Delete addresses of petitions that have ended, wait for nothing, and of which nothing became for so long.

    Gives how many petitions.
    Signatures stay as they are. It reads all signatures once, so it is for once a day.
    """
    before = desk.clock() - ADDRESS_KEPT
    late = exists().where(PetitionEvent.petition == PetitionPetition.id, PetitionEvent.at > before)
    waits = exists().where(PetitionDue.petition == PetitionPetition.id, PetitionDue.met_at.is_(None))
    with reading(desk.engine) as session:
        held = select(_Row.petition).where(_Row.address_sealed.is_not(None)).distinct()
        ended = PetitionPetition.state.in_([state.value for state in _ENDED]) & ~late & ~waits
        petitions = session.scalars(
            select(PetitionPetition.id)
            .where(PetitionPetition.id.in_(held), ended)
            .order_by(PetitionPetition.id)
        ).all()
    for petition in petitions:
        with writing(desk.engine) as session:
            theirs = (_Row.petition == petition) & _Row.address_sealed.is_not(None)
            session.execute(update(_Row).where(theirs).values(mails=False, address_sealed=None))
    return len(petitions)


def stop_token(desk: Desk, contact: Contact) -> str:
    """What the link in each mail to a signer carries. Raises: mail.errors.UnusableAddress."""
    return stopping.stop_token(
        desk, _STOP, bytes.fromhex(contact.key) + _mailbox(desk, contact.key, contact.address)
    )


def stopped_by(desk: Desk, token: str) -> StopLink:
    """What such a token stops. Raises: LinkUnusable."""
    nonce = stopping.nonce_in(desk, _STOP, token, 2 * NONCE_BYTES)
    return StopLink(nonce[:NONCE_BYTES].hex(), nonce[NONCE_BYTES:])


def _contacts(
    desk: Desk, session: Session, petition: str, which: ColumnElement[bool], after: str, limit: int
) -> Sequence[Contact]:
    wanted = (_Row.petition == petition) & _Row.mails.is_(True) & which
    found: list[Contact] = []
    while len(found) < limit:
        page = session.execute(
            select(_Row.id, _Row.key).where(wanted, _Row.key > after).order_by(_Row.key).limit(limit)
        ).all()
        # Held in the order in which removing a batch of signatures writes them: else both would wait for each other.
        held = select(_Row).where(wanted, _Row.id.in_([number for number, _ in page])).order_by(_Row.id)
        rows = session.scalars(
            held.with_for_update(read=True).execution_options(populate_existing=True)
        ).all()
        for row in sorted(rows, key=attrgetter("key")):
            contact = _contact(desk, session, row)
            if contact is not None and len(found) < limit:
                found.append(contact)
        if len(page) < limit:
            break
        after = page[-1].key
    return found


def _contact(desk: Desk, session: Session, row: PetitionSignature) -> Contact | None:
    if row.address_sealed is not None:
        address = open_address(desk, row.key, row.address_sealed)
    else:
        account = contact_of(desk, session, row.person, desk.clock())
        if account is None or account.address is None:
            return None
        address = account.address
    return Contact(row.key, address, row.language, row.version)


def _mailbox(desk: Desk, key: str, address: str) -> bytes:
    """The same for two spellings of one mailbox; 16 bytes that nobody else can make, and that tie no two signatures."""
    return desk.keys.tag(_MAILBOX, bytes.fromhex(key) + canonical_address(address).encode())


def _lies_in(desk: Desk, link: StopLink, address: str) -> bool:
    try:
        return compare_digest(_mailbox(desk, link.key, address), link.mailbox)
    except UnusableAddress:
        return False  # from before it was checked: nothing is sent there


def _find(session: Session, key: str) -> PetitionSignature:
    row = session.scalar(select(_Row).where(_Row.key == key).with_for_update())
    if row is None:
        raise NoSuchSignature
    return row


def _stop(session: Session, row: PetitionSignature) -> None:
    row.mails, row.address_sealed = False, None
    session.flush()
    forget_keys(session, news_keys(session, row.petition, row.key))

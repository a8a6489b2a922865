"""Signing: by who is signed in, or by mail with a button behind the link. One person, one signature, either way.

Who signs again gets what the first time gave: the receipt of the signature that stands. So no page, and no mail to
somebody else's address, tells whether that person has signed. Only who comes to the same mailbox by another spelling is
told so, and gets nothing of the signature: should a rule of `mail.mailbox` be wrong, it is somebody else's.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from consultation.areas import require_area
from consultation.fraud.marks import SignatureContext, assess
from consultation.petitions.counting import signatures_counted
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import find_petition, lock_petition, require_signable
from consultation.signing.counting import note_pace
from consultation.signing.errors import (
    NotSureEnough,
    SignedInOtherSpelling,
    SigningLinkUnusable,
    WordsChanged,
)
from consultation.signing.ledger import Ledger
from consultation.signing.models import PetitionLink, PetitionSignature
from consultation.signing.returning import require_may_return
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.assurance import Action, Assurance
from identity.desk import Desk
from identity.models import IdentityPerson
from identity.people import (
    email_claim,
    find_by_claim,
    find_or_make,
    mailbox_hash,
    one_person,
    owner_of,
    person_hash,
)
from identity.sessions import SignedIn, digest_of
from identity.types import EMAIL
from mail.address import parse_address
from mail.outbox import Mail, queue_mail
from protocol.petition import SALT_BYTES, SignatureEntry, WithdrawalEntry, commit

LINK_LIFETIME: Final = timedelta(days=1)
SECRET_BYTES: Final = 32
LINK_MAIL: Final = "sign-petition"
"""Kind of the mail with the link."""
# Made once: putting a statement together takes longer than running it, and these are part of every signature.
_HELD: Final = (
    select(IdentityPerson.id).where(IdentityPerson.id == bindparam("person")).with_for_update(key_share=True)
)
_STANDING: Final = (
    select(PetitionSignature)
    .where(
        PetitionSignature.petition == bindparam("petition"),
        or_(
            PetitionSignature.person.in_(bindparam("accounts", expanding=True)),
            PetitionSignature.mailbox.in_(bindparam("mailboxes", expanding=True)),
        ),
    )
    .order_by(PetitionSignature.person != bindparam("person"), PetitionSignature.id)
    .limit(1)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Signing:
    """What somebody says when they sign. version: of the words that they saw.  mails: told of answer, debate and end.

    network: of the request, as `web.rate_limits` names it.
    """

    version: int
    area: str | None
    mails: bool
    language: str
    network: str = field(default="", repr=False)


@dataclass(frozen=True)
class Asking:
    """What somebody says who wants a link. worked: whether the form came with its proof of work."""

    address: str = field(repr=False)
    area: str | None
    mails: bool
    language: str
    worked: bool


@dataclass(frozen=True)
class OpenLink:
    """A link that can be used. signature: key of the one that it has made or found already."""

    petition: str
    signature: str | None


@dataclass(frozen=True)
class _Signer:
    person: str
    claim: bytes
    mailbox: bytes | None
    address: str | None = field(repr=False)
    worked: bool
    asked_at: datetime | None


def sign(desk: Desk, session: Session, petition: str, who: SignedIn, signing: Signing) -> str:
    """Sign as the one who is signed in. Gives the key of the signature that stands now.

    Raises: NoSuchPetition, NotSignable, WordsChanged, NoSuchArea, NotSureEnough, SignedInOtherSpelling.
    """
    if not desk.policy.is_enough(who.assurance, Action.SIGN_PETITION):
        raise NotSureEnough
    hold_person(session, who.person_id)
    # Behind that lock: an identity that is being moved to another account would sign in both.
    owner, mailbox = owner_of(session, who.issuer, who.claim)
    if owner != who.person_id:
        raise SigningLinkUnusable
    signer = _Signer(who.person_id, who.claim, mailbox, None, worked=True, asked_at=None)
    return _sign(desk, session, petition, signer, signing)


def takes_mail(desk: Desk) -> bool:
    """Whether a mailbox is enough to sign with on this site."""
    return desk.policy.is_enough(Assurance.LOW, Action.SIGN_PETITION)


def ask_by_mail(
    desk: Desk, session: Session, petition: str, asking: Asking, mail: Callable[[str, timedelta], Mail]
) -> None:
    """Send a link. It looks at nothing that is known of the address, so it answers and takes time alike for all.

    mail: makes it of the link's token and lifetime.  Raises: NoSuchPetition, NotSignable, NoSuchArea, NotSureEnough,
    mail.errors.UnusableAddress.
    """
    if not takes_mail(desk):
        raise NotSureEnough
    now, address = desk.clock(), parse_address(asking.address)
    require_signable(find_petition(session, petition), now)
    if asking.area is not None:
        require_area(session, asking.area)
    secret = secrets.token_bytes(SECRET_BYTES)
    digest = digest_of(secret)
    session.add(
        PetitionLink(
            digest=digest,
            petition=petition,
            claim=person_hash(desk.keys, EMAIL, email_claim(address)),
            mailbox=mailbox_hash(desk.keys, address),
            address_sealed=desk.keys.seal_secret(address.encode(), _context(digest)),
            area=asking.area,
            mails=asking.mails,
            worked=asking.worked,
            language=asking.language,
            asked_at=now,
            expires_at=now + LINK_LIFETIME,
            signature=None,
        )
    )
    session.flush()
    queue_mail(session, mail(encode_base64url(secret), LINK_LIFETIME), key=link_mail_key(digest), now=now)


def link_mail_key(digest: bytes) -> str:
    """Under which the mail with a link was queued. digest: of the link."""
    return f"{LINK_MAIL} {digest.hex()}"


def look(desk: Desk, session: Session, token: str) -> OpenLink:
    """What a link is good for; it changes nothing, whoever opens it. Raises: SigningLinkUnusable."""
    link = _link(desk, session, token)
    return OpenLink(link.petition, link.signature)


def confirm(desk: Desk, session: Session, token: str, version: int, network: str = "") -> str:
    """The button behind the link. Gives the key of the signature that stands now, the same at every further press.

    Raises: SigningLinkUnusable, NotSignable, WordsChanged, SignedInOtherSpelling.
    """
    link = _link(desk, session, token)
    if link.signature is not None:
        return link.signature
    month = desk.clock().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    person = find_or_make(session, EMAIL, link.claim, mailbox=link.mailbox, language=link.language, now=month)
    hold_person(session, person)
    if find_by_claim(session, EMAIL, link.claim) != person:  # it was joined to another account meanwhile
        raise SigningLinkUnusable
    address = desk.keys.open_secret(link.address_sealed, _context(link.digest)).decode()
    signer = _Signer(person, link.claim, link.mailbox, address, worked=link.worked, asked_at=link.asked_at)
    signing = Signing(version, link.area, link.mails, link.language, network)
    link.signature = _sign(desk, session, link.petition, signer, signing)
    session.flush()
    return link.signature


def signed_version(session: Session, petition: str, person: str) -> int | None:
    """Which version of the words somebody has signed; None for none."""
    mine = (PetitionSignature.petition == petition) & (PetitionSignature.person == person)
    return session.scalar(select(PetitionSignature.version).where(mine))


def seal_address(desk: Desk, key: str, address: str) -> bytes:
    """An address for mails, tied to its signature."""
    return desk.keys.seal_secret(address.encode(), f"petition-signature {key}")


def open_address(desk: Desk, key: str, sealed: bytes) -> str:
    """What `seal_address` hid."""
    return desk.keys.open_secret(sealed, f"petition-signature {key}").decode()


def signer_mark(desk: Desk, petition: str, person: str) -> bytes:
    """16 bytes for one person under one petition; nobody else can make them, and they tie no two petitions."""
    return desk.keys.tag(f"petition-signer {petition}", person.encode())


def hold_person(session: Session, person: str) -> None:
    """Keep the account from being deleted meanwhile; before the petition is locked, as deleting does it."""
    if session.scalar(_HELD, {"person": person}) is None:
        raise SigningLinkUnusable


def _sign(desk: Desk, session: Session, petition: str, signer: _Signer, signing: Signing) -> str:
    if signing.area is not None:
        require_area(session, signing.area)
    row = lock_petition(session, petition)
    now = desk.clock()  # under the lock: who waited for it past the end is too late
    require_signable(row, now)
    if signing.version != row.version:
        raise WordsChanged
    one = one_person(session, signer.person)
    if one.shut_out:
        raise SigningLinkUnusable
    ways = one.mailboxes if signer.mailbox is None else one.mailboxes | {signer.mailbox}
    known = _standing(session, petition, signer.person, one.accounts, ways)
    if known is not None and known.person != signer.person:
        raise SignedInOtherSpelling
    if known is not None and (known.version == row.version or known.batch is not None):
        return known.key
    if known is None:
        require_may_return(desk, session, petition, {signer.claim, *ways}, now)
    ledger = Ledger.open(desk, session, row, now)
    ledger.name_words()
    salt = secrets.token_bytes(SALT_BYTES)
    mark = signer_mark(desk, petition, signer.person if known is None else known.person)
    area = signing.area if known is None else known.area
    commitment = commit(salt, petition, decode_base64url(ledger.words, 32), mark, area)
    if known is not None:  # under earlier words: taken back, and given again under these
        earlier = known.entry
        ledger.append(
            lambda entry, time: WithdrawalEntry(entry=entry, petition=petition, signature=earlier, time=time)
        )
    number = ledger.append(
        lambda entry, time: SignatureEntry(
            entry=entry,
            petition=petition,
            time=time,
            commitment=encode_base64url(commitment),
            text=ledger.words,
        )
    )
    if known is not None:
        known.salt, known.entry, known.version = salt, number, row.version
        ledger.settle(0)
        return known.key
    made = _made(desk, row, signer, signing, entry=number, salt=salt, now=now)
    session.add(made)
    count = ledger.settle(1)
    note_pace(session, petition, now)
    assess(
        desk,
        session,
        SignatureContext(made.id, petition, signing.network, signer.address, signer.worked, signer.asked_at),
    )
    signatures_counted(session, row, count, desk, now)
    return made.key


def _made(
    desk: Desk,
    row: PetitionPetition,
    signer: _Signer,
    signing: Signing,
    *,
    entry: int,
    salt: bytes,
    now: datetime,
) -> PetitionSignature:
    key = secrets.token_hex(16)
    keeps = signing.mails and signer.address is not None
    return PetitionSignature(
        key=key,
        petition=row.id,
        person=signer.person,
        mailbox=signer.mailbox,
        version=row.version,
        area=signing.area,
        entry=entry,
        salt=salt,
        batch=None,
        mails=signing.mails,
        address_sealed=seal_address(desk, key, signer.address) if keeps and signer.address else None,
        language=signing.language,
        signed_at=now,
    )


def _standing(
    session: Session, petition: str, person: str, accounts: Collection[str], mailboxes: Collection[bytes]
) -> PetitionSignature | None:
    """The signature of this person or mailbox, in whatever spelling and however it was given.

    Asked for under the petition's lock: whoever signs with another spelling at the same moment is before or behind it.
    """
    given = {"petition": petition, "person": person, "accounts": accounts, "mailboxes": mailboxes}
    return session.scalars(_STANDING, given).one_or_none()


def _link(desk: Desk, session: Session, token: str) -> PetitionLink:
    try:
        digest = digest_of(decode_base64url(token, SECRET_BYTES))
    except CryptoError:
        raise SigningLinkUnusable from None
    link = session.get(PetitionLink, digest)
    if link is None or desk.clock() >= link.expires_at:
        raise SigningLinkUnusable
    return link


def _context(digest: bytes) -> str:
    return f"petition-link {digest.hex()}"

"""Signing: by who is signed in, or by mail with a button behind the link. One person, one signature, either way.

Who signs again gets what the first time gave: the receipt of the signature that stands. So no page, and no mail to
somebody else's address, tells whether that person has signed. Only who comes to the same mailbox by another spelling is
told so, and gets nothing of the signature: should a rule of `mail.mailbox` be wrong, it is somebody else's.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from consultation.areas import require_area
from consultation.fraud.marks import SignatureContext, assess
from consultation.petitions.counting import reaches, signatures_counted
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import find_petition, lock_petition, require_signable
from consultation.signing.counting import note_pace
from consultation.signing.errors import (
    NotSureEnough,
    SignedInOtherSpelling,
    SigningLinkUnusable,
    WordsChanged,
)
from consultation.signing.ledger import OF_WORDS, THEIRS, WORDS_AND_COUNTER, Ledger
from consultation.signing.models import PetitionCount, PetitionLink, PetitionSignature
from consultation.signing.returning import REMOVED, TOO_OFTEN, ended_tags, require_may_return
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.assurance import Action, Assurance
from identity.desk import Desk
from identity.models import IdentityClaim, IdentityPerson
from identity.people import (
    OnePerson,
    account_of,
    email_claim,
    find_by_claim,
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
from storage.statements import number_of, run, table_of

LINK_LIFETIME: Final = timedelta(days=1)
SECRET_BYTES: Final = 32
LINK_MAIL: Final = "sign-petition"
"""Kind of the mail with the link."""
# Made once: putting a statement together takes longer than running it, and these are part of every signature.
_PERSON: Final = table_of(IdentityPerson)
_HELD: Final = select(_PERSON.c.id).where(_PERSON.c.id == bindparam("person")).with_for_update(key_share=True)
_LINKS: Final = table_of(PetitionLink)
_CLAIMS: Final = table_of(IdentityClaim)
_LINK: Final = (
    select(
        _LINKS.c.digest,
        _LINKS.c.petition,
        _LINKS.c.claim,
        _LINKS.c.mailbox,
        _LINKS.c.address_sealed,
        _LINKS.c.area,
        _LINKS.c.mails,
        _LINKS.c.worked,
        _LINKS.c.language,
        _LINKS.c.asked_at,
        _LINKS.c.expires_at,
        _LINKS.c.signature,
        _CLAIMS.c.person.label("owner"),
        _CLAIMS.c.mailbox.label("owner_mailbox"),
    )
    .select_from(
        _LINKS.outerjoin(_CLAIMS, and_(_CLAIMS.c.issuer == EMAIL, _CLAIMS.c.digest == _LINKS.c.claim))
    )
    .where(_LINKS.c.digest == bindparam("link"))
)
_USED: Final = update(_LINKS).where(_LINKS.c.digest == bindparam("link")).values(signature=bindparam("made"))
_SIGNATURES: Final = table_of(PetitionSignature)
_SIGNED: Final = insert(_SIGNATURES)
_RENEWED: Final = (
    update(_SIGNATURES)
    .where(_SIGNATURES.c.id == bindparam("known"))
    .values(salt=bindparam("new_salt"), entry=bindparam("new_entry"), version=bindparam("new_version"))
)
# The signature of this person or mailbox, in whatever spelling and however it was given.
_FIRST: Final = (
    select(_SIGNATURES.c.id)
    .where(
        _SIGNATURES.c.petition == bindparam("petition"),
        or_(
            _SIGNATURES.c.person.in_(bindparam("accounts", expanding=True)),
            _SIGNATURES.c.mailbox.in_(bindparam("mailboxes", expanding=True)),
        ),
    )
    .order_by(_SIGNATURES.c.person != bindparam("person"), _SIGNATURES.c.id)
    .limit(1)
    .scalar_subquery()
)
_ONE_MORE: Final = func.coalesce(table_of(PetitionCount).c.count, 0) + 1
_STANDING: Final = (
    select(
        *WORDS_AND_COUNTER,
        REMOVED,
        TOO_OFTEN,
        reaches(_ONE_MORE),
        _SIGNATURES.c.id,
        _SIGNATURES.c.key,
        _SIGNATURES.c.person,
        _SIGNATURES.c.version,
        _SIGNATURES.c.batch,
        _SIGNATURES.c.area,
        _SIGNATURES.c.entry,
    )
    .select_from(THEIRS.outerjoin(_SIGNATURES, _SIGNATURES.c.id == _FIRST))
    .where(OF_WORDS)
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


@dataclass(frozen=True)
class _Link:
    """A row of `PetitionLink`. owner, owner_mailbox: what `identity.people.owner_of` gives for its claim."""

    digest: bytes
    petition: str
    claim: bytes
    mailbox: bytes
    address_sealed: bytes
    area: str | None
    mails: bool
    worked: bool
    language: str
    asked_at: datetime
    expires_at: datetime
    signature: str | None
    owner: str | None
    owner_mailbox: bytes | None


@dataclass(frozen=True)
class _Known:
    """A signature that stands already, as far as signing again looks at it."""

    id: int
    key: str
    person: str
    version: int
    batch: int | None
    area: str | None
    entry: int


@dataclass(frozen=True)
class _Standing:
    """What decides about a signature behind the petition's lock.

    ledger: what it is opened with.  removed, too_often: whether an earlier signature that ended forbids this one.
    reached: whether the petition reaches a threshold with one more.
    """

    ledger: Sequence[Any]
    removed: bool
    too_often: bool
    reached: bool
    known: _Known | None


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


def confirm(
    desk: Desk, session: Session, token: str, version: int, network: str = "", petition: str | None = None
) -> str:
    """The button behind the link. Gives the key of the signature that stands now, the same at every further press.

    petition: under which the button was; None takes any.
    Raises: SigningLinkUnusable, NotSignable, WordsChanged, SignedInOtherSpelling.
    """
    link = _link(desk, session, token)
    if petition not in (None, link.petition):
        raise SigningLinkUnusable
    if link.signature is not None:
        return link.signature
    month = desk.clock().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    account = account_of(
        session,
        EMAIL,
        link.claim,
        mailbox=link.mailbox,
        language=link.language,
        now=month,
        owner=(link.owner, link.owner_mailbox),
    )
    # An account that was made in this transaction is seen by nobody else: it needs no lock, and cannot be joined.
    if not account.made:
        hold_person(session, account.person)
        if find_by_claim(session, EMAIL, link.claim) != account.person:  # it was joined to another meanwhile
            raise SigningLinkUnusable
    address = desk.keys.open_secret(link.address_sealed, _context(link.digest)).decode()
    signer = _Signer(
        account.person, link.claim, link.mailbox, address, worked=link.worked, asked_at=link.asked_at
    )
    signing = Signing(version, link.area, link.mails, link.language, network)
    key = _sign(desk, session, link.petition, signer, signing)
    if not run(session, _USED, {"link": link.digest, "made": key}).rowcount:
        raise SigningLinkUnusable  # what it had made at another press was taken back meanwhile, and the link with it
    return key


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
    standing = _standing(desk, session, row, signer, one, now)
    known = standing.known
    if known is not None and known.person != signer.person:
        raise SignedInOtherSpelling
    if known is not None and (known.version == row.version or known.batch is not None):
        return known.key
    if known is None:
        require_may_return(removed=standing.removed, too_often=standing.too_often)
    ledger = Ledger.opened(desk, session, row, now, standing.ledger)
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
        renewed = {"known": known.id, "new_salt": salt, "new_entry": number, "new_version": row.version}
        session.execute(_RENEWED, renewed)
        ledger.settle(0)
        return known.key
    key = secrets.token_hex(16)
    values = _row(desk, row, signer, signing, key, entry=number, salt=salt, now=now)
    made = number_of(session, _SIGNED, values)
    count = ledger.settle(1)
    note_pace(session, petition, now)
    assess(
        desk,
        session,
        SignatureContext(made, petition, signing.network, signer.address, signer.worked, signer.asked_at),
    )
    signatures_counted(session, row, count, desk, now, reached=standing.reached)
    return key


def _row(
    desk: Desk,
    row: PetitionPetition,
    signer: _Signer,
    signing: Signing,
    key: str,
    *,
    entry: int,
    salt: bytes,
    now: datetime,
) -> Mapping[str, object]:
    keeps = signing.mails and signer.address is not None
    return {
        "key": key,
        "petition": row.id,
        "person": signer.person,
        "mailbox": signer.mailbox,
        "version": row.version,
        "area": signing.area,
        "entry": entry,
        "salt": salt,
        "batch": None,
        "mails": signing.mails,
        "address_sealed": seal_address(desk, key, signer.address) if keeps and signer.address else None,
        "language": signing.language,
        "signed_at": now,
    }


def _standing(
    desk: Desk, session: Session, row: PetitionPetition, signer: _Signer, one: OnePerson, now: datetime
) -> _Standing:
    """All in one statement behind the petition's lock: whoever signs with another spelling at the same moment is
    before or behind it, and whatever an earlier one changed is seen.
    """
    ways = one.mailboxes if signer.mailbox is None else one.mailboxes | {signer.mailbox}
    given = {
        "petition": row.id,
        "version": row.version,
        "body": row.body,
        "person": signer.person,
        "accounts": list(one.accounts),
        "mailboxes": list(ways),
        "tags": ended_tags(desk, row.id, {signer.claim, *ways}),
        "now": now,
    }
    found = tuple(session.execute(_STANDING, given).one())
    words = len(WORDS_AND_COUNTER)
    removed, too_often, reached, number, *rest = found[words:]
    known = None if number is None else _Known(number, *rest)
    return _Standing(found[:words], removed, too_often, reached, known)


def _link(desk: Desk, session: Session, token: str) -> _Link:
    try:
        digest = digest_of(decode_base64url(token, SECRET_BYTES))
    except CryptoError:
        raise SigningLinkUnusable from None
    found = session.execute(_LINK, {"link": digest}).one_or_none()
    link = None if found is None else _Link(**found._mapping)
    if link is None or desk.clock() >= link.expires_at:
        raise SigningLinkUnusable
    return link


def _context(digest: bytes) -> str:
    return f"petition-link {digest.hex()}"

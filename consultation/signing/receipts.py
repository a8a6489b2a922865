"""What a signer keeps, and the batches that were removed."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.signing.counting import SHOWN, counted
from consultation.signing.errors import NoSuchSignature
from consultation.signing.ledger import origin_of
from consultation.signing.models import PetitionCount, PetitionRemoval, PetitionSignature
from consultation.signing.signing import signer_mark
from crypto.encoding import encode_base64url
from identity.desk import Desk
from identity.people import one_person
from protocol.petition import PetitionReceipt, RemovalEntry, SignatureEntry, decode_entry
from storage.statements import table_of

REMOVALS_PAGE: Final = 20
_TAGS: Final = {True: "petition-receipt-by-mail", False: "petition-receipt"}
_KEY_HEX: Final = 32
_SIGNATURE: Final = table_of(PetitionSignature).c
_COUNT: Final = table_of(PetitionCount).c
# Made once: putting a statement together takes longer than running it, and everybody who signed sees a receipt.
_FOUND: Final = (
    select(
        _SIGNATURE.petition,
        _SIGNATURE.person,
        _SIGNATURE.version,
        _SIGNATURE.area,
        _SIGNATURE.entry,
        _SIGNATURE.salt,
        _SIGNATURE.batch,
        _SIGNATURE.mails,
        _COUNT.log,
        *SHOWN,
    )
    .join_from(table_of(PetitionSignature), table_of(PetitionCount), _COUNT.petition == _SIGNATURE.petition)
    .where(_SIGNATURE.key == bindparam("of"))
)


@dataclass(frozen=True)
class Removals:
    """Some batches that were removed, the newest first. before: for the next page, None at the end."""

    batches: Sequence[RemovalEntry]
    before: int | None


@dataclass(frozen=True)
class Kept:
    """A signature that stands, as its signer sees it. batch: in which it was removed.  mails: whether they get some."""

    petition: str
    person: str
    version: int
    area: str | None
    entry: int
    batch: int | None
    mails: bool
    receipt: PetitionReceipt


@dataclass(frozen=True)
class Handle:
    """An address of a receipt. by_mail: given to the reader of a mailed link, who has no other key; else to an account,
    for which alone it opens. A signature has both, and neither ever opens more than it did.
    """

    key: str
    by_mail: bool

    def written(self, desk: Desk) -> str:
        """The signature's key and a tag of this server, 64 hexadecimal digits."""
        return self.key + desk.keys.tag(_TAGS[self.by_mail], self.key.encode()).hex()


def read_handle(desk: Desk, text: str) -> Handle | None:
    """None for an address that this server did not make."""
    if len(text) != 2 * _KEY_HEX or not text.isascii():
        return None
    made = [Handle(text[:_KEY_HEX], by_mail) for by_mail in (False, True)]
    return next((handle for handle in made if hmac.compare_digest(handle.written(desk), text)), None)


def opens_for(session: Session, handle: Handle, signer: str, person: str | None) -> bool:
    """Whether this person may see the receipt of this signer at this address; None is nobody who is signed in.

    Who was shut out cannot sign in any more: for them the address is enough, for a signature can always be taken back.
    """
    return handle.by_mail or signer == person or one_person(session, signer).shut_out


def receipt_of(desk: Desk, session: Session, key: str) -> PetitionReceipt:
    """The receipt of a signature, with a proof for the newest public head. Raises: NoSuchSignature."""
    return kept(desk, session, key).receipt


def kept(desk: Desk, session: Session, key: str) -> Kept:
    """A signature with its receipt, in three queries. Raises: NoSuchSignature."""
    found = session.execute(_FOUND, {"of": key}).one_or_none()
    if found is None:
        raise NoSuchSignature
    petition, person, version, area, number, salt, batch, mails, log, *shown = found
    # The head of its own deed, or later what is public anyway: who asks again and again sees no signature arrive.
    size = max(number + 1, counted(desk.clock(), *shown).entries)
    proven = board.proven(session, LogId(log), number, size)
    entry = decode_entry(proven.entry.leaf)
    if not isinstance(entry, SignatureEntry):
        raise LookupError(f"Entry {number} of {petition} is no signature.")
    receipt = PetitionReceipt(
        area=area,
        checkpoint=proven.note,
        entry=entry,
        inclusion=tuple(map(encode_base64url, proven.path)),
        log_key=encode_base64url(desk.keys.log.public_key),
        origin=origin_of(desk, petition),
        salt=encode_base64url(salt),
        signer=encode_base64url(signer_mark(desk, petition, person)),
    )
    return Kept(petition, person, version, area, number, batch, mails, receipt)


def is_removed(session: Session, petition: str, batch: int) -> bool:
    """Whether there is a batch of this number."""
    return session.get(PetitionRemoval, (petition, batch)) is not None


def removals(session: Session, petition: str, before: int | None = None) -> Removals:
    """Batches that were removed, the newest first. before: only those with lower numbers."""
    counter = session.get(PetitionCount, petition)
    if counter is None or not counter.batches:
        return Removals((), None)
    rows = select(PetitionRemoval.batch, PetitionRemoval.entry).where(PetitionRemoval.petition == petition)
    if before is not None:
        rows = rows.where(PetitionRemoval.batch < before)
    page = session.execute(rows.order_by(PetitionRemoval.batch.desc()).limit(REMOVALS_PAGE + 1)).all()
    found = []
    for _, at in page[:REMOVALS_PAGE]:
        entry = decode_entry(board.entry(session, LogId(counter.log), at).leaf)
        if not isinstance(entry, RemovalEntry):
            raise LookupError(f"Entry {at} of {petition} is no removal.")
        found.append(entry)
    return Removals(found, page[REMOVALS_PAGE - 1].batch if len(page) > REMOVALS_PAGE else None)

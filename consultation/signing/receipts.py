"""What a signer keeps, and the batches that were removed."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.signing.counting import public_count
from consultation.signing.ending import find_signature
from consultation.signing.ledger import origin_of
from consultation.signing.models import PetitionCount, PetitionRemoval, PetitionSignature
from consultation.signing.signing import signer_mark
from crypto.encoding import encode_base64url
from identity.desk import Desk
from identity.people import one_person
from protocol.petition import PetitionReceipt, RemovalEntry, SignatureEntry, decode_entry

REMOVALS_PAGE: Final = 20
_TAGS: Final = {True: "petition-receipt-by-mail", False: "petition-receipt"}
_KEY_HEX: Final = 32


@dataclass(frozen=True)
class Removals:
    """Some batches that were removed, the newest first. before: for the next page, None at the end."""

    batches: Sequence[RemovalEntry]
    before: int | None


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
    row: PetitionSignature = find_signature(session, key)
    counter = session.get_one(PetitionCount, row.petition)
    log_id = LogId(counter.log)
    # The head of its own deed, or later what is public anyway: who asks again and again sees no signature arrive.
    size = max(row.entry + 1, public_count(session, row.petition, desk.clock()).entries)
    entry = decode_entry(board.entry(session, log_id, row.entry).leaf)
    if not isinstance(entry, SignatureEntry):
        raise LookupError(f"Entry {row.entry} of {row.petition} is no signature.")
    return PetitionReceipt(
        area=row.area,
        checkpoint=board.checkpoint_at(session, log_id, size),
        entry=entry,
        inclusion=tuple(map(encode_base64url, board.inclusion_proof(session, log_id, row.entry, size))),
        log_key=encode_base64url(desk.keys.log.public_key),
        origin=origin_of(desk, row.petition),
        salt=encode_base64url(row.salt),
        signer=encode_base64url(signer_mark(desk, row.petition, row.person)),
    )


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

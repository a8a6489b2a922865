"""Signatures that end: withdrawn by their signer, gone with an account, or removed by the site in a signed batch.

Withdrawing deletes the row with the salt. What is left is the entry on the log, a number under a key that nobody has
any more, and the entry that says that it does not count.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from consultation.fraud.marks import forget_traces
from consultation.petitions.counting import signatures_counted
from consultation.petitions.mailing import removal_mails
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import lock_petition
from consultation.signing.counting import note_taken_back, take_from_pace
from consultation.signing.errors import NoSuchSignature, NothingToRemove, RemovedAlready
from consultation.signing.ledger import Ledger
from consultation.signing.models import PetitionLink, PetitionRemoval, PetitionSignature
from consultation.signing.returning import note_end
from consultation.signing.signing import hold_person, link_mail_key
from consultation.signing.telling import news_keys
from consultation.text import written
from identity.desk import Desk
from identity.models import IdentityClaim
from identity.trail import Actor, System, record
from mail.outbox import forget_keys
from protocol.petition import REASON_CHARACTERS, REMOVED_AT_ONCE, RemovalEntry, WithdrawalEntry, sign_removal

_AT_ONCE: Final = 500
_FOUND: Final = select(PetitionSignature).where(PetitionSignature.key == bindparam("of"))


@dataclass(frozen=True)
class Removed:
    """A batch. count: signatures in it."""

    batch: int
    count: int


@dataclass(frozen=True)
class Signed:
    """A signature, for its signer. counts: False when it was removed."""

    petition: str
    key: str
    version: int
    area: str | None
    mails: bool
    signed_at: datetime
    counts: bool


def find_signature(session: Session, key: str) -> PetitionSignature:
    """Raises: NoSuchSignature."""
    row = session.scalar(_FOUND, {"of": key})
    if row is None:
        raise NoSuchSignature
    return row


def withdraw(desk: Desk, session: Session, key: str) -> None:
    """Take a signature back, at any time, also after the end.

    Not one that was removed, else whoever made it up would sign anew. Raises: NoSuchSignature, RemovedAlready.
    """
    found = find_signature(session, key)
    hold_person(session, found.person)
    row = lock_petition(session, found.petition)
    again = session.scalars(
        select(PetitionSignature)
        .where(PetitionSignature.key == key)
        .with_for_update()  # before the outbox, as whoever stops mails does
        .execution_options(populate_existing=True)
    ).one_or_none()
    if again is None:  # two presses at once
        raise NoSuchSignature
    if again.batch is not None:
        raise RemovedAlready
    _end(desk, session, row, again, desk.clock())


def withdraw_all(desk: Desk, session: Session, person: str, now: datetime) -> int:
    """Everything that somebody signed, as their account is deleted; how many signatures."""
    signed = select(PetitionSignature.petition).where(PetitionSignature.person == person)
    petitions = session.scalars(signed.order_by(PetitionSignature.petition)).all()
    for petition in petitions:
        row = lock_petition(session, petition)
        mine = (PetitionSignature.petition == petition) & (PetitionSignature.person == person)
        found = session.scalars(select(PetitionSignature).where(mine).with_for_update()).one()
        _end(desk, session, row, found, now)
    claims = select(IdentityClaim.digest).where(IdentityClaim.person == person)
    session.execute(delete(PetitionLink).where(PetitionLink.claim.in_(claims)))
    return len(petitions)


def remove_signatures(
    desk: Desk,
    session: Session,
    petition: str,
    ids: Collection[int],
    reason: str,
    by: Actor,
    now: datetime,
) -> Removed:
    """Declare signatures invalid in one entry with a number and a reason, which everybody reads.

    ids: `PetitionSignature.id`, at most 5,000; those that count no more are left out. Their rows stay, so that the
    same person cannot sign again.  Raises: NoSuchPetition, NothingToRemove, TextRefused.
    """
    if len(ids) > REMOVED_AT_ONCE:
        raise NothingToRemove
    words = written(reason, REASON_CHARACTERS)
    row = lock_petition(session, petition)
    found: list[PetitionSignature] = []
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(PetitionSignature).where(
            PetitionSignature.petition == petition,
            PetitionSignature.id.in_(wanted[start : start + _AT_ONCE]),
            PetitionSignature.batch.is_(None),
        )
        found += session.scalars(some.execution_options(populate_existing=True))
    if not found:
        raise NothingToRemove
    ledger = Ledger.open(desk, session, row, now)
    batch, entries = ledger.counter.batches + 1, tuple(sorted(each.entry for each in found))
    role = "system" if isinstance(by, System) else "moderation"
    ledger.append(
        lambda entry, time: sign_removal(
            RemovalEntry(
                entry=entry,
                petition=petition,
                time=time,
                batch=batch,
                by=role,
                reason=words,
                signatures=entries,
                signed="",
            ),
            desk.keys.log,
        )
    )
    ledger.counter.batches = batch
    session.add(PetitionRemoval(petition=petition, batch=batch, entry=ledger.size - 1))
    for each in found:
        each.batch = batch
    take_from_pace(session, petition, [each.signed_at for each in found])
    count = ledger.settle(-len(found))
    signatures_counted(session, row, count, desk, now)
    detail = {"batch": str(batch), "count": str(len(found)), "reason": words}
    record(desk, session, by, "signatures-removed", f"petition {petition}", detail)
    removal_mails(session, petition, batch, now)
    return Removed(batch, len(found))


def signed_by(session: Session, person: str) -> Sequence[Signed]:
    """Everything that somebody signed and has not taken back, the newest first."""
    rows = session.scalars(
        select(PetitionSignature)
        .where(PetitionSignature.person == person)
        .order_by(PetitionSignature.signed_at.desc(), PetitionSignature.id.desc())
    )
    return [
        Signed(row.petition, row.key, row.version, row.area, row.mails, row.signed_at, row.batch is None)
        for row in rows
    ]


def signers_persons(session: Session, petition: str) -> Sequence[str]:
    """Numbers of those whose signature counts."""
    counting = (PetitionSignature.petition == petition) & PetitionSignature.batch.is_(None)
    return session.scalars(
        select(PetitionSignature.person).where(counting).order_by(PetitionSignature.id)
    ).all()


def _end(
    desk: Desk, session: Session, row: PetitionPetition, found: PetitionSignature, now: datetime
) -> None:
    if found.batch is None:
        ledger, entry = Ledger.open(desk, session, row, now), found.entry
        ledger.append(lambda at, time: WithdrawalEntry(entry=at, petition=row.id, signature=entry, time=time))
        signatures_counted(session, row, ledger.settle(-1), desk, now)
        note_taken_back(session, row.id, found.signed_at, now)
    note_end(desk, session, row, found, now)
    links = session.scalars(select(PetitionLink.digest).where(PetitionLink.signature == found.key))
    forget_keys(
        session, [*(link_mail_key(digest) for digest in links), *news_keys(session, row.id, found.key)]
    )
    session.execute(delete(PetitionLink).where(PetitionLink.signature == found.key))
    forget_traces(session, [found.id])
    session.delete(found)
    session.flush()

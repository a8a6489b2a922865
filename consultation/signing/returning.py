"""Who may sign again after their signature ended.

Taking back is free at any time. But every signature and every end is an entry that stays for ever and that everybody
who recounts must read, so one mailbox gives, takes back and gives again a few times a day and no more. And who deletes
the account of a signature that was removed as made up does not give another in its place.

What is kept for that is a keyed hash of each way to sign in, for one petition alone: a day after a signature was taken
back, and after a removal until the petition ends.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, bindparam, delete, exists, select
from sqlalchemy.orm import Session

from consultation.petitions.models import PetitionPetition
from consultation.petitions.types import State
from consultation.signing.errors import RemovedBefore, TakenBackTooOften
from consultation.signing.models import PetitionEnded, PetitionSignature
from identity.desk import Desk
from identity.models import IdentityClaim
from storage.statements import rows_changed, table_of

RETURNS_MOST: Final = 3
"""Signatures that one mailbox can take back under one petition, with less than a day between any two of them."""
TAKEN_BACK_KEPT: Final = timedelta(days=1)
REMOVED_KEPT: Final = timedelta(days=400)
"""Where the petition has no end yet."""
_PUBLISHED: Final = (State.OPEN.value, State.CLOSED.value)
_ENDED: Final = table_of(PetitionEnded)
_DECIDES: Final = and_(
    _ENDED.c.petition == bindparam("petition"),
    _ENDED.c.tag.in_(bindparam("tags", expanding=True)),
    _ENDED.c.until > bindparam("now"),
)
# Parts of the statement that is asked for every signature. tags: from `ended_tags`.
REMOVED: Final = exists().where(_DECIDES, _ENDED.c.removed.is_(True))
TOO_OFTEN: Final = exists().where(_DECIDES, _ENDED.c.times >= RETURNS_MOST)


def ended_tags(desk: Desk, petition: str, ways: Collection[bytes]) -> Sequence[bytes]:
    """Under which the ends of a signer's signatures are kept. ways: hashes of everything that they sign in with."""
    return [_tag(desk, petition, way) for way in ways]


def require_may_return(*, removed: bool, too_often: bool) -> None:
    """Before a new signature, of what was found under the petition's lock. Raises: RemovedBefore, TakenBackTooOften."""
    if removed:
        raise RemovedBefore
    if too_often:
        raise TakenBackTooOften


def note_end(
    desk: Desk, session: Session, row: PetitionPetition, signature: PetitionSignature, now: datetime
) -> None:
    """A signature is about to go, as its signer or the end of their account wants it. row: locked."""
    claims = select(IdentityClaim.digest, IdentityClaim.mailbox)
    known: set[bytes | None] = {signature.mailbox}
    for claim in session.execute(claims.where(IdentityClaim.person == signature.person)):
        known |= {claim.digest, claim.mailbox}
    removed = signature.batch is not None
    until = now + TAKEN_BACK_KEPT
    if removed:
        # Before publication `closes_at` is the end of gathering supporters, and the petition's own comes later.
        ends = row.closes_at if row.state in _PUBLISHED else None
        until = max(until, now + REMOVED_KEPT if ends is None else ends)
    for way in (each for each in known if each is not None):
        tag = _tag(desk, row.id, way)
        ended = session.get(PetitionEnded, (row.id, tag), populate_existing=True)
        if ended is None:
            ended = PetitionEnded(petition=row.id, tag=tag, times=0, removed=False, until=until)
            session.add(ended)
        elif ended.until <= now:
            ended.times, ended.removed, ended.until = 0, False, until
        ended.times += 1
        ended.removed = ended.removed or removed
        ended.until = max(ended.until, until)


def forget_ended(session: Session, now: datetime) -> int:
    """Delete what decides nothing any more; how many rows."""
    return rows_changed(session, delete(PetitionEnded).where(PetitionEnded.until <= now))


def _tag(desk: Desk, petition: str, way: bytes) -> bytes:
    return desk.keys.tag(f"petition-ended {petition}", way)

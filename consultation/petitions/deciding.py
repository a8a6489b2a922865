"""The moderator's decision: publish, or reject with a reason of the published list. Never about one's own petition.

A moderator takes a petition that waits, reads it, and decides; meanwhile it is nobody else's. The decision names the
words that were read, by their digest: a proposed edit that replaces another one has its number. If the words were
changed meanwhile, the decision is refused, the petition is given back, and they are read again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.moderation.claims import end_claim, require_claim, require_free
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.types import Action
from consultation.petitions.claiming import lock_waiting
from consultation.petitions.counting import signatures_counted
from consultation.petitions.errors import (
    NoSuchPetition,
    NoSuchTwin,
    WrongState,
)
from consultation.petitions.indexing import index_petition
from consultation.petitions.life import drop_proposed
from consultation.petitions.mailing import signers_mails
from consultation.petitions.models import PetitionPetition, PetitionVersion
from consultation.petitions.settings import rules
from consultation.petitions.store import (
    add_event,
    find_petition,
    hold_creator,
    lock_petition,
    require_unchanged,
)
from consultation.petitions.types import Reason, State, What
from consultation.subjects import Subject
from consultation.text import written
from identity.desk import Desk
from identity.people import hold
from voting.deeds import By

WORDS_CHARACTERS: Final = 2_000


@dataclass(frozen=True)
class Rejecting:
    """words: what everybody reads beside the reason.  twin: the petition that asks the same, for `duplicate`."""

    reason: Reason
    words: str = field(repr=False)
    twin: str | None = None


def admit(session: Session, by: By, petition: str, version: int, digest: bytes | None = None) -> None:
    """Publish a petition, or the new version of one that is published.

    version, digest: of the words that were read by whoever has taken it. Without a digest they were read in this
    transaction, and nobody needs to have taken it; but what another one works on stays theirs.
    Raises: NoSuchPetition, OwnPetition, WrongState, ChangedSince, NotClaimed, ClaimedByOther.
    """
    now = by.desk.clock()
    hold(session, by.actor.person_id)
    hold_creator(session, petition)
    row = _lock_read(session, by, petition, version, digest)
    if row.state == State.OPEN:
        row.version, row.proposed, row.waiting_since, row.changed_at = version, None, None, now
        end_claim(row)
        number = add_event(session, petition, What.EDITED, now, detail=str(version))
        signers_mails(session, number, now)
        happened(session, Happened.PETITION_EDITED, Subject("petition", petition), at=now, by=row.creator)
        index_petition(session, petition)
        by.note(session, "petition-edit-admitted", f"petition {petition}", version=str(version))
        return
    _open(session, row, now)
    signers_mails(session, add_event(session, petition, What.PUBLISHED, now), now)
    happened(session, Happened.PETITION_PUBLISHED, Subject("petition", petition), at=now)
    signatures_counted(session, row, row.signatures, by.desk, now)
    by.note(session, "petition-admitted", f"petition {petition}", version=str(version))


def reject(
    session: Session, by: By, petition: str, version: int, wanted: Rejecting, digest: bytes | None = None
) -> int:
    """Reject a petition, or the new version of one that is published; the number of the entry in the moderation log.

    A petition stays visible with its reason, but for the words on a ground that hides them. A rejected new version is
    forgotten, and the words that were published stay. version, digest: as for `admit`.
    Raises: NoSuchPetition, OwnPetition, WrongState, ChangedSince, NotClaimed, ClaimedByOther, NoSuchTwin, TextRefused.
    """
    now = by.desk.clock()
    words = written(wanted.words, WORDS_CHARACTERS, lines=True)
    hold(session, by.actor.person_id)
    hold_creator(session, petition)
    row = _lock_read(session, by, petition, version, digest)
    twin = _twin(session, petition, wanted)
    judged = session.get_one(PetitionVersion, (petition, version)).digest
    subject = Subject("petition", petition)
    if row.state == State.OPEN:
        drop_proposed(session, row)
        action = Action.LEFT
    else:
        row.state, row.waiting_since, row.rejected_at, row.changed_at = State.REJECTED.value, None, now, now
        end_claim(row)
        row.reason, row.rejection, row.twin = wanted.reason.value, words, twin
        number = add_event(session, petition, What.REJECTED, now, detail=wanted.reason.value)
        signers_mails(session, number, now)
        index_petition(session, petition)
        action = Action.REJECTED
    happened(session, Happened.PETITION_REJECTED, subject, at=now, to=row.creator)
    ruling = Ruling(action, subject, judged, rule=wanted.reason.value, author=row.creator, note=words)
    return log_entry(session, by.desk, by.actor, ruling)


def readmit(session: Session, desk: Desk, petition: str) -> None:
    """A rejection was taken back on appeal: the petition is published. The log entry is the appeal's own.

    Raises: NoSuchPetition, WrongState.
    """
    now = desk.clock()
    row = lock_petition(session, petition)
    if row.state != State.REJECTED:
        raise WrongState
    row.rejected_at = row.reason = row.rejection = row.twin = None
    _open(session, row, now)
    signers_mails(session, add_event(session, petition, What.READMITTED, now), now)
    happened(session, Happened.PETITION_PUBLISHED, Subject("petition", petition), at=now)
    signatures_counted(session, row, row.signatures, desk, now)


def _open(session: Session, row: PetitionPetition, now: datetime) -> None:
    row.state, row.waiting_since, row.opened_at, row.changed_at = State.OPEN.value, None, now, now
    end_claim(row)
    row.closes_at = now + timedelta(days=rules(session).open_days)
    index_petition(session, row.id)


def _lock_read(
    session: Session, by: By, petition: str, version: int, digest: bytes | None
) -> PetitionPetition:
    row, person, now = lock_waiting(session, by, petition), by.actor.person_id, by.desk.clock()
    require_unchanged(session, row, version, digest)
    if digest is None:
        require_free(row, person, now)
    else:
        require_claim(row, person, now)
    return row


def _twin(session: Session, petition: str, wanted: Rejecting) -> str | None:
    if wanted.reason is not Reason.DUPLICATE:
        return None
    try:
        twin = find_petition(session, wanted.twin or "")
    except NoSuchPetition:
        raise NoSuchTwin from None
    if not twin.public or twin.state is State.REJECTED or twin.hidden or twin.id == petition:
        raise NoSuchTwin
    return twin.id

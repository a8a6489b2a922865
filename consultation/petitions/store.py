"""Petitions as rows: found, locked, read whole. Shared by the verbs."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, true
from sqlalchemy.orm import Session

from consultation.models import ConsultationArea
from consultation.petitions.errors import ChangedSince, NoSuchPetition, NotSignable, WhyNot
from consultation.petitions.models import PetitionBody, PetitionEvent, PetitionPetition, PetitionVersion
from consultation.petitions.settings import body_of
from consultation.petitions.types import (
    Body,
    Event,
    Petition,
    PetitionText,
    Reason,
    Rejection,
    State,
    What,
)
from identity.people import hold
from protocol.petition_text import PetitionTextRecord
from protocol.text import LocalText

_ID: Final = re.compile("[0-9a-f]{16}")
# Made once: putting a statement together takes longer than running it, and these are part of every signature.
_LOCKED: Final = (
    select(PetitionPetition)
    .where(PetitionPetition.id == bindparam("petition"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_WHOLE: Final = (
    select(PetitionPetition, PetitionVersion, PetitionBody, ConsultationArea)
    .join(
        PetitionVersion,
        (PetitionVersion.petition == PetitionPetition.id)
        & (PetitionVersion.version == PetitionPetition.version),
    )
    .join(PetitionBody, PetitionBody.id == PetitionPetition.body)
    .outerjoin(ConsultationArea, ConsultationArea.id == PetitionPetition.area)
    .where(PetitionPetition.id.in_(bindparam("petitions", expanding=True)))
)
_CREATOR: Final = select(PetitionPetition.creator).where(PetitionPetition.id == bindparam("petition"))
_CLOSED: Final[Mapping[State, WhyNot]] = {
    State.DRAFT: WhyNot.NOT_YET,
    State.MODERATION: WhyNot.NOT_YET,
    State.CLOSED: WhyNot.CLOSED,
    State.REJECTED: WhyNot.REJECTED,
    State.WITHDRAWN: WhyNot.WITHDRAWN,
}


def find_petition(session: Session, petition: str) -> Petition:
    """Whatever its state: who may see it is the caller's to ask. Raises: NoSuchPetition."""
    found = petitions_of(session, [petition]) if _ID.fullmatch(petition) else []
    if not found:
        raise NoSuchPetition
    return found[0]


def lock_petition(session: Session, petition: str) -> PetitionPetition:
    """The row, locked until the transaction ends, as it stands now. Raises: NoSuchPetition."""
    row = session.scalar(_LOCKED, {"petition": petition}) if _ID.fullmatch(petition) else None
    if row is None:
        raise NoSuchPetition
    return row


def hold_creator(session: Session, petition: str) -> None:
    """Keep its creator's account from being deleted meanwhile: before `lock_petition`, by whoever notes them later.

    If it is gone already, the locked row says so.
    """
    creator = session.scalar(_CREATOR, {"petition": petition}) if _ID.fullmatch(petition) else None
    if creator is not None:
        hold(session, creator)


def require_unchanged(session: Session, row: PetitionPetition, version: int, digest: bytes | None) -> None:
    """Whether the last words of a locked petition are those that somebody read, also those that wait for a moderator.

    digest: None where they were read in this transaction; else the number is not enough, for a proposed version that
    replaces another one has its number. Raises: ChangedSince.
    """
    there = session.get(PetitionVersion, (row.id, version), populate_existing=True)
    if version != (row.proposed or row.version) or there is None or digest not in (None, there.digest):
        raise ChangedSince


def require_signable(petition: Petition | PetitionPetition, now: datetime) -> None:
    """Decide it under the lock: who comes in the second of closing is too late. Raises: NotSignable."""
    state = State(petition.state)
    if state in _CLOSED:
        raise NotSignable(_CLOSED[state])
    if petition.closes_at is None or now >= petition.closes_at:
        raise NotSignable(WhyNot.CLOSED)
    if petition.hidden_entry is not None:
        raise NotSignable(WhyNot.NOT_YET)


def petitions_of(session: Session, ids: Collection[str]) -> Sequence[Petition]:
    """These petitions in the order of `ids`, in one query; those that are not there are left out."""
    rows = session.execute(_WHOLE, {"petitions": list(set(ids))})
    found = {row.id: _petition(row, text_of(text), body_of(body), area) for row, text, body, area in rows}
    return [found[each] for each in ids if each in found]


def versions(
    session: Session,
    petition: str,
    *,
    proposed: bool = False,
    before: int | None = None,
    limit: int | None = None,
) -> Sequence[PetitionText]:
    """Versions that were ever in force, the newest first.

    proposed: also the one that waits for a moderator.  before: only those older than this one.  limit: None for all.
    """
    rows = session.scalars(
        select(PetitionVersion)
        .join(PetitionPetition, PetitionPetition.id == PetitionVersion.petition)
        .where(
            PetitionVersion.petition == petition,
            true() if proposed else PetitionVersion.version <= PetitionPetition.version,
            true() if before is None else PetitionVersion.version < before,
        )
        .order_by(PetitionVersion.version.desc())
        .limit(limit)
    )
    return [text_of(row) for row in rows]


def last_words(session: Session, petition: str) -> PetitionText:
    """The words that stand, or those that wait for a moderator to take their place."""
    return versions(session, petition, proposed=True, limit=1)[0]


def add_event(
    session: Session,
    petition: str,
    what: What,
    at: datetime,
    *,
    body: str | None = None,
    words: str = "",
    language: str = "",
    detail: str = "",
    on: datetime | None = None,
) -> int:
    """Note a line of what happened; its number. The arguments are as in `Event`."""
    row = PetitionEvent(
        petition=petition,
        what=what.value,
        at=at,
        body=body,
        words=words,
        language=language,
        detail=detail,
        on=on,
    )
    session.add(row)
    session.flush()
    return row.id


def events_of(session: Session, petition: str) -> Sequence[Event]:
    """Everything that happened to a petition, in order."""
    rows = session.execute(
        select(PetitionEvent, PetitionBody)
        .outerjoin(PetitionBody, PetitionBody.id == PetitionEvent.body)
        .where(PetitionEvent.petition == petition)
        .order_by(PetitionEvent.id)
    )
    return [event_of(row, body) for row, body in rows]


def event_of(row: PetitionEvent, body: PetitionBody | None) -> Event:
    """The row as a frozen value. Words that moderation took away are not in it."""
    hidden = row.hidden_entry is not None
    return Event(
        id=row.id,
        petition=row.petition,
        what=What(row.what),
        at=row.at,
        body=None if body is None else body_of(body),
        words="" if hidden else row.words,
        language=row.language,
        detail=row.detail,
        on=row.on,
        hidden=hidden,
        hidden_entry=row.hidden_entry,
    )


def text_of(row: PetitionVersion) -> PetitionText:
    """The row as a frozen value."""
    return PetitionText(
        version=row.version,
        digest=row.digest,
        action=row.action,
        background=row.background,
        details=row.details,
        language=row.language,
        record=PetitionTextRecord(
            action=row.action,
            area=row.area,
            background=row.background,
            body=row.body,
            details=row.details,
            language=row.language,  # type: ignore[arg-type]
            petition=row.petition,
            version=row.version,
        ),
        made_at=row.made_at,
        signatures=row.signatures,
    )


def _petition(
    row: PetitionPetition, text: PetitionText, body: Body, area: ConsultationArea | None
) -> Petition:
    rejection = None
    if row.reason is not None and row.rejected_at is not None:
        rejection = Rejection(Reason(row.reason), row.rejection or "", row.twin, row.rejected_at)
    return Petition(
        id=row.id,
        state=State(row.state),
        text=text,
        creator=row.creator,
        body=body,
        area=None if area is None else (area.id, LocalText(en=area.name_en, vi=area.name_vi)),
        signatures=row.signatures,
        proposed=row.proposed,
        created_at=row.created_at,
        changed_at=row.changed_at,
        submitted_at=row.submitted_at,
        waiting_since=row.waiting_since,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
        answered_at=row.answered_at,
        debate_on=row.debate_on,
        rejection=rejection,
        hidden_entry=row.hidden_entry,
    )

"""What the one who started a petition does with it: write, send off, edit, withdraw, close early."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consultation.areas import require_area
from consultation.following.follows import follow
from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.moderation.claims import end_claim
from consultation.petitions.counting import ask_moderation
from consultation.petitions.errors import (
    NoSuchBody,
    NotTheCreator,
    TooManyPetitions,
    TooManyVersions,
    WrongState,
)
from consultation.petitions.indexing import index_petition
from consultation.petitions.mailing import signers_mails
from consultation.petitions.models import PetitionEvent, PetitionPetition, PetitionVersion
from consultation.petitions.settings import require_body, rules
from consultation.petitions.store import add_event, lock_petition, require_unchanged
from consultation.petitions.types import Draft, State, What
from consultation.subjects import Subject
from consultation.text import written
from consultation.titles import require_title
from identity.models import IdentityPerson
from protocol.petition_text import (
    ACTION_CHARACTERS,
    BACKGROUND_CHARACTERS,
    DETAILS_CHARACTERS,
    PETITION_ID_BYTES,
    PetitionTextRecord,
)

LANGUAGES: Final = ("en", "vi", "both")
PREPARED_MAX: Final = 10
"""Petitions of one person that are not published yet."""
VERSIONS_MAX: Final = 50
"""Of one petition, from when others see it. Each one asks its signers again."""
PREPARING: Final = (State.DRAFT.value, State.SPONSORS.value, State.MODERATION.value)


@dataclass(frozen=True)
class Edited:
    """What an edit did. version: of the words.  proposed: whether it waits for a moderator."""

    version: int
    proposed: bool


def create_draft(session: Session, person: str, draft: Draft, now: datetime) -> str:
    """Begin a petition, seen by its creator alone; its number.

    Raises: TextRefused, NoSuchBody, NoSuchArea, TooManyPetitions; ValueError for another language.
    """
    draft = cleaned(session, draft)
    _hold(session, person, counting=True)
    require_room(session, person)
    petition = secrets.token_hex(PETITION_ID_BYTES)
    session.add(
        PetitionPetition(
            id=petition,
            state=State.DRAFT.value,
            version=1,
            creator=person,
            body=draft.body,
            area=draft.area,
            signatures=0,
            created_at=now,
            changed_at=now,
        )
    )
    session.flush()
    _put(session, petition, 1, draft, now)
    return petition


def require_room(session: Session, person: str) -> None:
    """Whether somebody may begin one more. Raises: TooManyPetitions."""
    prepared = select(func.count()).where(
        PetitionPetition.creator == person, PetitionPetition.state.in_(PREPARING)
    )
    if (session.scalar(prepared) or 0) >= PREPARED_MAX:
        raise TooManyPetitions


def save_draft(session: Session, person: str, petition: str, draft: Draft, now: datetime) -> None:
    """Replace the words of a draft; nobody has seen the earlier ones.

    Raises: NoSuchPetition, NotTheCreator, WrongState, and as `create_draft`.
    """
    row = _mine(session, person, petition, State.DRAFT)
    _replace(session, row, cleaned(session, draft), 1, now)


def submit(session: Session, person: str, petition: str, now: datetime) -> None:
    """Whoever has the address can sign from now on; when enough have, a moderator is asked.

    Raises: NoSuchPetition, NotTheCreator, WrongState, FollowsTooMuch.
    """
    row = _mine(session, person, petition, State.DRAFT)
    numbers = rules(session)
    row.state, row.submitted_at, row.changed_at = State.SPONSORS.value, now, now
    row.closes_at = now + timedelta(days=numbers.sponsor_days)
    add_event(session, petition, What.SUBMITTED, now)
    if numbers.sponsors == 0:
        ask_moderation(row, now)
    follow(session, person, Subject("petition", petition), now)


def edit(
    session: Session,
    person: str,
    petition: str,
    seen: int,
    draft: Draft,
    now: datetime,
    *,
    digest: bytes | None = None,
) -> Edited | None:
    """Change the words after they were sent off; None when they are the same.

    seen, digest: of the words that the form was opened at, `last_words`; without a digest they were read in this
    transaction. Before publication the new version holds at once. Of a published petition it waits for a moderator,
    and body and area stay as they are.
    Raises: NoSuchPetition, NotTheCreator, WrongState, ChangedSince, TooManyVersions, and as `create_draft`.
    """
    row = _mine(session, person, petition, State.SPONSORS, State.MODERATION, State.OPEN)
    require_unchanged(session, row, seen, digest)
    published = row.state == State.OPEN
    if published:
        draft = Draft(draft.action, draft.background, draft.details, draft.language, row.body, row.area)
    draft = cleaned(session, draft, closed_body=published)
    now_there = session.get_one(PetitionVersion, (petition, row.version))
    if _says(now_there) == draft and row.proposed is None:
        return None
    version = row.version + 1
    if version > VERSIONS_MAX:
        raise TooManyVersions(VERSIONS_MAX)
    if not published:
        row.version, row.body, row.area, row.changed_at = version, draft.body, draft.area, now
        end_claim(row)  # whoever works on it has read other words
        _put(session, petition, version, draft, now, signatures=row.signatures)
        add_event(session, petition, What.EDITED, now, detail=str(version))
        happened(session, Happened.PETITION_EDITED, Subject("petition", petition), at=now, by=person)
        return Edited(version, proposed=False)
    drop_proposed(session, row)
    row.proposed, row.waiting_since = version, now
    session.flush()
    _put(session, petition, version, draft, now, signatures=row.signatures)
    return Edited(version, proposed=True)


def withdraw(session: Session, person: str, petition: str, now: datetime) -> None:
    """Give up a petition that is not published. A draft is deleted, as if it had never been.

    Raises: NoSuchPetition, NotTheCreator, WrongState.
    """
    row = _mine(session, person, petition, State.DRAFT, State.SPONSORS, State.MODERATION)
    if row.state == State.DRAFT:
        delete_draft(session, row)
        return
    end(row, State.WITHDRAWN, now)
    add_event(session, petition, What.WITHDRAWN, now)


def close_early(session: Session, person: str, petition: str, now: datetime) -> None:
    """No more signatures from now on. What is due stays due. Raises: NoSuchPetition, NotTheCreator, WrongState."""
    row = _mine(session, person, petition, State.OPEN)
    drop_proposed(session, row)
    close(session, row, What.CLOSED_EARLY, now, by=person)


def close(
    session: Session, row: PetitionPetition, what: What, now: datetime, *, by: str | None = None
) -> None:
    """End the time for signatures of a locked petition, and have everybody told who asked."""
    end(row, State.CLOSED, now)
    number = add_event(session, row.id, what, now, detail=str(row.signatures))
    happened(session, Happened.PETITION_CLOSED, Subject("petition", row.id), at=now, by=by)
    signers_mails(session, number, now)
    index_petition(session, row.id)


def end(row: PetitionPetition, state: State, now: datetime) -> None:
    """It waits for nobody and takes no signatures."""
    row.state, row.closed_at, row.waiting_since = state.value, now, None
    end_claim(row)
    row.closes_at = now if row.closes_at is None else min(row.closes_at, now)


def drop_proposed(session: Session, row: PetitionPetition) -> None:
    """Forget the version that waits for a moderator, if there is one."""
    if row.proposed is not None:
        session.execute(
            delete(PetitionVersion).where(
                PetitionVersion.petition == row.id, PetitionVersion.version == row.proposed
            )
        )
        row.proposed, row.waiting_since = None, None
        end_claim(row)


def delete_draft(session: Session, row: PetitionPetition) -> None:
    """Delete a petition that nobody but its creator has seen."""
    for table in (PetitionEvent, PetitionVersion):
        session.execute(delete(table).where(table.petition == row.id))
    session.delete(row)
    session.flush()


def cleaned(session: Session, draft: Draft, *, closed_body: bool = False) -> Draft:
    """The words in one spelling, body and area known. closed_body: whether the body may be a closed one.

    Raises: TextRefused, NoSuchBody, NoSuchArea; ValueError for another language.
    """
    if draft.language not in LANGUAGES:
        raise ValueError("The words are in English, Vietnamese or both.")
    if require_body(session, draft.body).closed and not closed_body:
        raise NoSuchBody
    if draft.area is not None:
        require_area(session, draft.area)
    action = written(draft.action, ACTION_CHARACTERS)
    require_title(action)
    return Draft(
        action=action,
        background=written(draft.background, BACKGROUND_CHARACTERS, lines=True),
        details=written(draft.details, DETAILS_CHARACTERS, lines=True, least=0),
        language=draft.language,
        body=draft.body,
        area=draft.area,
    )


def _mine(session: Session, person: str, petition: str, *states: State) -> PetitionPetition:
    _hold(session, person)
    row = lock_petition(session, petition)
    if row.creator != person:
        raise NotTheCreator
    if State(row.state) not in states:
        raise WrongState
    return row


def _hold(session: Session, person: str, *, counting: bool = False) -> None:
    """Keep the account from being deleted meanwhile; before the petition is locked, as deleting does it.

    counting: whether this person's other forms wait as well, for what is counted before it is written.
    """
    row = select(IdentityPerson.id).where(IdentityPerson.id == person)
    if session.scalar(row.with_for_update(key_share=not counting)) is None:
        raise NotTheCreator


def _replace(session: Session, row: PetitionPetition, draft: Draft, version: int, now: datetime) -> None:
    row.body, row.area, row.changed_at = draft.body, draft.area, now
    session.execute(
        delete(PetitionVersion).where(PetitionVersion.petition == row.id, PetitionVersion.version == version)
    )
    _put(session, row.id, version, draft, now)


def _put(
    session: Session, petition: str, version: int, draft: Draft, now: datetime, *, signatures: int = 0
) -> None:
    record = PetitionTextRecord(
        action=draft.action,
        area=draft.area,
        background=draft.background,
        body=draft.body,
        details=draft.details,
        language=draft.language,  # type: ignore[arg-type]
        petition=petition,
        version=version,
    )
    session.add(
        PetitionVersion(
            petition=petition,
            version=version,
            digest=record.digest,
            action=draft.action,
            background=draft.background,
            details=draft.details,
            language=draft.language,
            body=draft.body,
            area=draft.area,
            made_at=now,
            signatures=signatures,
        )
    )
    session.flush()


def _says(row: PetitionVersion) -> Draft:
    return Draft(row.action, row.background, row.details, row.language, row.body, row.area)

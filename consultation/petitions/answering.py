"""What the office says: who works on it, the answer, the debate, what became of it. All of it is public at once.

Each verb takes `seen`, the number of the last official line that the writer had before them: what a colleague said
meanwhile is read first, and a form that is sent twice says it once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consultation.hands import note_hand
from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.petitions.errors import ChangedSince, NothingDue, NotPublished
from consultation.petitions.mailing import signers_mails
from consultation.petitions.models import PetitionDue, PetitionEvent, PetitionPetition
from consultation.petitions.settings import require_body
from consultation.petitions.store import add_event, lock_petition
from consultation.petitions.types import Due, Outcome, State, What
from consultation.subjects import Subject
from consultation.text import written
from storage.statements import rows_changed
from voting.deeds import By

WORDS_CHARACTERS: Final = 10_000
OFFICIAL: Final = (
    What.TAKEN_UP,
    What.ANSWERED,
    What.DEBATE_SET,
    What.NO_DEBATE,
    What.OUTCOME,
)
_ANSWERABLE: Final = (State.OPEN, State.CLOSED)


@dataclass(frozen=True)
class Saying:
    """body: id of the one that speaks.  language: in which `words` are written, `en` or `vi`.  seen: as above."""

    body: str
    words: str = field(repr=False)
    language: str
    seen: int


def last_official(session: Session, petition: str) -> int:
    """The number of the last line that the office said; 0 for none."""
    lines = select(func.max(PetitionEvent.id)).where(
        PetitionEvent.petition == petition, PetitionEvent.what.in_([what.value for what in OFFICIAL])
    )
    return session.scalar(lines) or 0


def take_up(session: Session, by: By, petition: str, said: Saying) -> int:
    """Say who works on it. Raises: NoSuchPetition, NotPublished, NoSuchBody, ChangedSince, TextRefused."""
    now = by.desk.clock()
    row = _lock(session, by, petition, said)
    number = _say(session, row, What.TAKEN_UP, said, now)
    by.note(session, "petition-taken-up", f"petition {petition}", body=said.body)
    return number


def answer(session: Session, by: By, petition: str, said: Saying) -> int:
    """Give the official answer; what was due from this body is met. Its number, by which it is linked.

    Raises: as `take_up`.
    """
    now = by.desk.clock()
    row = _lock(session, by, petition, said)
    number = _say(session, row, What.ANSWERED, said, now)
    row.answered_at = row.answered_at or now
    _meet(session, petition, Due.ANSWER, said.body, now)
    subject = Subject("petition", petition)
    happened(session, Happened.PETITION_ANSWERED, subject, at=now, about=Subject("answer", str(number)))
    signers_mails(session, number, now)
    by.note(session, "petition-answered", f"petition {petition}", body=said.body)
    return number


def set_debate(session: Session, by: By, petition: str, said: Saying, on: datetime) -> int:
    """Name the day of the debate, or another day than before. on: its beginning; words may say where.

    Raises: as `take_up`.
    """
    now = by.desk.clock()
    row = _lock(session, by, petition, said)
    number = _say(session, row, What.DEBATE_SET, said, now, on=on)
    row.debate_on = on
    _meet(session, petition, Due.DEBATE, said.body, now)
    happened(session, Happened.DEBATE_SET, Subject("petition", petition), at=now)
    signers_mails(session, number, now)
    by.note(session, "petition-debate-set", f"petition {petition}", body=said.body)
    return number


def refuse_debate(session: Session, by: By, petition: str, said: Saying) -> int:
    """Say that there will be no debate, and why. Raises: as `take_up`, and NothingDue where none is asked for."""
    now = by.desk.clock()
    row = _lock(session, by, petition, said)
    if not _meet(session, petition, Due.DEBATE, said.body, now):
        raise NothingDue
    number = _say(session, row, What.NO_DEBATE, said, now)
    happened(
        session,
        Happened.PETITION_ANSWERED,
        Subject("petition", petition),
        at=now,
        about=Subject("answer", str(number)),
    )
    signers_mails(session, number, now)
    by.note(session, "petition-debate-refused", f"petition {petition}", body=said.body)
    return number


def set_outcome(session: Session, by: By, petition: str, said: Saying, outcome: Outcome) -> int:
    """Say what became of it, with the reasons. A later word follows the earlier one. Raises: as `take_up`."""
    now = by.desk.clock()
    row = _lock(session, by, petition, said)
    number = _say(session, row, What.OUTCOME, said, now, detail=outcome.value)
    subject = Subject("petition", petition)
    happened(session, Happened.PETITION_OUTCOME, subject, at=now, about=Subject("answer", str(number)))
    signers_mails(session, number, now)
    by.note(session, "petition-outcome", f"petition {petition}", outcome=outcome.value)
    return number


def _lock(session: Session, by: By, petition: str, said: Saying) -> PetitionPetition:
    if said.language not in ("en", "vi"):
        raise ValueError("An answer is in English or Vietnamese.")
    row = lock_petition(session, petition)
    if State(row.state) not in _ANSWERABLE:
        raise NotPublished
    require_body(session, said.body)
    if last_official(session, petition) != said.seen:
        raise ChangedSince
    note_hand(session, Subject("petition", petition), by.actor.person_id)
    return row


def _say(
    session: Session,
    row: PetitionPetition,
    what: What,
    said: Saying,
    now: datetime,
    *,
    detail: str = "",
    on: datetime | None = None,
) -> int:
    return add_event(
        session,
        row.id,
        what,
        now,
        body=said.body,
        words=written(said.words, WORDS_CHARACTERS, lines=True),
        language=said.language,
        detail=detail,
        on=on,
    )


def _meet(session: Session, petition: str, due: Due, body: str, now: datetime) -> int:
    mine = (
        (PetitionDue.petition == petition)
        & (PetitionDue.due == due.value)
        & (PetitionDue.body == body)
        & PetitionDue.met_at.is_(None)
    )
    return rows_changed(session, update(PetitionDue).where(mine).values(met_at=now))

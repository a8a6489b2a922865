"""Petitions and official answers, as moderation, following and My page know them."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consultation.errors import NoSuchSubject
from consultation.petitions.deciding import readmit
from consultation.petitions.errors import NoSuchPetition
from consultation.petitions.indexing import index_petition
from consultation.petitions.models import PetitionEvent, PetitionPetition
from consultation.petitions.sponsors import parts_in
from consultation.petitions.store import find_petition, lock_petition, versions
from consultation.petitions.types import PetitionText, State, What
from consultation.subjects import Described, Subject
from crypto.transcript import tuple_hash
from identity.desk import Desk

PETITION: Final = "petition"
ANSWER: Final = "answer"
ANSWERS: Final = (What.ANSWERED.value, What.NO_DEBATE.value, What.OUTCOME.value, What.DEBATE_SET.value)
_NUMBER: Final = re.compile("[1-9][0-9]{0,17}")


class Petitions:
    """`petition`: its id is that of the petition."""

    name = PETITION

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """As moderators and lists see it, with the words that hold now."""
        try:
            petition = find_petition(session, subject_id)
        except NoSuchPetition:
            return None
        text = petition.text
        return Described(
            subject=Subject(PETITION, subject_id),
            title=text.action,
            words=_words(text),
            digest=text.digest,
            author=petition.creator,
            # A draft has no page but that of its creator, who alone meets this path (on My page).
            path=f"petitions/{subject_id}{'/manage' if petition.state is State.DRAFT else ''}",
            standing=petition.public and not petition.hidden,
            hidden=petition.hidden,
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Every version that was ever in force is kept."""
        return next((_words(text) for text in versions(session, subject_id) if text.digest == digest), None)

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever started it, sponsored it, or answered it for the office."""
        return bool(parts_in(session, [subject_id], [person]))

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Take the words away, or show them again; a hidden petition takes no signatures. Raises: NoSuchSubject."""
        try:
            lock_petition(session, subject_id).hidden_entry = entry
        except NoSuchPetition:
            raise NoSuchSubject from None
        index_petition(session, subject_id)

    def readmit(self, session: Session, desk: Desk, subject_id: str) -> None:
        """An appeal against its rejection was granted. Raises: NoSuchPetition, WrongState."""
        readmit(session, desk, subject_id)

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """The newest first."""
        rows = session.scalars(
            select(PetitionPetition.id)
            .where(PetitionPetition.creator == person)
            .order_by(PetitionPetition.created_at.desc(), PetitionPetition.id)
        )
        return [Subject(PETITION, number) for number in rows]

    def forget_author(self, session: Session, person: str) -> None:
        """It was started by nobody from now on."""
        mine = PetitionPetition.creator == person
        session.execute(update(PetitionPetition).where(mine).values(creator=None))


class Answers:
    """`answer`: what the office said to a petition. Nobody in person wrote it."""

    name = ANSWER

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """Its title is that of the petition."""
        row = _find(session, subject_id)
        if row is None:
            return None
        petition = find_petition(session, row.petition)
        return Described(
            subject=Subject(ANSWER, subject_id),
            title=petition.text.action,
            words=row.words,
            digest=tuple_hash("petition-answer", [row.petition.encode(), row.words.encode()]),
            author=None,
            path=f"petitions/{row.petition}#event-{row.id}",
            standing=row.hidden_entry is None,
            hidden=row.hidden_entry is not None,
            above=Subject(PETITION, row.petition),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """What the office said is never changed."""
        found = self.describe(session, subject_id)
        return found.words if found is not None and found.digest == digest else None

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Nobody beside those of the petition, above it."""
        del session, subject_id, person
        return False

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Hide its words, or show them again. Raises: NoSuchSubject."""
        row = _find(session, subject_id)
        if row is None:
            raise NoSuchSubject
        lock_petition(session, row.petition)
        row.hidden_entry = entry
        session.flush()

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """Nothing: an office speaks, and the site log knows who wrote for it."""
        del session, person
        return ()

    def forget_author(self, session: Session, person: str) -> None:
        """There is nothing to forget."""
        del session, person


def _words(text: PetitionText) -> str:
    return "\n\n".join(part for part in (text.action, text.background, text.details) if part)


def _find(session: Session, subject_id: str) -> PetitionEvent | None:
    row = session.get(PetitionEvent, int(subject_id)) if _NUMBER.fullmatch(subject_id) else None
    return row if row is not None and row.what in ANSWERS else None

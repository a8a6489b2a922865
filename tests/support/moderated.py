"""A desk with a kind of content that is only there for tests, and moderators."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import NoSuchSubject
from consultation.models import ConsultationHappening
from consultation.moderation.cases import claim, waiting_cases
from consultation.moderation.decisions import Decision, decide
from consultation.moderation.log import entries_about
from consultation.moderation.reports import report
from consultation.moderation.types import Action, Rule, Template
from consultation.subjects import Described, Subject
from identity.desk import Desk
from identity.roles import Role
from identity.sessions import SignedIn
from identity.trail import begin
from storage.engine import make_engine
from storage.session import reading, writing
from tests.support.databases import make_tables
from tests.support.desks import DeskUnderTest, desk_under_test


def migrated(folder: Path) -> Path:
    """A file with all tables and nothing in them, for the tests of a module to copy."""
    path = folder / "blank.db"
    engine = make_engine(f"sqlite:///{path}")
    make_tables(engine)
    engine.dispose()
    return path


@dataclass
class Notes:
    """Notes on a wall: the thinnest kind of content there can be. readmitted: numbers that were let in after all."""

    name: str = "note"
    notes: dict[str, Described] = field(default_factory=dict)
    entries: dict[str, int | None] = field(default_factory=dict)
    readmitted: list[str] = field(default_factory=list)
    hung_by: set[str] = field(default_factory=set)
    worded_before: dict[bytes, str] = field(default_factory=dict)

    def write(self, number: str, author: str | None, words: str) -> Subject:
        """Put a note there, or other words in its place."""
        subject, digest = Subject(self.name, number), hashlib.sha256(words.encode()).digest()
        self.worded_before[digest] = words
        self.notes[number] = Described(
            subject, words[:20], words, digest, author, f"notes/{number}", standing=True, hidden=False
        )
        return subject

    def hang(self, number: str, above: Subject) -> None:
        """Put a note under another one."""
        self.notes[number] = replace(self.notes[number], above=above)

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """As it stands."""
        del session
        return self.notes.get(subject_id)

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Every wording is kept, of whichever note."""
        del session, subject_id
        return self.worded_before.get(digest)

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever wrote it, and whoever hung the wall up."""
        del session
        found = self.notes.get(subject_id)
        return person in self.hung_by or (found is not None and found.author == person)

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Remember the entry."""
        del session
        if subject_id not in self.notes:
            raise NoSuchSubject
        self.entries[subject_id] = entry
        hidden = entry is not None
        self.notes[subject_id] = replace(self.notes[subject_id], hidden=hidden, standing=not hidden)

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """Nothing asks."""
        del session
        return [one.subject for one in self.notes.values() if one.author == person]

    def forget_author(self, session: Session, person: str) -> None:
        """Nothing is stored."""
        del session, person

    def readmit(self, session: Session, desk: Desk, subject_id: str) -> None:
        """As petitions do after an appeal."""
        del session, desk
        self.readmitted.append(subject_id)


@dataclass
class Moderated:
    """A desk, moderators who are signed in, people, and notes."""

    on: DeskUnderTest
    notes: Notes
    first: SignedIn
    second: SignedIn
    author: str
    reader: str

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.on.clock()

    def reported(
        self, number: str, words: str = "Lan lives at 5 Hoa Street", rule: Rule = Rule.PERSONAL_DATA
    ) -> str:
        """A note that somebody has reported; the number of its case."""
        subject = self.notes.write(number, self.author, words)
        with writing(self.on.desk.engine) as session:
            report(session, self.reader, subject, rule, "", self.now)
        return self.case_of(subject)

    def case_of(self, subject: Subject) -> str:
        """The number of the case that waits."""
        with reading(self.on.desk.engine) as session:
            found = waiting_cases(session, self.first.person_id, self.now)
        return next(case.id for case in found.cases if case.subject == subject)

    def decided(
        self, case: str, by: SignedIn, hide: Template | None, *, warn: bool = False, days: int = 0
    ) -> int:
        """Take the case and decide it; the number of the decision."""
        with writing(self.on.desk.engine) as session:
            claim(session, case, by.person_id, self.now)
        with writing(self.on.desk.engine) as session:
            return decide(session, self.on.desk, by, case, self.decision(session, case, hide, warn, days))

    def decision(
        self, session: Session, case: str, hide: Template | None, warn: bool = False, days: int = 0
    ) -> Decision:
        """As the form of the page has it."""
        waiting = waiting_cases(session, self.first.person_id, self.now).cases
        found = next(one for one in waiting if one.id == case)
        assert found.described is not None
        return Decision(hide, found.described.digest, "Please write it without the street.", warn, days)


@contextmanager
def moderated(url: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Moderated]:
    """A fresh one. patch: registers the notes for the time of the test."""
    notes = Notes()
    registered: Mapping[str, object] = {**kinds.KINDS, notes.name: notes}
    patch.setattr(kinds, "KINDS", registered)
    with desk_under_test(url, folder) as on:
        with writing(on.desk.engine) as session:
            begin(on.desk, session)
        first, second = (on.signed_in(Role.MODERATOR, name=name) for name in ("An", "Bình"))
        yield Moderated(on, notes, first, second, on.person("Author"), on.person("Reader"))


def actions(here: Moderated, subject: Subject) -> list[Action]:
    """What was decided about it, in order."""
    with reading(here.on.desk.engine) as session:
        return [entry.action for entry in entries_about(session, subject)]


def told(here: Moderated, person: str) -> list[str]:
    """What somebody will be told, in order."""
    with reading(here.on.desk.engine) as session:
        rows = session.scalars(
            select(ConsultationHappening.what)
            .where(ConsultationHappening.to == person)
            .order_by(ConsultationHappening.id)
        )
        return list(rows)

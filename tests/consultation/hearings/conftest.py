"""A desk with people, and a consultation in any phase."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from consultation.hearings.documents import (
    add_document,
    find_document,
    prepare_version,
    publish_version,
)
from consultation.hearings.hearings import make_hearing, publish_hearing, turn_phases
from consultation.hearings.types import Document, Plan
from protocol.text import LocalText
from storage.session import writing
from tests.support.desks import START, DeskUnderTest, desk_under_test

PLAN = Plan(
    title=LocalText(en="Market rules", vi="Nội quy chợ"),
    about=LocalText(en="We want to know.", vi="Chúng tôi muốn biết."),
    opens_at=START + timedelta(days=1),
    closes_at=START + timedelta(days=11),
    outcome_due=START + timedelta(days=40),
)
OPENING = "Chợ mở cửa lúc sáu giờ sáng mọi ngày trong tuần."
STALLS = "Mỗi hộ được một quầy hàng, bốc thăm mỗi năm một lần."
RUBBISH = "Rác được thu gom lúc tám giờ tối."
TEXT = f"{OPENING}\n\n{STALLS}\n\n{RUBBISH}"
TITLE = LocalText(en="Draft rules", vi="Dự thảo nội quy")
NOTE = LocalText(en="After the first comments", vi="Sau những góp ý đầu tiên")


@dataclass
class Hall:
    """A desk and a consultation on it."""

    desk: DeskUnderTest
    hearing: str

    def now(self) -> datetime:
        """The time."""
        return self.desk.clock()

    @contextmanager
    def work(self) -> Iterator[Session]:
        """A transaction."""
        with writing(self.desk.desk.engine) as session:
            yield session

    def document(self, text: str = TEXT) -> Document:
        """A draft text, its first version public."""
        with self.work() as session:
            document = add_document(session, self.hearing, TITLE, "vi", text, self.now())
        return self.publish(document)

    def next_version(self, document: Document, text: str) -> Document:
        """The next version, published as it was matched."""
        with self.work() as session:
            self.prepare(session, document, text)
        return self.publish(document)

    def seen(self, session: Session, document: Document) -> int:
        """What a form of this text shows now."""
        return find_document(session, self.hearing, document.id).revision

    def prepare(self, session: Session, document: Document, text: str) -> None:
        """The next version, not published."""
        prepare_version(session, document.id, self.seen(session, document), text, NOTE, self.now())

    def publish(self, document: Document) -> Document:
        """Publish what is prepared."""
        with self.work() as session:
            publish_version(session, document.id, self.seen(session, document), self.now())
            return find_document(session, self.hearing, document.id)

    def open(self) -> None:
        """Publish it and let time pass until people comment."""
        with self.work() as session:
            publish_hearing(session, self.hearing, self.now())
        self.desk.clock.now = PLAN.opens_at
        self.turn()

    def close(self) -> None:
        """Let time pass until nobody comments any more."""
        self.desk.clock.now = PLAN.closes_at
        self.turn()

    def turn(self) -> int:
        """What the clock owes."""
        with self.work() as session:
            return turn_phases(session, self.now())


@pytest.fixture
def own_hall(database_url: str, tmp_path: Path) -> Iterator[Hall]:
    """A consultation that is being prepared, on a database of its own, of both kinds."""
    with desk_under_test(database_url, tmp_path) as desk:
        yield begun(desk)


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    """One desk for many tests: making a database takes longer than they do."""
    folder = tmp_path_factory.mktemp("hearings")
    with desk_under_test(f"sqlite:///{folder / 'psephos.sqlite'}", folder) as desk:
        yield desk


@pytest.fixture
def hall(shared_desk: DeskUnderTest) -> Hall:
    """A consultation that is being prepared, beside those of other tests."""
    shared_desk.clock.now = START
    return begun(shared_desk)


def begun(desk: DeskUnderTest) -> Hall:
    """A new consultation."""
    with writing(desk.desk.engine) as session:
        return Hall(desk, make_hearing(session, PLAN, desk.clock()))

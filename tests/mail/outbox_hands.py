"""An outbox with a clock that the test owns, and workers that send what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from mail.models import OutboxMail
from mail.outbox import Mail, MailState, queue_mail
from mail.sending import handlers
from mail.server import MailServer
from storage.engine import make_engine
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.databases import make_tables

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def make_mail(**changes: Any) -> Mail:
    """A mail like any other."""
    given = {
        "to": "lan@example.org",
        "language": "vi",
        "subject": "Lá phiếu của bạn đã vào hòm phiếu",
        "text": "Có một lá phiếu vừa được bỏ.\n.\n..\nHết.\n",
        "kind": "cast-notice",
        "subject_key": "election",
    }
    return Mail(**{**given, **changes})


@dataclass
class Outbox:
    """One database."""

    engine: Engine
    now: datetime = NOON

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def queue(self, key: str = "one", **changes: Any) -> int:
        with writing(self.engine) as session:
            return queue_mail(session, make_mail(**changes), key=key, now=self.now)

    def worker(self, server: MailServer) -> Worker:
        return Worker(self.engine, handlers(self.engine, server), self.clock)

    def send(self, server: MailServer) -> int:
        """Do every job that is due. Gives how many there were."""
        worker, count = self.worker(server), 0
        while worker.run_once():
            count += 1
        return count

    def row(self, number: int = 1) -> OutboxMail:
        with reading(self.engine) as session:
            row = session.scalars(select(OutboxMail).where(OutboxMail.id == number)).one()
            session.expunge(row)
            return row

    def state(self, number: int = 1) -> MailState:
        return MailState(self.row(number).state)


@pytest.fixture
def outbox(database_url: str) -> Iterator[Outbox]:
    """An empty outbox, on SQLite and on PostgreSQL."""
    engine = make_engine(database_url)
    make_tables(engine)
    yield Outbox(engine)
    engine.dispose()

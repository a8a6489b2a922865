"""A program for test_killed.py: sends a mail again and again, killed one line later each time, and looks what is left.

Prints for each time: the mail's token, its state at the end, and whether the process was killed.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from mail.models import OutboxMail
from mail.outbox import Mail, queue_mail
from mail.sending import handlers
from mail.server import MailServer, Security
from storage.engine import make_engine
from storage.jobs import LEASE, work_left
from storage.session import reading, writing
from storage.worker import Worker
from tests.storage.kill_jobs import at
from tests.support.killing import killed_at

FILES = ("mail/sending.py", "mail/smtp.py")
BEGIN = datetime(2026, 11, 29, tzinfo=UTC)
PATIENCE_SECONDS = 20


def main(url: str, port: str, step: str) -> None:
    """port: of the mail server.  step: in lines, from one death to the next."""
    engine = make_engine(url)
    server = MailServer(
        "127.0.0.1", int(port), Security.LOOPBACK, "Test", "vote@example.org", per_minute=6000
    )
    line, killed = 1, True
    while killed:
        now = BEGIN + timedelta(hours=line)
        with writing(engine) as session:
            number = queue_mail(session, _mail(line), key=str(line), now=now)
        engine.dispose()
        worker = Worker(engine, handlers(engine, server), at(now))
        killed = killed_at(line, FILES, worker.run_once)
        _recover(engine, server, now + LEASE)
        with reading(engine) as session:
            row = session.scalars(select(OutboxMail).where(OutboxMail.id == number)).one()
            sys.stdout.write(f"{row.token} {row.state} {killed}\n")
        line += int(step)
    engine.dispose()


def _mail(line: int) -> Mail:
    return Mail(f"voter-{line}@example.org", "vi", "Chào", "Xin chào\n", "letter", "election")


def _recover(engine: Engine, server: MailServer, now: datetime) -> None:
    """Work after the lease ran out. PostgreSQL may need a moment to notice that a client is dead."""
    worker = Worker(engine, handlers(engine, server), at(now))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        while worker.run_once():
            pass
        with reading(engine) as session:
            if not work_left(session, ("send-mail",)):
                return
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A program for test_petition_mails.py: answers a petition again and again, kills whoever tells its signers one line
later each time, and looks who was told.

Prints for each time: how many mails each signer has for this answer (the least and the most), and whether the process
was killed.
"""

import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from consultation.petitions.answering import answer
from mail.models import OutboxMail
from storage.jobs import LEASE
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.killing import killed_at
from tests.support.petitions import petitions_under_test
from tests.support.signatures import Signatures
from web import petition_mails
from web.i18n import Text
from web.petition_mails import PetitionMails

FILES = ("web/petition_mails.py", "consultation/signing/telling.py", "mail/outbox.py")
SIGNERS = ("an", "binh", "chi")


def main(folder: str, step: str) -> None:
    """step: in lines, from one death to the next."""
    petition_mails.AT_ONCE = 2  # type: ignore[misc]
    with petitions_under_test(f"sqlite:///{folder}/site.db", Path(folder)) as room:
        petition, signatures, desk = room.published(), Signatures(room.site), room.site.desk
        room.site.clock.wait(minutes=1)
        for name in SIGNERS:
            signatures.confirm(signatures.ask(petition, f"{name}@example.org", mails=True))
        writer = PetitionMails(desk, Text("Ward", "Phường"), "024 0000 0123", "Asia/Ho_Chi_Minh")
        worker = Worker(desk.engine, writer.handlers(), desk.clock)

        def work() -> None:
            while worker.run_once():
                pass

        work()  # what was asked for before
        line, killed = 1, True
        while killed:
            with writing(desk.engine) as session:
                number = answer(session, room.official, petition, room.saying(session, petition))
            desk.engine.dispose()
            killed = killed_at(line, FILES, work)
            room.site.clock.wait(seconds=(LEASE + timedelta(seconds=1)).total_seconds())
            work()
            with reading(desk.engine) as session:
                keys = session.scalars(
                    select(OutboxMail.recipient).where(OutboxMail.key.startswith(f"petition-news {number} "))
                )
                told = Counter(keys)
            counts = [told[f"{name}@example.org"] for name in SIGNERS]
            sys.stdout.write(f"{min(counts)} {max(counts)} {killed}\n")
            line += int(step)


if __name__ == "__main__":
    main(*sys.argv[1:])

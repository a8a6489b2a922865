"""How many signatures a second one site confirms, and whether every counter is exact afterwards.

    python -m benchmarks.signatures --seconds 20
    python -m benchmarks.signatures --seconds 300 --database postgresql+psycopg://…

Each signature is the whole deed behind the button of a mailed link: the person is found or made, the petition locked,
the commitment appended, the head signed, the counter changed. The links are asked for before the clock starts. The
goal is 35 a second, the peak of the British Parliament's site.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from consultation.petitions.deciding import admit
from consultation.petitions.life import create_draft, submit
from consultation.petitions.settings import set_bodies, set_rules
from consultation.petitions.store import find_petition
from consultation.petitions.types import Body, Draft, Rules
from consultation.signing.counting import reconcile
from consultation.signing.exporting import export_files
from consultation.signing.models import PetitionCount, PetitionSignature
from consultation.signing.signing import LINK_MAIL, Asking, ask_by_mail, confirm
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--links", type=int, default=0, help="signatures at most; seconds × 150 unless given")
    parser.add_argument("--database", default="", help="URL; a new SQLite file unless given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(asked.database or f"sqlite:///{folder}/site.db")
        migrate(engine)
        desk = open_desk(engine, Path(folder) / "secrets", "http://localhost:8000")
        petition = published(desk)
        tokens = links(desk, petition, asked.links or asked.seconds * 150)
        measure(desk, petition, tokens, asked.seconds, asked.threads)
        engine.dispose()


def measure(desk: Desk, petition: str, tokens: list[str], seconds: int, threads: int) -> int:
    """Confirm until the time is over; prints what was reached, and ends the program where a counter is wrong."""
    end = time.perf_counter() + seconds
    waiting, spent = iter(tokens), list[float]()

    def work() -> None:
        while time.perf_counter() < end and (token := next(waiting, "")):
            begun = time.perf_counter()
            with writing(desk.engine) as session:
                confirm(desk, session, token, 1)
            spent.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
    took, count = time.perf_counter() - begun, len(spent)
    spent.sort()
    _require_exact(desk, petition, count)
    print(
        f"{desk.engine.dialect.name}: {count} signatures in {took:.1f} s, {count / took:.0f} a second "
        f"(goal {GOAL}); half within {1000 * spent[count // 2]:.0f} ms, 95 % within "
        f"{1000 * spent[int(count * 0.95)]:.0f} ms. Rows, counter, petition and log agree."
    )
    return count


def _require_exact(desk: Desk, petition: str, count: int) -> None:
    with reading(desk.engine) as session:
        rows = session.scalar(select(func.count()).select_from(PetitionSignature))
        counter = session.get_one(PetitionCount, petition).count
        shown = find_petition(session, petition).signatures
        files = export_files(desk, session, petition, desk.clock())
    recounter = Recounter(petition, desk.keys.log.public_key)
    for leaf in files["board.jsonl"].splitlines():
        recounter.take(leaf)
    if not rows == counter == shown == recounter.result().count == count:
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

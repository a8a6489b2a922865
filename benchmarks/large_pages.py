"""How long the server takes for a petition with 100,000 signatures and for a discussion with 5,000 contributions.

    python -m benchmarks.large_pages
    python -m benchmarks.large_pages --postgresql
    python -m benchmarks.large_pages --database postgresql+psycopg://…   (an empty database)

The petition is begun, published and signed once by the real verbs; the other signatures are rows that were put beside
it, as no page reads their log. The contributions are written by the real verb, one by one. Each page is asked for in
turn, in both languages, through the whole application without a network. The goal is 100 ms for 95 of 100.
"""

import argparse
import random
import secrets
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks.membership import machine
from benchmarks.signatures import links, own_postgresql, published
from consultation.areas import Area, set_areas
from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.models import DiscussionContribution
from consultation.discussions.sorting import agreed_score, disputed_score
from consultation.discussions.threads import thread_of
from consultation.petitions.models import PetitionPetition
from consultation.signing.counting import take_areas
from consultation.signing.models import PetitionCount, PetitionSignature
from consultation.signing.signing import confirm
from consultation.subjects import Subject
from identity.desk import Desk
from identity.models import IdentityPerson
from identity.opening import open_desk
from identity.people import make_person
from protocol.petition import SALT_BYTES
from protocol.text import LocalText
from storage.engine import make_engine
from storage.migrate import migrate
from storage.session import writing
from voting.office import Office
from voting.server_keys import ServerKeys
from web.app import create_app
from web.i18n import Text
from web.live.source import LivePages
from web.rate_limits import Limiter
from web.routes.api import api_routes
from web.settings import Settings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Using `httpx`")
    from starlette.testclient import TestClient

BASE_URL: Final = "http://localhost:8000"
GOAL_MS: Final = 100
AREAS: Final = tuple(Area(f"area-{n}", LocalText(en=f"Area {n}", vi=f"Khu vực {n}")) for n in range(40))
BATCH: Final = 2_000
WORDS: Final = "Con đường này tối, và **nhiều người** đi qua đây mỗi ngày. "


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signatures", type=int, default=100_000)
    parser.add_argument("--contributions", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--database", default="", help="URL; a new SQLite file unless given")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own")
    asked = parser.parse_args()
    print(f"{machine()}; {asked.signatures} signatures, {asked.contributions} contributions")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        own = stack.enter_context(own_postgresql()) if asked.postgresql else f"sqlite:///{folder}/site.db"
        url = asked.database or own
        engine = make_engine(url)
        migrate(engine)
        desk = open_desk(engine, folder / "secrets", BASE_URL)
        petition = published(desk)
        _sign(desk, petition, asked.signatures)
        thread = _discuss(desk, petition, asked.contributions)
        client = _client(desk, folder, url)
        for path in (
            f"petitions/{petition}",
            f"discussions/{thread}",
            f"discussions/{thread}?sort=newest",
            "petitions",
            "",
        ):
            _measure(client, f"{engine.dialect.name}, /{path}", path, asked.rounds)
        engine.dispose()


def _measure(client: TestClient, name: str, path: str, rounds: int) -> None:
    spent = []
    for number in range(rounds + 2):
        begun = time.perf_counter()
        answer = client.get(f"/{'vi' if number % 2 else 'en'}/{path}")
        spent.append(1000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
    spent = sorted(spent[2:])  # the first of each language loads templates
    late = spent[int(len(spent) * 0.95)]
    print(f"{name}: half within {spent[len(spent) // 2]:.0f} ms, 95 % within {late:.0f} ms (goal {GOAL_MS})")


def _sign(desk: Desk, petition: str, count: int) -> None:
    (token,) = links(desk, petition, 1)
    with writing(desk.engine) as session:
        confirm(desk, session, token, 1)
        set_areas(session, AREAS)
    for start in range(1, count, BATCH):
        with writing(desk.engine) as session:
            _put(session, desk, petition, range(start, min(start + BATCH, count)))
    with writing(desk.engine) as session:
        session.execute(update(PetitionCount).values(count=count, shown=count))
        session.execute(update(PetitionPetition).values(signatures=count))
        take_areas(session, petition, desk.clock())


def _put(session: Session, desk: Desk, petition: str, numbers: Sequence[int]) -> None:
    now = desk.clock()
    people = [secrets.token_hex(16) for _ in numbers]
    person = {"name": "", "language": "vi", "made_at": now, "disabled_at": None, "failures": 0}
    session.execute(insert(IdentityPerson), [person | {"id": number} for number in people])
    rows = [
        {
            "key": secrets.token_hex(16),
            "petition": petition,
            "person": number,
            "mailbox": None,
            "version": 1,
            "area": random.choice(AREAS).id,  # noqa: S311  (a measurement)
            "entry": entry + 1,
            "salt": secrets.token_bytes(SALT_BYTES),
            "batch": None,
            "mails": False,
            "address_sealed": None,
            "language": "vi",
            "signed_at": now,
        }
        for entry, number in zip(numbers, people, strict=True)
    ]
    session.execute(insert(PetitionSignature), rows)


def _discuss(desk: Desk, petition: str, count: int) -> str:
    with writing(desk.engine) as session:
        thread = thread_of(session, Subject("petition", petition), desk.clock()).id
        people = [make_person(session, name="", language="vi", now=desk.clock()) for _ in range(50)]
    for start in range(0, count, 100):
        with writing(desk.engine) as session:
            for number in range(start, min(start + 100, count)):
                parent = number // 3 if number % 3 == 0 and number else None
                contribute(
                    session,
                    Writing(thread, people[number % 50], f"{WORDS * 3}{number}", parent),
                    desk.clock(),
                )
    with writing(desk.engine) as session:
        for row in session.scalars(select(DiscussionContribution)):
            row.agree, row.disagree = random.randrange(90), random.randrange(30)  # noqa: S311  (a measurement)
            row.score = agreed_score(row.agree, row.disagree)
            row.dispute = disputed_score(row.agree, row.disagree)
    return thread


def _client(desk: Desk, folder: Path, url: str) -> TestClient:
    words = Text("Ward", "Phường")
    settings = Settings(
        base_url=BASE_URL,
        host="127.0.0.1",
        port=8000,
        database_url=url,
        secrets=folder / "secrets",
        name=words,
        authority=words,
        help_line="(none)",
    )
    office = Office(desk.engine, ServerKeys.open(folder / "secrets"), desk.clock)
    app = create_app(settings, LivePages(office), api_routes(), desk)
    app.state.office, app.state.limiter = office, Limiter(desk.engine, b"k" * 32)
    return TestClient(app, base_url=BASE_URL)


if __name__ == "__main__":
    main()

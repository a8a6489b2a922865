"""Offices in which an election is being prepared: real database, real site log, officials, key holders, a registrar."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from crypto.encoding import encode_base64url
from identity import trail
from identity.assurance import Assurance
from identity.desk import Desk
from identity.opening import open_desk
from identity.roles import Role
from identity.sessions import SignedIn
from identity.types import EMAIL
from protocol.ceremony_record import make_ceremony_body
from protocol.manifest import STRICT_SMALL_AREAS, Area, decode_manifest
from protocol.records import freeze_message
from protocol.roll import RollEntry, make_roll
from protocol.signed_body import encode_freeze_signature
from protocol.terms import assemble_terms
from protocol.text import LocalText
from storage.engine import make_engine
from storage.session import reading
from tests.support.databases import make_tables
from tests.support.elections import trustee_key, voter_key
from tests.support.keys import load_test_key
from tests.support.offices import Clock
from voting.deeds import By
from voting.draft_document import (
    AreasPart,
    CalendarPart,
    DraftOption,
    DraftQuestion,
    Holder,
    KeyHoldersPart,
    LocalMoment,
    Part,
    QuestionsPart,
    RulesPart,
    TitlePart,
    Words,
)
from voting.draft_store import StoredDraft
from voting.draft_terms import (
    fix_terms,
    take_ceremony,
    take_freeze_signature,
    take_roll,
    terms_files,
)
from voting.draft_voters import accept_list, read_list, stage_list
from voting.drafts import create, load, save_section
from voting.office import Office
from voting.server_keys import ServerKeys

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
SITE = "localhost"
VOTERS_CSV = "voter,area,weight\n" + "".join(
    f"Cử tri {number},{'north' if number <= 12 else 'south'},1\n" for number in range(1, 25)
)


def words(en: str, vi: str = "") -> Words:
    """The same in both languages unless given."""
    return Words(en=en, vi=vi or en)


TITLE = TitlePart(
    authority=words("Ward Office", "Ủy ban phường"),
    rehearsal=False,
    title=words("The old market land", "Khu đất chợ cũ"),
)


def question(kind: str = "choose-one", name: str = "q1", **changes: object) -> DraftQuestion:
    """A sound question of three options."""
    made = DraftQuestion(
        id=name,
        kind=kind,  # type: ignore[arg-type]
        maximum={"approval": 2, "points": 4}.get(kind, 1),
        minimum=1,
        options=tuple(
            DraftOption(id=f"o{i}", label=words(f"{en} {name}", f"{vi} {name}"))
            for i, (en, vi) in enumerate(
                (("Market", "Chợ"), ("Park", "Công viên"), ("Library", "Thư viện")), 1
            )
        ),
        points_max=3 if kind == "points" else 0,
        positions=(2, 1, 0) if kind == "ranking" else (),
        text=words(f"What of {kind}?", f"Gì về {kind}?"),
    )
    return msgspec.structs.replace(made, **changes)


def holders(count: int = 1) -> KeyHoldersPart:
    """The test trustees, at 2048 bits."""
    named = (
        Holder(key=encode_base64url(trustee_key(i).public_key), name=f"Key holder {i}", person=None)
        for i in range(1, count + 1)
    )
    return KeyHoldersPart(bits=2048, holders=tuple(named))


def at(date: str, time: str) -> LocalMoment:
    """A local time."""
    return LocalMoment(date=date, fold=0, time=time)


CALENDAR = CalendarPart(
    closes=at("2026-11-29", "20:00"),
    extension_seconds=0,
    objection_seconds=3600,
    opens=at("2026-11-23", "07:00"),
    time_zone="Asia/Ho_Chi_Minh",
)
AREAS = AreasPart(
    areas=tuple(
        Area(id=name, name=LocalText(en=en, vi=vi))
        for name, en, vi in (("north", "North", "Bắc"), ("south", "South", "Nam"))
    ),
    small_areas=STRICT_SMALL_AREAS,
)
RULES = RulesPart(quorum=(1, 2), registrar_key=None, revoting=True, sign_in="none")
QUESTIONS = QuestionsPart(
    questions=tuple(
        question(kind, f"q{number}")
        for number, kind in enumerate(("choose-one", "approval", "points", "ranking"), start=1)
    )
)
PARTS: tuple[Part, ...] = (TITLE, QUESTIONS, CALENDAR, AREAS, RULES)


@dataclass
class Preparing:
    """A draft in an office. official, colleague: two who write on it."""

    office: Office
    desk: Desk
    clock: Clock
    official: By
    colleague: By
    draft: str

    def load(self) -> StoredDraft:
        """As it stands."""
        return load(self.office, self.draft)

    def save(self, part: Part, by: By | None = None, base: int | None = None) -> int:
        """Save a section on the newest revision unless given."""
        base = self.load().revision if base is None else base
        return save_section(self.office, by or self.official, self.draft, base, part)

    def fill(self, trustees: int = 1, *parts: Part) -> None:
        """Everything that the terms need, voters' list included. parts: instead of the usual ones."""
        for part in (*PARTS, holders(trustees), *parts):
            self.save(part)
        self.voters(VOTERS_CSV.encode())

    def voters(self, data: bytes, issuer: str | None = None) -> str:
        """Stage and accept a voters' list."""
        found = read_list(self.office, self.draft, data, issuer)
        assert found.usable, found.faults
        number = stage_list(self.office, self.official, self.draft, found, issuer)
        accept_list(self.office, self.official, self.draft, number)
        return number

    def fix(self) -> str:
        """Fix the terms; the election's id."""
        return fix_terms(self.office, self.official, self.draft, self.load().revision, SITE)

    def ceremony(self) -> bytes:
        """The file of an honest ceremony with the public test keys."""
        manifest = decode_manifest(terms_files(self.office, self.draft).manifest)
        name = "single-2048" if len(manifest.trustees) == 1 else "threshold-2of3-2048"
        record, _ = load_test_key(name)
        return make_ceremony_body(manifest.election, record, manifest.size, b"T" * 32) + b"\n"

    def roll(self, entries: list[tuple[str, int]] | None = None) -> bytes:
        """The file of an honest registrar: for the staged list, or these (area, weight)."""
        if entries is None:
            voters = self.load().prepared.voters
            assert voters is not None
            entries = [(cell.area, cell.weight) for cell in voters.cells for _ in range(cell.voters)]
        election = self.load().election
        assert election is not None
        keyed = (
            (voter_key(i).public_key, RollEntry(weight=weight, area=area))
            for i, (area, weight) in enumerate(entries, start=1)
        )
        return make_roll(election, keyed) + b"\n"

    def signature(self, trustee: int) -> bytes:
        """The file of an honest trustee."""
        files = terms_files(self.office, self.draft)
        assert files.ceremony is not None
        assert files.roll is not None
        terms, _ = assemble_terms(files.manifest, files.ceremony, files.roll)
        signature = trustee_key(trustee).sign(freeze_message(terms.election, terms.fingerprint))
        return encode_freeze_signature(terms, trustee, signature)

    def hand_in(self, trustees: int = 1) -> None:
        """Key record, roll and all signatures."""
        take_ceremony(self.office, self.official, self.draft, self.ceremony())
        take_roll(self.office, self.official, self.draft, self.roll())
        for number in range(1, trustees + 1):
            take_freeze_signature(self.office, self.official, self.draft, self.signature(number))

    def trail(self) -> list[tuple[str, str]]:
        """(who, deed) of every line of the site log, oldest first; the log is whole."""
        with reading(self.office.engine) as session:
            origin, key = self.desk.trail_origin, self.desk.keys.log.public_key
            count = trail.verify_trail(session, origin, key)
            found = trail.deeds(self.desk, session, 0, count, with_names=True)
        return [(deed.actor or "", deed.deed) for deed in found]


def staff(name: str, *roles: Role) -> SignedIn:
    """Somebody of the staff who has shown a second factor."""
    return SignedIn(
        person_id=name.encode().hex().ljust(32, "0")[:32],
        name=name,
        language="en",
        roles=frozenset(roles),
        methods=("passkey",),
        assurance=Assurance.LOW,
        second_factor_at=NOW,
        issuer=EMAIL,
        claim=name.encode().ljust(32, b"0")[:32],
        session=b"s" * 32,
    )


def begin(database_url: str, folder: Path) -> Preparing:
    """An office with an empty draft. The caller disposes of the engine."""
    engine = make_engine(database_url)
    make_tables(engine)
    clock = Clock(NOW)
    office = Office(engine, ServerKeys.open(folder), clock)
    desk = open_desk(engine, folder, "http://localhost:8000", clock=clock)
    official, colleague = (By(desk, staff(name, Role.OFFICIAL)) for name in ("Ms Lan", "Mr Minh"))
    draft = create(office, official, TITLE)
    return Preparing(office, desk, clock, official, colleague, draft)

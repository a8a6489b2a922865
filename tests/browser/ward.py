"""An invented ward's elections, one for each state that a voter can meet, on a real database with known codes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from board import log as board
from board.log import Entry, LogId
from crypto.encoding import decode_int, encode_base64url
from crypto.opening import find_opening
from crypto.opening_proof import open_partially
from protocol.ballot import BallotRecord
from protocol.canonical import decode_canonical, encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.manifest import Approval, ChooseOne, Manifest, Option, Points, Question
from protocol.records import freeze_message
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms, assemble_terms
from protocol.text import LocalText, format_time
from rehearsal.ceremony import Trustees
from rehearsal.one_machine import freeze_and_open, open_office, open_urn, seal_vote
from storage.session import reading
from tally.aggregation import aggregate
from tally.opening import publish_result
from tests.support.elections import make_manifest, trustee_key
from tests.support.keys import load_test_key
from tests.support.offices import close_early
from voting.casting import cast_ballot
from voting.lookup import StandingBallot, credential_record
from voting.office import Office, find_election, utc_now
from voting.preparation import freeze_election, log_origin, new_election_id, register_election
from voting.registrar import IssuedCode, issue_codes
from voting.server_keys import ServerKeys

DAY = timedelta(days=1)
AUTHORITY = LocalText(en="People’s Committee of Gò Mây Ward", vi="Ủy ban nhân dân phường Gò Mây")


def option(name: str, en: str, vi: str) -> Option:
    """An option with its words in both languages."""
    return Option(id=name, label=LocalText(en=en, vi=vi))


LAND = ChooseOne(
    id="land",
    text=LocalText(en="What should the old market land become?", vi="Khu đất chợ cũ nên dùng làm gì?"),
    options=(
        option("market", "A covered market", "Chợ có mái che"),
        option("park", "A park with a playground", "Công viên và sân chơi"),
        option("library", "A library", "Thư viện"),
    ),
)
LANES = Approval(
    id="lanes",
    text=LocalText(en="Which lanes should be repaired first?", vi="Những ngõ nào cần sửa trước?"),
    options=(
        option("lane-12", "Lane 12, Lò Gốm", "Ngõ 12 Lò Gốm"),
        option("lane-45", "Lane 45, Bến Đò", "Ngõ 45 Bến Đò"),
        option("lane-81", "Lane 81, Hồ Sen", "Ngõ 81 Hồ Sen"),
    ),
    min=1,
    max=2,
)
FESTIVALS = Points(
    id="festivals",
    text=LocalText(en="Share four points among the festivals", vi="Chia bốn điểm cho các lễ hội"),
    options=(
        option("lantern", "Lantern festival", "Tết Trung thu"),
        option("boats", "Boat race", "Đua thuyền"),
    ),
    points_max=3,
    total_min=1,
    total_max=4,
)
LONG = ChooseOne(
    id="long",
    text=LocalText(
        en="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft?",
        vi="Nghiêng" * 12 + "?",
    ),
    options=(option("one", "x" * 300, "ữ" * 300), option("two", "Yes", "Có")),
)


@dataclass(frozen=True)
class Hours:
    """When an election opens and closes, as the manifest says it."""

    opens_at: datetime
    closes_at: datetime

    @classmethod
    def around(cls, now: datetime) -> "Hours":
        """Open since yesterday, for five days more."""
        return cls(now - DAY, now + 5 * DAY)


@dataclass
class HeldElection:
    """An election with all its secrets. codes: those that no test has taken yet."""

    terms: ElectionTerms
    trustees: Trustees = field(repr=False)
    codes: list[IssuedCode] = field(repr=False)
    used: list[IssuedCode] = field(default_factory=list, repr=False)

    @property
    def id(self) -> str:
        """The election's id."""
        return self.terms.election

    @property
    def title(self) -> LocalText:
        """The election's title."""
        return self.terms.manifest.title

    def take(self) -> IssuedCode:
        """The voting code of a voter whom no other test uses."""
        self.used.append(self.codes.pop())
        return self.used[-1]


@dataclass
class Ward:
    """The office of the ward and its elections."""

    office: Office
    open: HeldElection
    """Choose-one, approval and points; three key holders; re-voting."""
    short: HeldElection
    """One choose-one question; three key holders; re-voting."""
    alone: HeldElection
    """One question, one key holder, one ballot for each voter."""
    announced: HeldElection
    """Frozen; opens tomorrow."""
    closed: HeldElection
    """Counted and published; six of twelve voted, one of them twice."""

    def ballots_of(self, election: HeldElection, voter: IssuedCode) -> tuple[StandingBallot, ...]:
        """What the board holds of this voter, oldest first."""
        with reading(self.office.engine) as session:
            row = find_election(session, election.id)
            return credential_record(session, row, voter.public_key).ballots

    def opened(self, election: HeldElection, ballot: StandingBallot) -> list[list[int]]:
        """The values of one ballot's answers. Only its key holders could see them; here their keys are public."""
        body = self.body(ballot.leaf.digest_bytes)
        record = decode_canonical(body, BallotRecord, limit_bytes=len(body))
        answers = []
        for layout, answer in zip(election.terms.layouts, record.answers, strict=True):
            plaintexts = [_open(election, text) for text in answer.ciphertexts]
            if layout.packed_by_voter:
                slot = (1 << layout.slot_bits) - 1
                plaintexts = [
                    plaintexts[0] >> (layout.slot_bits * i) & slot for i in range(layout.slot_count)
                ]
            answers.append(plaintexts)
        return answers

    def body(self, digest: bytes) -> bytes:
        """A body of any board."""
        with reading(self.office.engine) as session:
            return board.body(session, digest)

    def entries(self, election: HeldElection) -> list[Entry]:
        """The whole board of an election."""
        with reading(self.office.engine) as session:
            row = find_election(session, election.id)
            return board.entries(session, LogId(row.log_id), 0, 10_000)


def _open(election: HeldElection, text: str) -> int:
    terms = election.terms
    ciphertext = decode_int(text, terms.manifest.size.n2_bytes)
    shares = election.trustees.shares[: terms.manifest.threshold]
    answers = {share.index: open_partially(terms.record, share, ciphertext, b"test").x for share in shares}
    return find_opening(terms.record, ciphertext, answers)[0].plaintext


def hold(
    office: Office,
    title: LocalText,
    questions: Sequence[Question],
    hours: Hours,
    *,
    trustees: int = 3,
    revoting: bool = True,
    promise_seconds: int = 60,
    voters: int = 40,
) -> HeldElection:
    """An election whose polls are open, with the committed test keys: no ceremony runs."""
    manifest = msgspec.structs.replace(
        ward_manifest(office.keys, title, questions, hours, trustees=trustees, revoting=revoting),
        promise_seconds=promise_seconds,
    )
    keys = committed_keys(manifest)
    terms, issued = freeze_and_open(office, manifest, keys, [RollEntry(weight=1, area="all")] * voters)
    return HeldElection(terms, keys, issued)


def ward_manifest(
    keys: ServerKeys,
    title: LocalText,
    questions: Sequence[Question],
    hours: Hours,
    *,
    trustees: int = 3,
    revoting: bool = True,
) -> Manifest:
    """A manifest whose server keys are made in `keys`."""
    election = new_election_id()
    server = keys.make(election)
    return msgspec.structs.replace(
        make_manifest(questions, trustees=trustees, election=election, revoting=revoting),
        authority=AUTHORITY,
        closes_at=format_time(hours.closes_at),
        log_key=encode_base64url(server.log.public_key),
        log_origin=log_origin("go-may.invalid", election),
        opens_at=format_time(hours.opens_at),
        server_key=encode_base64url(server.server.public_key),
        title=title,
    )


def committed_keys(manifest: Manifest) -> Trustees:
    """The committed key that fits the manifest's number of trustees."""
    count = len(manifest.trustees)
    record, shares = load_test_key("single-2048" if count == 1 else "threshold-2of3-2048")
    ceremony = make_ceremony_body(manifest.election, record, manifest.size, b"T" * 32)
    return Trustees(tuple(trustee_key(number) for number in range(1, count + 1)), shares, ceremony)


def make_ward(folder: Path) -> tuple[Ward, str, Path]:
    """The ward, its database's URL and its folder of secrets."""
    url, secrets = f"sqlite:///{folder / 'psephos.sqlite'}", folder / "secrets"
    office = open_office(url, secrets)
    now = utc_now()
    ward = Ward(
        office,
        open=hold(
            office,
            LocalText(en="The future of our ward", vi="Tương lai phường ta"),
            (LAND, LANES, FESTIVALS),
            Hours.around(now),
        ),
        short=hold(
            office,
            LocalText(en="The old market land", vi="Khu đất chợ cũ"),
            (LAND,),
            Hours.around(now),
            voters=80,
        ),
        alone=hold(
            office,
            LocalText(en="The reading club’s day", vi="Ngày họp câu lạc bộ đọc sách"),
            (LAND,),
            Hours.around(now),
            trustees=1,
            revoting=False,
        ),
        announced=_announce(
            office,
            LocalText(en="Playground opening hours", vi="Giờ mở cửa sân chơi"),
            Hours(now + DAY, now + 3 * DAY),
        ),
        closed=_hold_and_count(
            Office(office.engine, office.keys, clock=lambda: now - 2 * DAY),
            LocalText(en="The ward library", vi="Thư viện phường"),
            Hours(now - 6 * DAY, now - DAY),
        ),
    )
    return ward, url, secrets


def _announce(office: Office, title: LocalText, hours: Hours) -> HeldElection:
    manifest = ward_manifest(office.keys, title, (LAND,), hours)
    keys = committed_keys(manifest)
    manifest_body = register_election(office, manifest)
    issued, roll_body = issue_codes(manifest.election, [RollEntry(weight=1, area="all")] * 5)
    terms, _ = assemble_terms(manifest_body, keys.ceremony_body, roll_body)
    message = freeze_message(terms.election, terms.fingerprint)
    signatures = [key.sign(message) for key in keys.signing]
    freeze_election(office, keys.ceremony_body, roll_body, encode_canonical(manifest), signatures)
    return HeldElection(terms, keys, issued)


def _hold_and_count(office: Office, title: LocalText, hours: Hours) -> HeldElection:
    election = hold(office, title, (LAND, LANES), hours, voters=12)
    for number in range(6):
        vote = ((0, 1, 0, 0) if number < 4 else (1, 0, 0, 0), (1, 0, number % 2))
        cast_ballot(office, election.id, seal_vote(election.terms, election.take().code, vote))
    again = seal_vote(election.terms, election.used[0].code, ((0, 0, 0, 1), (0, 1, 0)), sequence=2)
    cast_ballot(office, election.id, again)
    close_early(office, election.id)
    aggregate(office, election.id)
    open_urn(office, election.id, election.trustees, openers=(1, 3))
    publish_result(office, election.id)
    return election

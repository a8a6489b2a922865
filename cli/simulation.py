"""A simulated election: ballots that add up to published counts, cast through the real verb, tallied, verified."""

import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from audits.bundle import write_bundle
from cli.counts_csv import BLANK_ROW, Counts, read_counts
from cli.invented_votes import choose_one_votes, spread_votes
from cli.progress import Progress
from crypto.encoding import encode_base64url
from crypto.errors import UnsupportedParameters
from crypto.key_record import require_supported
from crypto.signature import SigningKey
from protocol.layout import lay_out
from protocol.manifest import (
    BLANK,
    RELAXED_SMALL_AREAS,
    Approval,
    Area,
    ChooseOne,
    Manifest,
    NamedKey,
    Option,
    Points,
    Question,
)
from protocol.records import Result
from protocol.roll import ENTRIES_MAX, RollEntry
from protocol.text import LocalText, format_time
from rehearsal.one_machine import (
    Hands,
    Vote,
    freeze_and_open,
    hold_ceremony,
    in_chunks,
    open_office,
    open_urn,
)
from storage.session import reading
from tally.aggregation import aggregate
from tally.opening import publish_result
from verifier.bundle import Bundle
from verifier.program import Request, verify_bundle
from voting.closing import close_polls
from voting.office import find_election, utc_now
from voting.preparation import log_origin, new_election_id
from voting.server_keys import ServerKeys

SITE = "simulation.psephos.invalid"
AREA = "all"
BATCH_VOTES = 512


class QuestionKind(StrEnum):
    """What `--kind` takes."""

    CHOOSE_ONE = "choose-one"
    APPROVAL = "approval"
    POINTS = "points"


@dataclass(frozen=True)
class SimulationRequest:
    """The options of the command, as typed."""

    counts: Path
    out: Path
    kind: QuestionKind
    ballots: int | None
    least: int | None
    greatest: int | None
    points_max: int | None
    points_total: str | None
    scale: int
    bits: Literal[2048, 3072]
    trustees: int
    threshold: int


@dataclass(frozen=True)
class SimulationReport:
    """ok: the verdict is good and every total is the given one.  seconds: by phase."""

    ok: bool
    result: dict[str, int]
    ballots: int
    seconds: dict[str, float]
    warnings: tuple[str, ...]
    fingerprint: str
    bundle: Path


class SimulationRefused(Exception):
    """Options that do not go together or cannot be carried out; nothing was written."""


@dataclass(frozen=True)
class _Plan:
    # expected: of every slot.  shown: names that the file holds; the blank slot that was added is none of them.
    question: Question
    votes: Iterable[Vote]
    ballots: int
    expected: dict[str, int]
    shown: frozenset[str]


def simulate_election(request: SimulationRequest, progress: Progress) -> SimulationReport:
    """Hold the election and write `out/bundle`.

    Raises: CountsUnusable, CountsImpossible, SimulationRefused, UnsupportedParameters, ManifestInvalid.
    """
    bundle_folder = request.out / "bundle"
    if os.path.lexists(bundle_folder):
        raise SimulationRefused(f"{bundle_folder} exists already. Name another folder, or remove it first.")
    if request.out.exists() and not request.out.is_dir():
        raise SimulationRefused(f"{request.out} is not a folder.")
    plan = _plan(request)
    clock = _Clock()
    with tempfile.TemporaryDirectory(prefix="psephos-simulation-") as name:
        folder = Path(name)
        secrets_folder = folder / "secrets"
        database_url = f"sqlite:///{folder / 'psephos.sqlite'}"
        office = open_office(database_url, secrets_folder)
        signing = [_signing_key() for _ in range(request.trustees)]
        manifest = _manifest(request, plan.question, signing, office.keys)
        lay_out(manifest, plan.ballots)
        _make_folder(request.out)  # before the long work: whoever cannot write here learns it now
        with clock.phase("ceremony"), progress.task("Making the key") as show:
            trustees = hold_ceremony(
                manifest, signing, lambda state: show(state.candidates_tried, state.candidates_expected)
            )
        entries = [RollEntry(weight=1, area=AREA)] * plan.ballots
        terms, issued = freeze_and_open(office, manifest, trustees, entries)
        with (
            Hands(database_url, secrets_folder) as hands,
            progress.task("Encrypting and casting") as show,
        ):
            done = 0
            numbered = zip(issued, plan.votes, strict=True)
            for chunk in in_chunks(numbered, BATCH_VOTES):
                with clock.phase("encrypt"):
                    requests = hands.seal(manifest.election, [(item.code, vote, 1) for item, vote in chunk])
                with clock.phase("cast"):
                    hands.cast(manifest.election, requests)
                done += len(chunk)
                show(done, plan.ballots)
        close_polls(office, manifest.election)
        with clock.phase("aggregate"), progress.task("Multiplying the ballots"):
            aggregate(office, manifest.election)
        with clock.phase("open"), progress.task("Trustees verify and open"):
            open_urn(office, manifest.election, trustees, range(1, request.threshold + 1))
            result = publish_result(office, manifest.election)
        with reading(office.engine) as session:
            write_bundle(session, find_election(session, manifest.election), bundle_folder)
        with clock.phase("verify"), progress.task("Verifying") as show:
            verdict = verify_bundle(Bundle.open(bundle_folder), Request(progress=show))
        office.engine.dispose()
    found = _named_totals(plan.question, result)
    return SimulationReport(
        ok=verdict.report.ok and found == plan.expected,
        result={name: votes for name, votes in found.items() if name in plan.shown},
        ballots=plan.ballots,
        seconds=clock.seconds,
        warnings=verdict.report.warnings,
        fingerprint=terms.fingerprint_code,
        bundle=bundle_folder,
    )


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimulationRefused(f"The folder {out} cannot be made: {error.strerror}.") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise SimulationRefused(f"Nothing can be written into the folder {out}.")


def _plan(request: SimulationRequest) -> _Plan:
    if request.scale < 1:
        raise SimulationRefused("--scale must be 1 or more.")
    try:
        require_supported(request.trustees, request.threshold)
    except UnsupportedParameters as error:
        raise SimulationRefused(str(error)) from error
    counts = read_counts(request.counts).scaled(request.scale)
    plan = (
        _choose_one(request, counts) if request.kind is QuestionKind.CHOOSE_ONE else _spread(request, counts)
    )
    if not 1 <= plan.ballots <= ENTRIES_MAX:
        raise SimulationRefused(
            f"{plan.ballots} ballots: from 1 to {ENTRIES_MAX} are possible. Use --scale K to divide the counts."
        )
    return plan


def _choose_one(request: SimulationRequest, counts: Counts) -> _Plan:
    given = (request.ballots, request.least, request.greatest, request.points_max, request.points_total)
    if any(option is not None for option in given):
        raise SimulationRefused("--ballots, --min, --max and --points-* go with --kind approval or points.")
    options = [*counts.options]
    if len(options) < 2:
        raise SimulationRefused("Choosing one needs at least two options.")
    question = ChooseOne(id="question", text=_text("Which one?"), options=_options(counts))
    slots = [votes for _, votes in options] + [counts.blank or 0]
    expected = dict(options) | {BLANK_ROW: counts.blank or 0}
    shown = frozenset(expected if counts.blank is not None else dict(options))
    return _Plan(question, ((vote,) for vote in choose_one_votes(slots)), sum(slots), expected, shown)


def _spread(request: SimulationRequest, counts: Counts) -> _Plan:
    if request.ballots is None:
        raise SimulationRefused(f"--kind {request.kind} needs --ballots, the number of ballots.")
    if not 1 <= request.ballots <= ENTRIES_MAX:
        raise SimulationRefused(f"--ballots must be from 1 to {ENTRIES_MAX}.")
    if counts.blank is not None:
        raise SimulationRefused(
            f"A row {BLANK_ROW} belongs to choose-one; here a blank ballot is one without any option."
        )
    ballots = request.ballots
    number = len(counts.options)
    question: Question
    if request.kind is QuestionKind.APPROVAL:
        if request.points_max is not None or request.points_total is not None:
            raise SimulationRefused("--points-max and --points-total go with --kind points.")
        least = 0 if request.least is None else request.least
        greatest = number if request.greatest is None else request.greatest
        if not 0 <= least <= greatest <= number or greatest < 1:
            raise SimulationRefused(f"--min and --max must satisfy 0 <= min <= max <= {number}, max >= 1.")
        question = Approval(
            id="question", text=_text("Which ones?"), options=_options(counts), min=least, max=greatest
        )
        each = 1
    else:
        if request.least is not None or request.greatest is not None:
            raise SimulationRefused("--min and --max go with --kind approval.")
        if request.points_max is None or not 1 <= request.points_max <= 20:
            raise SimulationRefused("--kind points needs --points-max, from 1 to 20.")
        each = request.points_max
        least, greatest = _points_total(request.points_total, number * each)
        question = Points(
            id="question",
            text=_text("How many points?"),
            options=_options(counts),
            points_max=each,
            total_min=least,
            total_max=greatest,
        )
    sums = [votes for _, votes in counts.options]
    votes = spread_votes(sums, ballots, each, least, greatest)
    expected = dict(counts.options)
    return _Plan(question, ((vote,) for vote in votes), ballots, expected, frozenset(expected))


def _points_total(text: str | None, most: int) -> tuple[int, int]:
    if text is None:
        return 0, most
    found = re.fullmatch(r"(0|[1-9][0-9]{0,5})\.\.(0|[1-9][0-9]{0,5})", text)
    if not found or not 0 <= int(found[1]) <= int(found[2]) <= most or int(found[2]) < 1:
        raise SimulationRefused(f"--points-total must be A..B with 0 <= A <= B <= {most}, B >= 1.")
    return int(found[1]), int(found[2])


def _options(counts: Counts) -> tuple[Option, ...]:
    return tuple(
        Option(id=f"option-{number}", label=_text(name))
        for number, (name, _) in enumerate(counts.options, start=1)
    )


def _text(words: str) -> LocalText:
    return LocalText(en=words, vi=words)


def _title(file_name: str) -> LocalText:
    # A file may have any name, a title may not.
    named = _text(f"Simulation of {file_name}")
    try:
        named.require(200, "title")
    except ValueError:
        return _text("Simulation")
    return named


def _signing_key() -> SigningKey:
    return SigningKey.from_seed(secrets.token_bytes(32))


def _manifest(
    request: SimulationRequest, question: Question, signing: list[SigningKey], keys: ServerKeys
) -> Manifest:
    election = new_election_id()
    server = keys.make(election)
    now = utc_now()
    return Manifest(
        areas=(Area(id=AREA, name=LocalText(en="All areas", vi="Tất cả khu vực")),),
        authority=LocalText(en="Simulation", vi="Mô phỏng"),
        bits=request.bits,
        ceremony="one-machine",
        closes_at=format_time(now + timedelta(days=30)),
        documents=(),
        election=election,
        extension_seconds=0,
        format="psephos/manifest/v1",
        log_key=encode_base64url(server.log.public_key),
        log_origin=log_origin(SITE, election),
        objection_seconds=0,
        opens_at=format_time(now),
        promise_seconds=60,
        questions=(question,),
        quorum=None,
        registrar_key=None,
        rehearsal=False,
        revoting=True,
        server_key=encode_base64url(server.server.public_key),
        sign_in="none",
        small_areas=RELAXED_SMALL_AREAS,
        threshold=request.threshold,
        time_zone="UTC",
        title=_title(request.counts.name),
        trustees=tuple(
            NamedKey(key=encode_base64url(key.public_key), name=f"Trustee {number}")
            for number, key in enumerate(signing, start=1)
        ),
        witnesses=(),
    )


def _named_totals(question: Question, result: Result) -> dict[str, int]:
    names = {option.id: option.label.en for option in question.options} | {BLANK: BLANK_ROW}
    return {names[item.option]: item.votes for item in result.totals[0].votes}


class _Clock:
    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("ceremony", "encrypt", "cast", "aggregate", "open", "verify"), 0.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the block's time to a phase."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

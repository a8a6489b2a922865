"""A simulated election: ballots that add up to published counts, cast through the real verb, tallied, verified."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from audits.bundle import write_bundle
from cli.counts_csv import BLANK_ROW
from cli.progress import Progress
from cli.simulation_plan import SimulationRefused, SimulationRequest, make_plan, plain_text
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.layout import lay_out
from protocol.manifest import (
    BLANK,
    RELAXED_SMALL_AREAS,
    Area,
    Manifest,
    NamedKey,
    Question,
)
from protocol.records import QuestionVotes
from protocol.roll import RollEntry
from protocol.text import LocalText, format_time
from rehearsal.ceremony import hold_ceremony
from rehearsal.one_machine import (
    Hands,
    freeze_and_open,
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


@dataclass(frozen=True)
class SimulationReport:
    """ok: the verdict is good and every total is the given one.  seconds: by phase.

    result: of a ranking the scores.  matrix: of a ranking, for each option its votes at position 1, 2, …; else empty.
    """

    ok: bool
    result: dict[str, int]
    matrix: dict[str, tuple[int, ...]]
    ballots: int
    seconds: dict[str, float]
    warnings: tuple[str, ...]
    fingerprint: str
    bundle: Path


def simulate_election(request: SimulationRequest, progress: Progress) -> SimulationReport:
    """Hold the election and write `out/bundle`.

    Raises: CountsUnusable, CountsImpossible, SimulationRefused, UnsupportedParameters, ManifestInvalid.
    """
    bundle_folder = request.out / "bundle"
    if os.path.lexists(bundle_folder):
        raise SimulationRefused(f"{bundle_folder} exists already. Name another folder, or remove it first.")
    if request.out.exists() and not request.out.is_dir():
        raise SimulationRefused(f"{request.out} is not a folder.")
    plan = make_plan(request)
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
        close_polls(
            office, manifest.election, by="Simulation", reason="All ballots of the simulation are cast."
        )
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
    (totals,) = result.totals
    found = _named_totals(plan.question, totals)
    return SimulationReport(
        ok=verdict.report.ok and found == plan.expected and totals.matrix == plan.matrix,
        result={name: votes for name, votes in found.items() if name in plan.shown},
        matrix=_named_matrix(plan.question, totals),
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


def _title(file_name: str) -> LocalText:
    # A file may have any name, a title may not.
    named = plain_text(f"Simulation of {file_name}")
    try:
        named.require(200, "title")
    except ValueError:
        return plain_text("Simulation")
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


def _named_totals(question: Question, totals: QuestionVotes) -> dict[str, int]:
    names = {option.id: option.label.en for option in question.options} | {BLANK: BLANK_ROW}
    return {names[item.option]: item.votes for item in totals.votes}


def _named_matrix(question: Question, totals: QuestionVotes) -> dict[str, tuple[int, ...]]:
    if not totals.matrix:
        return {}
    return {option.label.en: row for option, row in zip(question.options, totals.matrix, strict=True)}


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

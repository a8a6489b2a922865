"""`psephos demo`: a whole election before your eyes, then the site with it."""

import contextlib
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from audits.bundle import write_bundle
from cli import demo_ward
from cli.demo_participation import take_part
from cli.output import ExitCode, in_words, say, stdout
from cli.progress import Progress
from cli.serve import run_until_stopped
from cli.totals import totals_table
from identity import invitations
from identity.opening import open_desk
from identity.roles import Role
from identity.trail import System
from protocol.manifest import Manifest, Question
from protocol.records import QuestionVotes, Result
from protocol.terms import ElectionTerms
from protocol.text import LocalText
from protocol.totals import question_votes
from rehearsal.ceremony import Trustees, hold_ceremony
from rehearsal.one_machine import (
    Hands,
    Vote,
    freeze_and_open,
    open_office,
    open_urn,
    seal_vote,
)
from storage.session import reading, writing
from tally.aggregation import aggregate
from tally.opening import publish_result
from verifier.bundle import Bundle
from verifier.program import Request, Verdict, verify_bundle
from voting.closing import close_polls
from voting.office import Office, find_election
from voting.registrar import IssuedCode
from web.i18n import Text
from web.serving import application, server
from web.settings import Settings

DEFAULT_PORT = 8000
VOTERS = 24
ABSTAINERS = 4
VOTE_AGAIN = 3
OPEN_VOTERS = 12
CODES_SHOWN = 3
FOLDER = Path("var") / "demo"
_HTTP_SECONDS = 30


@dataclass(frozen=True)
class _Ward:
    office: Office
    settings: Settings
    progress: Progress


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop at the verdict, serve nothing.")] = False,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the site; the next free one is taken.")
    ] = DEFAULT_PORT,
) -> None:
    """Hold an invented ward's election from the key to the verdict, then serve the site with it.

    Everything lies in var/demo and begins anew each time. Exit code 0 only if the verdict is good.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    settings = _settings(_free_port(port))
    office = open_office(settings.database_url, settings.secrets)
    ward = _Ward(office, settings, Progress())
    verdict, bundle = _hold_counted_election(ward)
    _say_verdict(verdict, bundle)
    if not verdict.report.ok:
        raise typer.Exit(ExitCode.REFUTED)
    say("\nPetitions and discussions: real ones are imported, invented neighbours sign the ward's own.")
    desk = open_desk(office.engine, settings.secrets, settings.base_url)
    for what, report in zip(("petitions", "contributions"), take_part(desk), strict=True):
        say(f"    {what}: {len(report.done)} came in, {len(report.refused)} were refused")
    if once:
        return
    say("\nOne more vote is being prepared, for you to take part in.")
    codes = _prepare_open_election(ward)
    with application(settings) as app:
        say(f"\nThe site: {settings.base_url}   (Ctrl-C ends it)")
        say("Vote yourself, as one of the invented voters, with one of these voting codes:")
        for issued in codes[:CODES_SHOWN]:
            say(f"    {issued.code.written}")
        say("Look behind the scenes, as an official of the ward who prepares and runs votes:")
        say(f"    {_invite_official(ward)}")
        run_until_stopped(server(app, settings), settings)


def _invite_official(ward: _Ward) -> str:
    """A link that lets whoever opens it into the office: on this machine only, where the site listens."""
    desk = open_desk(ward.office.engine, ward.settings.secrets, ward.settings.base_url)
    with writing(desk.engine) as session:
        return invitations.invite(
            desk,
            session,
            System("demo"),
            name="Lê Văn An",
            address="an@demo.invalid",
            roles=[Role.OFFICIAL, Role.REGISTRAR, Role.ADMINISTRATOR],
            language="en",
        )


def _settings(port: int) -> Settings:
    ward = demo_ward
    return Settings(
        base_url=f"http://localhost:{port}",
        host="127.0.0.1",
        port=port,
        database_url=f"sqlite:///{(FOLDER / 'psephos.sqlite').absolute()}",
        secrets=(FOLDER / "secrets").absolute(),
        name=Text(ward.NAME.en, ward.NAME.vi),
        authority=Text(ward.AUTHORITY.en, ward.AUTHORITY.vi),
        help_line=ward.HELP_LINE,
    )


def _free_port(wanted: int) -> int:
    """The first port from `wanted` on that nobody listens on."""
    for port in range(wanted, 65536):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise typer.BadParameter(f"No port from {wanted} on is free.", param_hint="--port")


def _hold_counted_election(ward: _Ward) -> tuple[Verdict, Path]:
    title = LocalText(
        en="The old market land, and which lanes to repair first",
        vi="Khu đất chợ cũ và những ngõ cần sửa trước",
    )
    manifest, terms, trustees, issued = _prepare(
        ward, title, demo_ward.COUNTED_QUESTIONS, VOTERS + ABSTAINERS, days=7
    )
    say(f"Fingerprint of the election: {terms.fingerprint_code}")
    voters = issued[:VOTERS]
    votes = [demo_ward.invented_vote() for _ in voters]
    ballots: list[tuple[IssuedCode, Vote, int]] = [
        (voter, vote, 1) for voter, vote in zip(voters, votes, strict=True)
    ]
    changed = [(voter, demo_ward.invented_vote(), 2) for voter in voters[:VOTE_AGAIN]]
    expected = _totals(terms, [vote for _, vote, _ in changed] + votes[VOTE_AGAIN:])
    with (
        Hands(ward.settings.database_url, ward.settings.secrets) as hands,
        ward.progress.task("Voters encrypt and cast") as show,
    ):
        for group in (ballots[:-1], changed):
            requests = hands.seal(
                manifest.election, [(item.code, vote, sequence) for item, vote, sequence in group]
            )
            hands.cast(manifest.election, requests)
            show(len(group), len(group))
    last, vote, _ = ballots[-1]
    _cast_over_http(ward, manifest.election, seal_vote(terms, last.code, vote))
    say(
        f"{VOTERS} of {VOTERS + ABSTAINERS} voters have voted, {VOTE_AGAIN} of them twice; "
        "the last ballot came over HTTP."
    )
    close_polls(
        ward.office, manifest.election, by="Demonstration", reason="The demonstration shows the counting."
    )
    with ward.progress.task("Trustees verify the board and open the sum"):
        aggregate(ward.office, manifest.election)
        open_urn(ward.office, manifest.election, trustees, openers=(1, 3))
        result = publish_result(ward.office, manifest.election)
    say("Closed, multiplied, and opened by trustees 1 and 3; no single ballot was ever decrypted.")
    bundle = FOLDER / "bundle"
    with reading(ward.office.engine) as session:
        write_bundle(session, find_election(session, manifest.election), bundle)
    with ward.progress.task("Verifying") as show:
        verdict = verify_bundle(
            Bundle.open(bundle), Request(fingerprint=terms.fingerprint_code, progress=show)
        )
    _require_totals(result, expected)
    return verdict, bundle


def _prepare_open_election(ward: _Ward) -> list[IssuedCode]:
    title = LocalText(en="Evening hours of the ward library", vi="Giờ mở cửa buổi tối của thư viện phường")
    _, _, _, issued = _prepare(ward, title, demo_ward.OPEN_QUESTIONS, OPEN_VOTERS, days=30)
    return issued


def _prepare(
    ward: _Ward,
    title: LocalText,
    questions: tuple[Question, ...],
    voters: int,
    days: int,
) -> tuple[Manifest, ElectionTerms, Trustees, list[IssuedCode]]:
    signing = demo_ward.signing_keys()
    manifest = demo_ward.demo_manifest(ward.office.keys, title, questions, signing, days)
    say(f"Three trustees make a key that none of them holds: {in_words(title)}")
    with ward.progress.task("Making the key") as show:
        trustees = hold_ceremony(
            manifest, signing, lambda state: show(state.candidates_tried, state.candidates_expected)
        )
    terms, issued = freeze_and_open(ward.office, manifest, trustees, demo_ward.roll_entries(voters))
    return manifest, terms, trustees, issued


def _totals(terms: ElectionTerms, votes: list[Vote]) -> tuple[QuestionVotes, ...]:
    """Totals of every question, added in the clear."""
    return tuple(
        question_votes(layout, [sum(slot) for slot in zip(*answers, strict=True)])
        for layout, answers in zip(terms.layouts, zip(*votes, strict=True), strict=True)
    )


def _require_totals(result: Result, expected: tuple[QuestionVotes, ...]) -> None:
    if result.totals != expected:
        raise RuntimeError("The opened totals are not what the invented voters chose.")


def _cast_over_http(ward: _Ward, election_id: str, request: bytes) -> None:
    """Send one ballot as a browser would, to a real server on this machine."""
    with application(ward.settings, casting_workers=1) as app, _running(server(app, ward.settings)):
        address = f"{ward.settings.base_url}/api/v1/elections/{election_id}/ballots"
        message = urllib.request.Request(  # noqa: S310  (our own server on localhost)
            address, data=request, headers={"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(message, timeout=_HTTP_SECONDS) as answer:  # noqa: S310
            if answer.status != 201:
                raise RuntimeError(f"The server answered {answer.status} to a ballot.")


@contextlib.contextmanager
def _running(http: uvicorn.Server) -> Iterator[None]:
    thread = threading.Thread(target=http.run, daemon=True)
    thread.start()
    try:
        while not http.started:
            if not thread.is_alive():
                raise RuntimeError("The server did not start.")
            time.sleep(0.05)
        yield
    finally:
        http.should_exit = True
        thread.join()


def _say_verdict(verdict: Verdict, bundle: Path) -> None:
    report, manifest = verdict.report, verdict.manifest
    for check in report.checks:
        say(f"  {check.name:<22} {check.count:>5}  {'good' if check.ok else 'FAILED'}")
    if manifest is not None and report.result is not None:
        for question, totals in zip(manifest.questions, report.result, strict=True):
            _say_totals(question, totals)
    say(f"\n{'VERIFIED' if report.ok else 'REFUTED'}. Repeat it yourself: .venv/bin/psephos verify {bundle}")


def _say_totals(question: Question, totals: QuestionVotes) -> None:
    say(f"\n{in_words(question.text)}")
    stdout().print(totals_table(question, totals))

"""`psephos verify`: the whole verification of a bundle, as a table or as JSON."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli.output import (
    WARNINGS,
    ExitCode,
    in_words,
    print_json,
    read_text_file,
    say,
    stderr,
    stdout,
    verdict_errors,
    visible,
)
from cli.petition import verify_petition_record
from cli.progress import Progress
from cli.totals import option_labels, totals_table
from crypto.note import MAX_NOTE_BYTES
from protocol.events import Events
from protocol.manifest import Manifest
from protocol.records import QuestionVotes
from protocol.report import NOT_CHECKED, BoardState, CheckReport, Report
from verifier.bundle import Bundle, UnusableBundle
from verifier.program import MalformedFingerprint, Request, Verdict, read_fingerprint, verify_bundle

STATES: Final = {
    BoardState.UNREADABLE: "The election's terms cannot be read.",
    BoardState.PREPARED: "Frozen, not open yet.",
    BoardState.OPEN: "Open, no result yet.",
    BoardState.CLOSED: "Closed, no result yet.",
    BoardState.PUBLISHED: "Closed, result published.",
    BoardState.WITHHELD: "Closed. The result is withheld: so few ballots would show how somebody voted.",
}

FAILURES_SHOWN: Final = 10
EVENTS_SHOWN: Final = 20


def verify(
    bundle: Annotated[Path, typer.Argument(help="The folder with the election's public record.")],
    exact: Annotated[
        bool, typer.Option("--exact", help="Check each proof by its own equation (slower).")
    ] = False,
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint that your letter shows.")] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="File with a signed checkpoint that you kept, - for standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; one for each processor.")] = None,
    petition: Annotated[
        str | None,
        typer.Option(help="The folder is the record of this petition; recount it.", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="With --petition: the key of the site that you know.", show_default=False),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(help="With --petition: the host in the address of its page.", show_default=False),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="With --petition: look for your signature.", show_default=False)
    ] = None,
) -> None:
    """Check everything about an election, or about the signatures of a petition, that its public record shows.

    Exit code 0: verified. 1: refuted. 2: the input cannot be used. 3: a fault of this program.
    """
    if petition is not None:
        verify_petition_record(
            bundle,
            petition,
            site=site,
            key=key,
            checkpoint=checkpoint,
            receipt=receipt,
            as_json=as_json,
        )
    with verdict_errors(as_json, UnusableBundle, MalformedFingerprint):
        expected = None if fingerprint is None else read_fingerprint(fingerprint)
        note = None if checkpoint is None else read_text_file(checkpoint, MAX_NOTE_BYTES)
        opened = Bundle.open(bundle)
        with Progress(stderr()).task("Verifying") as show:
            verdict = verify_bundle(opened, Request(exact, expected, note, jobs, show))
        if as_json:
            print_json(as_record(verdict))
        else:
            _print(verdict, expected)
        raise typer.Exit(ExitCode.VERIFIED if verdict.report.ok else ExitCode.REFUTED)


def as_record(verdict: Verdict) -> dict[str, Any]:
    """The JSON answer. result: question id → option id → votes; `questions` repeats it with the words.

    Of a ranking the votes are scores, and `matrix` holds each option's votes at position 1, 2, …
    """
    report = verdict.report
    totals = report.result
    return {
        "ok": report.ok,
        "checks": [
            {
                "name": check.name.value,
                "count": check.count,
                "ok": check.ok,
                "seconds": round(check.seconds, 6),
                "failures": _failures(check),
            }
            for check in report.checks
        ],
        "result": None
        if totals is None
        else {question.question: {vote.option: vote.votes for vote in question.votes} for question in totals},
        "questions": None
        if totals is None or verdict.manifest is None
        else [
            {
                "id": question.id,
                "text": {"en": question.text.en, "vi": question.text.vi},
                "options": [
                    {"id": vote.option, "label": label, "votes": vote.votes}
                    for vote, label in zip(votes.votes, option_labels(question, votes), strict=True)
                ],
                "matrix": [list(row) for row in votes.matrix],
            }
            for question, votes in zip(verdict.manifest.questions, totals, strict=True)
        ],
        "election": report.election,
        "state": report.state.value,
        "fingerprint": report.fingerprint_code,
        "checkpoint": {"size": report.size, "root": _root(report)},
        "warnings": list(report.warnings),
        "events": _events_record(report.events),
    }


def _events_record(events: Events) -> dict[str, Any]:
    """What happened besides votes, each kind in the order of the board."""
    return {
        "replaced": [asdict(each) for each in events.replaced],
        "extensions": [asdict(each) for each in events.extensions],
        "conflicts": [asdict(each) for each in events.conflicts],
        "closed": None if events.closed is None else asdict(events.closed),
    }


def _failures(check: CheckReport) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [
        {"entry": failure.entry, "reason": failure.reason} for failure in check.failures
    ]
    if unlisted := check.failure_count - len(listed):
        listed.append({"entry": None, "reason": f"And {unlisted} more failures."})
    return listed


def _root(report: Report) -> str:
    """As it stands in a checkpoint."""
    return base64.b64encode(report.root).decode("ascii")


def _print(verdict: Verdict, expected: str | None) -> None:
    report, manifest = verdict.report, verdict.manifest
    if manifest is not None:
        say(f"{in_words(manifest.title)}, {in_words(manifest.authority)}")
        say(STATES[report.state])
        say()
    stdout().print(_check_table(report))
    for check in report.checks:
        _print_failures(check)
    if manifest is not None and report.result is not None:
        _print_totals(manifest, report.result)
    print_events(report.events)
    if report.warnings:
        say("\nWhat you should know about this election:")
        for code in report.warnings:
            say(f"  - {WARNINGS.get(code, code)}")
    say()
    if report.fingerprint_code is not None:
        say(f"Fingerprint  {report.fingerprint_code}")
    say(f"Checkpoint   {report.size} entries, root {_root(report)}")
    say()
    if not report.ok:
        failed = ", ".join(check.name for check in report.checks if not check.ok and not _is_unreached(check))
        say(f"REFUTED. These checks fail: {failed}.")
        return
    say("VERIFIED. Every check holds.")
    if expected is None:
        say("A bundle proves only itself: compare this fingerprint with your letter.")


def print_events(events: Events) -> None:
    """What happened on a board besides votes; nothing where nothing did."""
    lines = [
        *(
            f"entry {each.entry}: the polls were extended to {each.closes_at} by {visible(each.by)}: "
            f"{visible(each.reason)}"
            for each in events.extensions
        ),
        *(
            f"entry {each.entry}: voter number {each.old} was replaced by {each.new}; {each.ballots} ballots of it do "
            f"not count: {visible(each.reason)}"
            for each in events.replaced
        ),
        *(
            f"entry {each.entry}: a ballot of voter number {each.voter} was refused because of who had signed in "
            f"({each.reason})"
            for each in events.conflicts
        ),
    ]
    if events.closed is not None and events.closed.reason is not None:
        closed = events.closed
        lines.append(
            f"entry {closed.entry}: {visible(closed.by)} closed early: {visible(closed.reason or '')}"
        )
    if events.closed is not None and events.closed.persons is not None:
        lines.append(f"{events.closed.persons:,} people signed in and voted, each with one voting code")
    if not lines:
        return
    say("\nWhat happened besides votes:")
    for line in lines[:EVENTS_SHOWN]:
        say(f"  - {line}")
    if len(lines) > EVENTS_SHOWN:
        say(f"  and {len(lines) - EVENTS_SHOWN:,} more (--json lists them)")


def _check_table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("check")
    table.add_column("checked", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for check in report.checks:
        table.add_row(check.name.value, f"{check.count:,}", f"{check.seconds:.2f}", _in_a_word(check))
    return table


def _in_a_word(check: CheckReport) -> str:
    if check.ok:
        return "good" if check.count else "nothing to check"
    return "not reached" if _is_unreached(check) else "FAILED"


def _is_unreached(check: CheckReport) -> bool:
    """It failed only because another check did."""
    return not check.ok and all(failure.reason.startswith(NOT_CHECKED) for failure in check.failures)


def _print_failures(check: CheckReport) -> None:
    if check.ok or _is_unreached(check):
        return
    say(f"\n{check.name.value}")
    for failure in check.failures[:FAILURES_SHOWN]:
        place = "" if failure.entry is None else f"entry {failure.entry}: "
        say(f"  {place}{failure.reason}")
    more = check.failure_count - FAILURES_SHOWN
    if more > 0:
        say(f"  and {more:,} more (--json lists them)")


def _print_totals(manifest: Manifest, totals: tuple[QuestionVotes, ...]) -> None:
    for question, votes in zip(manifest.questions, totals, strict=True):
        say(f"\n{in_words(question.text)}")
        stdout().print(totals_table(question, votes))

"""`psephos simulate`: published counts in, a whole verified election out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.invented_votes import CountsImpossible
from cli.output import WARNINGS, ExitCode, print_json, say, stdout, verdict_errors, visible
from cli.progress import Progress
from cli.simulation import SimulationReport, simulate_election
from cli.simulation_plan import QuestionKind, SimulationRefused, SimulationRequest
from cli.strict_csv import CsvUnusable
from protocol.errors import ManifestInvalid


def simulate(
    counts: Annotated[
        Path,
        typer.Argument(
            help="CSV file with the header option,votes; for --kind ranking votes,1,2,… (an order in each line)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the bundle; OUT/bundle must not exist.")],
    kind: Annotated[
        QuestionKind, typer.Option(help="How the question is answered.")
    ] = QuestionKind.CHOOSE_ONE,
    ballots: Annotated[
        int | None, typer.Option(help="Number of ballots (approval, points); --scale leaves it.")
    ] = None,
    least: Annotated[int | None, typer.Option("--min", help="Fewest options on a ballot (approval).")] = None,
    greatest: Annotated[
        int | None, typer.Option("--max", help="Most options on a ballot (approval).")
    ] = None,
    points_max: Annotated[int | None, typer.Option(help="Most points for one option.")] = None,
    points_total: Annotated[
        str | None, typer.Option(help="Fewest and most points of a ballot, as A..B.")
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(
            help="Points from the first position to the last, as 3,2,1,0 (ranking; Borda's without it)."
        ),
    ] = None,
    scale: Annotated[int, typer.Option(help="Divide every count by this, rounding down.")] = 1,
    bits: Annotated[int, typer.Option(help="Length of the key: 2048 or 3072.")] = 3072,
    trustees: Annotated[int, typer.Option(help="How many trustees share the key.")] = 3,
    threshold: Annotated[int, typer.Option(help="How many of them open the sum.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Hold a whole election whose ballots add up to the counts of a file, and write its public record.

    Exit code 0: the verdict is good and the totals are the file's. 1: they are not. 2: the input cannot be used.
    """
    with verdict_errors(as_json, CsvUnusable, CountsImpossible, SimulationRefused, ManifestInvalid):
        if bits not in (2048, 3072):
            raise SimulationRefused(f"--bits must be 2048 or 3072, not {bits}.")
        request = SimulationRequest(
            counts=counts,
            out=out,
            kind=kind,
            ballots=ballots,
            least=least,
            greatest=greatest,
            points_max=points_max,
            points_total=points_total,
            positions=positions,
            scale=scale,
            bits=2048 if bits == 2048 else 3072,
            trustees=trustees,
            threshold=threshold,
        )
        report = simulate_election(request, Progress())
        if as_json:
            print_json(as_record(report))
        else:
            _print(report)
        raise typer.Exit(ExitCode.VERIFIED if report.ok else ExitCode.REFUTED)


def as_record(report: SimulationReport) -> dict[str, object]:
    """The JSON answer. seconds: by phase, rounded to milliseconds.

    Of a ranking the result holds scores, and `matrix` each option's votes at position 1, 2, …
    """
    return {
        "ok": report.ok,
        "result": report.result,
        "ballots": report.ballots,
        "seconds": {phase: round(seconds, 3) for phase, seconds in report.seconds.items()},
        "warnings": list(report.warnings),
        "fingerprint": report.fingerprint,
        "bundle": str(report.bundle),
        "matrix": {option: list(row) for option, row in report.matrix.items()},
    }


def _print(report: SimulationReport) -> None:
    table = Table(box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_column()
    for option, votes in report.result.items():
        places = report.matrix.get(option, ())
        found = ", ".join(f"{number:,} at {j}" for j, number in enumerate(places, start=1))
        table.add_row(f"{votes:,}", visible(option), found)
    stdout().print(table)
    phases = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in report.seconds.items())
    say(f"\n{report.ballots:,} ballots: {phases}.")
    for code in report.warnings:
        say(f"  - {WARNINGS.get(code, code)}")
    say(f"\nThe public record is in {report.bundle}. Check it: psephos verify {report.bundle}")
    say("VERIFIED, and the totals are those of the file." if report.ok else "NOT GOOD: run psephos verify.")

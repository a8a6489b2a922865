"""`psephos import`: petitions and discussions of another platform, line by line, with a report of what was refused."""

import csv
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.output import UnusableInput, say, visible
from cli.progress import Progress, Show
from cli.site import site
from cli.strict_csv import CsvUnusable, parse_csv, read_csv
from consultation.importing import (
    ForeignContribution,
    ForeignPetition,
    ForeignTopic,
    ImportRefused,
    Report,
    import_discussions,
    import_petitions,
    importer,
)
from consultation.petitions.errors import NoSuchBody
from consultation.petitions.settings import require_body
from identity.opening import open_desk
from storage.session import reading
from voting.voters_list import neutralised

FILE_BYTES_MAX: Final = 64 << 20
SHOWN: Final = 10
NUMBER_MAX: Final = 1_000_000
PETITIONS: Final = (
    "id", "state", "action", "background", "additional_details", "signature_count", "created_at", "opened_at",
    "closed_at", "rejected_at", "rejection_code", "rejection_details", "response_threshold_reached_at",
    "debate_threshold_reached_at", "government_response_summary", "departments", "topics", "url",
)  # fmt: skip
TOPICS: Final = (
    "id", "code", "title", "user", "date", "summary", "text", "num_comments", "status", "num_supports",
    "is_association",
)  # fmt: skip
CONTRIBUTIONS: Final = (
    "id", "parent_id", "proposal_id", "user", "user_type", "date", "time", "text", "votes", "votes_up", "votes_down",
)  # fmt: skip

import_ = typer.Typer(
    name="import",
    help="Bring petitions and discussions of another platform in, by the rules that hold for everybody.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write every refused line with its reason into this CSV file.")
]


@import_.command()
def petitions(
    file: Annotated[Path, typer.Argument(help="CSV with the columns of petition.parliament.uk.")],
    body: Annotated[str, typer.Option(help="Id of the body that the petitions are addressed to here.")],
    language: Annotated[str, typer.Option(help="In which the petitions are written: en or vi.")] = "en",
    report_file: ReportFile = None,
) -> None:
    """Publish, close, answer and reject petitions as they were elsewhere. Signatures stay where they are."""
    _require_ours(language)
    with site() as (settings, engine):
        found = read_petitions(file)
        desk = open_desk(engine, settings.secrets, settings.base_url, settings.assurance)
        try:
            with reading(engine) as session:
                require_body(session, body)
            with Progress().task("Importing petitions") as show:
                report = import_petitions(importer(desk), found, body, language, _steps(show, len(found)))
        except (ImportRefused, NoSuchBody) as error:
            raise UnusableInput(str(error)) from error
        _tell(report, len(found), report_file)


@import_.command()
def discussions(
    topics: Annotated[Path, typer.Argument(help="CSV of proposals, columns of Decide Madrid.")],
    contributions: Annotated[Path, typer.Argument(help="CSV of the comments on them.")],
    language: Annotated[
        str, typer.Option(help="In whose place the proposals stand: en or vi. A topic has no third one.")
    ] = "en",
    report_file: ReportFile = None,
) -> None:
    """Open a discussion for each proposal and write its comments, with their replies and votes."""
    _require_ours(language)
    with site() as (settings, engine):
        found, said = read_topics(topics), read_contributions(contributions)
        desk = open_desk(engine, settings.secrets, settings.base_url, settings.assurance)
        with Progress().task("Importing contributions") as show:
            report = import_discussions(importer(desk), found, said, language, _steps(show, len(said)))
        _tell(report, len(found) + len(said), report_file)
    say(
        f"{report.votes:,} opinions of the other platform stand beside the contributions; nobody here has voted."
    )


def _require_ours(language: str) -> None:
    if language not in ("en", "vi"):
        raise typer.BadParameter("en or vi.", param_hint="--language")


def read_petitions(file: Path) -> Sequence[ForeignPetition]:
    """Raises: UnusableInput, naming the line."""
    found = []
    for line, row in _rows(file, PETITIONS):
        each = dict(zip(PETITIONS, row, strict=True))
        if each["state"] not in ("open", "closed", "rejected"):
            raise UnusableInput(f"{file}, line {line}: state is open, closed or rejected.")
        found.append(
            ForeignPetition(
                line=line,
                source=each["id"],
                state=each["state"],
                action=each["action"],
                background=each["background"],
                details=each["additional_details"],
                rejection=each["rejection_code"],
                rejected_words=each["rejection_details"],
                answer=each["government_response_summary"],
            )
        )
    return found


def read_topics(file: Path) -> Sequence[ForeignTopic]:
    """Raises: UnusableInput, naming the line."""
    found = []
    for line, row in _rows(file, TOPICS):
        each = dict(zip(TOPICS, row, strict=True))
        found.append(ForeignTopic(line, each["id"], each["title"], each["summary"]))
    return found


def read_contributions(file: Path) -> Sequence[ForeignContribution]:
    """In the order in which they were written. Raises: UnusableInput, naming the line."""
    found = []
    for line, row in _rows(file, CONTRIBUTIONS):
        each = dict(zip(CONTRIBUTIONS, row, strict=True))
        agree, disagree = (_number(file, line, each[name]) for name in ("votes_up", "votes_down"))
        said = ForeignContribution(
            line,
            each["id"],
            each["proposal_id"],
            each["parent_id"],
            each["user"],
            each["text"],
            agree,
            disagree,
        )
        found.append(((each["date"], each["time"], line), said))
    return [said for _, said in sorted(found, key=lambda pair: pair[0])]


def _rows(file: Path, header: Sequence[str]) -> list[tuple[int, list[str]]]:
    try:
        return parse_csv(read_csv(file, FILE_BYTES_MAX), header)
    except CsvUnusable as error:
        raise UnusableInput(f"{file}: {error}") from error


def _number(file: Path, line: int, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) <= NUMBER_MAX):
        raise UnusableInput(f"{file}, line {line}: “{visible(text[:20])}” is no number of votes.")
    return int(text)


def _tell(report: Report, lines: int, file: Path | None) -> None:
    say(f"{len(report.done):,} of {lines:,} lines came in, {len(report.refused):,} were refused.")
    if file is None:
        for refusal in report.refused[:SHOWN]:
            say(f"  line {refusal.line} ({visible(refusal.source)}): {visible(refusal.reason)}")
        if len(report.refused) > SHOWN:
            say(f"  and {len(report.refused) - SHOWN:,} more; --report FILE names them all.")
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("line", "id", "reason"))
            writer.writerows((each.line, neutralised(each.source), each.reason) for each in report.refused)
    except OSError as error:
        raise UnusableInput(f"{file} cannot be written: {error.strerror}.") from error
    say(f"Refused lines: {file}")


def _steps(show: Show, expected: int) -> Callable[[], None]:
    done = count(1)
    return lambda: show(next(done), expected)

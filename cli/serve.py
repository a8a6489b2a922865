"""`psephos serve`: the site, from settings in the environment."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
import uvicorn
from sqlalchemy.exc import OperationalError

from cli.output import UnusableInput, say, verdict_errors
from cli.site import DATABASE_NOT_OPENED
from identity.errors import IdentityError
from storage.errors import StorageError
from voting.errors import VotingError
from web.processes import AddressTaken, NoneLives, several
from web.serving import application, run_until_told, server
from web.settings import Settings, UnusableSettings, read_settings

PROCESSES_MAX: Final = 4
"""Unless more are asked for. Each takes a sixth of a gigabyte and seventeen of PostgreSQL's hundred connections, each
process that checks ballots up to three."""


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that check ballots; one for each processor.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help=f"Processes that answer requests; one for each processor, {PROCESSES_MAX} at most unless you say so.",
        ),
    ] = None,
    jobs: Annotated[
        bool, typer.Option(help="Send mail and keep the calendar here; not where `psephos worker` does.")
    ] = True,
) -> None:
    """Serve the site. Everything else is set by PSEPHOS_* variables (see the README's table)."""
    count = processes or min(os.cpu_count() or 1, PROCESSES_MAX)
    with verdict_errors(False, UnusableSettings, StorageError, VotingError, IdentityError, NoneLives):
        settings = read_settings()
        try:
            if count == 1:
                with application(settings, workers, jobs) as app:
                    say(f"Serving {settings.base_url}")
                    run_until_stopped(server(app, settings), settings)
            else:
                _serve_in(count, settings, workers, jobs=jobs)
        except OperationalError as error:
            raise UnusableInput(DATABASE_NOT_OPENED) from error


def run_until_stopped(http: uvicorn.Server, settings: Settings) -> None:
    """`run_until_told`. Raises: UnusableInput when nothing can listen at the address."""
    with _listening(settings):
        run_until_told(http)


def _serve_in(count: int, settings: Settings, workers: int | None, *, jobs: bool) -> None:
    told: list[int] = []  # no lock of an event: a second signal may come while the first is being handled
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    with _listening(settings), several(settings, count, workers, jobs=jobs) as look_after:
        say(f"Serving {settings.base_url}")
        look_after(lambda: bool(told))


@contextmanager
def _listening(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (SystemExit, AddressTaken) as error:
        raise UnusableInput(
            f"Nothing can listen on {settings.host}, port {settings.port}. Is another server running there?"
        ) from error

"""`psephos serve`: the site, from settings in the environment."""

import signal
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import OperationalError

from cli.output import UnusableInput, say, verdict_errors
from cli.site import DATABASE_NOT_OPENED
from identity.errors import IdentityError
from storage.errors import StorageError
from voting.errors import VotingError
from web.serving import application, server
from web.settings import Settings, UnusableSettings, read_settings


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that check ballots; one for each processor.")
    ] = None,
    jobs: Annotated[
        bool, typer.Option(help="Send mail and keep the calendar here; not where `psephos worker` does.")
    ] = True,
) -> None:
    """Serve the site. Everything else is set by PSEPHOS_* variables (see the README's table)."""
    with verdict_errors(False, UnusableSettings, StorageError, VotingError, IdentityError):
        settings = read_settings()
        try:
            with application(settings, workers, jobs) as app:
                say(f"Serving {settings.base_url}")
                run_until_stopped(server(app, settings), settings)
        except OperationalError as error:
            raise UnusableInput(DATABASE_NOT_OPENED) from error


def run_until_stopped(http: uvicorn.Server, settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM; then what is under way ends, and so does this call.

    Raises: UnusableInput when nothing can listen at the address.
    """
    # uvicorn ends in order and then raises the signal again. The default of SIGTERM would kill this process before
    # the casting processes are told to end, and they would stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        http.run()
    except KeyboardInterrupt:
        return
    except SystemExit as error:
        raise UnusableInput(
            f"Nothing can listen on {settings.host}, port {settings.port}. Is another server running there?"
        ) from error

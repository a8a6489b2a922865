"""`psephos serve`: the site, from settings in the environment."""

from typing import Annotated

import typer

from cli.output import ExitCode, say, stderr
from storage.errors import StorageError
from voting.errors import VotingError
from web.serving import application, server
from web.settings import UnusableSettings, read_settings


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that check ballots; one for each processor.")
    ] = None,
) -> None:
    """Serve the site. Everything else is set by PSEPHOS_* variables (see the README's table)."""
    try:
        settings = read_settings()
        with application(settings, workers) as app:
            say(f"Serving {settings.base_url}")
            server(app, settings).run()
    except (UnusableSettings, StorageError, VotingError) as error:
        stderr().print(f"Error: {error}", soft_wrap=True)
        raise typer.Exit(ExitCode.UNUSABLE) from error

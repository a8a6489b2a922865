"""`psephos worker`: the background work as a process of its own, and what became of its jobs."""

import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from cli.output import say
from cli.site import site
from storage.jobs import backlog, dead, revive
from storage.session import reading, writing
from web.background import background
from web.duties import workers
from web.serving import votes_and_people

worker = typer.Typer(
    name="worker",
    help="Send mail and keep the calendar in a process of its own. Settings as for `psephos serve --no-jobs`.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

UNATTENDED: Final = timedelta(minutes=5)
"""A job that has been due for so long says that no worker runs."""


@worker.callback()
def work(context: typer.Context) -> None:
    """Work until Ctrl-C or SIGTERM; the job under way is finished first."""
    if context.invoked_subcommand is not None:
        return
    with site() as (settings, engine):
        office, desk = votes_and_people(engine, settings)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        if settings.mail_server is None:
            say("No mail is sent: PSEPHOS_SMTP_URL is not set.")
        say("Working. Ctrl-C ends it.")
        with background(workers(office, desk, settings)):
            stop.wait()


@worker.command()
def state() -> None:
    """What waits, whether somebody works, and which jobs are dead: those wait for a person."""
    now = datetime.now(UTC)
    with site() as (_, engine):
        with reading(engine) as session:
            standing, jobs = backlog(session, now), dead(session)
        say(f"{standing.waiting} waiting, {standing.dead} dead.")
        if standing.oldest_due is not None and now - standing.oldest_due > UNATTENDED:
            say(f"Nobody works: a job has been due since {standing.oldest_due:%Y-%m-%d %H:%M} UTC.")
        for job in jobs:
            say(
                f"{job.id}  {job.kind}  {job.ended_at:%Y-%m-%d %H:%M} UTC  {job.failures} failures: {job.reason}"
            )


@worker.command()
def retry(job: Annotated[int, typer.Argument(help="Number of a dead job.")]) -> None:
    """Have a dead job tried again, as if it had never failed."""
    with site() as (_, engine):
        with writing(engine) as session:
            revive(session, job, datetime.now(UTC))
        say(f"Job {job} waits for the next worker.")

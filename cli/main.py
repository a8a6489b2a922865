"""The program `psephos`: its verbs, and what happens when the program itself fails."""

import sys
from collections.abc import Sequence

import typer

from cli.admin import admin
from cli.check_challenge import check_challenge
from cli.demo import demo
from cli.election import election
from cli.mail import mail
from cli.output import report_fault
from cli.registrar import registrar
from cli.serve import serve
from cli.simulate import simulate
from cli.trustee import trustee
from cli.verify import verify
from cli.vote import vote
from cli.worker import worker

app = typer.Typer(
    name="psephos",
    help="E-voting and public participation: ballots that nobody can open alone and everybody can count.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(verify)
app.command()(check_challenge)
app.command()(simulate)
app.command()(vote)
app.command()(demo)
app.command()(serve)
app.add_typer(election)
app.add_typer(registrar)
app.add_typer(trustee)
app.add_typer(mail)
app.add_typer(admin)
app.add_typer(worker)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process. arguments: those of the command line unless given.

    Exit codes: 0 done (a check: verified), 1 refuted, 2 unusable input, 3 a fault of this program.
    """
    try:
        app(args=arguments, prog_name="psephos")
    except Exception as error:
        sys.exit(report_fault(error))

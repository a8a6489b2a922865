"""The program `psephos`: its verbs, and what happens when the program itself fails.

Only the file of the verb that is asked for is loaded: `psephos verify` starts in a fraction of a second and loads
nothing of the server.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Final

import typer

from cli.output import report_fault

VERBS: Final[Mapping[str, str]] = {
    "verify": "cli.verify",
    "check-challenge": "cli.check_challenge",
    "simulate": "cli.simulate",
    "vote": "cli.vote",
    "demo": "cli.demo",
    "serve": "cli.serve",
    "election": "cli.election",
    "registrar": "cli.registrar",
    "trustee": "cli.trustee",
    "mail": "cli.mail",
    "admin": "cli.admin",
    "import": "cli.import_data",
    "similar": "cli.similar",
    "worker": "cli.worker",
}
"""Verbs and groups of verbs in the order of the help, each with the module that has a function or group of its name.

An underscore follows the name where it is a word of Python."""


def program(*verbs: str) -> typer.Typer:
    """The program with these of its verbs; without any given, with all."""
    app = typer.Typer(
        name="psephos",
        help="E-voting and public participation: ballots that nobody can open alone and everybody can count.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing)  # else a program of one verb would take its name for an argument
    for verb in verbs or VERBS:
        name = verb.replace("-", "_") + ("_" if iskeyword(verb) else "")
        found = getattr(import_module(VERBS[verb]), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found)
        else:
            app.command()(found)
    return app


def _nothing() -> None:
    pass


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process. arguments: those of the command line unless given.

    Exit codes: 0 done (a check: verified), 1 refuted, 2 unusable input, 3 a fault of this program.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        app = program(*arguments[:1]) if arguments and arguments[0] in VERBS else program()
        app(args=arguments, prog_name="psephos")
    except Exception as error:
        sys.exit(report_fault(error))

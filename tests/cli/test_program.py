"""The program loads what the asked verb needs, and finds every verb."""

import subprocess
import sys

import pytest
import typer.main

from cli.main import VERBS, program
from tests.cli.conftest import Psephos

SERVER = ("alembic", "sqlalchemy", "starlette", "storage", "uvicorn", "web")
LOADED = "import sys; from cli.main import program; program(sys.argv[1]); print(*sys.modules)"


@pytest.mark.parametrize("verb", ["verify", "check-challenge", "vote"])
def test_who_checks_the_server_loads_nothing_of_it(verb: str) -> None:
    shown = subprocess.run([sys.executable, "-c", LOADED, verb], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in shown.stdout.split()}
    assert "protocol" in loaded
    assert loaded.isdisjoint(SERVER)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_found_under_its_name(verb: str) -> None:
    commands = typer.main.get_group(program(verb)).commands
    assert list(commands) == [verb]


def test_a_mistyped_verb_is_answered_with_the_one_that_was_meant(psephos: Psephos) -> None:
    code, out, err = psephos("verfy")
    assert (code, out) == (2, "")
    assert "Did you mean 'verify'?" in err

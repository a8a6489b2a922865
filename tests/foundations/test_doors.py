"""The rooms import one another through the doors of docs/ARCHITECTURE.md only, and little from outside."""

import configparser
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import ROOMS, ROOT, imported_packages, python_files

# gmpy2 and phe have no types: each is met in one file, which gives it some.
ONLY_IN = {"gmpy2": {"crypto/numbers.py"}, "phe": {"crypto/paillier.py"}}

# What the pure rooms, and the two programs that run without the server, may take from outside.
OUTSIDE = {
    "crypto": {"gmpy2", "phe", "Cryptodome"},
    "protocol": {"msgspec"},
    "trustee": {"msgspec", "Cryptodome", "rich"},
    "verifier": {"msgspec", "rich"},
}


def doors_in_the_architecture() -> dict[str, set[str]]:
    """The table of doors: a line `room → room, room` for each room of the house."""
    page = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"^## Doors\n.*?^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert block is not None, "docs/ARCHITECTURE.md has no block under its heading `Doors`"
    doors: dict[str, set[str]] = {}
    for line in block[1].splitlines():
        rooms, _, reach = line.partition("→")
        targets = {target.strip() for target in reach.partition("#")[0].split(",")}
        for room in rooms.split(","):
            if targets == {"all"}:
                doors[room.strip()] = set(ROOMS) - {room.strip()}
            else:
                doors[room.strip()] = targets - {"nothing of ours"}
    return doors


def test_the_linter_enforces_the_doors_of_the_architecture() -> None:
    doors = doors_in_the_architecture()
    assert doors.keys() == ROOMS
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    assert set(contracts["importlinter"]["root_packages"].split()) == ROOMS
    for room in ROOMS:
        shut = ROOMS - doors[room] - {room}
        if not shut:
            continue
        contract = contracts[f"importlinter:contract:{room}"]
        assert contract["type"] == "forbidden"
        assert contract["source_modules"].split() == [room]
        assert set(contract["forbidden_modules"].split()) == shut, f"{room}: linter and architecture differ"


def test_no_door_is_broken() -> None:
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout


@pytest.mark.parametrize("room", sorted(OUTSIDE))
def test_a_pure_room_takes_little_from_outside(room: str) -> None:
    allowed = OUTSIDE[room] | ROOMS | sys.stdlib_module_names
    strangers = [
        f"{path}:{line} imports {package}"
        for path in python_files(room)
        for package, line in imported_packages(path)
        if package not in allowed or path not in ONLY_IN.get(package, {path})
    ]
    assert not strangers


def test_the_untyped_libraries_are_met_in_one_file_each() -> None:
    met = {
        (package, path)
        for room in ROOMS
        for path in python_files(room)
        for package, _ in imported_packages(path)
        if package in ONLY_IN and path not in ONLY_IN[package]
    }
    assert not met


def test_the_product_needs_nothing_that_only_developers_install() -> None:
    """`make demo` installs the dependencies of the project, not those of its tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    distributions = packages_distributions()
    undeclared = [
        f"{path}:{line} imports {package}"
        for room in ROOMS
        for path in python_files(room)
        for package, line in imported_packages(path)
        if package not in ROOMS
        and package not in sys.stdlib_module_names
        and not declared & {canonicalize_name(name) for name in distributions.get(package, [])}
    ]
    assert not undeclared  # `tests` and `benchmarks` are among what this refuses


# The programs of a trustee and of an auditor are installed without the server. This blocks its libraries, and the
# rooms that need them, and then imports every module of the two.
WITHOUT_THE_SERVER = """
import importlib, pkgutil, sys

class Absent:
    names = frozenset({names})

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{{name}} is not installed here", name=name)

sys.meta_path.insert(0, Absent())
for room in ["trustee", "verifier"]:
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
        print(module.name)
{last}
"""

SERVER_LIBRARIES = (
    "sqlalchemy",
    "alembic",
    "psycopg",
    "starlette",
    "uvicorn",
    "jinja2",
    "typer",
    "babel",
    "httpx",
)


def import_without(names: list[str], last: str = "") -> subprocess.CompletedProcess[str]:
    program = WITHOUT_THE_SERVER.format(names=names, last=last)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_trustee_and_verifier_work_where_the_server_is_not_installed() -> None:
    server_rooms = ROOMS - {"trustee", "verifier", "protocol", "crypto"}
    done = import_without([*SERVER_LIBRARIES, *server_rooms])
    assert done.returncode == 0, done.stderr
    modules = {
        path.removesuffix(".py").replace("/", ".")
        for room in ["trustee", "verifier"]
        for path in python_files(room)
        if not path.endswith("/__init__.py")
    }
    assert modules <= set(done.stdout.split())  # none was left out


def test_the_test_of_absence_notices_what_is_there() -> None:
    done = import_without(list(SERVER_LIBRARIES), last="import sqlalchemy")
    assert "ModuleNotFoundError: sqlalchemy is not installed here" in done.stderr

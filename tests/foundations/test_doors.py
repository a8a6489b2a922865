"""The rooms import one another through the doors of docs/ARCHITECTURE.md only, and little from outside."""

import configparser
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import ROOMS, ROOT, imported_packages, python_files

# gmpy2 and phe have no types: each is met in one file, which gives it some.
ONLY_IN = {"gmpy2": {"crypto/numbers.py"}, "phe": {"crypto/paillier.py"}}

# What the pure rooms, and the two programs that run without the server, may take from outside.
OUTSIDE = {
    "crypto": {"gmpy2", "phe", "Cryptodome", "cryptography"},
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


# The programs of a trustee and of an auditor are installed without the server: four rooms, and these packages.
WITHOUT_THE_SERVER = ["crypto", "protocol", "trustee", "verifier"]
PACKAGES = [
    "cffi",
    "cryptography",
    "gmpy2",
    "markdown-it-py",
    "mdurl",
    "msgspec",
    "phe",
    "pycparser",
    "pycryptodomex",
    "pygments",
    "rich",
]

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
for room in sys.argv[2:]:
    package = importlib.import_module(room)
    print(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        importlib.import_module(module.name)
        print(module.name)
"""


@pytest.fixture(scope="module")
def small_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four rooms and the packages above, and nothing else, to be the whole of a Python's path."""
    folder = tmp_path_factory.mktemp("without-the-server")
    for room in WITHOUT_THE_SERVER:
        (folder / room).symlink_to(ROOT / room)
    for name in PACKAGES:
        package = distribution(name)
        for top in {file.parts[0] for file in package.files or []} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(package.locate_file(top)))
    return folder


def import_all(folder: Path, *rooms: str) -> subprocess.CompletedProcess[str]:
    # -I and -S: neither the environment, nor the current folder, nor the installed packages are on the path.
    command = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(folder), *rooms]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_trustee_and_verifier_work_where_the_server_is_not_installed(small_environment: Path) -> None:
    done = import_all(small_environment, *WITHOUT_THE_SERVER)
    assert done.returncode == 0, done.stderr
    modules = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for room in WITHOUT_THE_SERVER
        for path in python_files(room)
    }
    assert modules <= set(done.stdout.split())  # none was left out


@pytest.mark.parametrize("absent", ["sqlalchemy", "starlette", "voting"])
def test_the_small_environment_is_small(small_environment: Path, absent: str) -> None:
    done = import_all(small_environment, absent)
    assert f"No module named '{absent}'" in done.stderr

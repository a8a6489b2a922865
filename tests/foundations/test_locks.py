"""What is installed is pinned and hashed, fits what the project asks for, and names no registry."""

import json
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.locks import locked
from tests.support.repository import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
DEVELOPMENT = [*RUNTIME, *PROJECT["project"]["optional-dependencies"]["dev"]]
MEASUREMENT = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["bench"]]
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": DEVELOPMENT,
    "requirements-bench.lock": MEASUREMENT,
}


@pytest.mark.parametrize(("file", "requirements"), LOCKS.items())
def test_a_lock_fits_the_project(file: str, requirements: list[str]) -> None:
    pins = locked(file)
    for line in requirements:
        requirement = Requirement(line)
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{file} lacks {requirement.name}: run `make lock`"
        assert requirement.specifier.contains(pin.version), f"{file} pins {requirement.name} {pin.version}"
    assert all(pin.hashes > 0 for pin in pins.values())


@pytest.mark.parametrize("file", ["requirements-dev.lock", "requirements-bench.lock"])
def test_developers_test_and_measure_what_is_deployed(file: str) -> None:
    runtime, development = locked("requirements.lock"), locked(file)
    assert all(
        development[name].version == pin.version for name, pin in runtime.items() if name in development
    )
    assert {*development} >= {*runtime} - {"setuptools"}
    assert not {"pytest", "playwright", "mypy"} & set(runtime)


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_names_no_registry(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


@pytest.mark.parametrize("folder", ["web/client", "tests/provider"])
def test_a_lock_of_node_is_pinned_and_names_no_registry(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    manifest = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    wanted = {**manifest["dependencies"], **manifest.get("devDependencies", {})}
    assert packages[""]["dependencies"] == manifest["dependencies"]
    assert packages[""].get("devDependencies") == manifest.get("devDependencies")
    for name, entry in packages.items():
        assert "resolved" not in entry, f"{name} names the registry it came from"
        assert not name or entry["integrity"].startswith("sha512-")
    for name, version in wanted.items():
        Version(version)  # exact: no ^ and no ~, which would change the built bytes
        assert packages[f"node_modules/{name}"]["version"] == version

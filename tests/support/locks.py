"""The lock files as data: which version of which package, with how many hashes."""

import re
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from tests.support.repository import ROOT


@dataclass(frozen=True)
class Pin:
    """One package of a lock file. `marker` says on which systems it is installed; None: on all."""

    version: Version
    marker: Marker | None
    hashes: int


def locked(file: str, *, installed_only: bool = False) -> dict[NormalizedName, Pin]:
    """The pins of a lock file; with `installed_only`, those that this system and Python install."""
    pins: dict[NormalizedName, Pin] = {}
    text = (ROOT / file).read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):
        specification, *hashes = re.split(r"\s*\\\n\s*", entry.strip())
        requirement = Requirement(specification)
        (exact,) = requirement.specifier
        assert exact.operator == "=="
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes)
        if installed_only and requirement.marker is not None and not requirement.marker.evaluate():
            continue
        pins[canonicalize_name(requirement.name)] = Pin(
            Version(exact.version), requirement.marker, len(hashes)
        )
    return pins

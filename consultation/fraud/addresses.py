"""What a mail address tells about who made it up: domains that give mailboxes away by the minute, names of one hand."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from consultation.similar.fold import fold

LIST: Final = "disposable_domains.txt"
_DIGITS: Final = re.compile(r"[0-9]+")


def stem_of(address: str) -> str:
    """What is left of a canonical address without digits and marks: equal for `lan1@`, `lan2@`, … of one hand."""
    local, _, domain = address.rpartition("@")
    return f"{_DIGITS.sub('', fold(local))}@{domain}"


def is_disposable(domain: str, override: Path | None = None) -> bool:
    """Whether the domain, or one above it, gives mailboxes away without asking for anything.

    override: a file of the site's own, one domain a line; a line `!domain` takes one out of our list.
    """
    listed, spared = _lists(override)
    parts = domain.split(".")
    above = {".".join(parts[start:]) for start in range(len(parts) - 1)}
    return not above.isdisjoint(listed) and above.isdisjoint(spared)


@cache
def _lists(override: Path | None) -> tuple[frozenset[str], frozenset[str]]:
    ours = _read(files("consultation.fraud").joinpath(LIST).read_text(encoding="utf-8"))
    theirs = _read(override.read_text(encoding="utf-8")) if override else frozenset()
    spared = frozenset(line[1:] for line in theirs if line.startswith("!"))
    return ours | (theirs - {f"!{domain}" for domain in spared}), spared


def _read(text: str) -> frozenset[str]:
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return frozenset(line for line in lines if line)

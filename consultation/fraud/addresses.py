"""What a mail address tells about who made it up: domains that give mailboxes away by the minute, names of one hand."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from consultation.similar.fold import fold
from mail.domains import SiteDomains, above

LIST: Final = "disposable_domains.txt"
_DIGITS: Final = re.compile(r"[0-9]+")


def stem_of(address: str) -> str:
    """What is left of a canonical address without digits and marks: equal for `lan1@`, `lan2@`, … of one hand."""
    local, _, domain = address.rpartition("@")
    return f"{_DIGITS.sub('', fold(local))}@{domain}"


def is_disposable(domain: str, site: SiteDomains = SiteDomains()) -> bool:  # noqa: B008  (frozen)
    """Whether the domain, or one above it, gives mailboxes away without asking for anything.

    site: what the site itself says goes before our list.
    """
    said = site.says(domain)
    return not _listed().isdisjoint((domain, *above(domain))) if said is None else said


@cache
def _listed() -> frozenset[str]:
    text = files("consultation.fraud").joinpath(LIST).read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return frozenset(line for line in lines if line)

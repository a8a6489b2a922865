"""What a site itself says of mail domains: those that give mailboxes away by the minute, and those that do not.

The file of PSEPHOS_MAIL_DOMAINS has one domain a line: `add throwaway.example` or `allow school.example`, and comments
behind `#`. What a site says of a domain holds for all below it, unless it says something of a nearer one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mail.address import parse_address
from mail.errors import UnusableAddress, UnusableMailDomains

VARIABLE: Final = "PSEPHOS_MAIL_DOMAINS"
FILE_BYTES_MAX: Final = 4_000_000
"""Some 200,000 domains: the largest public lists have half of that."""
_VERBS: Final = ("add", "allow")


@dataclass(frozen=True)
class SiteDomains:
    """Domains as `mail.address.parse_address` writes them. added: give mailboxes away.  allowed: do not."""

    added: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()

    def says(self, domain: str) -> bool | None:
        """Whether the site takes this domain for one that gives mailboxes away; None where it says nothing."""
        for name in (domain, *above(domain)):
            if name in self.added:
                return True
            if name in self.allowed:
                return False
        return None


def above(domain: str) -> list[str]:
    """The domains above one, the nearest first, without the top."""
    parts = domain.split(".")
    return [".".join(parts[start:]) for start in range(1, len(parts) - 1)]


def read_site_domains(path: Path) -> SiteDomains:
    """What the file at `path` says. Raises: UnusableMailDomains, naming the line."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise UnusableMailDomains(f"{path} ({VARIABLE}) cannot be read.") from error
    if len(data) > FILE_BYTES_MAX:
        raise UnusableMailDomains(f"{path} ({VARIABLE}) is longer than {FILE_BYTES_MAX} bytes.")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnusableMailDomains(f"{path} ({VARIABLE}) is not UTF-8 text.") from error
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        where = f"{path} ({VARIABLE}), line {number}"
        if len(words) != 2 or words[0] not in _VERBS:
            raise UnusableMailDomains(
                f"{where}: write “add” or “allow” and one domain, as add throwaway.example."
            )
        domain = _domain(words[1], where)
        if said.setdefault(domain, words[0]) != words[0]:
            raise UnusableMailDomains(
                f"{where}: {domain} is both added and allowed. Remove one of the two lines."
            )
    return SiteDomains(
        *(frozenset(domain for domain, verb in said.items() if verb == wanted) for wanted in _VERBS)
    )


def _domain(text: str, where: str) -> str:
    try:
        domain = parse_address(f"x@{text}").rpartition("@")[2] if "@" not in text else ""
    except UnusableAddress:
        domain = ""
    if "." not in domain:
        raise UnusableMailDomains(f"{where}: {text[:80]!r} is not a domain like throwaway.example.")
    return domain

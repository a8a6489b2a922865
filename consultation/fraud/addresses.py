"""E-mail addresses in the form that tells one mailbox from another, and domains that give mailboxes away by the minute.

The canonical form is only for comparing: mails always go to the address as it was written. It rests on what providers
say of themselves. Where nothing is known, only the case of letters is ignored: two people may well be `li.an` and
`lian` at a small provider, and neither must be kept from signing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from consultation.similar.fold import fold
from mail.address import parse_address

LIST: Final = "disposable_domains.txt"
_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Provider:
    """What one provider ignores in the part before the @. same_as: the domain whose mailboxes these are.

    dots: whether dots are ignored.  tag: the character after which everything is ignored, "" for none.
    """

    same_as: str
    dots: bool = False
    tag: str = "+"


PROVIDERS: Final[Mapping[str, Provider]] = {
    "gmail.com": Provider("gmail.com", dots=True),
    "googlemail.com": Provider("gmail.com", dots=True),
    "outlook.com": Provider("outlook.com"),
    "hotmail.com": Provider("hotmail.com"),
    "live.com": Provider("live.com"),
    "msn.com": Provider("msn.com"),
    "icloud.com": Provider("icloud.com"),
    "me.com": Provider("icloud.com"),
    "mac.com": Provider("icloud.com"),
    "yahoo.com": Provider("yahoo.com", tag="-"),
    "yahoo.com.vn": Provider("yahoo.com.vn", tag="-"),
    "ymail.com": Provider("ymail.com", tag="-"),
    "fastmail.com": Provider("fastmail.com"),
    "fastmail.fm": Provider("fastmail.fm"),
    "proton.me": Provider("proton.me", dots=True),
    "protonmail.com": Provider("proton.me", dots=True),
    "pm.me": Provider("proton.me", dots=True),
    "yandex.com": Provider("yandex.ru", dots=True),
    "yandex.ru": Provider("yandex.ru", dots=True),
    "ya.ru": Provider("yandex.ru", dots=True),
    "zoho.com": Provider("zoho.com"),
    "posteo.de": Provider("posteo.de"),
    "mailbox.org": Provider("mailbox.org"),
    "gmx.de": Provider("gmx.de", tag=""),
    "gmx.net": Provider("gmx.net", tag=""),
    "gmx.com": Provider("gmx.com", tag=""),
    "web.de": Provider("web.de", tag=""),
    "mail.ru": Provider("mail.ru"),
    "viettel.vn": Provider("viettel.vn", tag=""),
    "vnn.vn": Provider("vnn.vn", tag=""),
    "fpt.vn": Provider("fpt.vn", tag=""),
}
"""Providers with many mailboxes: a common domain is no reason for suspicion either.

Sources: the providers' help pages on dots, plus and hyphen addresses. yahoo's disposable names have one hyphen, and no
plain mailbox there can have one.
"""


def canonical_address(address: str) -> str:
    """The form in which two spellings of one mailbox are equal. Raises: mail.errors.UnusableAddress."""
    local, _, domain = parse_address(address).rpartition("@")
    local = local.casefold()
    provider = PROVIDERS.get(domain)
    if provider is not None:
        domain = provider.same_as
        if provider.tag:
            local = local.split(provider.tag, 1)[0] or local
        if provider.dots:
            local = local.replace(".", "") or local
    return f"{local}@{domain}"


def domain_of(address: str) -> str:
    """The domain, as `parse_address` writes it."""
    return address.rpartition("@")[2]


def stem_of(address: str) -> str:
    """What is left of a canonical address without digits and marks: equal for `lan1@`, `lan2@`, … of one hand."""
    local, _, domain = address.rpartition("@")
    return f"{_DIGITS.sub('', fold(local))}@{domain}"


def is_common(domain: str) -> bool:
    """Whether so many people have mailboxes here that many signatures from it mean nothing."""
    return domain in PROVIDERS


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

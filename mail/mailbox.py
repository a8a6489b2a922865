"""Which mailbox an address leads to: two spellings that a provider delivers to one mailbox have one canonical form.

The canonical form is only for comparing: mails always go to the address as it was written. It rests on what providers
say of themselves. Where nothing is known of a provider, what follows a plus is ignored as well, for so do the servers
behind most domains of offices and families; dots count there, and two people may well be `li.an` and `lian`.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mail.address import parse_address


@dataclass(frozen=True)
class Provider:
    """What one provider ignores in the part before the @. same_as: the domain whose mailboxes these are.

    ignored: characters that make no difference.  hyphens: whether a hyphen is the same as a dot.  tag: the character
    after which everything is ignored, "" for none.  subdomains: whether anything@name.domain is name@domain.
    """

    same_as: str
    ignored: str = ""
    hyphens: bool = False
    tag: str = "+"
    subdomains: bool = False


PROVIDERS: Final[Mapping[str, Provider]] = {
    "gmail.com": Provider("gmail.com", ignored="."),
    "googlemail.com": Provider("gmail.com", ignored="."),
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
    "fastmail.com": Provider("fastmail.com", subdomains=True),
    "fastmail.fm": Provider("fastmail.fm", subdomains=True),
    "proton.me": Provider("proton.me", ignored="._-"),
    "protonmail.com": Provider("proton.me", ignored="._-"),
    "pm.me": Provider("proton.me", ignored="._-"),
    "yandex.com": Provider("yandex.ru", hyphens=True),
    "yandex.ru": Provider("yandex.ru", hyphens=True),
    "ya.ru": Provider("yandex.ru", hyphens=True),
    "yandex.by": Provider("yandex.ru", hyphens=True),
    "yandex.kz": Provider("yandex.ru", hyphens=True),
    "yandex.com.tr": Provider("yandex.ru", hyphens=True),
    "narod.ru": Provider("yandex.ru", hyphens=True),
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

Sources: the providers' help pages on dots, plus and hyphen addresses, and subdomains; for Proton its own client, which
drops dots, hyphens and underscores. yahoo's disposable names have one hyphen, and no plain mailbox there can have one.
"""


def canonical_address(address: str) -> str:
    """The form in which two spellings of one mailbox are equal; no address to send to.

    Raises: mail.errors.UnusableAddress.
    """
    local, _, domain = parse_address(address).rpartition("@")
    name, _, above = domain.partition(".")
    if (wider := PROVIDERS.get(above)) is not None and wider.subdomains:
        local, domain = name, above
    local = _folded(local)
    provider = PROVIDERS.get(domain, Provider(domain))
    if provider.tag:
        # What is left of `lan.+x` ends in a dot, and no mailbox does.
        local = local.split(provider.tag, 1)[0].rstrip(".") or local
    if provider.ignored:
        local = local.translate(dict.fromkeys(map(ord, provider.ignored))) or local
    if provider.hyphens:
        local = local.replace("-", ".")
    return f"{local}@{provider.same_as}"


def domain_of(address: str) -> str:
    """The domain, as `parse_address` writes it."""
    return address.rpartition("@")[2]


def is_common(domain: str) -> bool:
    """Whether so many people have mailboxes here that many signatures from it mean nothing."""
    return domain in PROVIDERS


def _folded(local: str) -> str:
    """Without the differences of case, width and ligature that mail servers ignore (RFC 8265, 3.3), and a few more."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())

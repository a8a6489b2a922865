"""E-mail addresses and what may stand in a header: checked before anything is stored."""

import re
import unicodedata
from typing import Final

import idna

from mail.errors import UnusableAddress

LOCAL_BYTES_MAX: Final = 64
"""RFC 5321, 4.5.3.1.1."""
ADDRESS_BYTES_MAX: Final = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

# A dot-atom (RFC 5322, 3.2.3), with the letters that RFC 6531 adds. Quoted local parts exist on paper only.
_LOCAL: Final = re.compile(
    r"[^\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+(?:\.[^\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+)*"
)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


def parse_address(text: str) -> str:
    """An address as it is stored and used: NFC, domain in lower-case ASCII (IDNA 2008, UTS 46).

    Letters beyond ASCII before the @ are kept; whether they can be sent to depends on the mail server (RFC 6531).
    Raises: UnusableAddress.
    """
    text = unicodedata.normalize("NFC", text.strip(" "))
    if len(text) > 2 * ADDRESS_BYTES_MAX:
        raise UnusableAddress
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > LOCAL_BYTES_MAX:
        raise UnusableAddress
    if any(unicodedata.category(letter) in _UNSAFE for letter in local):
        raise UnusableAddress
    try:
        ascii_domain = idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise UnusableAddress from error
    if not _DOMAIN.fullmatch(ascii_domain) or ascii_domain.rpartition(".")[2].isdecimal():
        raise UnusableAddress
    address = f"{local}@{ascii_domain}"
    if len(address.encode()) > ADDRESS_BYTES_MAX:
        raise UnusableAddress
    return address


def is_one_line(text: str) -> bool:
    """Whether a text can stand in a header: no line break of any kind, no NUL or other control character."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)

"""From which network a request came: what limits that nobody signs in for can count.

Behind a proxy the peer is the proxy. What `X-Forwarded-For` says is believed only as far as configured proxies
(`PSEPHOS_TRUSTED_PROXIES`) wrote it, read from the right: whatever stands left of the first stranger is his own word.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN: Final = "unknown"
"""A peer without an address, as at a socket of this machine. All of them are one."""

IPV6_PREFIX: Final = 64
"""What one connection is given; whoever has it can take any of its 2^64 addresses."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
_WITH_PORT: Final = re.compile(
    r"(?P<v4>[0-9]{1,3}(?:\.[0-9]{1,3}){3}):[0-9]{1,5}|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?"
)


def client_network(scope: Scope, trusted: Sequence[Network] = ()) -> str:
    """The IPv4 address or IPv6 /64 that a request came from, as text; `unknown` for a peer without an address.

    trusted: networks of the proxies in front of this server.
    """
    peer = scope.get("client")
    found = _address(peer[0]) if peer else None
    if found is None:
        return UNKNOWN
    hops = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    while _is_in(found, trusted) and hops:
        before = _address(hops.pop().strip())
        if before is None:
            break  # the proxy that we believe wrote something else than an address: it stands for itself
        found = before
    counted = _behind_translator(found)
    if isinstance(counted, IPv6Address):
        return str(ip_network((counted, IPV6_PREFIX), strict=False))
    return str(counted)


def is_from_an_unknown_proxy(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether a proxy may stand in front of this server that its settings do not name."""
    peer = scope.get("client")
    found = _address(peer[0]) if peer else None
    return found is not None and not _is_in(found, trusted) and "x-forwarded-for" in Headers(scope=scope)


def _address(text: str) -> Address | None:
    """Also with a port behind it, as some gateways write what they heard from."""
    written = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(text if written is None else written["v4"] or written["v6"])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A socket that listens for both writes IPv4 as ::ffff:192.0.2.1; a zone names a card of this machine.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _behind_translator(address: Address) -> Address:
    """Behind NAT64 (RFC 6052) and 6to4 (RFC 3056) stands one IPv4 address, not a network of its own.

    For counting, never for trusting: whoever can send from such an address would spell a proxy's.
    """
    if isinstance(address, IPv4Address):
        return address
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.sixtofour or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)

"""Requests to a provider: bounded in time and size, encrypted, never redirected.

The address was checked against the provider's configuration before (`metadata.require_own_address`); here nothing
follows a redirect, so it cannot become another one. One client for each request: nothing is shared between providers.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import httpx

from identity.oidc.errors import ProviderMisbehaved, ProviderUnreachable

MAX_ANSWER: Final = 256 * 1024
"""Bytes. The largest key sets have some tens of thousands."""
MAX_NONCE: Final = 512
SECONDS: Final = 10.0
"""For one request as a whole, from the name to the last byte."""


@dataclass(frozen=True)
class Answer:
    """What a provider answered."""

    status: int
    body: bytes
    possession_nonce: str | None = None
    """The header `DPoP-Nonce` (RFC 9449 §8), if it came."""


async def ask(
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    on_this_machine: bool = False,
    certificates: Path | None = None,
) -> Answer:
    """GET, or POST where there is a form. The answer is JSON, whatever its status.

    on_this_machine: the provider is on localhost, so the proxy of the environment is not asked.
    certificates: the only authorities to trust, in PEM; None for those of this machine.
    Raises: ProviderUnreachable, ProviderMisbehaved (redirect, too long, not JSON).
    """
    # Unpacking would multiply what a small answer holds, so nothing packed is asked for or taken.
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    client = httpx.AsyncClient(
        verify=_trust(certificates),
        timeout=seconds,
        follow_redirects=False,
        trust_env=not on_this_machine,
        headers={"User-Agent": "Psephos"},
    )
    try:
        async with (
            asyncio.timeout(seconds),
            client,
            client.stream("GET" if form is None else "POST", address, data=form, headers=sent) as response,
        ):
            return await _read(response)
    except TimeoutError as error:
        raise ProviderUnreachable(f"it took longer than {seconds:g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise ProviderUnreachable("it cannot be reached, or not securely") from error


async def _read(response: httpx.Response) -> Answer:
    if response.is_redirect:
        raise ProviderMisbehaved("it redirects where it must answer")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderMisbehaved("its answer is packed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise ProviderMisbehaved(f"its answer is longer than {MAX_ANSWER} bytes")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        if response.status_code >= 500:
            raise ProviderUnreachable(f"it reports a fault of its own ({response.status_code})")
        raise ProviderMisbehaved("its answer is not JSON")
    nonce = response.headers.get("dpop-nonce", "")
    return Answer(response.status_code, bytes(body), nonce if 0 < len(nonce) <= MAX_NONCE else None)


@cache
def _trust(certificates: Path | None) -> ssl.SSLContext:
    """Loading the authorities of the machine takes 20 ms, so it is done once."""
    return (
        httpx.create_ssl_context()
        if certificates is None
        else ssl.create_default_context(cafile=certificates)
    )

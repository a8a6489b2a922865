"""The whole site in front of a desk of its own, and browsers that keep cookies and send forms as real ones do."""

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from httpx import Response
from starlette.applications import Starlette

from crypto.encoding import encode_base64url
from identity.roles import Role
from tests.support.clients import TestClient, client_on
from tests.support.desks import BASE_URL, DeskUnderTest, desk_under_test
from voting.office import Office
from voting.server_keys import ServerKeys
from web.app import create_app
from web.i18n import Text
from web.live.source import LivePages
from web.rate_limits import Limiter
from web.routes.api import api_routes
from web.serving import server
from web.settings import Settings

SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Origin": BASE_URL}
_TOKEN = re.compile(r'name="csrf" value="([A-Za-z0-9_-]+)"')


@dataclass
class Browser:
    """One browser: cookies, and the token of the last page with a form."""

    app: Starlette
    client: TestClient = field(init=False)
    token: str = ""
    faults: set[int] = field(default_factory=set)
    """Statuses from 500 on that the test expects; any other fails it."""

    def __post_init__(self) -> None:
        self.client = client_on(self.app, faults=self.faults, base_url=BASE_URL, follow_redirects=False)

    def get(self, path: str) -> Response:
        """A page; the token in it is kept."""
        answer: Response = self.client.get(path)
        found = _TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
        return answer

    def post(
        self, path: str, fields: Mapping[str, str | list[str]] | None = None, *, csrf: str | None = None
    ) -> Response:
        """A form. csrf: instead of the token of the last page."""
        data = {"csrf": self.token if csrf is None else csrf, **(fields or {})}
        answer: Response = self.client.post(path, data=data, headers=SAME_SITE)
        return answer

    def post_json(self, path: str, body: object, *, csrf: str | None = None) -> Response:
        """What a script of ours posts."""
        headers = {**SAME_SITE, "Psephos-CSRF": self.token if csrf is None else csrf}
        answer: Response = self.client.post(path, json=body, headers=headers)
        return answer

    def hold(self, token: bytes) -> "Browser":
        """Put a session's cookie in."""
        return self.hold_text(encode_base64url(token))

    def hold_text(self, cookie: str) -> "Browser":
        """The same with whatever stands in the cookie."""
        # As http.cookiejar names a host without a dot; else the site's own answer would be a second cookie.
        self.client.cookies.set("psephos", cookie, domain="localhost.local")
        return self

    def session(self) -> str | None:
        """The session's cookie."""
        found: str | None = self.client.cookies.get("psephos")
        return found


@dataclass
class SiteUnderTest:
    """The site, its desk and its office, on one database."""

    desk: DeskUnderTest
    app: Starlette
    settings: Settings

    def browser(self) -> Browser:
        """A browser without cookies."""
        return Browser(self.app)

    def browser_of(self, *roles: Role, name: str = "Lan Nguyễn", second_factor: bool = True) -> Browser:
        """A browser in which a new person with these roles is signed in, with a token from My page."""
        person = self.desk.person(name, roles)
        browser = self.browser().hold(self.desk.session(person, second_factor=second_factor))
        browser.get("/en/my")
        return browser


@contextmanager
def site_under_test(database_url: str, folder: Path, port: int = 8000) -> Iterator[SiteUnderTest]:
    """The real application without casting processes and background work."""
    base_url = f"http://localhost:{port}"
    with desk_under_test(database_url, folder, base_url) as desk:
        words = Text("Test", "Thử")
        settings = Settings(
            base_url=base_url,
            host="127.0.0.1",
            port=port,
            database_url=database_url,
            secrets=desk.secrets,
            name=words,
            authority=words,
            help_line="(none)",
        )
        office = Office(desk.desk.engine, ServerKeys.open(desk.secrets), desk.clock)
        app = create_app(settings, LivePages(office), api_routes(), desk.desk)
        app.state.office, app.state.limiter = office, Limiter(desk.desk.engine, b"k" * 32)
        yield SiteUnderTest(desk, app, settings)


@contextmanager
def served(folder: Path) -> Iterator[SiteUnderTest]:
    """The site as an HTTP server on a free port of localhost, for real browsers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder, port) as site:
        http = server(site.app, site.settings)
        thread = threading.Thread(target=http.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not http.started:
            assert thread.is_alive(), "The server ended before it had started."
            assert time.monotonic() < deadline, "The server does not start."
            time.sleep(0.02)
        try:
            yield site
        finally:
            http.should_exit = True
            thread.join()

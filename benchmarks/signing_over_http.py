"""How many people a second sign on the running site: each opens the mailed link, presses the button, sees the receipt.

    python -m benchmarks.signing_over_http --seconds 300
    python -m benchmarks.signing_over_http --seconds 300 --database postgresql+psycopg://…   (an empty database)

The site is `psephos serve` as it comes, in a process of its own, with its limits, its forms and its background work;
the visitors are threads here, over HTTP. Three requests are one signature. The goal is 35 a second.
"""

import argparse
import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from benchmarks.signatures import GOAL, links, published, require_exact
from identity.opening import open_desk
from storage.engine import make_engine
from storage.migrate import migrate
from web.i18n import Text
from web.serving import application, server
from web.settings import Settings

_TOKEN: Final = re.compile(r'name="csrf" value="([A-Za-z0-9_-]+)"')
START_SECONDS: Final = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=16, help="at the same time")
    parser.add_argument("--links", type=int, default=0, help="signatures at most; seconds × 80 unless given")
    parser.add_argument("--database", default="", help="URL; a new SQLite file unless given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = _settings(asked.database or f"sqlite:///{folder}/site.db", folder / "secrets")
        engine = make_engine(settings.database_url)
        migrate(engine)
        desk = open_desk(engine, settings.secrets, settings.base_url)
        petition = published(desk)
        tokens = links(desk, petition, asked.links or asked.seconds * 80)
        with running(settings) as process:
            _sign(settings.port, petition, tokens.pop())  # the first one waits for templates
            used = _processor_seconds(process)
            spent, took = visit(settings.port, petition, tokens, asked.seconds, asked.visitors)
            used = _processor_seconds(process) - used
        require_exact(desk, petition, len(spent) + 1)
        engine.dispose()
    count = len(spent)
    print(
        f"{engine.dialect.name} over HTTP: {count} signatures in {took:.1f} s, {count / took:.0f} a second "
        f"(goal {GOAL}); the button answers half within {1000 * spent[count // 2]:.0f} ms, 95 % within "
        f"{1000 * spent[int(count * 0.95)]:.0f} ms; {1000 * used / count:.1f} ms of the server's processor for the "
        f"three requests of one. Rows, counter, petition, log and export agree."
    )


def visit(
    port: int, petition: str, tokens: list[str], seconds: int, visitors: int
) -> tuple[list[float], float]:
    """Sign until the time is over; the seconds of each press of the button, ascending, and of all."""
    waiting, spent = iter(tokens), list[float]()
    begun = time.perf_counter()

    def work() -> None:
        while time.perf_counter() < begun + seconds and (token := next(waiting, "")):
            spent.append(_sign(port, petition, token))

    with ThreadPoolExecutor(visitors) as pool:
        for done in [pool.submit(work) for _ in range(visitors)]:
            done.result()
    return sorted(spent), time.perf_counter() - begun


@contextmanager
def running(settings: Settings) -> Iterator[int]:
    """The site in a process of its own, until the block ends; the number of the process."""
    process = get_context("spawn").Process(target=_serve, args=(settings,))
    process.start()
    try:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection((settings.host, settings.port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid or 0
    finally:
        os.kill(process.pid or 0, signal.SIGINT)
        process.join()


def _serve(settings: Settings) -> None:
    with suppress(KeyboardInterrupt), application(settings, casting_workers=1) as app:
        server(app, settings).run()


def _sign(port: int, petition: str, token: str) -> float:
    """One visitor, with a connection and a cookie of their own; the seconds of the button."""
    here = f"/en/petitions/{petition}/sign/confirm"
    visitor = HTTPConnection("localhost", port)
    _, page, cookie = _ask(visitor, "GET", f"{here}?t={token}", {})
    found = _TOKEN.search(page)
    if found is None:
        raise SystemExit("The page of a link has no form.")
    form = urlencode({"csrf": found[1], "t": token, "version": "1"})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookie,
        "Origin": f"http://localhost:{port}",
        "Sec-Fetch-Site": "same-origin",
    }
    pressed = time.perf_counter()
    receipt, _, _ = _ask(visitor, "POST", here, headers, form)
    took = time.perf_counter() - pressed
    _, page, _ = _ask(visitor, "GET", receipt, {"Cookie": cookie})
    if "receipt/file" not in page:
        raise SystemExit("Who has signed sees no receipt.")
    visitor.close()
    return took


def _ask(
    visitor: HTTPConnection, verb: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[str, str, str]:
    """Where it leads, the page, the cookie."""
    visitor.request(verb, path, body, headers)
    answer = visitor.getresponse()
    page = answer.read().decode()
    if answer.status not in (200, 303):
        raise SystemExit(f"{verb} {path.partition('?')[0]}: {answer.status}")
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    return answer.getheader("Location") or "", page, cookie


def _processor_seconds(process: int) -> float:
    """That the server has used; Linux alone says it."""
    state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK")


def _settings(database_url: str, secrets: Path) -> Settings:
    words = Text("Test", "Thử")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Settings(
        base_url=f"http://localhost:{port}",
        host="127.0.0.1",
        port=port,
        database_url=database_url,
        secrets=secrets,
        name=words,
        authority=words,
        help_line="(none)",
    )


if __name__ == "__main__":
    main()

"""How many people a second sign on the running site: each opens the mailed link, presses the button, sees the receipt.

    python -m benchmarks.signing_over_http --seconds 300
    python -m benchmarks.signing_over_http --seconds 300 --postgresql
    python -m benchmarks.signing_over_http --seconds 300 --database postgresql+psycopg://…   (an empty database)

The site is `psephos serve` as it comes, in processes of its own, one for each processor, with its limits, its forms and
its background work; the visitors (`benchmarks.visitors.signing`) are locust's, in another process of the same machine.
Three requests are one signature. The goal is 35 a second.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from benchmarks.membership import machine
from benchmarks.signatures import GOAL, links, own_postgresql, published, require_exact
from identity.opening import open_desk
from storage.engine import make_engine
from storage.migrate import migrate
from web.i18n import Text
from web.processes import several
from web.settings import Settings

PRESS: Final = "press the button"
VISITORS: Final = Path(__file__).parent / "visitors" / "signing.py"
START_SECONDS: Final = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=16, help="at the same time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that answer requests")
    parser.add_argument("--links", type=int, default=0, help="signatures at most; seconds × 80 unless given")
    parser.add_argument("--database", default="", help="URL; a new SQLite file unless given")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        own = stack.enter_context(own_postgresql()) if asked.postgresql else f"sqlite:///{folder}/site.db"
        settings = _settings(asked.database or own, folder / "secrets")
        engine = make_engine(settings.database_url)
        migrate(engine)
        desk = open_desk(engine, settings.secrets, settings.base_url)
        petition = published(desk)
        links_file = folder / "links"
        links_file.write_text(
            "\n".join(links(desk, petition, asked.links or asked.seconds * 80)), encoding="ascii"
        )
        with running(settings, asked.processes) as process:
            used = _processor_seconds(process)
            visited = visit(settings, petition, links_file, asked.seconds, asked.visitors)
            used = _processor_seconds(process) - used
        count = len(visited.pressed)
        require_exact(desk, petition, count)
        engine.dispose()
    here = machine().removesuffix(", one core")
    print(
        f"{here}, {os.cpu_count()} cores, {asked.processes} processes that answer, {asked.visitors} visitors at the "
        f"same time, {asked.seconds} s"
    )
    print(
        f"{engine.dialect.name} over HTTP: {count} signatures in {visited.seconds:.1f} s, "
        f"{count / visited.seconds:.0f} a second (goal {GOAL}); the button answers half within "
        f"{visited.pressed[count // 2]:.0f} ms, 95 % within {visited.pressed[int(count * 0.95)]:.0f} ms; "
        f"{1000 * used / count:.1f} ms of the server's processor for the three requests of one. Rows, counter, "
        f"petition, log and export agree."
    )


@dataclass(frozen=True)
class Visited:
    """pressed: milliseconds of each press of the button, ascending. seconds: of all."""

    pressed: list[float]
    seconds: float


def visit(settings: Settings, petition: str, links_file: Path, seconds: int, visitors: int) -> Visited:
    """Let locust's visitors sign until the time or the links are over. Ends the program where one met a fault."""
    command = [
        sys.executable,
        "-m",
        "locust",
        "--locustfile",
        str(VISITORS),
        "--headless",
        "--json",
        "--only-summary",
    ]
    command += ["--host", settings.base_url, "--run-time", f"{seconds}s", "--stop-timeout", "30"]
    command += ["--users", str(visitors), "--spawn-rate", str(visitors)]
    environment = {**os.environ, "PSEPHOS_LINKS": str(links_file), "PSEPHOS_PETITION": petition}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{ended.stderr}\nlocust met a fault. It is installed by `make bench`.")
    pressed = next(line for line in json.loads(ended.stdout) if line["name"] == PRESS)
    times = sorted((float(ms), count) for ms, count in pressed["response_times"].items())
    return Visited(
        [ms for ms, count in times for _ in range(count)],
        pressed["last_request_timestamp"] - pressed["start_time"],
    )


@contextmanager
def running(settings: Settings, processes: int) -> Iterator[int]:
    """The site in processes of its own, until the block ends; the number of the one that started them."""
    process = get_context("spawn").Process(target=_serve, args=(settings, processes))
    process.start()
    try:
        until, answered = time.monotonic() + START_SECONDS, 0
        while answered < 20 * processes and time.monotonic() < until:
            # Each over a connection of its own, so that all of them are there.
            with suppress(urllib.error.URLError), urllib.request.urlopen(f"{settings.base_url}/healthz"):  # noqa: S310
                answered += 1
        yield process.pid or 0
    finally:
        os.kill(process.pid or 0, signal.SIGTERM)
        process.join()


def _serve(settings: Settings, processes: int) -> None:
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    with several(settings, processes) as look_after:
        look_after(lambda: bool(told))


def _processor_seconds(process: int) -> float:
    """That it and those that it started have used; Linux alone says it."""
    state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    own = (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_processor_seconds(int(child)) for child in children)


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

"""The shared fixtures give what they promise: empty databases, one to a test, and a browser that renders."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page
from sqlalchemy import create_engine, inspect, text

from tests.support.folders import MEMORY, remove_left_over, server_in
from tests.support.postgres import PostgresServer
from tests.support.repository import ROOT

KILLED = """
import os, pathlib, signal, sys
from tests.support.postgres import private_server
with private_server(pathlib.Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_database(empty_database_url: str, turn: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []  # the second turn sees nothing of the first
        connection.execute(text("CREATE TABLE pebble (colour text)"))
        connection.execute(text("INSERT INTO pebble VALUES ('trắng')"))
        assert connection.execute(text("SELECT colour FROM pebble")).scalar_one() == "trắng"
    engine.dispose()


def test_a_database_is_gone_after_its_test(postgres_server: PostgresServer) -> None:
    with postgres_server.fresh_database() as url:
        plain = url.replace("postgresql+psycopg", "postgresql")
        left_open = psycopg.connect(plain)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(plain)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the user of a PostgreSQL server reaches, with a short path for its socket."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_folders_go_with_the_process_that_made_them(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    gone = [place / f"psephos-{name}-{ended.pid}-x" for name in ("pg", "tables")]
    mine = place / f"psephos-pg-{os.getpid()}-x"
    others = [
        place / name for name in (f"psephos-bundles-{ended.pid}-x", "psephos-pg-x", f"pg-{ended.pid}-x")
    ]
    for folder in (*gone, mine, *others):
        folder.mkdir()
        # The number in the file of a server that is gone as well belongs to somebody else by now.
        (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n", encoding="utf-8")
    remove_left_over(place)
    assert {*place.iterdir()} == {mine, *others}


@pytest.mark.thorough
def test_a_server_whose_test_run_was_killed_is_stopped_and_removed(place: Path) -> None:
    program = [sys.executable, "-c", KILLED, str(place)]
    killed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (folder,) = place.iterdir()
    server = server_in(folder)
    assert server is not None
    remove_left_over(place)
    assert [*place.iterdir()] == []
    assert not Path(f"/proc/{server}/cwd").exists()


@pytest.mark.browser
def test_the_browser_lays_out_a_page(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    page.set_content("<!doctype html><p id=p>Đã bỏ phiếu</p>")
    assert page.inner_text("#p") == "Đã bỏ phiếu"
    assert page.evaluate("document.documentElement.clientWidth") == 320

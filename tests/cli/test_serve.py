"""`psephos serve`: what it will not start with, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.desk import PSEPHOS, START_SECONDS, UNUSABLE, Desk, clean_environment, free_port, serving
from tests.support.descendants import descendants, require_gone


@pytest.mark.parametrize("processes", [1, 2])
def test_a_server_answers_and_ends_when_it_is_told_to(tmp_path: Path, processes: int) -> None:
    desk = Desk(tmp_path, free_port())
    with serving(desk, processes=processes) as process:
        address = f"http://localhost:{desk.port}"
        with urllib.request.urlopen(f"{address}/api/v1/elections") as answer:  # noqa: S310
            assert json.load(answer) == {"elections": []}
        children = descendants(process.pid)
        assert len(children) >= processes
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, out, err) == (0, f"Serving http://localhost:{desk.port}\n", "")
    require_gone(children, START_SECONDS)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_is_an_end_as_well(tmp_path: Path, processes: int) -> None:
    """In a terminal it reaches all of them."""
    with serving(Desk(tmp_path, free_port()), processes=processes) as process:
        children = descendants(process.pid)
        for each in [process.pid, *children]:
            os.kill(each, signal.SIGINT)
        _, err = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, err) == (0, "")
    require_gone(children, START_SECONDS)


def test_a_second_server_does_not_share_the_address(tmp_path: Path) -> None:
    desk = Desk(tmp_path, free_port())
    with serving(desk, processes=2):
        _require_taken(desk, "2")


def test_none_stays_when_the_one_that_started_them_is_killed(tmp_path: Path) -> None:
    with serving(Desk(tmp_path, free_port()), processes=2) as process:
        children = descendants(process.pid)
        process.kill()
        process.communicate(timeout=START_SECONDS)
    require_gone(children, START_SECONDS)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_port_that_is_taken(tmp_path: Path, processes: str) -> None:
    desk = Desk(tmp_path, free_port())
    with socket.socket() as other:
        other.bind(("127.0.0.1", desk.port))
        other.listen()
        _require_taken(desk, processes)


def _require_taken(desk: Desk, processes: str) -> None:
    ended = subprocess.run(
        [*PSEPHOS, "serve", "--workers", "1", "--processes", processes],
        cwd=desk.folder,
        env=clean_environment(**desk.environment),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == UNUSABLE
    assert f"Error: Nothing can listen on 127.0.0.1, port {desk.port}." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PSEPHOS_PORT": "70000"}, "PSEPHOS_PORT must be a number from 1 to 65535, not '70000'"),
        ({"PSEPHOS_PROT": "8000"}, "PSEPHOS_PROT is not a setting of Psephos"),
        ({"PSEPHOS_BASE_URL": "http://vote.example.org"}, "must begin with https://"),
        ({"PSEPHOS_BASE_URL": "vote.example.org"}, "must be a scheme and a host"),
        ({"PSEPHOS_BASE_URL": "https://vote.example.org"}, "Set PSEPHOS_NAME_EN"),
        ({"PSEPHOS_DATABASE_URL": "mysql://user:geheim@host/db"}, "not supported"),
        ({"PSEPHOS_DATABASE_URL": "no address"}, "cannot be read"),
        ({"PSEPHOS_DATABASE_URL": "sqlite:////nowhere/at/all.sqlite"}, "cannot be opened"),
    ],
)
def test_settings_that_a_server_must_not_start_with(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    sentence = Desk(tmp_path).refused("serve", **settings)
    assert words in sentence
    assert "geheim" not in sentence


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o701, 0o777])
def test_a_folder_of_secrets_that_others_may_look_into(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    folder.chmod(mode)
    assert "chmod 700" in Desk(tmp_path).refused("serve")
    assert folder.stat().st_mode & 0o777 == mode
    assert not (tmp_path / "psephos.sqlite").exists()

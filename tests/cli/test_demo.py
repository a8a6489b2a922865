"""`psephos demo`: from nothing to the verdict, and then a site to vote at."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from cli import demo_ward
from cli.demo import VOTERS
from protocol.canonical import encode_canonical
from protocol.layout import lay_out
from protocol.manifest import decode_manifest
from tests.cli.desk import DONE, PSEPHOS, UNUSABLE, Desk, clean_environment, free_port
from voting.server_keys import ServerKeys


def test_the_invented_ward_is_one_that_a_server_takes(tmp_path: Path) -> None:
    keys = ServerKeys.open(tmp_path / "secrets")
    for questions in (demo_ward.COUNTED_QUESTIONS, demo_ward.OPEN_QUESTIONS):
        signing = demo_ward.signing_keys()
        assert len({key.public_key for key in signing}) == 3
        manifest = demo_ward.demo_manifest(keys, demo_ward.NAME, questions, signing, days=7)
        assert decode_manifest(encode_canonical(manifest)) == manifest
        # What an invented voter does to the key is said, not hidden.
        assert {"112-bit", "one-machine-ceremony", "small-areas-relaxed"} <= set(manifest.warnings())


def test_invented_votes_are_allowed_and_differ(tmp_path: Path) -> None:
    keys, signing = ServerKeys.open(tmp_path / "secrets"), demo_ward.signing_keys()
    manifest = demo_ward.demo_manifest(keys, demo_ward.NAME, demo_ward.COUNTED_QUESTIONS, signing, days=7)
    votes = [demo_ward.invented_vote() for _ in range(200)]
    for layout, answers in zip(lay_out(manifest, VOTERS), zip(*votes, strict=True), strict=True):
        for answer in answers:
            layout.plaintexts(answer)
        assert len(set(answers)) > 3


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    desk = Desk(tmp_path)
    ended = desk("demo", "--once", "--port", port)
    assert (ended.code, "--port" in ended.err) == (UNUSABLE, True)
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
def test_from_nothing_to_the_verdict(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "demo"
    folder.mkdir(parents=True)
    (folder / "left").write_text("from an earlier demonstration")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            [*PSEPHOS, "demo", "--once", "--port", str(taken.getsockname()[1])],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == DONE, ended
    assert "VERIFIED. Repeat it yourself" in ended.stdout
    assert "FAILED" not in ended.stdout
    assert "The site:" not in ended.stdout
    assert not (folder / "left").exists()
    assert (folder / "secrets").stat().st_mode & 0o077 == 0
    # What it says to repeat does hold, with the fingerprint that it showed.
    shown = re.search(r"Fingerprint of the election: (\S+)", ended.stdout)
    assert shown is not None
    assert "VERIFIED" in Desk(tmp_path).do("verify", "var/demo/bundle", "--fingerprint", shown[1])


@pytest.mark.slow
def test_a_visitor_votes_with_a_code_that_was_shown(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*PSEPHOS, "demo", "--port", str(port)],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=(tmp_path / "out").open("w"),
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 900
        while process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if "voting codes:" in (tmp_path / "out").read_text() and not probe.connect_ex(
                    ("127.0.0.1", port)
                ):
                    break
            time.sleep(0.5)
        code = re.search(r"^    (\S{34})$", (tmp_path / "out").read_text(), re.MULTILINE)
        assert code is not None
        api = f"http://localhost:{port}/api/v1/elections"
        with urllib.request.urlopen(api) as answer:
            states = {item["state"]: item["election"] for item in json.load(answer)["elections"]}
        assert sorted(states) == ["open", "published"]
        desk = Desk(tmp_path)
        desk.write("code", code[1])
        api += f"/{states['open']}"
        out = desk.do("vote", api, "--code-file", "code", typed=["2", "1 2", "3 1 2 4", "y"])
        assert "Your vote is in the urn." in out
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == DONE

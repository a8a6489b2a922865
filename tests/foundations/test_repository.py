"""Rules for every text in the repository, and for what goes with it."""

import hashlib
import re
import subprocess
from pathlib import PurePosixPath

import pytest

from tests.support.repository import ROOT, tracked_files

BINARY = {".woff2", ".ttf", ".png", ".jpg", ".ico", ".mo", ".gz", ".pdf"}

# Written by others or by a program: kept byte for byte as they came.
AS_THEY_CAME = ("web/static/vendor/", "web/static/client/", "LICENSE")

# In pieces, so that this file keeps its own rules.
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "deb.deb" + "ian.org")
PLACES = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def faults_of_a_text(data: bytes) -> list[str]:
    """What a text of the repository must not have; a line for each kind of fault."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ["is not UTF-8"]
    rules = {
        "starts with a byte order mark": text.startswith("\ufeff"),
        "has a carriage return": "\r" in text,
        "has no end of line at its end": bool(text) and not text.endswith("\n"),
        "has white space at the end of a line": re.search(r"[ \t]+$", text, re.MULTILINE) is not None,
        "names a registry or a folder of somebody's machine": any(name in text for name in (*HOSTS, *PLACES)),
        "is marked as unfinished": UNFINISHED.search(text) is not None,
    }
    return [rule for rule, broken in rules.items() if broken]


def test_every_text_keeps_the_rules() -> None:
    faults = [
        f"{path} {fault}"
        for path in tracked_files()
        if PurePosixPath(path).suffix not in BINARY and not path.startswith(AS_THEY_CAME)
        for fault in faults_of_a_text((ROOT / path).read_bytes())
    ]
    assert not faults


@pytest.mark.parametrize(
    "text", ["\ufeffx\n", "x\r\n", "x", "x \ny\n", f"see {HOSTS[0]}\n", f"{PLACES[0]}x\n", "# TO" + "DO\n"]
)
def test_each_rule_notices_its_fault(text: str) -> None:
    assert faults_of_a_text(text.encode())
    assert not faults_of_a_text("Đã bỏ phiếu\n".encode())


def test_the_license_is_the_unaltered_text() -> None:
    """GNU AGPL version 3 as the Free Software Foundation publishes it (agpl-3.0.txt, 34,523 bytes)."""
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


def test_make_help_names_every_command_a_person_may_give() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert {line.split()[0] for line in listed.splitlines()} == set(phony[1].split()) - {"chromium"}


@pytest.mark.parametrize("page", ["README.md", "docs/contributing.md"])
def test_a_page_names_only_commands_that_exist(page: str) -> None:
    known = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = {line.split()[0] for line in known.splitlines()}
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert named
    assert named <= commands


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in (path for path in tracked_files() if path.endswith(".md")):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)", text):
            if not ((ROOT / page).parent / target).exists():
                broken.append(f"{page} → {target}")
    assert not broken

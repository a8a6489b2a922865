"""docs/guides/command-line.md, run as it stands: every block of commands in its order, at a terminal.

What differs from a rehearsal by people: the key is the committed test key of 2048 bits (the slow test below holds the
ceremony, at the full length), the times of the file are today's, the server takes a free port, and a guess of a
passphrase costs nothing (test_sealing_cost.py).
"""

import re
import stat
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.desk import PASSPHRASE, Desk, clean_environment, free_port, serving
from tests.cli.started import started
from tests.cli.terminal import at_terminal
from tests.support.repository import ROOT
from tests.support.stretching import CHEAP_PROGRAM

GUIDE = ROOT / "docs" / "guides" / "command-line.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSPHRASES = {str(number): f"mười hai con voi số {number}" for number in (1, 2, 3)} | {"codes": PASSPHRASE}


@dataclass
class Rehearsal:
    """Somebody who holds the guide's election in one folder."""

    desk: Desk
    bits: int
    shown: str = ""
    variables: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.choices: Iterator[str] = iter(("2", "blank"))
        self.castings: Iterator[str] = iter(("n", "y", "y"))
        self.letters: Iterator[int] = iter((0, 2))

    def run(self, block: str) -> None:
        """One block of commands: it must succeed. Variables live on, as in one terminal."""
        block = block.replace("localhost:8000", f"localhost:{self.desk.port}")
        if "FINGERPRINT-OF-YOUR-LETTER" in block:
            block = block.replace("FINGERPRINT-OF-YOUR-LETTER", self.printed(r"for the letters: (\S+)"))
        script = "\n".join(["set -eu", *self.variables, block])
        environment = clean_environment(
            PSEPHOS_PORT=str(self.desk.port), TERM="dumb", PATH=f"{self.desk.folder / 'bin'}:/usr/bin:/bin"
        )
        code, shown = at_terminal(
            ("/bin/bash", "-c", script),
            self.desk.folder,
            environment,
            {
                r"Passphrase for trustee-(\d)\.\w+: ": lambda found: self.passphrase(found[1]),
                r"Passphrase for codes.sealed: ": lambda _: self.passphrase("codes"),
                r"Repeat for confirmation: ": lambda _: PASSPHRASES[self.who],
                r"Your voting code \(not shown\): ": lambda _: self.desk.codes()[next(self.letters)],
                r"One number, or blank: ": lambda _: next(self.choices),
                r"test this ballot instead\) \[y/N\]: ": lambda _: next(self.castings),
                r"Close\? \[y/N\]: ": lambda _: "y",
            },
        )
        self.shown += shown
        assert code == 0, shown
        self.variables += re.findall(r"^[A-Z]+=.*$", block, re.MULTILINE)

    def passphrase(self, of: str) -> str:
        self.who = of
        return PASSPHRASES[of]

    def printed(self, pattern: str) -> str:
        """What a command showed."""
        found = re.search(pattern, self.shown)
        assert found is not None, pattern
        return found[1]

    def write(self, block: str, kind: str) -> None:
        """The official's or the registrar's file."""
        if kind == "toml":
            keys = re.findall(r'key = "(\S+)"', self.shown)
            assert len(keys) == 3
            for number, key in enumerate(keys, start=1):
                block = block.replace(f"PUBLIC-KEY-OF-TRUSTEE-{number}", key)
            now = datetime.now(UTC).replace(microsecond=0)
            for name, moment in (
                ("opens_at", now - timedelta(hours=1)),
                ("closes_at", now + timedelta(days=1)),
            ):
                block, count = re.subn(
                    f"^{name} = .*$", f"{name} = {moment.isoformat()}", block, flags=re.MULTILINE
                )
                assert count == 1
            assert "bits" not in block
            block = f"bits = {self.bits}\n{block}"
        name = {"toml": "election.toml", "csv": "voters.csv"}[kind]
        assert f"`{name}`" in GUIDE.read_text(encoding="utf-8")
        self.desk.write(name, block)


@dataclass(frozen=True)
class HomeDesk(Desk):
    """As the guide has it: no setting but the port, everything in the current folder."""

    @property
    def environment(self) -> dict[str, str]:
        return {"PSEPHOS_PORT": str(self.port)}


def rehearse(folder: Path, bits: int) -> Rehearsal:
    """All blocks of the guide in their order, with the program `bin/psephos`."""
    rehearsal = Rehearsal(HomeDesk(folder, free_port()), bits)
    desk = rehearsal.desk
    text = GUIDE.read_text(encoding="utf-8")
    with ExitStack() as stack:
        for found in BLOCK.finditer(text):
            kind, block = found.groups()
            if block == "psephos serve\n":
                stack.enter_context(serving(desk))
            elif kind == "sh":
                if "election close" in block:  # the observer of the section before
                    assert "save `/api/v1/elections/ID/checkpoint`" in text[: found.start()]
                    with urllib.request.urlopen(f"{desk.api}/checkpoint") as answer:  # noqa: S310
                        desk.write("kept-checkpoint", answer.read().decode())
                rehearsal.run(block)
            else:
                rehearsal.write(block, kind)
    return rehearsal


def check(rehearsal: Rehearsal) -> None:
    """What the people of the guide have in the end, and what nobody could see."""
    shown, folder = rehearsal.shown, rehearsal.desk.folder
    assert shown.count("Your vote is in the urn.") == 2
    assert "VERIFIED. The device had encrypted exactly this" in shown
    assert "Rehearsed: 7 openings" in shown
    assert "VERIFIED. Every check holds." in shown
    assert re.search(r"^ +1  lane-45\n +1  blank$", shown, re.MULTILINE)
    # Every answer that the rehearsal had ready was asked for.
    assert not [*rehearsal.choices, *rehearsal.castings, *rehearsal.letters]
    # Nothing secret was echoed, by any of the commands.
    for secret in (*PASSPHRASES.values(), *rehearsal.desk.codes()):
        assert secret not in shown
    for pattern in ("trustee-*.id", "keys/*", "secrets/*", "codes.sealed", "letters.pdf"):
        files = list(folder.glob(pattern))
        assert files
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}, pattern


@pytest.mark.thorough
def test_every_command_of_the_guide(tmp_path: Path) -> None:
    """The commands are forked from a program that is started once (tests/cli/started.py)."""
    (tmp_path / "bin").mkdir()
    with started(tmp_path / "bin" / "psephos"):
        check(rehearse(tmp_path, 2048))


@pytest.mark.slow
def test_every_command_of_the_guide_with_a_ceremony(tmp_path: Path) -> None:
    """Each command is a start of the program; only a guess of a passphrase costs nothing."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "psephos"
    program.write_text(f"#!{sys.executable}\n{CHEAP_PROGRAM}", encoding="utf-8")
    program.chmod(0o700)
    check(rehearse(tmp_path, 3072))


def test_the_guides_forget_no_command(tmp_path: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(GUIDE.parent.glob("*.md")))
    named = {tuple(words) for words in re.findall(r"psephos (trustee|election|registrar) ([a-z-]+)", text)}
    desk = Desk(tmp_path)
    for group in ("election", "trustee", "registrar"):
        listed = desk.do(group, "--help").split("Commands:")[1]
        commands = set(re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE))
        # None that does not exist, and but for `list` none that the guides forget.
        assert {verb for room, verb in named if room == group} | {"list"} == commands | {"list"}

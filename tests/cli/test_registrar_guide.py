"""docs/guides/registrar.md, run as it stands at a terminal; the official's part is done beside it.

The Vietnamese guide has the same commands and files, so what is true of the one is true of the other.
"""

import re
from pathlib import Path

import pytest

from tests.cli.desk import PASSPHRASE, Desk, clean_environment, draft, sign_freeze
from tests.cli.started import started
from tests.cli.terminal import at_terminal
from tests.cli.test_registrar_send import BOUNCE
from tests.paper.pages import page_text, reader
from tests.support.mail_servers import Post, mail_server
from tests.support.repository import ROOT
from voting.code_book import open_book

ENGLISH = ROOT / "docs" / "guides" / "registrar.md"
VIETNAMESE = ROOT / "docs" / "guides" / "registrar.vi.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Registrar:
    """Somebody who does what the guide says, in one folder."""

    def __init__(self, desk: Desk, post: Post) -> None:
        self.desk, self.post = desk, post
        self.shown = ""
        desk.write("passphrase", PASSPHRASE + "\n")

    def run(self, block: str) -> None:
        """One block of commands: it must succeed."""
        self.before(block)
        block = block.replace(
            "smtps://user:password@mail.example.org", f"smtp+plain://localhost:{self.post.port}"
        )
        election = f"ELECTION={self.desk.election}" if "$ELECTION" in block else ""
        code, shown = at_terminal(
            ("/bin/bash", "-c", f"set -eu\n{self.exports}\n{election}\n{block}"),
            self.desk.folder,
            clean_environment(
                TERM="dumb", PATH=f"{self.desk.folder / 'bin'}:/usr/bin:/bin", **self.desk.environment
            ),
            {
                r"Passphrase for [\w.]+: ": lambda _: PASSPHRASE,
                r"Repeat for confirmation: ": lambda _: PASSPHRASE,
            },
        )
        self.shown += shown
        assert code == 0, shown

    @property
    def exports(self) -> str:
        return "".join(
            f"export {name}='{value}'\n"
            for name, value in {
                "PSEPHOS_SMTP_URL": f"smtp+plain://localhost:{self.post.port}",
                "PSEPHOS_MAIL_FROM": "Phường <vote@example.org>",
            }.items()
        )

    def before(self, block: str) -> None:
        """What others do meanwhile."""
        desk = self.desk
        if "registrar make" in block:  # the official has taken up the registrar's key
            key = re.search(r'registrar_key = "(\S+)"', self.shown)
            assert key is not None
            draft(desk, 1, registrar_key=f'"{key[1]}"')
            desk.do("trustee", "keys", "terms", "1.id", "--out", "keys", "--passphrase-file", "passphrase")
        elif "registrar letters" in block:  # key holder and official have frozen it
            sign_freeze(desk, 1, "freeze-1")
            desk.do("election", "freeze", "terms", "freeze-1")
            desk.do("election", "bundle", desk.election, "--out", "frozen")
        elif "registrar bounces" in block:
            (taken,) = self.post.taken
            label = str(taken.message["Message-ID"]).strip("<>").partition("@")[0]
            desk.write("came-back.mbox", BOUNCE.replace("LABEL", label))


@pytest.fixture
def registrar(tmp_path: Path) -> Registrar:
    (tmp_path / "bin").mkdir()
    with mail_server() as post, started(tmp_path / "bin" / "psephos"):
        done = Registrar(Desk(tmp_path), post)
        for kind, block in BLOCK.findall(ENGLISH.read_text(encoding="utf-8")):
            if kind == "csv":
                done.desk.write("voters.csv", block)
            else:
                done.run(block)
        return done


@pytest.mark.thorough
def test_every_command_of_the_guide(registrar: Registrar) -> None:
    folder, shown = registrar.desk.folder, registrar.shown
    hoa, minh, lam = open_book((folder / "codes.sealed").read_bytes(), PASSPHRASE).lines
    # Two letters, one mail and the same once more, and a new letter for the lost one.
    letters = (folder / "letters.pdf").read_bytes()
    assert len(reader(letters).pages) == 2
    assert hoa.code.written in page_text(letters)
    assert [taken.recipients for taken in registrar.post.taken] == [("minh@example.org",)] * 2
    assert minh.code.written in registrar.post.taken[1].data.decode()
    assert lam.code.written in page_text((folder / "new-letter.pdf").read_bytes())
    assert len(lam.codes) == 2
    assert "Mails: 1 sent" in shown
    assert "1 mails came back." in shown
    assert "The old code has ended" in shown
    # Nothing secret was shown.
    assert not any(
        secret in shown for secret in (PASSPHRASE, hoa.code.written, minh.code.written, lam.code.written)
    )


def test_both_languages_have_the_same_commands_files_and_sections() -> None:
    english, vietnamese = (path.read_text(encoding="utf-8") for path in (ENGLISH, VIETNAMESE))
    assert BLOCK.findall(english) == BLOCK.findall(vietnamese)
    assert re.findall(r"^(#+)", english, re.MULTILINE) == re.findall(r"^(#+)", vietnamese, re.MULTILINE)
    options = [set(re.findall(r"--[a-z-]+", text)) for text in (english, vietnamese)]
    assert options[0] == options[1]

"""`psephos admin`: the first administrator, and the check of the site log."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.desk import UNUSABLE, Ended, run_here

INVITE = ("invite", "--name", "Trần Thị Hoa", "--email", "hoa@example.org", "--role", "administrator")


@dataclass
class Console:
    """A server's console. folder: has the database and the keys."""

    folder: Path

    def run(self, *arguments: str) -> Ended:
        """`psephos admin …`"""
        settings = {
            "PSEPHOS_DATABASE_URL": f"sqlite:///{self.folder / 'site.db'}",
            "PSEPHOS_SECRETS": str(self.folder / "secrets"),
        }
        return run_here(["admin", *arguments], self.folder, settings)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def test_the_first_administrator_is_invited_and_it_is_in_the_log(console: Console) -> None:
    invited = console.run(*INVITE)
    assert invited.code == 0, invited.err
    assert "http://localhost:8000/en/invitation?t=" in invited.out
    listed = console.run("list")
    assert "invited  Trần Thị Hoa  administrator" in listed.out
    verified = console.run("verify-trail")
    assert verified.out.startswith("VERIFIED: 2 deeds")
    assert (console.folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert all(key.stat().st_mode & 0o777 == 0o600 for key in (console.folder / "secrets").iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*INVITE[:4], "hoa", *INVITE[5:]), "address"),
        ((*INVITE, "--language", "fr"), "en or vi"),
        (("disable", "0" * 32), "nobody with this number"),
        (("disable", "'; DROP TABLE identity_person; --"), "nobody with this number"),
        (("reset-second-factor", "x"), "nobody with this number"),
        (("verify-trail", "--checkpoint", "missing.txt"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(console: Console, arguments: tuple[str, ...], words: str) -> None:
    refused = console.run(*arguments)
    assert refused.code == UNUSABLE
    assert words in refused.err


def test_a_changed_log_is_refuted_with_exit_code_1(console: Console) -> None:
    console.run(*INVITE)
    with sqlite3.connect(console.folder / "site.db") as connection:
        connection.execute("DROP TRIGGER board_body_no_update")
        connection.execute("UPDATE board_body SET body = CAST(replace(body, 'Hoa', 'Lan') AS BLOB)")
    refuted = console.run("verify-trail")
    assert refuted.code == 1
    assert refuted.out.startswith("REFUTED: The site log was changed after it was signed. Entry 1:")


def test_a_cut_end_is_refuted_by_a_checkpoint_that_was_kept(console: Console) -> None:
    console.run(*INVITE)
    kept = console.folder / "kept.txt"
    kept.write_text(console.run("checkpoint").out)
    assert console.run("verify-trail", "--checkpoint", str(kept)).code == 0
    with sqlite3.connect(console.folder / "site.db") as connection:
        for table in ("board_entry", "board_checkpoint", "board_node"):
            connection.execute(f"DROP TRIGGER {table}_no_delete")
        connection.execute('DELETE FROM board_entry WHERE "index" = 1')
        connection.execute("DELETE FROM board_checkpoint WHERE size = 2")
        connection.execute('DELETE FROM board_node WHERE "index" = 1 OR level = 1')
    assert console.run("verify-trail").code == 0
    assert console.run("verify-trail", "--checkpoint", str(kept)).code == 1

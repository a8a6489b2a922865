"""`psephos verify` as a person or a script meets it: exit codes, the JSON object, the words."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.output import WARNINGS
from crypto.errors import CryptoError
from protocol.manifest import Manifest
from protocol.report import CheckName
from tests.cli.conftest import Psephos
from tests.support.boards import MemoryBoard
from tests.support.bundles import open_board, published_board, write_bundle
from tests.support.elections import choose_one, make_election, make_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published bundle of its own for each test."""
    return write_bundle(published_board(), tmp_path / "bundle")


def test_json_has_the_fields_that_scripts_rely_on(psephos: Psephos, folder: Path) -> None:
    code, out, err = psephos("verify", folder, "--json")
    answer: dict[str, Any] = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert answer["ok"] is True
    assert [check["name"] for check in answer["checks"]] == [name.value for name in CheckName]
    for check in answer["checks"]:
        assert set(check) == {"name", "count", "ok", "seconds", "failures"}
        assert check["ok"] is True
        assert check["failures"] == []
        assert isinstance(check["seconds"], float)
    assert answer["result"] == {
        "q1": {"a1": 0, "a2": 0, "a3": 2, "blank": 1},
        "q2": {"a1": 1, "a2": 1, "a3": 0},
    }
    assert answer["questions"][0]["options"][3] == {"id": "blank", "label": "(blank)", "votes": 1}
    assert answer["state"] == "published"
    assert answer["election"] == published_board().election.terms.election
    assert answer["fingerprint"] == published_board().election.terms.fingerprint_code
    assert answer["checkpoint"]["size"] == len(published_board().leaves)
    assert answer["checkpoint"]["root"] == published_board().checkpoint.split("\n")[2]
    assert "112-bit" in answer["warnings"]


def test_the_words_say_what_was_found(psephos: Psephos, folder: Path) -> None:
    code, out, _ = psephos("verify", folder)
    assert code == 0
    assert "VERIFIED. Every check holds." in out
    assert "2  Option 3" in out
    assert f"Fingerprint  {published_board().election.terms.fingerprint_code}" in out
    assert "compare this fingerprint with your letter" in out
    assert "112-bit security" in out


def test_a_fingerprint_that_fits_needs_no_reminder(psephos: Psephos, folder: Path) -> None:
    code, out, _ = psephos(
        "verify", folder, "--fingerprint", published_board().election.terms.fingerprint_code
    )
    assert code == 0
    assert "letter" not in out


def test_an_open_election_is_said_to_be_open(psephos: Psephos, tmp_path: Path) -> None:
    folder = write_bundle(open_board(), tmp_path / "bundle")
    code, out, _ = psephos("verify", folder)
    assert (code, "Open, no result yet." in out) == (0, True)
    code, out, _ = psephos("verify", folder, "--json")
    assert (code, json.loads(out)["result"]) == (0, None)


def test_a_refuted_bundle_exits_with_one_and_names_the_entry(psephos: Psephos, folder: Path) -> None:
    path = folder / "bodies.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[6] = lines[6].replace(b'"sequence":1', b'"sequence":2')
    path.write_bytes(b"".join(lines))
    code, out, _ = psephos("verify", folder, "--json")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (1, False)
    (board,) = [check for check in answer["checks"] if check["name"] == "03-board"]
    assert board["failures"][0]["entry"] == 6
    assert "not the one that the leaf announces" in board["failures"][0]["reason"]
    code, out, _ = psephos("verify", folder)
    assert code == 1
    assert "entry 6: The body beside this leaf" in out
    assert "REFUTED. These checks fail: 03-board.\n" in out  # and not those that could not be reached
    assert [line.split()[0] for line in out.splitlines() if line.rstrip().endswith("not reached")] == [
        name.value for name in CheckName if name >= CheckName.CHALLENGES
    ]
    assert "VERIFIED" not in out


def test_a_wrong_fingerprint_refutes(psephos: Psephos, folder: Path) -> None:
    code, out, _ = psephos("verify", folder, "--fingerprint", "00000-00000-00000-00000-00000", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (1, False)
    assert [check["name"] for check in answer["checks"] if not check["ok"]] == ["01-key"]


def test_a_checkpoint_from_a_file(psephos: Psephos, folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(published_board().checkpoint_at(6))
    assert psephos("verify", folder, "--checkpoint", kept)[0] == 0
    other = MemoryBoard(published_board().election).start()
    other.cast(5, [[1, 0, 0, 0], [0, 0, 0]])
    kept.write_text(other.checkpoint)
    code, out, _ = psephos("verify", folder, "--checkpoint", kept)
    assert code == 1
    assert "not a prefix" in out


def test_a_checkpoint_from_standard_input(folder: Path) -> None:
    for size, code in ((6, 0), (None, 1)):
        note = published_board().checkpoint_at(size) if size else "nothing signed\n"
        ended = subprocess.run(
            [sys.executable, "-c", "from cli.main import run; run()", "verify", folder, "--checkpoint", "-"],
            input=note.encode(),
            capture_output=True,
            check=False,
        )
        assert ended.returncode == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["verify", "{bundle}", "--fingerprint", "short"],
        ["verify", "{bundle}", "--checkpoint", "{bundle}/nowhere"],
        ["verify", "{bundle}", "--jobs", "0"],
        ["verify", "{bundle}/nowhere"],
        ["verify", "{bundle}/key.json"],
        ["verify", "{bundle}", "--unknown"],
    ],
)
def test_input_that_cannot_be_used_exits_with_two(
    psephos: Psephos, folder: Path, arguments: list[str]
) -> None:
    code, out, err = psephos(*(argument.format(bundle=folder) for argument in arguments))
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


def test_unusable_input_is_a_json_object_too(psephos: Psephos, folder: Path) -> None:
    (folder / "board.jsonl").unlink()
    code, out, _ = psephos("verify", folder, "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["checks"]) == (2, False, [])
    assert "holds no board.jsonl" in answer["error"]


def test_a_fault_of_the_program_exits_with_three(
    psephos: Psephos, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise IndexError("pop from an empty list")

    monkeypatch.setattr("protocol.verification.verify_key_record", broken)
    code, out, err = psephos("verify", folder)
    assert (code, out) == (3, "")
    assert "psephos itself failed (IndexError" in err
    assert "Traceback" not in err
    code, out, _ = psephos("verify", folder, "--json")
    assert (code, json.loads(out)["ok"]) == (3, False)
    monkeypatch.setenv("PSEPHOS_DEBUG", "1")
    assert "Traceback" in psephos("verify", folder)[2]


def test_a_check_that_says_no_is_no_fault(
    psephos: Psephos, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_arguments: object) -> None:
        raise CryptoError("The key is refused.")

    monkeypatch.setattr("protocol.verification.verify_key_record", refusing)
    assert psephos("verify", folder)[0] == 1


def test_text_of_strangers_neither_steers_the_terminal_nor_is_read_as_markup(
    psephos: Psephos, tmp_path: Path
) -> None:
    manifest = make_manifest(questions=(choose_one(2),))
    data = {name: getattr(manifest, name) for name in Manifest.__struct_fields__}
    title = type(manifest.title)(en="[red]A\u200b", vi="[red]A\u200b")
    board = MemoryBoard(make_election(Manifest(**(data | {"title": title})), voters=1)).start()
    folder = write_bundle(board, tmp_path / "bundle")
    out = psephos("verify", folder)[1]
    assert "[red]A\N{REPLACEMENT CHARACTER}" in out
    (folder / "checkpoint").write_text(board.checkpoint + "— \x9b31m\u202e AAAAAAAA\n")
    code, out, _ = psephos("verify", folder)
    assert code == 1
    assert not set(out) & {"\x9b", "\u202e", "\x1b"}


def test_every_warning_has_a_sentence() -> None:
    manifest = make_manifest()
    codes = {*manifest.warnings(), *make_manifest(trustees=3).warnings()}
    codes |= set(msgspec.structs.replace(manifest, rehearsal=True).warnings())
    codes |= {"polls-extended", "codes-replaced", "sign-in-conflicts"}
    assert codes | {"closed-early", "statement-quorum-lowered"} == set(WARNINGS)

"""The lines of docs/VERIFY-BY-HAND.md, run as they stand there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.layout import lay_out
from tests.support.bundles import published_board, write_bundle
from tests.support.repository import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/VERIFY-BY-HAND.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published bundle with the lines beside it, far from the packages of Psephos."""
    folder = write_bundle(published_board(), tmp_path / "bundle")
    (folder / "by_hand.py").write_text(BLOCKS[0], encoding="utf-8")
    return folder


def run_by_hand(folder: Path) -> list[str]:
    """The printed lines. -I: neither the working folder nor PYTHONPATH is searched."""
    return subprocess.run(
        [sys.executable, "-I", "by_hand.py"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def test_the_lines_use_nothing_but_json_base64_and_phe() -> None:
    imports = re.findall(r"^(?:import|from) (.*)$", BLOCKS[0], re.MULTILINE)
    assert imports == ["base64, json", "phe.paillier import PaillierPublicKey"]
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 12


def test_the_lines_confirm_an_honest_result(folder: Path) -> None:
    lines = run_by_hand(folder)
    assert len(lines) == 2
    assert all(line.endswith(" RIGHT") for line in lines)


def test_the_number_is_read_as_the_page_says(folder: Path) -> None:
    (layout, _) = lay_out(published_board().election.manifest, published_board().election.terms.total_weight)
    plaintext = int(run_by_hand(folder)[0].split()[-2])
    names: dict[str, object] = {"plaintext": plaintext, "number_of_options": layout.slot_count}
    lines = BLOCKS[1].replace("11", str(layout.slot_bits))
    exec(lines, names)  # noqa: S102  (the very line of the page)
    assert names["digits"] == [0, 0, 2, 1]
    assert lay_out(published_board().election.manifest, 1000)[0].slot_bits == 11


@pytest.mark.parametrize("name", ["plaintext", "root", "ciphertext"])
def test_the_lines_notice_a_changed_number(folder: Path, name: str) -> None:
    result = json.loads((folder / "result.json").read_bytes())
    text = result["openings"][0][name]
    result["openings"][0][name] = text[:-2] + ("B" if text[-2] == "A" else "A") + text[-1]
    (folder / "result.json").write_text(json.dumps(result))
    first, second = run_by_hand(folder)
    assert (first.split()[-1], second.split()[-1]) == ("WRONG", "RIGHT")

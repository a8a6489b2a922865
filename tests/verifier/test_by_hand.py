"""The lines of docs/VERIFY-BY-HAND.md, run as they stand there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.layout import lay_out
from protocol.ranking import blank_ranking, ranking_values
from tests.support.boards import MemoryBoard
from tests.support.bundles import published_board, write_bundle
from tests.support.elections import make_election, make_manifest, ranking
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


def test_a_ranking_is_read_as_the_page_says(tmp_path: Path) -> None:
    board = MemoryBoard(make_election(make_manifest((ranking(4),)))).start()
    for voter, values in enumerate(
        (ranking_values((2, 1, 3, 4)), ranking_values((1, 2, 4, 3)), blank_ranking(4)), 1
    ):
        board.cast(voter, [values])
    result = board.tally([1]).report.result
    assert result is not None
    folder = write_bundle(board, tmp_path / "ranked")
    (folder / "by_hand.py").write_text(BLOCKS[0], encoding="utf-8")
    (line,) = run_by_hand(folder)
    assert line.endswith(" RIGHT")
    (layout,) = board.election.terms.layouts
    names: dict[str, object] = {"plaintext": int(line.split()[-2]), "number_of_options": 4 * 4 + 1}
    exec(BLOCKS[1].replace("11", str(layout.slot_bits)) + BLOCKS[2], names)  # noqa: S102
    assert names["rows"] == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert names["scores"] == [item.votes for item in result[0].votes[:4]] == [5, 5, 1, 1]
    digits = names["digits"]
    assert isinstance(digits, list)
    assert digits[-1] == 1


@pytest.mark.parametrize("name", ["plaintext", "root", "ciphertext"])
def test_the_lines_notice_a_changed_number(folder: Path, name: str) -> None:
    result = json.loads((folder / "result.json").read_bytes())
    text = result["openings"][0][name]
    result["openings"][0][name] = text[:-2] + ("B" if text[-2] == "A" else "A") + text[-1]
    (folder / "result.json").write_text(json.dumps(result))
    first, second = run_by_hand(folder)
    assert (first.split()[-1], second.split()[-1]) == ("WRONG", "RIGHT")

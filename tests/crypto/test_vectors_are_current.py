"""The vector files are exactly what the scripts beside them write today."""

import importlib

import pytest

from tests.vectors.files import FOLDER, rendered


@pytest.mark.parametrize(
    "name", ["checkpoint", "credential", "encoding", "merkle", "signature", "transcript", "voting_code"]
)
def test_script_and_file_agree(name: str) -> None:
    script = importlib.import_module(f"tests.vectors.make_{name}")
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == rendered(script.vectors())

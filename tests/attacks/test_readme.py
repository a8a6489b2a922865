"""The tables of README.md name tests that exist."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

FOLDER = Path(__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_named_test_exists() -> None:
    named = re.findall(r"`([./a-z_0-9]+\.py)::(test_[a-z_0-9]+)`", TEXT)
    assert len(named) > 30
    for file, name in named:
        tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in defined, f"{file}::{name}"


def test_every_villain_and_every_check_is_listed() -> None:
    patterns = re.findall(r"`(test_malicious_[a-z]+\*\.py)`", TEXT)
    for file in FOLDER.glob("test_malicious_*.py"):
        assert any(fnmatch(file.name, pattern) for pattern in patterns), file.name
    listed = re.findall(r"^\| (\d\d)-[a-z-]+ \|", TEXT, flags=re.MULTILINE)
    assert listed == [f"{number:02d}" for number in range(1, 13)]

"""The repository as the tests of its rules see it: its root, its rooms, its files, what each file imports."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ROOMS = frozenset(
    {
        "audits",
        "board",
        "cli",
        "consultation",
        "crypto",
        "identity",
        "mail",
        "paper",
        "protocol",
        "rehearsal",
        "storage",
        "tally",
        "trustee",
        "verifier",
        "voting",
        "web",
    }
)


@cache
def tracked_files() -> tuple[str, ...]:
    """Paths, relative to the root, of all files that Git knows or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(sorted(path for path in listing.stdout.split("\0") if path and (ROOT / path).is_file()))


def python_files(room: str) -> list[str]:
    """The Python files of one top-level folder."""
    return [path for path in tracked_files() if path.startswith(f"{room}/") and path.endswith(".py")]


def imported_packages(path: str) -> Iterator[tuple[str, int]]:
    """(top-level package, line) of every import in a file, wherever in the file it stands."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.partition("/")[0] if node.level else (node.module or "").partition(".")[0]
            yield package, node.lineno

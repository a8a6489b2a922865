"""Reading and writing the vector files beside this module."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def rendered(vectors: dict[str, Any]) -> str:
    """A vector file's exact text."""
    return json.dumps(vectors, ensure_ascii=True, indent=1) + "\n"


def write_vectors(name: str, vectors: dict[str, Any]) -> None:
    """Write `name`.json."""
    (FOLDER / f"{name}.json").write_text(rendered(vectors), encoding="utf-8")


def read_vectors(name: str) -> Any:
    """The content of `name`.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))

"""An office in which an election is being prepared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drafts import Preparing, begin


@pytest.fixture
def preparing(database_url: str, tmp_path: Path) -> Iterator[Preparing]:
    """An empty draft, on SQLite and on PostgreSQL."""
    made = begin(database_url, tmp_path / "secrets")
    yield made
    made.office.engine.dispose()

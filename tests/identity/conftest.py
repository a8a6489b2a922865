"""A desk on a database of its own: `desk` on SQLite, `desk_anywhere` on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desks import DeskUnderTest, desk_under_test


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskUnderTest]:
    """On SQLite."""
    with desk_under_test(f"sqlite:///{tmp_path / 'site.db'}", tmp_path) as opened:
        yield opened


@pytest.fixture
def desk_anywhere(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    """On SQLite and on PostgreSQL."""
    with desk_under_test(database_url, tmp_path) as opened:
        yield opened

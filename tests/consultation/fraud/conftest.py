"""A desk on a database of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desks import DeskUnderTest, desk_under_test


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(f"sqlite:///{tmp_path / 'fraud.db'}", tmp_path) as under_test:
        yield under_test


@pytest.fixture
def both(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    """The same on SQLite and on PostgreSQL."""
    with desk_under_test(database_url, tmp_path) as under_test:
        yield under_test

"""Petitions on a small database: on both where locks or SQL decide, else on SQLite, once for each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.petitions import PetitionsUnderTest, petitions_under_test


@pytest.fixture
def room(database_url: str, tmp_path: Path) -> Iterator[PetitionsUnderTest]:
    with petitions_under_test(database_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PetitionsUnderTest]:
    folder = tmp_path_factory.mktemp("petitions")
    with petitions_under_test(f"sqlite:///{folder / 'site.db'}", folder) as made:
        yield made

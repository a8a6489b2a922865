"""Desks with moderators."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.moderated import Moderated, migrated, moderated


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("moderation"))


@pytest.fixture
def here(blank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moderated]:
    copy = shutil.copy(blank, tmp_path / "site.db")
    with moderated(f"sqlite:///{copy}", tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def everywhere(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moderated]:
    """The same on both databases."""
    with moderated(database_url, tmp_path, monkeypatch) as found:
        yield found

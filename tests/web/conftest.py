"""The application with example pages, and a reader that parses what it answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.examples import SITE, ExamplePages
from web.app import create_app
from web.settings import Settings

SETTINGS = Settings(
    base_url="http://localhost:8000",
    host="127.0.0.1",
    port=8000,
    database_url="sqlite:///unused.db",
    secrets=Path("unused"),
    name=SITE.name,
    authority=SITE.authority,
    help_line=SITE.help_line,
)


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """A client that follows no redirect."""
    with TestClient(
        create_app(SETTINGS, ExamplePages()), base_url="http://localhost:8000", follow_redirects=False
    ) as running:
        yield running

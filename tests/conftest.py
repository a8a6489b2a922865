"""Fixtures for every room: `database_url`, `postgres_url`, `browser`, `context`, `page`."""

pytest_plugins = ["tests.support.postgres", "tests.support.chromium"]

"""Fixtures for every room: `database_url`, `postgres_url`, `office`, `shared_office`, `browser`, `context`, `page`."""

pytest_plugins = ["tests.support.postgres", "tests.support.chromium", "tests.support.offices"]

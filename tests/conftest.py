"""Fixtures for every room: databases, offices with elections, browsers."""

import pytest

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.databases",
    "tests.support.chromium",
    "tests.support.keys",
    "tests.support.offices",
    "tests.support.signed_in",
]

LONGEST_NAMED_BITS = 64


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Large numbers are named by their argument: they come from fresh keys, and names must not change between runs."""
    if isinstance(val, int) and val.bit_length() > LONGEST_NAMED_BITS:
        return argname
    return None

"""Fixtures for every room: databases, offices with elections, browsers."""

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.databases",
    "tests.support.chromium",
    "tests.support.keys",
    "tests.support.offices",
    "tests.support.signed_in",
]

# Times tell of what else the machine does, not of what is tested.
settings.register_profile("psephos", deadline=None)
settings.load_profile("psephos")

LONGEST_NAMED_BITS = 64


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Large numbers are named by their argument: they come from fresh keys, and names must not change between runs."""
    if isinstance(val, int) and val.bit_length() > LONGEST_NAMED_BITS:
        return argname
    return None

"""Trial elections."""

from collections.abc import Iterator

import pytest

from tests.support.remembered import remembered_arithmetic


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """Each test here does much of what the last one did."""
    with remembered_arithmetic():
        yield

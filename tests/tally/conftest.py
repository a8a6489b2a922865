"""Offices with elections of several trustees."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.elections import TestElection
from tests.support.hostile import threshold_election
from tests.support.offices import OfficeUnderTest, make_office
from tests.support.remembered import remembered_arithmetic

MakeOffice = Callable[[TestElection], OfficeUnderTest]


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """Each test here does much of what the last one did."""
    with remembered_arithmetic():
        yield


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[MakeOffice]:
    """Makes the office of an open election, on SQLite and on PostgreSQL; one in each test."""
    made: list[OfficeUnderTest] = []

    def office_of(election: TestElection) -> OfficeUnderTest:
        made.append(make_office(database_url, tmp_path / "secrets", election))
        return made[-1]

    yield office_of
    for each in made:
        each.engine.dispose()


@pytest.fixture
def three(make: MakeOffice) -> OfficeUnderTest:
    """2 of 3 trustees, areas north, south and sea; two ballots in the north, one in the south."""
    office = make(threshold_election())
    for voter, choice in ((1, (1, 0, 0)), (2, (0, 1, 0)), (3, (0, 1, 0))):
        office.cast(voter, (choice,))
    return office

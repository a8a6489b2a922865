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
def make(either_database_url: str, tmp_path: Path) -> Iterator[MakeOffice]:
    """Makes the office of an open election, on one of the two databases; one in each test.

    What a database could do differently is tested on both: `three_on_each`.
    """
    yield from _makes(either_database_url, tmp_path / "secrets")


def _makes(database_url: str, secrets: Path) -> Iterator[MakeOffice]:
    made: list[OfficeUnderTest] = []

    def office_of(election: TestElection) -> OfficeUnderTest:
        made.append(make_office(database_url, secrets, election))
        return made[-1]

    yield office_of
    for each in made:
        each.engine.dispose()


@pytest.fixture
def three(make: MakeOffice) -> OfficeUnderTest:
    """2 of 3 trustees, areas north, south and sea; two ballots in the north, one in the south."""
    return _with_three_ballots(make)


@pytest.fixture
def three_on_each(database_url: str, tmp_path: Path) -> Iterator[OfficeUnderTest]:
    """The same on SQLite, and on PostgreSQL."""
    for make in _makes(database_url, tmp_path / "secrets"):
        yield _with_three_ballots(make)


def _with_three_ballots(make: MakeOffice) -> OfficeUnderTest:
    office = make(threshold_election())
    for voter, choice in ((1, (1, 0, 0)), (2, (0, 1, 0)), (3, (0, 1, 0))):
        office.cast(voter, (choice,))
    return office

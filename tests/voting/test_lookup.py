"""Lookups beside those that the API tests read: all bits of a tracker, turnout by area."""

from pathlib import Path

import pytest

from storage.session import reading
from tests.support.hostile import threshold_election
from tests.support.offices import OfficeUnderTest, make_office
from voting.errors import CodeNotFound
from voting.lookup import Turnout, find_by_tracker, turnout, turnout_by_area
from voting.office import find_election


@pytest.fixture
def areas(database_url: str, tmp_path: Path) -> OfficeUnderTest:
    """Voters 1, 3, 5 live in the north, 2 and 4 in the south, nobody on the sea."""
    return make_office(database_url, tmp_path / "secrets", threshold_election())


def test_turnout_counts_people_once_and_ballots_all(areas: OfficeUnderTest) -> None:
    areas.cast(1, [(1, 0, 0)])
    areas.cast(1, [(0, 1, 0)], 2)
    areas.cast(3, [(0, 1, 0)])
    with reading(areas.engine) as session:
        row = find_election(session, areas.id)
        assert turnout(session, row) == Turnout(voters=5, voted=2, ballots=3)
        assert turnout_by_area(session, row) == {"north": Turnout(3, 2, 3), "south": Turnout(2, 0, 0)}
    areas.engine.dispose()


def test_a_tracker_is_found_by_all_its_bits(areas: OfficeUnderTest) -> None:
    answer = areas.cast(2, [(1, 0, 0)])
    tracker = answer.leaf.digest_bytes
    with reading(areas.engine) as session:
        row = find_election(session, areas.id)
        record, index = find_by_tracker(session, row, tracker)
        assert index == answer.index
        assert [ballot.index for ballot in record.ballots] == [answer.index]
        for other in (tracker[:-1] + bytes([tracker[-1] ^ 1]), b"", tracker[:16]):
            with pytest.raises(CodeNotFound):
                find_by_tracker(session, row, other)
    areas.engine.dispose()

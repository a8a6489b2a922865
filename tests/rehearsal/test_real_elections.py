"""Invented voters and the server's own keys have no place in a real election."""

from collections.abc import Callable

import pytest

from rehearsal.trial_run import NotATrial, cast_for_invented_voters, codes_to_try, count_trial
from tests.support.offices import OfficeUnderTest
from voting.office import Office

DEEDS: tuple[Callable[[Office, str], object], ...] = (
    codes_to_try,
    count_trial,
    lambda office, election: cast_for_invented_voters(office, election, 1),
)


@pytest.mark.parametrize("deed", DEEDS, ids=["codes", "count", "votes"])
def test_a_real_election_is_left_alone(
    office: OfficeUnderTest, deed: Callable[[Office, str], object]
) -> None:
    before = office.everything()
    with pytest.raises(NotATrial):
        deed(office.office, office.id)
    assert office.everything() == before

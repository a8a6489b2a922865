"""The clock opens, closes and multiplies; a server that slept does at once what it missed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from protocol.leaf import Kind
from protocol.text import parse_time
from tally.clock import Deed, keep_time, leave_opening_to_official
from tests.support.elections import CLOSES, OPENS
from tests.support.offices import FIRST, OfficeUnderTest, make_office
from voting.errors import WrongState
from voting.office import State
from voting.preparation import open_polls

SECOND = timedelta(seconds=1)


@pytest.fixture
def frozen(database_url: str, tmp_path: Path) -> OfficeUnderTest:
    """A frozen election a second before it opens."""
    return make_office(database_url, tmp_path / "secrets", until=State.FROZEN, now=parse_time(OPENS) - SECOND)


def deeds(office: OfficeUnderTest) -> list[Deed]:
    """What the clock does now."""
    return [done.deed for done in keep_time(office.office)]


def test_each_deed_has_its_second(frozen: OfficeUnderTest) -> None:
    assert deeds(frozen) == []
    frozen.clock.now = parse_time(OPENS)
    assert deeds(frozen) == [Deed.OPEN]
    assert deeds(frozen) == []
    frozen.cast(1, FIRST)
    frozen.clock.now = parse_time(CLOSES) - SECOND
    assert deeds(frozen) == []
    frozen.clock.now = parse_time(CLOSES)
    assert deeds(frozen) == [Deed.CLOSE, Deed.AGGREGATE]
    assert deeds(frozen) == []
    assert frozen.kinds()[-3:] == [Kind.BALLOT, Kind.CLOSING, Kind.AGGREGATES]


def test_a_server_that_slept_through_it_all(frozen: OfficeUnderTest) -> None:
    frozen.clock.now = parse_time(CLOSES) + timedelta(days=1)
    assert deeds(frozen) == [Deed.OPEN, Deed.CLOSE, Deed.AGGREGATE]


def test_an_official_opens_by_hand(frozen: OfficeUnderTest) -> None:
    leave_opening_to_official(frozen.office, frozen.id, by_hand=True)
    frozen.clock.now = parse_time(OPENS)
    assert deeds(frozen) == []
    open_polls(frozen.office, frozen.id, "Lê Văn An")
    with pytest.raises(WrongState):
        leave_opening_to_official(frozen.office, frozen.id, by_hand=False)
    frozen.clock.now = parse_time(CLOSES)
    assert deeds(frozen) == [Deed.CLOSE, Deed.AGGREGATE]


def test_several_servers_keep_time_at_once(frozen: OfficeUnderTest) -> None:
    frozen.clock.now = parse_time(CLOSES)
    with ThreadPoolExecutor(4) as servers:
        answers = list(servers.map(lambda _: deeds(frozen), range(4)))
    assert sorted(deed for answer in answers for deed in answer) == [Deed.AGGREGATE, Deed.CLOSE, Deed.OPEN]
    assert frozen.kinds()[-3:] == [Kind.POLLS_OPENED, Kind.CLOSING, Kind.AGGREGATES]


def test_an_election_without_keys_does_not_hold_up_others(
    frozen: OfficeUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    for file in frozen.secrets.glob("*.server.key"):
        file.unlink()
    frozen.office.__dict__["_keys"].clear()
    frozen.clock.now = parse_time(CLOSES)
    assert deeds(frozen) == []
    assert "could not open" in caplog.text
    assert frozen.state() is State.FROZEN

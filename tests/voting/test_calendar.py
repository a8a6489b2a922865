"""Local times: one moment, none, or two."""

from datetime import UTC, date, datetime, time

import pytest

from voting.calendar import (
    CalendarFault,
    NoSuchTime,
    NotADate,
    NotATime,
    TwiceThatDay,
    UnknownZone,
    far_ahead,
    local_moment,
    moment,
    read_date,
    read_time,
    resolve,
    zone,
    zone_names,
)
from voting.draft_document import LocalMoment


@pytest.mark.parametrize(
    ("name", "day", "clock", "utc"),
    [
        ("Asia/Ho_Chi_Minh", date(2026, 11, 29), time(20, 0), "2026-11-29T13:00"),
        ("Europe/Tallinn", date(2026, 7, 1), time(0, 0), "2026-06-30T21:00"),
        ("Europe/Tallinn", date(2026, 3, 29), time(2, 59), "2026-03-29T00:59"),
        ("Europe/Tallinn", date(2026, 3, 29), time(4, 0), "2026-03-29T01:00"),
        ("America/New_York", date(2026, 11, 1), time(0, 59), "2026-11-01T04:59"),
        ("Asia/Kathmandu", date(2026, 1, 1), time(5, 45), "2026-01-01T00:00"),
        ("UTC", date(2026, 2, 28), time(23, 59), "2026-02-28T23:59"),
    ],
)
def test_an_ordinary_time_is_one_moment(name: str, day: date, clock: time, utc: str) -> None:
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    for fold in (None, 0, 1):
        assert moment(day, clock, zone(name), fold) == expected


@pytest.mark.parametrize(
    ("name", "day", "clock", "before", "after"),
    [
        ("Europe/Tallinn", date(2026, 3, 29), time(3, 30), "2026-03-29T03:00", "2026-03-29T04:00"),
        ("Europe/Tallinn", date(2026, 3, 29), time(3, 0), "2026-03-29T03:00", "2026-03-29T04:00"),
        ("Europe/Tallinn", date(2026, 3, 29), time(3, 59), "2026-03-29T03:00", "2026-03-29T04:00"),
        ("America/New_York", date(2026, 3, 8), time(2, 15), "2026-03-08T02:00", "2026-03-08T03:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0, 30), "2018-11-04T00:00", "2018-11-04T01:00"),
        # Half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-04T02:00", "2026-10-04T02:30"),
        # A rule with a negative offset of its winter time.
        ("Europe/Dublin", date(2026, 3, 29), time(1, 30), "2026-03-29T01:00", "2026-03-29T02:00"),
        # Samoa left out a whole day.
        ("Pacific/Apia", date(2011, 12, 30), time(12, 0), "2011-12-30T00:00", "2011-12-31T00:00"),
    ],
)
def test_a_time_that_the_clocks_skip_names_the_jump(
    name: str, day: date, clock: time, before: str, after: str
) -> None:
    for fold in (None, 0, 1):
        with pytest.raises(NoSuchTime) as refused:
            moment(day, clock, zone(name), fold)
        assert refused.value.before == datetime.fromisoformat(before)
        assert refused.value.after == datetime.fromisoformat(after)


@pytest.mark.parametrize(
    ("name", "day", "clock", "first", "second"),
    [
        ("Europe/Tallinn", date(2026, 10, 25), time(3, 30), "2026-10-25T00:30", "2026-10-25T01:30"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30", "2026-11-01T06:30"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45", "2026-04-04T15:15"),
        ("Europe/Dublin", date(2026, 10, 25), time(1, 30), "2026-10-25T00:30", "2026-10-25T01:30"),
    ],
)
def test_a_time_that_comes_twice_is_asked_for(
    name: str, day: date, clock: time, first: str, second: str
) -> None:
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, second)]
    with pytest.raises(TwiceThatDay) as refused:
        moment(day, clock, zone(name))
    assert [refused.value.first, refused.value.second] == moments
    assert [moment(day, clock, zone(name), fold) for fold in (0, 1)] == moments


def test_the_edges_of_an_overlap_are_single() -> None:
    place = zone("Europe/Tallinn")
    assert moment(date(2026, 10, 25), time(2, 59), place).hour == 23
    assert moment(date(2026, 10, 25), time(4, 0), place).hour == 2


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "localtime", "EST5EDT", "Etc/GMT+7"])
def test_a_zone_that_no_place_has_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_every_zone_that_can_be_chosen_works() -> None:
    assert zone_names()[0] == "UTC"
    assert {"Asia/Ho_Chi_Minh", "Europe/Tallinn", "America/Argentina/Ushuaia"} <= set(zone_names())
    for name in zone_names():
        assert moment(date(2026, 6, 15), time(12, 0), zone(name)).tzinfo is UTC


@pytest.mark.parametrize(
    "typed",
    [("31", "2", "2026"), ("", "1", "2026"), ("1", "13", "2026"), ("1", "1", "26"), ("٣", "1", "2026")],
)
def test_a_day_that_no_calendar_has_is_refused(typed: tuple[str, str, str]) -> None:
    with pytest.raises(NotADate):
        read_date(*typed)


def test_a_day_is_read_with_and_without_zeros() -> None:
    assert read_date(" 9", "02", "2028 ") == date(2028, 2, 9)
    assert read_date("29", "2", "2028") == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("typed", "read"),
    [("20:00", time(20)), ("7.30", time(7, 30)), ("20h", time(20)), ("20g15", time(20, 15)), ("8", time(8))],
)
def test_a_time_is_read_as_people_write_it(typed: str, read: time) -> None:
    assert read_time(typed) == read


@pytest.mark.parametrize("typed", ["", "24:00", "7:60", "noon", "7:5", "٧:٠٠", "20:00:00", "-1:00"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(NotATime):
        read_time(typed)


def test_what_was_written_down_is_the_same_moment_again() -> None:
    place = zone("Europe/Tallinn")
    for hour in (0, 1):
        at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert resolve(local_moment(at, place), place) == at
    with pytest.raises(CalendarFault):
        resolve(LocalMoment(date="2026-02-30", fold=0, time="12:00"), place)


def test_a_mistyped_year_is_far_ahead() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    assert far_ahead(date(2062, 1, 1), now)
    assert not far_ahead(date(2027, 1, 1), now)

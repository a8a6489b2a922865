"""Local times and their zone: what a clock on the wall says, and which moment that is.

Twice a year many clocks jump. A time inside a gap does not exist on that day; a time inside an overlap exists twice,
and then the official has to say which is meant. Nothing is guessed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from voting.draft_document import LocalMoment

_REGIONS: Final = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
_TIME: Final = re.compile(r"([0-9]{1,2})(?:[:.hg]([0-9]{2})?)?")
_DIGITS: Final = re.compile(r"[0-9]{1,4}")
YEARS_AHEAD_MAX: Final = 10


class CalendarFault(Exception):
    """A date or time that cannot be used. `code` is stable; the sentence is the page's."""

    code = "calendar"


class NotADate(CalendarFault):
    """Day, month and year that no calendar has."""

    code = "not-a-date"


class NotATime(CalendarFault):
    """No hour and minute."""

    code = "not-a-time"


class UnknownZone(CalendarFault):
    """No zone of the time zone database."""

    code = "unknown-zone"


class NoSuchTime(CalendarFault):
    """The clocks jump over this time. before, after: what they say at the jump (local, without a zone)."""

    code = "no-such-time"

    def __init__(self, before: datetime, after: datetime) -> None:
        super().__init__(f"Clocks go from {before} to {after}.")
        self.before, self.after = before, after


class TwiceThatDay(CalendarFault):
    """The clocks say this time twice. first, second: the two moments, UTC."""

    code = "twice-that-day"

    def __init__(self, first: datetime, second: datetime) -> None:
        super().__init__(f"{first} or {second}?")
        self.first, self.second = first, second


@dataclass(frozen=True)
class Span:
    """Opening and closing, aware UTC; None while it is not decided or cannot be used."""

    opens: datetime | None
    closes: datetime | None


@cache
def zone_names() -> tuple[str, ...]:
    """Zones that can be chosen: those named after a place, and UTC; sorted."""
    places = (name for name in available_timezones() if name.startswith(_REGIONS))
    return ("UTC", *sorted(places))


def zone(name: str) -> ZoneInfo:
    """Raises: UnknownZone."""
    if name not in zone_names():
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(name) from error


def read_date(day: str, month: str, year: str) -> date:
    """A day as three fields give it, digits only. Raises: NotADate."""
    parts = [part.strip() for part in (day, month, year)]
    if not all(_DIGITS.fullmatch(part) for part in parts) or len(parts[2]) != 4:
        raise NotADate(f"{day}/{month}/{year}")
    try:
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    except ValueError as error:
        raise NotADate(f"{day}/{month}/{year}") from error


def read_time(typed: str) -> time:
    """An hour and minute as people write them: 20:00, 20.00, 20h, 20g30, 8. Raises: NotATime."""
    found = _TIME.fullmatch(typed.strip().lower())
    try:
        if found is None:
            raise NotATime(typed)
        return time(int(found[1]), int(found[2] or 0))
    except ValueError as error:
        raise NotATime(typed) from error


def moment(day: date, clock: time, place: ZoneInfo, fold: int | None = None) -> datetime:
    """The one moment, UTC, at which clocks in `place` say this.

    fold: 0 or 1 says which of two is meant, where there are two; elsewhere it changes nothing.
    Raises: NoSuchTime, TwiceThatDay (only for fold None), NotADate at the edges of the calendar.
    """
    wall = datetime.combine(day, clock)
    early, late = (_offset(wall, place, number) for number in (0, 1))
    try:
        if early < late:  # the offset grows while the clocks jump ahead: `wall` is in the gap
            jump = _transition(wall - late, wall - early, place)
            raise NoSuchTime(jump + early, jump + late)
        first, second = ((wall - offset).replace(tzinfo=UTC) for offset in (early, late))
    except OverflowError as error:
        raise NotADate(str(day)) from error
    if early > late and fold is None:
        raise TwiceThatDay(first, second)
    return second if fold == 1 else first


def local_moment(moment_utc: datetime, place: ZoneInfo) -> LocalMoment:
    """What the clocks in `place` say at an aware moment, cut to the minute."""
    wall = moment_utc.astimezone(place)
    return LocalMoment(date=wall.date().isoformat(), fold=wall.fold, time=wall.strftime("%H:%M"))


def resolve(local: LocalMoment, place: ZoneInfo) -> datetime:
    """The moment, UTC, that was written down. Raises: CalendarFault, when the zone's rules were changed since."""
    try:
        day, clock = date.fromisoformat(local.date), time.fromisoformat(local.time)
    except ValueError as error:
        raise NotADate(local.date) from error
    return moment(day, clock, place, local.fold)


def far_ahead(day: date, now: datetime) -> bool:
    """Whether a year was probably mistyped."""
    return day.year > now.year + YEARS_AHEAD_MAX


def _offset(wall: datetime, place: ZoneInfo, fold: int) -> timedelta:
    return wall.replace(tzinfo=place, fold=fold).utcoffset() or timedelta()


def _transition(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The UTC second (naive) between `low` and `high` at which the offset changes; they lie around one change."""

    def offset(utc: datetime) -> timedelta:
        return utc.replace(tzinfo=UTC).astimezone(place).utcoffset() or timedelta()

    before = offset(low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return high

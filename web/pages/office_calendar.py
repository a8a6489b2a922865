"""The calendar of a draft as a form: local times of a chosen zone that exist, once, and lie ahead."""

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from protocol.manifest import EXTENSION_SECONDS_MAX
from voting import calendar
from voting.calendar import CalendarFault, NoSuchTime, TwiceThatDay, UnknownZone
from voting.draft_document import OBJECTION_SECONDS_MAX, CalendarPart, LocalMoment
from web import formats
from web.forms import Form
from web.i18n import N_
from web.pages.office_forms import Filled

ZONE_MISSING: Final = N_("Choose the time zone in which the vote is held")
TIME_MISSING: Final = N_("Enter the time, such as 20:00")
GAP: Final = N_(
    "This time does not exist on that day: clocks go from %(before)s to %(after)s. Choose an earlier or a later one."
)
TWICE: Final = N_("Clocks go back that day and show this time twice. Choose below which one is meant.")
PAST: Final = N_("This time has passed. Choose one in the future.")
YEAR: Final = N_("This is many years ahead. Compare the year.")
CLOSES_EARLY: Final = N_("Voting must close after it opens. Choose a later time.")
HOURS: Final = N_("Write hours as a number from 0 to %(most)s, such as 24 or 1.5")
_HOURS: Final = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,2})?")


def fill_calendar(part: CalendarPart) -> Filled:
    """The form of the calendar."""
    return {
        "zone": part.time_zone,
        **_fill_moment("opens", part.opens),
        **_fill_moment("closes", part.closes),
        "extension": _hours(part.extension_seconds),
        "objection": _hours(part.objection_seconds),
    }


def read_calendar(form: Form, now: datetime) -> CalendarPart | None:
    """The calendar, if each time that is given exists, once, in the future."""
    extension = _read_hours(form, "extension", EXTENSION_SECONDS_MAX)
    objection = _read_hours(form, "objection", OBJECTION_SECONDS_MAX)
    name = form.value("zone")
    try:
        place = calendar.zone(name) if name else None
    except UnknownZone:
        place = None
    if place is None:
        form.wrong("zone", form.say(ZONE_MISSING))
        return None
    locals_, moments = [], []
    for field in ("opens", "closes"):
        local, moment = _read_moment(form, field, place, now)
        locals_.append(local)
        moments.append(moment)
    opens, closes = moments
    if opens is not None and closes is not None and closes <= opens:
        form.wrong("closes", form.say(CLOSES_EARLY), "closes-day")
    if not form.ok:
        return None
    return CalendarPart(
        closes=locals_[1],
        extension_seconds=extension,
        objection_seconds=objection,
        opens=locals_[0],
        time_zone=name,
    )


def twice(form: Form, field: str) -> tuple[tuple[str, str], ...]:
    """The two moments to choose from when the clocks show a time twice: (value, GMT offset); else nothing."""
    try:
        place = calendar.zone(form.value("zone"))
        day = calendar.read_date(*(form.value(f"{field}-{part}") for part in ("day", "month", "year")))
        calendar.moment(day, calendar.read_time(form.value(f"{field}-time")), place)
    except TwiceThatDay as found:
        pair = (found.first.astimezone(place), found.second.astimezone(place))
        return tuple((str(fold), formats.zone_label(moment)) for fold, moment in enumerate(pair))
    except CalendarFault:
        pass
    return ()


def _fill_moment(field: str, local: LocalMoment | None) -> dict[str, str]:
    if local is None:
        return {}
    year, month, day = local.date.split("-")
    return {
        f"{field}-day": str(int(day)),
        f"{field}-month": str(int(month)),
        f"{field}-year": year,
        f"{field}-time": local.time,
        f"{field}-fold": str(local.fold),
    }


def _read_moment(
    form: Form, field: str, place: ZoneInfo, now: datetime
) -> tuple[LocalMoment | None, datetime | None]:
    day = form.day(field)
    typed = form.value(f"{field}-time").strip()
    if day is None:
        return None, None
    if not typed:
        form.wrong(field, form.say(TIME_MISSING), f"{field}-time")
        return None, None
    fold = {"0": 0, "1": 1}.get(form.value(f"{field}-fold"))
    try:
        clock = calendar.read_time(typed)
        moment = calendar.moment(day, clock, place, fold)
    except NoSuchTime as gap:
        same_day = gap.before.date() == gap.after.date()
        before, after = (
            formats.clock(wall) if same_day else f"{formats.clock(wall)} {formats.date(wall, form.language)}"
            for wall in (gap.before, gap.after)
        )
        form.wrong(field, form.say(GAP, before=before, after=after), f"{field}-time")
    except TwiceThatDay:
        form.wrong(field, form.say(TWICE), f"{field}-fold")
    except CalendarFault:
        form.wrong(field, form.say(TIME_MISSING), f"{field}-time")
    else:
        if calendar.far_ahead(day, now):
            form.wrong(field, form.say(YEAR), f"{field}-year")
        elif moment <= now:
            form.wrong(field, form.say(PAST), f"{field}-day")
        else:
            return LocalMoment(date=day.isoformat(), fold=fold or 0, time=f"{clock:%H:%M}"), moment
    return None, None


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:.2f}".rstrip("0").rstrip(".")


def _read_hours(form: Form, name: str, most_seconds: int) -> int:
    typed = form.text(name, most=20) or "0"
    if _HOURS.fullmatch(typed):
        seconds = round(float(typed.replace(",", ".")) * 3600)
        if seconds <= most_seconds:
            return seconds
    form.wrong(name, form.say(HOURS, most=most_seconds // 3600))
    return 0

"""Numbers, shares, times and codes as each language writes them.

Every time is shown in the election's own zone, and the long forms name it.
"""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from web.i18n import Language

WEEKDAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "vi": ("Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"),
}
"""From Sunday, as JavaScript counts."""
MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "vi": tuple(f"{month:02}" for month in range(1, 13)),
}
FULL_MOMENT: Final[dict[Language, str]] = {
    "en": "{weekday} {day} {month} {year}, {time} ({zone})",
    "vi": "{time} {weekday}, {day}/{month}/{year} ({zone})",
}
"""What the browser client fills for a time that only it knows."""


def number(value: int, language: Language) -> str:
    """3,987 or 3.987."""
    return f"{value:,}".replace(",", "." if language == "vi" else ",")


def percent(share: Fraction, language: Language) -> str:
    """A share in percent with one decimal, rounded half up: 47.4% or 47,4%."""
    tenths = int(share * 1000 + Fraction(1, 2))
    return f"{tenths // 10}{',' if language == 'vi' else '.'}{tenths % 10}%"


def place(position: int, language: Language) -> str:
    """A position in a ranking, from 1: 1st, 2nd, 3rd, 4th … (up to 10th), or Hạng 1."""
    if language == "vi":
        return f"Hạng {position}"
    return f"{position}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(position, 'th') }"


def width(share: Fraction) -> str:
    """The length of a bar as an SVG attribute, always with a point."""
    return f"{float(share * 100):.2f}%"


def zone_of(name: str) -> ZoneInfo:
    """The named IANA zone, or UTC where this machine does not know it (it is for display only)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zone_label(moment: datetime) -> str:
    """GMT+7, GMT+5:30, GMT: what people here call the zone of an aware local time."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    if not hours and not minutes:
        return "GMT"
    return f"GMT{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def clock(local: datetime) -> str:
    """7:00, 20:00."""
    return f"{local.hour}:{local.minute:02}"


def full(local: datetime, language: Language) -> str:
    """Sunday 29 November 2026, 20:00 · 20:00 Chủ nhật, 29/11/2026 (without the zone)."""
    weekday = WEEKDAYS[language][local.isoweekday() % 7]
    if language == "vi":
        return f"{clock(local)} {weekday}, {local.day:02}/{local.month:02}/{local.year}"
    return f"{weekday} {local.day} {MONTHS['en'][local.month - 1]} {local.year}, {clock(local)}"


def day_time(local: datetime, language: Language) -> str:
    """29 November, 20:00 · 20:00 ngày 29/11."""
    if language == "vi":
        return f"{clock(local)} ngày {local.day:02}/{local.month:02}"
    return f"{local.day} {MONTHS['en'][local.month - 1]}, {clock(local)}"


def date(local: datetime, language: Language) -> str:
    """18 October 2026 · 18/10/2026."""
    if language == "vi":
        return f"{local.day:02}/{local.month:02}/{local.year}"
    return f"{local.day} {MONTHS['en'][local.month - 1]} {local.year}"


def short_date(local: datetime, language: Language) -> str:
    """9 Nov · 09/11."""
    if language == "vi":
        return f"{local.day:02}/{local.month:02}"
    return f"{local.day} {MONTHS['en'][local.month - 1][:3]}"


def short_moment(local: datetime, language: Language) -> str:
    """29 Nov, 20:00 · 29/11, 20:00 (in lists and calendars)."""
    return f"{short_date(local, language)}, {clock(local)}"


def month_name(local: datetime, language: Language) -> str:
    """Nov · tháng 11 (beside a large day)."""
    return f"tháng {local.month}" if language == "vi" else MONTHS["en"][local.month - 1][:3]


def megabytes(size_bytes: int, language: Language) -> str:
    """24 MB, 1.2 MB, 96 kB; decimal units, as download pages of operating systems show them."""
    point = "," if language == "vi" else "."
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    if size_bytes < 10_000_000:
        whole, tenth = divmod(round(size_bytes / 100_000), 10)
        return f"{whole}{point}{tenth} MB"
    return f"{number(round(size_bytes / 1_000_000), language)} MB"


def groups(code: str) -> tuple[str, ...]:
    """The groups of a display code, which `-` joins."""
    return tuple(code.split("-"))

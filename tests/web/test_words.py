"""Numbers, times and words as each language writes them; no English on Vietnamese pages."""

import re
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from starlette.testclient import TestClient

from tests.web.paths import ERRORS, PAGES
from tests.web.reader import Page
from web import formats
from web.i18n import preferred
from web.links import Links, in_other_language

EVENING = datetime(2026, 11, 29, 13, tzinfo=UTC).astimezone(formats.zone_of("Asia/Ho_Chi_Minh"))

# Words that no English sentence does without, and that are no Vietnamese syllable.
ENGLISH = re.compile(
    r"\b(?:the|and|is|of|your|you|this|with|was|for|not|are|from|it|has|have|ballot|vote|board)\b",
    re.IGNORECASE,
)
# Commands, names and placeholders stay as they are.
NAMES = re.compile(r"check-challenge|psephos\S*|VERIFY-BY-HAND|\{[a-z]+\}")


@pytest.mark.parametrize("name", [*PAGES, *ERRORS])
def test_a_vietnamese_page_has_no_english_sentence(client: TestClient, name: str) -> None:
    page = Page(client.get(f"/vi{(PAGES | ERRORS)[name]}").text)
    assert page.visible
    english = [words for words in page.visible if ENGLISH.search(NAMES.sub("", words))]
    assert not english


def test_the_search_for_english_finds_it(client: TestClient) -> None:
    visible = Page(client.get("/en/").text).visible
    assert sum(bool(ENGLISH.search(words)) for words in visible) > 5


@pytest.mark.parametrize("name", PAGES)
def test_the_texts_of_the_script_are_vietnamese_too(client: TestClient, name: str) -> None:
    page = Page(client.get(f"/vi{PAGES[name]}").text)
    for script in page.all("script"):
        if script.attributes.get("id") == "page-data":
            for text in re.findall(r'"(?:[a-z-]+\.)+[a-z-]+":"([^"]*)"', "".join(script.words)):
                assert not ENGLISH.search(NAMES.sub("", text)), text


@pytest.mark.parametrize("name", PAGES)
def test_the_font_has_every_letter(client: TestClient, name: str) -> None:
    """Whatever Be Vietnam Pro lacks would be drawn in another face: arrows and ticks are pictures instead."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415

    from web.assets import FOLDER  # noqa: PLC0415

    letters = set(TTFont(FOLDER / "fonts/be-vietnam-pro-400.woff2").getBestCmap())
    for language in ("en", "vi"):
        page = Page(client.get(f"/{language}{PAGES[name]}").text)
        lacking = {letter for words in page.visible for letter in words if ord(letter) not in letters}
        assert not lacking


def test_numbers() -> None:
    assert (formats.number(3987, "en"), formats.number(3987, "vi")) == ("3,987", "3.987")
    assert formats.percent(Fraction(3987, 8412), "en") == "47.4%"
    assert formats.percent(Fraction(3987, 8412), "vi") == "47,4%"
    assert formats.percent(Fraction(1, 2000), "en") == "0.1%"  # half up
    assert formats.percent(Fraction(1), "en") == "100.0%"
    assert formats.width(Fraction(2391, 5214)) == "45.86%"
    assert (formats.megabytes(1_240_000, "en"), formats.megabytes(1_240_000, "vi")) == ("1.2 MB", "1,2 MB")
    assert (formats.megabytes(24_300_000, "en"), formats.megabytes(300, "en")) == ("24 MB", "1 kB")


def test_times() -> None:
    assert formats.full(EVENING, "en") == "Sunday 29 November 2026, 20:00"
    assert formats.full(EVENING, "vi") == "20:00 Chủ nhật, 29/11/2026"
    assert formats.day_time(EVENING, "vi") == "20:00 ngày 29/11"
    assert formats.short_moment(EVENING.replace(day=9, hour=7), "en") == "9 Nov, 7:00"
    assert formats.short_moment(EVENING.replace(day=9, hour=7), "vi") == "09/11, 7:00"
    assert formats.date(EVENING, "en") == "29 November 2026"
    assert formats.month_name(EVENING, "vi") == "tháng 11"


@pytest.mark.parametrize(
    ("zone", "label"),
    [("Asia/Ho_Chi_Minh", "GMT+7"), ("Asia/Kolkata", "GMT+5:30"), ("UTC", "GMT"), ("No/Where", "GMT")],
)
def test_zones(zone: str, label: str) -> None:
    assert formats.zone_label(EVENING.astimezone(formats.zone_of(zone))) == label


def test_a_zone_west_of_greenwich() -> None:
    winter = datetime(2026, 1, 1, tzinfo=UTC).astimezone(formats.zone_of("America/St_Johns"))
    assert formats.zone_label(winter) == "GMT-3:30"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-GB,vi;q=0.9", "en"),
        ("en;q=0.5, vi;q=0.9", "vi"),
        ("vi;q=0", "en"),
        ("de, fr;q=0.9", "en"),
        ("vi;q=nonsense", "en"),
        ("VI", "vi"),
    ],
)
def test_language_of_a_browser(header: str, language: str) -> None:
    assert preferred(header) == language


def test_addresses() -> None:
    assert Links("vi").board("ab", 3) == "/vi/elections/ab/board?page=3"
    assert Links("en").check("ab", "7KQ4M 2XW9T") == "/en/elections/ab/check?code=7KQ4M+2XW9T"
    assert (
        in_other_language("/en/elections/ab/check", "code=x%22y", "en") == "/vi/elections/ab/check?code=x%22y"
    )
    assert in_other_language("/en/", "", "en") == "/vi/"

"""Wherever a number of signatures stands, it stands with the time at which it was the number."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from consultation.petitions import life
from consultation.petitions.deciding import admit
from consultation.signing.counting import take_areas
from consultation.signing.signing import confirm
from consultation.signing.windows import window_of
from identity.roles import Role
from protocol.text import format_time, parse_time
from storage.session import writing
from tests.support.petition_ward import CROSSING, LAMPS, SPONSORS, Ward
from tests.support.sites import SiteUnderTest, site_under_test
from tests.web.reader import VOID
from web.rendering import TEMPLATES

COUNT: Final = re.compile(
    # A threshold that was reached is an event of its day and no count.
    r"\d signatures?\b(?!, the clock)|\d supporters? ha(s|ve)\b|\d to go\b|\d in the last hour\b"
)
AS_OF: Final = re.compile(r"\b[Aa]s of \{")
PRINTS_COUNTS: Final = re.compile(
    r"\b(part|asking)\.(count_words|counted_words|rows|short_rows|look)\(|\}\}(</span>)? (signature|supporter)"
)
WALKED: Final[Mapping[str, tuple[str, ...]]] = {
    "home.html": ("visitor: /",),
    "petitions/list.html": (
        "visitor: /petitions",
        "visitor: /petitions?state=all",
        "visitor: /petitions?q=crossing",
        "visitor: /petitions?sort=trending",
    ),
    "petitions/answers.html": ("visitor: /petitions/answers",),
    "petitions/page.html": (
        "visitor: /petitions/{open}",
        "visitor: /petitions/{waiting}",
        "visitor: /petitions/{sponsors}",
        "visitor: /petitions/{changed}",
    ),
    "petitions/versions.html": ("visitor: /petitions/{changed}/versions",),
    "petitions/manage.html": (
        "lan: /petitions/{draft}/manage",
        "lan: /petitions/{sponsors}/manage",
        "lan: /petitions/{open}/manage",
    ),
    "similar/_part.html": (
        "visitor: /petitions/similar?action=crossing",
        "part: /petitions/similar?action=crossing",
    ),
    "signing/record.html": ("visitor: /petitions/{open}/record",),
    "petitions/new.html": ("lan preview: /petitions/new",),
    "petitions/edit.html": ("lan preview: /petitions/{draft}/edit",),
    "petition_office/list.html": ("official: /office/petitions",),
    "petition_office/one.html": ("official: /office/petitions/{waiting}",),
    "petition_office/decide.html": ("moderator: /moderation/petitions/{moderation}",),
    "fraud/list.html": ("moderator: /moderation/signatures",),
    "fraud/petition.html": ("moderator: /moderation/signatures/{flooded}",),
}
"""By template: who reads it where. Sentences of counts in `petitions/_parts.html` are those of these."""
SHOWS_NO_COUNT: Final = frozenset({"petitions/_parts.html", "petitions/rejected.html"})
"""The parts of the others, and a list in which rows have no number."""
PLACES: Final = [place for places in WALKED.values() for place in places]


@dataclass
class Group:
    """A section, a table, or the whole around them. outer: in which it stands."""

    outer: "Group | None"
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own words, not those of groups in it. A time is written `{…}`."""
        return " ".join(" ".join(self.words).split())

    @property
    def told(self) -> bool:
        """Whether here, or around, a time is said."""
        return AS_OF.search(self.text) is not None or (self.outer is not None and self.outer.told)


class Reading(HTMLParser):
    """Which counts are on a page, and which times. A time counts for its own group and those in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.groups = [Group(None)]
        self.times: list[datetime] = []
        self._open: list[tuple[str, Group]] = [("", self.groups[0])]
        self.feed(html)
        self.close()

    @property
    def counts(self) -> list[str]:
        """All of them."""
        return [found[0] for group in self.groups for found in COUNT.finditer(group.text)]

    @property
    def untold(self) -> list[str]:
        """What is read around those without a time."""
        return [group.text for group in self.groups if COUNT.search(group.text) and not group.told]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        group = self._open[-1][1]
        if tag in {"section", "table", "title"}:
            self.groups.append(group := Group(group))
        if tag == "time":
            self.times.append(parse_moment(dict(attrs)["datetime"] or ""))
            group.words.append("{")
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self._open.append((tag, group))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "time":
            self._open[-1][1].words.append("}")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1][1].words.append(data)


def parse_moment(written: str) -> datetime:
    """What a program makes of it."""
    moment = datetime.fromisoformat(written)
    assert moment.utcoffset() == timedelta()
    return moment


@dataclass
class Asked:
    """A site with petitions in every state that shows counts. names: what stands for `{name}` in an address."""

    site: SiteUnderTest
    ward: Ward
    names: dict[str, str]
    taken: datetime
    """When signatures were last counted by version."""

    def __post_init__(self) -> None:
        self.readers = {
            "visitor": self.site.browser(),
            "lan": self.site.browser().hold(self.site.desk.session(self.ward.creator)),
            "official": self.site.browser_of(Role.OFFICIAL),
            "moderator": self.site.browser_of(Role.MODERATOR),
        }

    def read(self, place: str, language: str = "en") -> str:
        """The page at a place of `WALKED`."""
        who, _, path = place.partition(": ")
        path = f"/{language}{path}".format(**self.names)
        reader, _, way = who.partition(" ")
        if reader == "part":
            headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
            answer = self.readers["visitor"].client.get(path, headers=headers)
        elif way:
            fields = {"action": CROSSING.action, "background": CROSSING.background, "language": "en"}
            self.readers[reader].get(path)
            answer = self.readers[reader].post(path, {**fields, "body": "city", "deed": "preview"})
        else:
            answer = self.readers[reader].get(path)
        assert answer.status_code == 200, (place, answer.text)
        return str(answer.text)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("as-of")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        ward, clock, engine = Ward(site.desk), site.desk.clock, site.desk.desk.engine
        names = {
            "open": ward.open(CROSSING, 6),
            "draft": ward.draft(CROSSING),
            "sponsors": ward.sponsors(CROSSING),
            "moderation": ward.moderation(CROSSING),
            "waiting": ward.open(replace(CROSSING, action="A crossing at the market"), 8),
            "changed": ward.open(replace(LAMPS, action="Đặt ghế đá ven hồ"), 6),
        }
        names["flooded"] = names["open"]
        ward.answer(ward.open(LAMPS))
        ward.sign(names["sponsors"], 2)
        with writing(engine) as session:
            words = replace(LAMPS, details="Mười ghế.")
            life.edit(session, ward.creator, names["changed"], 1, words, clock())
            admit(session, ward.moderator, names["changed"], 2)
        for person in ward.signatures.people(7):
            ward.signatures.sign(names["changed"], person, version=2)
        clock.wait(seconds=3)
        taken = clock()
        with writing(engine) as session:
            take_areas(session, names["changed"], taken)
        for name in "abcdef":
            token = ward.signatures.ask(names["flooded"], f"{name}{name}@mailinator.com")
            clock.wait(seconds=30)
            with writing(engine) as session:
                confirm(site.desk.desk, session, token, 1, "198.51.100.9")
        clock.wait(minutes=2)
        clock.wait(seconds=7 - clock().second % 10)  # not where a window begins
        yield Asked(site, ward, names, taken)


@pytest.mark.parametrize("place", PLACES)
def test_each_count_on_a_page_has_its_time(asked: Asked, place: str) -> None:
    page = asked.read(place)
    reading = Reading(page)
    assert reading.counts, "it shows no count, so it proves nothing"
    assert reading.untold == []
    bare = re.sub(r"<time[^>]*>(.*?)</time>", r"\1", page)
    assert Reading(bare).untold, "a time in words alone would be found missing"
    now = asked.site.desk.clock()
    assert reading.times
    assert all(asked.taken <= moment <= now for moment in reading.times)
    assert len(Reading(asked.read(place, "vi")).times) == len(reading.times)


def test_every_template_that_prints_counts_is_walked() -> None:
    printing = {
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if PRINTS_COUNTS.search(path.read_text(encoding="utf-8"))
    }
    assert printing - SHOWS_NO_COUNT == set(WALKED)


def test_where_no_count_stands_no_time_is_said(asked: Asked) -> None:
    for path in (
        "/petitions/rejected",
        "/petitions?state=rejected",
        "/petitions?q=xylophone",
        "/petitions/similar",
    ):
        reading = Reading(asked.read(f"visitor: {path}"))
        assert (reading.counts, reading.times) == ([], []), path


@pytest.mark.parametrize(
    "place", [place for place in PLACES if "{changed}" not in place and "/moderation/signatures" not in place]
)
def test_the_time_is_that_of_the_window_and_not_the_clock(asked: Asked, place: str) -> None:
    now = asked.site.desk.clock()
    assert window_of(now) == now - timedelta(seconds=7)
    trend = {now.replace(second=0, microsecond=0)} if "trending" in place else set()
    assert set(Reading(asked.read(place)).times) == {window_of(now), *trend}


def test_a_number_that_changes_meanwhile_keeps_the_time_of_the_number_that_is_shown(asked: Asked) -> None:
    browser, clock = asked.site.browser(), asked.site.desk.clock

    def shown(path: str) -> tuple[str, list[datetime]]:
        text = re.search(rf'/petitions/{signed}".*?(\d+) signatures', browser.get(path).text, re.S)
        assert text is not None
        return text[1], Reading(browser.get(path).text).times

    signed = asked.names["waiting"]
    before = window_of(clock())
    asked.ward.sign(signed, 1)
    assert shown("/en/petitions") == ("8", [before])
    clock.wait(seconds=10)
    try:
        assert shown("/en/petitions") == ("9", [before + timedelta(seconds=10)])
    finally:
        clock.wait(seconds=-10)


def test_numbers_by_version_are_of_the_hourly_count(asked: Asked) -> None:
    reading = Reading(asked.read("visitor: /petitions/{changed}/versions"))
    assert reading.times == [asked.taken]
    page = Reading(asked.read("visitor: /petitions/{changed}"))
    assert set(page.times) == {asked.taken, window_of(asked.site.desk.clock())}
    (words,) = [group.text for group in page.groups if "under these words" in group.text]
    assert "7 signatures stand under these words. As of {" in words


def test_open_data_says_the_time_of_each_number(asked: Asked) -> None:
    browser, now = asked.site.browser(), asked.site.desk.clock()
    rows = browser.get("/api/v1/petitions").json()["rows"]
    one = browser.get("/api/v1/petitions/{changed}".format(**asked.names)).json()
    assert len(rows) > 2
    for row in (*rows, one["petition"]):
        assert row["signatures"] >= SPONSORS
        assert parse_time(row["as_of"]) == window_of(now)
    assert one["areas_as_of"] == format_time(asked.taken)


def counted(html: str) -> Reading:
    return Reading(f"<main>{html}</main>")


def test_a_time_elsewhere_on_the_page_is_the_time_of_nothing() -> None:
    time = 'as of <time datetime="2026-11-01T12:00:00+00:00">1 Nov, 12:00</time>'
    assert counted(f"<p>5 signatures, {time}</p>").untold == []
    assert counted(f"<p>Numbers {time}</p><section>5 signatures</section>").untold == []
    assert counted(f"<p>5 signatures</p><section>{time}</section>").untold == ["5 signatures"]
    assert counted(f"<section>5 signatures</section><section>{time}</section>").untold == ["5 signatures"]
    assert counted("<p>5 signatures, as of 1 Nov, 12:00</p>").untold == ["5 signatures, as of 1 Nov, 12:00"]

"""What open data says of time: when signing, topics and appeals end, what began last, and which deadline has passed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.discussions.topics import Text, Topic, open_topic
from consultation.moderation.appeals import TIME_TO_DECIDE, appeal, decide_appeal
from consultation.moderation.cases import claim, find_case, waiting_cases
from consultation.moderation.decisions import Decision, decide
from consultation.moderation.reports import report
from consultation.moderation.types import Rule, Template
from consultation.open_data import new_threads, thread_rows
from consultation.petitions.settings import set_rules, set_thresholds
from consultation.petitions.types import Due, Reason, Rules, Threshold
from consultation.subjects import Subject
from identity.people import make_person
from identity.roles import Role
from identity.sessions import SignedIn
from protocol.text import format_time
from storage.session import writing
from tests.support.feeds import ATOM, Entry, read_calendar, read_feed
from tests.support.offices import make_office
from tests.support.petition_ward import CITY, CROSSING, LAMPS, Ward
from tests.support.sites import SiteUnderTest, site_under_test
from web.api import open_feeds


@dataclass
class Here:
    """A site with a ward, and a moderator who has a part in nothing."""

    site: SiteUnderTest
    ward: Ward
    moderator: SignedIn

    def calendar(self, name: str) -> dict[str, tuple[str, str]]:
        """When its events begin and what they say, by their number."""
        answer = self.site.browser().client.get(f"/api/v1/{name}.ics")
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
        return {
            event["UID"].partition("@")[0]: (event["DTSTART"], event["SUMMARY"])
            for event in read_calendar(answer.content)
        }

    def feed(self, name: str) -> list[Entry]:
        """Its entries, read strictly."""
        answer = self.site.browser().client.get(f"/api/v1/{name}.atom")
        assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
        return list(read_feed(answer.content))

    def hide(self, subject: Subject) -> int:
        """By a moderator; number of the entry."""
        desk, now, reader = self.site.desk.desk, self.site.desk.clock(), self.site.desk.person()
        with writing(desk.engine) as session:
            report(session, reader, subject, Rule.ATTACK, "", now)
        with writing(desk.engine) as session:
            waiting = waiting_cases(session, self.moderator.person_id, now).cases
            (case,) = [one for one in waiting if one.described and one.described.subject == subject]
            claim(session, case.id, self.moderator.person_id, now)
            described = find_case(session, case.id, self.moderator.person_id, now).case.described
            assert described is not None
            made = Decision(Template.PERSON_INSULTED, described.digest)
            return decide(session, desk, self.moderator, case.id, made)

    def topic(self, english: str, days: float | None = None, vietnamese: str = "") -> str:
        """A question of the office that closes in so many days."""
        now = self.site.desk.clock()
        end = None if days is None else now + timedelta(days=days)
        topic = Topic(Text(english, vietnamese), Text(en="Say why."), office=True, closes_at=end)
        with writing(self.site.desk.desk.engine) as session:
            return open_topic(session, topic, self.ward.creator, now).id

    def write(self, thread: str, words: str, author: str = "") -> int:
        """A contribution; its id."""
        with writing(self.site.desk.desk.engine) as session:
            made = Writing(thread, author or self.ward.creator, words)
            return contribute(session, made, self.site.desk.clock()).id


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Here]:
    with site_under_test(database_url, tmp_path) as site:
        yield Here(site, Ward(site.desk), site.desk.signed_in(Role.MODERATOR, name="An"))


def basic(here: Here, **later: float) -> str:
    """A moment as calendars have it."""
    moment = here.site.desk.clock() + timedelta(**later)
    return format_time(moment).replace("-", "").replace(":", "")


def test_when_signing_ends(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    later = here.ward.open(CROSSING)
    end = basic(here, days=180)
    with writing(here.site.desk.desk.engine) as session:
        set_rules(session, Rules(open_days=10))
    sooner, hidden = here.ward.open(LAMPS), here.ward.open(LAMPS)
    for unseen in (here.ward.draft(LAMPS), here.ward.moderation(LAMPS), here.ward.rejected(Reason.UNCLEAR)):
        assert unseen not in str(here.calendar("petitions"))
    assert set(here.calendar("petitions")) == {f"closes-{each}" for each in (sooner, hidden, later)}
    here.hide(Subject("petition", hidden))
    assert here.calendar("petitions") == {
        f"closes-{sooner}": (basic(here, days=10), f"Signing ends · Hết hạn ký tên: {LAMPS.action}"),
        f"closes-{later}": (end, f"Signing ends · Hết hạn ký tên: {CROSSING.action}"),
    }
    monkeypatch.setattr(open_feeds, "EVENTS", 1)  # what ends first stays
    assert set(here.calendar("petitions")) == {f"closes-{sooner}"}


def test_when_topics_close(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    later, sooner = here.topic("A market?", 9, "Có nên mở chợ?"), here.topic("A bridge?", 2)
    here.topic("For ever?")
    hidden = here.topic("You fools?", 3)
    now, about = here.site.desk.clock(), Subject("petition", here.ward.open(LAMPS))
    with writing(here.site.desk.desk.engine) as session:
        thread_of(session, about, now, closes_at=now + timedelta(days=1))
    assert f"closes-{hidden}" in here.calendar("discussions")
    here.hide(Subject("topic", hidden))
    said = "Discussion ends · Hết hạn thảo luận: "
    assert here.calendar("discussions") == {
        f"closes-{sooner}": (basic(here, days=2), f"{said}A bridge?"),
        f"closes-{later}": (basic(here, days=9), f"{said}A market? · Có nên mở chợ?"),
    }
    with monkeypatch.context() as few:
        few.setattr(open_feeds, "EVENTS", 1)
        assert set(here.calendar("discussions")) == {f"closes-{sooner}"}
    here.site.desk.clock.wait(days=2)
    assert set(here.calendar("discussions")) == {f"closes-{later}"}


def test_by_when_appeals_are_decided_and_nothing_of_who_appealed(here: Here) -> None:
    here.site.app.state.settings = replace(here.site.settings, time_zone="Asia/Ho_Chi_Minh")
    clock, engine = here.site.desk.clock, here.site.desk.desk.engine
    author, talk = here.site.desk.person("Lan Nguyễn"), here.topic("A bridge?")
    rude, covered = here.write(talk, "You fools!", author), here.topic("A market?")
    below = here.write(covered, "Idiots!", author)
    entry, other = (
        here.hide(Subject("contribution", str(rude))),
        here.hide(Subject("contribution", str(below))),
    )
    assert here.calendar("moderation") == {}
    clock.wait(hours=11, minutes=7)  # after midnight in Việt Nam
    with writing(engine) as session:
        for number in (entry, other):
            appeal(session, author, number, "I have only quoted.", clock())
    day = (clock() + TIME_TO_DECIDE + timedelta(hours=7)).strftime("%Y%m%d")
    assert day != (clock() + TIME_TO_DECIDE).strftime("%Y%m%d")
    said = "Appeal to be decided · Hạn quyết định khiếu nại"
    expected = {f"appeal-{number}": (day, f"{said}: {number}, attack") for number in sorted((entry, other))}
    assert here.calendar("moderation") == expected
    text = here.site.browser().client.get("/api/v1/moderation.ics").text
    for unsaid in (author, "Lan Nguyễn", "quoted", "fools", basic(here), basic(here, days=14)):
        assert unsaid not in text
    # What nobody finds any more has no box with the day in it either.
    here.hide(Subject("topic", covered))
    assert set(here.calendar("moderation")) == {f"appeal-{entry}"}
    second = here.site.desk.signed_in(Role.MODERATOR, name="Bình")
    with writing(engine) as session:
        decide_appeal(session, here.site.desk.desk, second, entry, granted=False, note="It insults.")
    assert here.calendar("moderation") == {}


def test_what_began_last_stands_in_front_whatever_it_is_about(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, engine = here.site.desk.clock, here.site.desk.desk.engine
    petition = here.ward.open(LAMPS)
    with writing(engine) as session:
        about = thread_of(session, Subject("petition", petition), clock()).id
    clock.wait(hours=1)
    first = here.topic("A bridge?", vietnamese="Xây cầu?")
    at_first = clock()
    assert [entry.title for entry in here.feed("discussions")] == ["A bridge? · Xây cầu?"]
    clock.wait(hours=1)
    here.write(about, "More light, please.")  # only now is it a discussion
    at_about = clock()
    clock.wait(hours=1)
    hidden = here.topic("You fools?")
    here.write(about, "And soon.")
    here.write(first, "Yes.")
    assert len(here.feed("discussions")) == 3
    here.hide(Subject("topic", hidden))
    found = here.feed("discussions")
    assert [(entry.title, entry.updated) for entry in found] == [
        (LAMPS.action, at_about.replace(microsecond=0)),
        ("A bridge? · Xây cầu?", at_first.replace(microsecond=0)),
    ]
    assert [entry.id.partition("#")[2] for entry in found] == [about, first]
    root = ElementTree.fromstring(here.site.browser().client.get("/api/v1/discussions.atom").text)  # noqa: S314
    assert [each.text for each in root.iter(f"{ATOM}summary")] == [None, "Say why."]
    with monkeypatch.context() as few:
        few.setattr(open_feeds, "FEED", 1)
        assert [entry.title for entry in here.feed("discussions")] == [LAMPS.action]
    here.hide(Subject("petition", petition))
    assert [entry.title for entry in here.feed("discussions")] == ["A bridge? · Xây cầu?"]


def test_a_discussion_about_a_vote_is_called_as_the_vote(database_url: str, tmp_path: Path) -> None:
    office = make_office(database_url, tmp_path / "secrets")
    title, now = office.election.manifest.title, office.clock()
    with writing(office.engine) as session:
        thread = thread_of(session, Subject("election", office.id), now)
        person = make_person(session, name="Lan", language="vi", now=now)
        contribute(session, Writing(thread.id, person, "I vote yes."), now)
        rows, _ = thread_rows(session, "", 10)
        newest = [row for row, _, _ in new_threads(session, 10)]
    office.engine.dispose()
    assert [(row.thread, row.title_en, row.title_vi) for row in rows] == [(thread.id, title.en, title.vi)]
    assert newest == rows


def test_a_deadline_is_new_again_when_it_passes_and_when_it_is_met(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = here.site.desk.clock
    late = here.ward.open(LAMPS, signatures=7)
    clock.wait(days=20)
    here.ward.open(CROSSING, signatures=7)
    due = format_time(clock() + timedelta(days=10))
    (newer, older) = here.feed("deadlines")
    assert (newer.title.endswith(CROSSING.action), older.title) == (
        True,
        f"Answer due · Hạn trả lời {due}: {LAMPS.action}",
    )
    clock.wait(days=10, seconds=-1)
    assert here.feed("deadlines") == [newer, older]
    clock.wait(seconds=1)
    passed, still = here.feed("deadlines")
    assert (still, passed.id) == (newer, older.id)
    assert passed.title == f"Answer overdue · Quá hạn trả lời {due}: {LAMPS.action}"
    assert passed.updated == clock().replace(microsecond=0)
    clock.wait(days=1)
    assert here.feed("deadlines") == [passed, still]
    here.ward.answer(late)
    met, still = here.feed("deadlines")
    assert (met.id, met.title, still) == (older.id, older.title, newer)
    assert met.updated == clock().replace(microsecond=0)
    monkeypatch.setattr(open_feeds, "FEED", 1)
    assert here.feed("deadlines") == [met]


def test_thresholds_are_those_that_hold_now(here: Here) -> None:
    with writing(here.site.desk.desk.engine) as session:
        set_rules(session, Rules(sponsors=3, sponsor_days=60, open_days=120))
        wanted = (Threshold(0, 500, Due.DEBATE, CITY, 45), Threshold(0, 100, Due.ANSWER, None, 30))
        set_thresholds(session, wanted)  # the ward's own holds no longer
    rows = here.site.browser().client.get("/api/v1/thresholds").json()["rows"]
    assert [(row["due"], row["signatures"], row["days"], row["open_days"], row["body"]) for row in rows] == [
        ("moderation", 3, None, 60, ""),
        ("answer", 100, 30, 120, ""),
        ("debate", 500, 45, 120, "city"),
    ]
    assert (rows[0]["number"], rows[2]["body_en"], rows[2]["body_vi"]) == (None, CITY.name.en, CITY.name.vi)
    assert "mail" not in rows[2]
    assert here.site.browser().client.get("/api/v1/thresholds?after=2").json()["rows"] == rows[2:]
    past = here.site.browser().client.get("/api/v1/thresholds?after=3").json()
    assert (past["rows"], past["next"]) == ([], "")


@pytest.mark.parametrize(
    ("page", "feed"),
    [("petitions/answers", "deadlines"), ("petitions", "petitions"), ("discussions", "discussions")],
)
def test_pages_name_their_feeds(here: Here, page: str, feed: str) -> None:
    browser = here.site.browser()
    for language in ("en", "vi"):
        assert 'type="application/atom+xml" title="' in browser.get(f"/{language}/{page}").text
        assert f'href="/api/v1/{feed}.atom"' in browser.get(f"/{language}/{page}").text
    assert browser.client.get(f"/api/v1/{feed}.atom").status_code == 200

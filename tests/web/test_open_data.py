"""Open data says what the pages say, in each format as its standard wants it, and nobody's name."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.models import DiscussionThread
from consultation.discussions.threads import thread_of
from consultation.discussions.topics import Text, Topic, open_topic
from consultation.moderation.appeals import appeal
from consultation.moderation.cases import claim, waiting_cases
from consultation.moderation.decisions import Decision, decide
from consultation.moderation.reports import report
from consultation.moderation.types import Rule, Template
from consultation.petitions.answering import Saying, last_official, set_debate
from consultation.petitions.types import Draft, Reason
from consultation.profiles import set_profile
from consultation.subjects import Subject
from identity.sessions import SignedIn
from storage.session import writing
from tests.support.feeds import read_calendar, read_feed
from tests.support.hearings import finished_hearing, running_hearing
from tests.support.petition_ward import CROSSING, LAMPS, Ward
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from voting.voters_list import as_meant
from web.api import open_data
from web.api.open_data import OPERATIONS
from web.api.open_formats import Event, Feed, FeedEntry, atom_of, calendar_of
from web.api.open_sets import CSV_PAGE, DATA_SETS, PAGE

NAME = "Nguyễn Thị Lan"
UNREAD = "Nobody may read this."
FORMULA = Draft("=HYPERLINK(1), “đèn”; \\ and a very long line of words", "+1", "", "en", "city")
ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass
class Data:
    """A site on which everything happened that open data tells of."""

    site: SiteUnderTest
    ward: Ward
    browser: Browser
    open: str
    answered: str
    hidden: str
    unpublished: str
    thread: str
    unread_thread: str
    consultation: str
    running: str
    document: dict[str, Any]

    def path(self, template: str) -> str:
        """The address of a data set."""
        return f"/api/v1/{template}".replace("{thread}", self.thread).replace(
            "{consultation}", self.consultation
        )

    def json(self, path: str) -> Any:
        """An answer that is one."""
        answer = self.browser.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    folder: Path = tmp_path_factory.mktemp("open-data")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        ward = Ward(site.desk)
        opened, answered, draft = ward.open(FORMULA), ward.open(LAMPS, signatures=8), ward.draft()
        ward.answer(answered)
        desk, now = site.desk.desk, site.desk.clock()
        author, reader = ward.creator, site.desk.person()
        with writing(desk.engine) as session:
            set_profile(session, author, NAME, "north")
            said = Saying("ward", "Ở hội trường.", "vi", last_official(session, answered))
            set_debate(session, ward.official, answered, said, now + timedelta(days=9))
            end = now + timedelta(days=20)
            topic = Topic(Text(vi="Có nên đóng đường?"), office=True, closes_at=end)
            thread = open_topic(session, topic, ward.official.actor.person_id, now)
            first = contribute(session, Writing(thread.id, author, "Nên **đóng**."), now)
            contribute(session, Writing(thread.id, author, "@cmd và thêm.", parent=first.number), now)
            bad = contribute(session, Writing(thread.id, author, "Đồ ngốc!"), now)
            secret = thread_of(session, Subject("topic", "5" * 16), now)
            contribute(session, Writing(secret.id, author, UNREAD), now)
            row = session.get_one(DiscussionThread, secret.id)  # as if the draft had been public before
            row.place_kind, row.place = "petition", draft
            report(session, reader, Subject("contribution", str(bad.id)), Rule.ATTACK, "", now)
        moderator = ward.moderator.actor
        assert isinstance(moderator, SignedIn)
        with writing(desk.engine) as session:
            (case,) = [one for one in waiting_cases(session, moderator.person_id, now).cases if one.described]
            assert case.described is not None
            claim(session, case.id, moderator.person_id, now)
            decision = Decision(Template.PERSON_INSULTED, case.described.digest, "", False, 0)
            hidden_by = decide(session, desk, moderator, case.id, decision)
            appeal(session, author, hidden_by, "Tôi chỉ trích lời.", now)
        people = [author, *(site.desk.person() for _ in range(6))]
        with writing(desk.engine) as session:
            consultation = finished_hearing(session, people, now)
            running = running_hearing(session, people, now + timedelta(hours=1))
        hidden, unpublished = ward.rejected(Reason.ACCUSATION, CROSSING), ward.moderation(LAMPS)
        site.desk.clock.wait(minutes=1)  # numbers lag behind a little
        browser = site.browser()
        document = browser.client.get("/api/openapi.json").json()
        yield Data(
            site,
            ward,
            browser,
            opened,
            answered,
            hidden,
            unpublished,
            thread.id,
            secret.id,
            consultation,
            running,
            document,
        )


def rows(data: Data, template: str) -> list[dict[str, Any]]:
    """Everything of a data set, page after page."""
    found, path = [], data.path(template)
    while path:
        page = data.json(path)
        found += page["rows"]
        path = page["next"]
    return found


@pytest.mark.parametrize("name", [each.name for each in DATA_SETS])
def test_json_is_as_the_description_says(data: Data, name: str) -> None:
    answer = data.json(data.path(name))
    described = data.document["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]["content"]
    schema = {**described["application/json"]["schema"], "components": data.document["components"]}
    assert [error.message for error in validator_for(schema).iter_errors(answer)] == []
    assert answer["rows"], "nothing to look at"
    assert answer["licence"] == "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize("name", [each.name for each in DATA_SETS])
def test_csv_says_the_same_and_follows_its_schema(data: Data, name: str) -> None:
    answer = data.browser.client.get(f"{data.path(name)}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"]))
    (described,) = [path for path, relation in links.items() if relation == "describedby"]
    schema = data.json(described)
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    fields = {field["name"]: field for field in schema["fields"]}
    assert list(lines[0]) == list(fields)
    for line, row in zip(lines, rows(data, name), strict=True):
        assert list(fields) == list(row)
        for column, cell in line.items():
            assert as_meant(cell) == as_text(row[column])
            kind, required = fields[column]["type"], fields[column]["constraints"]["required"]
            assert re.fullmatch(CELLS[kind] if required else f"(?:{CELLS[kind]})?", cell, re.DOTALL)
            assert not re.match(r"[=+@-]", cell) or kind == "integer"


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314  (our own)


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


CELLS = {"string": ".*", "integer": "[0-9]+", "boolean": "true|false"}


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("petitions", 2),
        ("deadlines", 1),
        ("answers", 2),
        ("moderation", 2),
        ("discussions/{thread}", 3),
        ("discussions", 3),
        ("consultations", 2),
    ],
)
def test_feeds_are_atom(data: Data, name: str, count: int) -> None:
    """RFC 4287: what sections 4.1.1 and 4.1.2 demand of a feed and of each entry."""
    answer = data.browser.client.get(f"{data.path(name)}.atom")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = parse(answer.text)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == count
    for element in (feed, *entries):
        for child in ("id", "title", "updated"):
            (found,) = element.findall(f"{ATOM}{child}")
            assert found.text
        assert MOMENT.fullmatch(element.findtext(f"{ATOM}updated") or "")
        pages = [link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert {link.get("hreflang") for link in pages} == {"en", "vi"}
        assert all(str(link.get("href")).startswith("http://localhost:8000/") for link in pages)
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)


def test_pages_that_feeds_and_rows_name_are_there(data: Data) -> None:
    paths = {f"/en/{row['path']}" for each in DATA_SETS for row in rows(data, each.name)}
    for operation in OPERATIONS:
        if operation.path.endswith(".atom"):
            feed = parse(data.browser.client.get(data.path(operation.path.removeprefix("/api/v1/"))).text)
            links = [link for link in feed.iter(f"{ATOM}link") if link.get("rel") == "alternate"]
            paths |= {str(link.get("href")).removeprefix("http://localhost:8000") for link in links}
    assert paths
    for path in sorted(paths):
        assert data.browser.get(path).status_code == 200, path


def test_deadlines_are_a_calendar(data: Data) -> None:
    answer = data.browser.client.get("/api/v1/deadlines.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events = read_calendar(answer.content)
    assert len(events) == 2
    due, debate = sorted(events, key=lambda event: event["DTSTART"], reverse=True)
    assert due["SUMMARY"] == f"Answer due · Hạn trả lời: {LAMPS.action}"
    assert debate["SUMMARY"].startswith("Debate")
    assert len({event["UID"] for event in events}) == 2


def test_every_feed_and_calendar_keeps_the_rules_and_its_names(data: Data) -> None:
    client = data.browser.client
    paths = [data.path(each.path.removeprefix("/api/v1/")) for each in OPERATIONS]
    feeds = {path: client.get(path).content for path in paths if path.endswith(".atom")}
    calendars = {path: client.get(path).content for path in paths if path.endswith(".ics")}
    assert feeds
    assert calendars
    for path, content in feeds.items():
        assert read_feed(content), path
    for path, content in calendars.items():
        assert read_calendar(content), path
    # Programs know an entry again by its id, and an event by its UID and DTSTAMP.
    data.site.desk.clock.wait(minutes=2)
    assert [read_feed(client.get(path).content) for path in feeds] == [
        read_feed(one) for one in feeds.values()
    ]
    assert [client.get(path).content for path in calendars] == list(calendars.values())


LETTERS = st.text(st.characters(codec="utf-8"), max_size=120)


@settings(max_examples=60, deadline=None)
@given(title=LETTERS, words=LETTERS)
def test_whatever_a_title_holds(title: str, words: str) -> None:
    event = Event("1", title, "2026-11-26T10:00:00Z", "2026-11-25T10:00:00Z", "p")
    (read,) = read_calendar(calendar_of(title, "https://a.example", [event]))
    assert read["SUMMARY"] == re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", "", title).replace(
        "\r\n", "\n"
    ).replace("\r", "\n")
    entry = FeedEntry("1", title, "2026-11-26T10:00:00Z", "p", words)
    made = Feed("x", "X", "Ward", "https://a.example", "p", "https://licence.example/", [entry])
    (found,) = read_feed(atom_of(made))
    assert found.title


def test_a_feed_and_a_calendar_of_nothing_are_whole() -> None:
    assert read_calendar(calendar_of("x", "https://a.example", [])) == []
    assert (
        read_feed(atom_of(Feed("x", "X", "Ward", "https://a.example", "p", "https://b.example/", []))) == []
    )


def test_a_calendar_keeps_every_letter() -> None:
    title = "Một; hai, ba\\n \\ bốn\nnăm " + "ậ" * 100
    (event,) = read_calendar(
        calendar_of(
            "x", "https://a.example", [Event("1", title, "2026-11-26T10:00:00Z", "2026-11-25T10:00:00Z", "p")]
        )
    )
    assert event["SUMMARY"] == title
    assert event["DTSTART"] == "20261126T100000Z"


def test_nothing_says_who_wrote_and_nothing_hidden_is_in_it(data: Data) -> None:
    everything = "".join(
        data.browser.client.get(data.path(operation.path.removeprefix("/api/v1/"))).text
        for operation in OPERATIONS
        if "{petition}" not in operation.path and "{table}" not in operation.path
    )
    assert LAMPS.action in everything  # control
    for secret in (
        NAME,
        data.ward.creator,
        "Đồ ngốc",
        "Tôi chỉ trích lời",
        UNREAD,
        data.unpublished,
        data.unread_thread,
    ):
        assert secret not in everything
    assert CROSSING.action not in "".join(map(str, rows(data, "petitions?state=rejected")))
    (rejected,) = rows(data, "petitions?state=rejected")
    assert (rejected["petition"], rejected["rejected_for"]) == (data.hidden, "accusation")
    (gone,) = [row for row in rows(data, "discussions/{thread}") if row["hidden_entry"] is not None]
    assert gone["words"] == ""


def test_one_petition(data: Data) -> None:
    found = data.json(f"/api/v1/petitions/{data.answered}")
    assert found["petition"]["signatures"] == 8
    assert found["petition"]["answered_at"] is not None
    for unknown in (data.unpublished, "0" * 16, "x"):
        answer = data.browser.client.get(f"/api/v1/petitions/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert data.browser.client.get(f"/api/v1/discussions/{data.unread_thread}").status_code == 404


def test_consultations_tell_nothing_before_the_end_and_nothing_small_after_it(data: Data) -> None:
    first, second = rows(data, "consultations")
    assert (first["consultation"], first["phase"], first["participants"]) == (data.running, "comment", None)
    assert (second["consultation"], second["phase"], second["participants"]) == (
        data.consultation,
        "outcome",
        7,
    )
    before = rows(data, f"consultations/{data.running}/questions")
    after = rows(data, f"consultations/{data.consultation}/questions")
    assert {row["people"] for row in before} == {None}
    assert [(row["question"], row["choice"]) for row in before if row["question"] < 4] == [
        (row["question"], row["choice"]) for row in after if row["question"] < 4
    ]
    said = {(row["question"], row["choice"]): (row["people"], row["withheld"]) for row in after}
    assert said[1, 1] == said[1, 2] == (None, True)  # six and one: the six would tell the one
    assert said[2, 2] == (None, True)
    assert said[4, 0] == (7, False)
    for part in ("answers", "themes"):
        assert rows(data, f"consultations/{data.running}/{part}") == []
    written = rows(data, f"consultations/{data.consultation}/answers")
    assert sorted(row["words"] for row in written) == [f"Lời {n}" for n in range(7)]
    assert [row["answer"] for row in written] == sorted(row["answer"] for row in written)
    hours, rubbish = rows(data, f"consultations/{data.consultation}/paragraphs")
    assert (hours["comments"], hours["thread"], hours["removed"]) == (0, "", False)
    assert (rubbish["comments"], rubbish["removed"], rubbish["version"]) == (1, True, 1)
    (comment,) = rows(data, f"discussions/{rubbish['thread']}")
    assert comment["words"] == "Muộn quá."
    (theme,) = rows(data, f"consultations/{data.consultation}/themes")
    assert (theme["verdict"], theme["reason_vi"]) == ("partly", "Twice is fair. (vi)")
    calendar = read_calendar(data.browser.client.get("/api/v1/consultations.ics").content)
    assert {event["UID"].partition("-")[0] for event in calendar} == {"opens", "closes", "outcome"}
    assert len(calendar) == 6
    for unknown in ("0" * 16, "x", data.thread):
        assert data.browser.client.get(f"/api/v1/consultations/{unknown}/themes").status_code == 404


def test_pages_follow_each_other(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    of_hearing = [each.name for each in DATA_SETS if each.name.startswith("consultations")]
    names = ("petitions", "thresholds", "discussions/{thread}", "moderation", "answers", *of_hearing)
    whole = {name: rows(data, name) for name in names}
    monkeypatch.setattr(open_data, "PAGE", 1)
    monkeypatch.setattr(open_data, "CSV_PAGE", 1)
    for name, expected in whole.items():
        assert rows(data, name) == expected
    one = data.browser.client.get("/api/v1/petitions.csv?state=open")
    assert re.search(r'</api/v1/petitions.csv\?state=open&after=[^>]+>; rel="next"', one.headers["link"])
    assert (PAGE, CSV_PAGE) == (100, 1_000)


@pytest.mark.parametrize(
    "query",
    [
        "petitions?state=draft",
        "petitions?after=1",
        "moderation?after=-1",
        "discussions?after=x",
        "answers?after=1e3",
    ],
)
def test_what_cannot_be_read_is_refused(data: Data, query: str) -> None:
    answer = data.browser.client.get(f"/api/v1/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-query")


def test_answers_may_be_kept_and_asked_for_again(data: Data) -> None:
    for each in OPERATIONS:
        if "{petition}" in each.path or "{table}" in each.path:
            continue
        path = data.path(each.path.removeprefix("/api/v1/")).removeprefix("/api/v1/")
        answer = data.browser.client.get(f"/api/v1/{path}")
        assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
        assert answer.headers["access-control-allow-origin"] == "*"
        again = data.browser.client.get(f"/api/v1/{path}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_schemas_are_json(data: Data) -> None:
    for each in DATA_SETS:
        schema = json.loads(data.browser.client.get(f"/api/v1/schemas/{each.schema_name}").text)
        assert {field["type"] for field in schema["fields"]} <= set(CELLS)
    assert data.browser.client.get("/api/v1/schemas/nothing").status_code == 404

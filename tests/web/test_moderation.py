"""Pages of moderation: reporting, deciding, the public record, appealing; without script, in both languages."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from consultation import kinds
from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.moderation.appeals import TIME_TO_DECIDE
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.types import Action, Rule, Template
from consultation.petitions.types import Reason
from consultation.subjects import Subject
from identity.roles import Role
from identity.trail import begin
from storage.session import writing
from tests.support.moderated import migrated
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.moderation_texts import ACTIONS, KINDS, REFUSED, RULES, TEMPLATES, TIES
from web.rate_limits import REPORT

WORDS = "The chairman <b>Nguyễn</b> is a thief!"


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("moderation"))


@pytest.fixture
def site(blank: Path, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(f"sqlite:///{shutil.copy(blank, tmp_path / 'site.db')}", tmp_path) as found:
        with writing(found.desk.desk.engine) as session:
            begin(found.desk.desk, session)
        yield found


def written(site: SiteUnderTest, author: str, words: str = WORDS) -> str:
    """A contribution in a discussion; its number as a subject."""
    with writing(site.desk.desk.engine) as session:
        thread = thread_of(session, Subject("topic", "0" * 16), site.desk.clock())
        return str(contribute(session, Writing(thread.id, author, words), site.desk.clock()).id)


def signed_in(site: SiteUnderTest, person: str) -> Browser:
    browser = site.browser().hold(site.desk.session(person))
    browser.get("/en/my")
    return browser


def reported(site: SiteUnderTest, number: str, reader: Browser | None = None) -> None:
    reader = reader or site.browser_of()
    place = f"/en/report/contribution/{number}"
    assert reader.get(place).status_code == 200
    answer = reader.post(place, {"rule": "attack", "words": "He means <i>me</i>."})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"{place}?sent=yes"


def case_of(moderator: Browser) -> str:
    found = re.search(r"/en/moderation/cases/[0-9a-f]{16}", moderator.get("/en/moderation").text)
    assert found is not None
    return found[0]


def decided(moderator: Browser, place: str, **fields: str) -> str:
    """Take the case, decide it; where the browser is sent."""
    moderator.get(place)
    assert moderator.post(f"{place}/claim").headers["location"] == place
    answer = moderator.post(place, fields_of(moderator, place, **fields))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def fields_of(moderator: Browser, place: str, **fields: str) -> dict[str, str]:
    page = moderator.get(place).text
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest is not None
    return {
        "deed": "hide",
        "reason": "person-insulted",
        "note": "",
        "pause": "0",
        "digest": digest[1],
        **fields,
    }


def test_reported_hidden_appealed_and_shown_again(site: SiteUnderTest) -> None:
    author = site.desk.person("Author")
    number = written(site, author)
    reported(site, number)
    first, second, everybody = (
        site.browser_of(Role.MODERATOR),
        site.browser_of(Role.MODERATOR),
        site.browser(),
    )
    assert "1 reported thing waits" in first.get("/en/moderation").text
    place = case_of(first)
    page = first.get(place).text
    assert "The chairman &lt;b&gt;Nguyễn&lt;/b&gt; is a thief!" in page
    assert "He means &lt;i&gt;me&lt;/i&gt;." in page
    assert "Take this case" in page
    gone = decided(first, place, warn="yes", pause="7", note="Say it without the word.")
    assert gone == "/en/moderation/record/1"
    entry = everybody.get(gone)
    assert entry.headers["cache-control"] == "no-cache"
    assert "set-cookie" not in entry.headers
    record = everybody.get("/vi/moderation/record").text
    for text in (entry.text, record, everybody.get("/en/moderation/record").text):
        assert "thief" not in text
        assert "without the word" not in text
        assert author not in text
        assert "Lan Nguyễn" not in text
    own = signed_in(site, author)
    assert "/en/appeals/1" in own.get("/en/appeals").text
    page = own.get("/en/appeals/1").text
    assert "Your words insult somebody." in page
    assert "Say it without the word." in page
    assert "you can write again from" in page
    assert own.post("/en/appeals/1", {"words": ""}).status_code == 422
    sent = own.post("/en/appeals/1", {"words": "It is in the judgment."})
    assert sent.headers["location"] == "/en/appeals/1"
    assert "Your appeal is decided by" in own.get("/en/appeals/1").text
    assert own.post("/en/appeals/1", {"words": "Again."}).status_code == 409
    asked = "/en/moderation/appeals/1"
    assert asked in second.get("/en/moderation").text
    mine = first.get(asked).text
    assert "You have decided about this before." in mine
    assert "<textarea" not in mine
    granting = {"answer": "grant", "note": "The judgment says so."}
    assert first.post(asked, granting).status_code == 409
    assert "It is in the judgment." in second.get(asked).text
    assert second.post(asked, {"answer": "grant", "note": ""}).status_code == 422
    assert second.post(asked, granting).headers["location"] == "/en/moderation/record/1"
    assert second.post(asked, {**granting, "answer": "refuse"}).status_code == 409
    page = own.get("/en/appeals/1").text
    assert "Your appeal was granted" in page
    assert "The judgment says so." in page
    record = everybody.get("/en/moderation/record").text
    assert "100.0% of 1 decided appeals were granted" in record
    assert "Shown again" in record
    last = everybody.get("/en/moderation/record/4").text
    assert "Did you write this?" not in last
    deed = re.search(r"It stands in deed (\d+) of the", last)
    assert deed is not None
    assert f"Number {deed[1]}," in everybody.get("/en/trail?page=1").text


def test_two_moderators_at_once_and_forms_that_are_sent_again(site: SiteUnderTest) -> None:
    reported(site, written(site, site.desk.person("Author")))
    first, second = site.browser_of(Role.MODERATOR), site.browser_of(Role.MODERATOR)
    place = case_of(first)
    first.post(f"{place}/claim")
    fields = fields_of(first, place)
    second.get(place)
    for path, sent in ((f"{place}/claim", {}), (place, fields)):
        answer = second.post(path, sent)
        assert answer.status_code == 409
        assert "Another moderator works on this now." in answer.text
    empty = first.post(place, {**fields, "deed": ""})
    assert empty.status_code == 422
    assert empty.text.count("Choose what you decide") == 2
    for harder in ({"warn": "yes"}, {"pause": "7"}):
        answer = first.post(place, {**fields, "deed": "leave", **harder})
        assert (answer.status_code, answer.text.count("go only with hiding")) == (422, 2)
    assert first.post(place, {**fields, "reason": "invented"}).status_code == 422
    assert first.post(place, {**fields, "pause": "365"}).status_code == 422
    assert first.post(place, {**fields, "digest": "x"}).status_code == 404
    assert first.post(place, {**fields, "note": "a\u202eb"}).status_code == 422
    assert first.post(place, {**fields, "digest": "0" * 64}).status_code == 409
    assert first.post(place, fields).status_code == 303
    for again in (first.post(place, fields), second.post(place, {**fields, "deed": "leave"})):
        assert again.status_code == 409
        assert "This was decided already." in again.text
    assert "Entry 2" not in first.get("/en/moderation/record/1").text
    assert first.get("/en/moderation/record/2").status_code == 404
    assert first.post(f"{place}/restore").headers["location"] == place
    assert first.post(f"{place}/restore").status_code == 409
    assert "Shown again" in first.get("/en/moderation/record/2").text


def test_who_wrote_or_reported_it_cannot_take_it(site: SiteUnderTest) -> None:
    author = site.desk.person("Author", (Role.MODERATOR,))
    reporter = site.browser_of(Role.MODERATOR)
    reported(site, written(site, author), reporter)
    for browser, sentence in (
        (signed_in(site, author), "You wrote this. Another moderator decides."),
        (reporter, "You reported this. Another moderator decides."),
    ):
        place = case_of(browser)
        assert sentence in browser.get(place).text
        assert browser.post(f"{place}/claim").status_code == 409


def test_reporting_says_what_is_wrong_and_gives_nothing_away(site: SiteUnderTest) -> None:
    author = site.desk.person("Author")
    number = written(site, author)
    place, reader = f"/en/report/contribution/{number}", site.browser_of()
    reader.get(place)
    for fields, sentence in (
        ({"rule": ""}, "Choose the rule that it breaks"),
        ({"rule": "9"}, "Choose the rule that it breaks"),
        ({"rule": "attack", "words": "x" * 501}, "This is too long."),
        ({"rule": "attack", "words": "a\u202eb"}, "characters that nobody can see"),
    ):
        answer = reader.post(place, fields)
        assert (answer.status_code, answer.text.count(sentence)) == (422, 2), sentence
    first = reader.post(place, {"rule": "attack"})
    again = reader.post(place, {"rule": "attack"})
    assert (first.status_code, first.headers["location"]) == (again.status_code, again.headers["location"])
    assert "1 person" in site.browser_of(Role.MODERATOR).get(case_of(site.browser_of(Role.MODERATOR))).text
    own = signed_in(site, author)
    refused = own.post(place, {"rule": "attack"})
    assert (refused.status_code, refused.text.count("You wrote this yourself.")) == (422, 2)
    for path in ("contribution/999", "contribution/x", "no-kind/1", "topic/" + "0" * 16, "note/1"):
        assert reader.get(f"/en/report/{path}").status_code == 404
    assert reader.post(place, {"rule": "attack"}, csrf="forged").status_code == 403
    assert site.browser().get(place).headers["location"].startswith("/en/sign-in?next=")


def test_nobody_reports_without_end(site: SiteUnderTest) -> None:
    number, reader = written(site, site.desk.person("Author")), site.browser_of()
    place = f"/en/report/contribution/{number}"
    reader.get(place)
    for _ in range(REPORT.amount):
        assert reader.post(place, {"rule": "attack"}).status_code == 303
    assert "Too many tries" in reader.post(place, {"rule": "attack"}).text


def test_decisions_of_others_are_nobodys_business(site: SiteUnderTest) -> None:
    author = site.desk.person("Author")
    reported(site, written(site, author))
    moderator, stranger = site.browser_of(Role.MODERATOR), site.browser_of()
    decided(moderator, case_of(moderator))
    assert "/en/appeals/1" not in stranger.get("/en/appeals").text
    for browser in (stranger, moderator):
        assert browser.get("/en/appeals/1").status_code == 404
        assert browser.post("/en/appeals/1", {"words": "Mine!"}).status_code == 404
    own = signed_in(site, author)
    for number in ("0", "01", "-1", "2", "x", "9" * 30):
        assert own.get(f"/en/appeals/{number}").status_code == 404
        assert own.get(f"/en/moderation/record/{number}").status_code == 404
        assert moderator.get(f"/en/moderation/appeals/{number}").status_code == 404
    for case in ("0" * 16, "x", "x" * 300):
        assert moderator.get(f"/en/moderation/cases/{case}").status_code == 404
        assert moderator.post(f"/en/moderation/cases/{case}/claim").status_code == 404


def test_late_appeals_are_seen_by_everybody(site: SiteUnderTest) -> None:
    author = site.desk.person("Author")
    reported(site, written(site, author))
    moderator = site.browser_of(Role.MODERATOR)
    decided(moderator, case_of(moderator))
    signed_in(site, author).post("/en/appeals/1", {"words": "It is true."})
    assert "late" not in site.browser().get("/en/moderation/record").text
    site.desk.clock.wait(seconds=TIME_TO_DECIDE.total_seconds())
    assert "1, 1 late" in site.browser().get("/en/moderation/record").text
    assert "Was due on" in site.browser_of(Role.MODERATOR).get("/en/moderation").text


def test_a_long_record_has_pages(site: SiteUnderTest) -> None:
    desk = site.desk.desk
    by = site.desk.signed_in(Role.MODERATOR)
    with writing(desk.engine) as session:
        for _ in range(51):
            log_entry(session, desk, by, Ruling(Action.LEFT, Subject("topic", "0" * 16), b"x" * 32))
    first = site.browser().get("/en/moderation/record").text
    assert "?before=2" in first
    second = site.browser().get("/en/moderation/record?before=2").text
    assert "/en/moderation/record/1" in second
    assert "How often" not in second
    for odd in ("0", "-1", "x", "9" * 40, ""):
        assert site.browser().get(f"/en/moderation/record?before={odd}").status_code == 200


def test_everything_has_its_words() -> None:
    assert set(RULES) == set(Rule)
    assert set(TEMPLATES) == set(Template)
    assert set(ACTIONS) == set(Action)
    assert set(KINDS) == set(kinds.KINDS)
    assert {rule.value for rule in Rule}.isdisjoint(reason.value for reason in Reason)
    assert TIES
    assert REFUSED

"""Two at the same moment, and forms that are sent twice: each gets a page that says what happened."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from httpx import Response

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.topics import Text, Topic, open_topic
from identity.roles import Role
from identity.trail import begin
from storage.session import writing
from tests.support.petitions import prepare
from tests.support.sites import Browser, SiteUnderTest, site_under_test


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(database_url, tmp_path) as found:
        with writing(found.desk.desk.engine) as session:
            begin(found.desk.desk, session)
        yield found


def at_once(place: str, *sent: tuple[Browser, Mapping[str, str]]) -> Sequence[Response]:
    """The same address, by each of these browsers, at one moment; the answers by their status."""
    gate = Barrier(len(sent))

    def run(one: tuple[Browser, Mapping[str, str]]) -> Response:
        browser, fields = one
        gate.wait(10)
        return browser.post(place, fields)

    with ThreadPoolExecutor(len(sent)) as pool:
        return sorted(pool.map(run, sent), key=lambda answer: answer.status_code)


def statuses(answers: Sequence[Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def window(site: SiteUnderTest, person: str, page: str) -> Browser:
    """One more browser of somebody, with the form of a page open."""
    browser = site.browser().hold(site.desk.session(person))
    assert browser.get(page).status_code == 200
    return browser


def test_each_of_two_gets_a_clear_page(site: SiteUnderTest) -> None:
    author, reader, third = (site.desk.person(name) for name in ("Author", "Reader", "Third"))
    first, second = (site.desk.person(name, (Role.MODERATOR,)) for name in ("An", "Bình"))
    with writing(site.desk.desk.engine) as session:
        topic = open_topic(session, Topic(Text(en="Why?"), office=True), third, site.desk.clock())
        made = contribute(session, Writing(topic.id, author, "You thief!"), site.desk.clock())
    reporting = f"/en/report/contribution/{made.id}"
    again = [(window(site, reader, reporting), {"rule": "attack"}) for _ in range(2)]
    assert statuses(at_once(reporting, *again)) == [303, 303]
    queue = window(site, first, "/en/moderation").get("/en/moderation").text
    assert "reported by 1 person" in queue
    found = re.search(r"/en/moderation/cases/[0-9a-f]{16}", queue)
    assert found is not None
    case = found[0]
    answers = at_once(f"{case}/claim", (window(site, first, case), {}), (window(site, second, case), {}))
    assert statuses(answers) == [303, 409]
    assert "Another moderator works on this now." in answers[1].text
    holder = first if "Yours until" in window(site, first, case).get(case).text else second
    other = second if holder == first else first
    windows = [window(site, holder, case) for _ in range(2)]
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', windows[0].get(case).text)
    assert digest is not None
    fields = {"deed": "hide", "reason": "person-insulted", "note": "", "pause": "1", "digest": digest[1]}
    answers = at_once(case, *((browser, fields) for browser in windows))
    assert statuses(answers) == [303, 409]
    assert "This was decided already." in answers[1].text
    asking = [(window(site, author, "/en/appeals/1"), {"words": "It is true."}) for _ in range(2)]
    assert statuses(at_once("/en/appeals/1", *asking)) == [303, 409]
    asked = "/en/moderation/appeals/1"
    refusing = [(window(site, other, asked), {"answer": "refuse", "note": "It is not."}) for _ in range(2)]
    answers = at_once(asked, *refusing)
    assert statuses(answers) == [303, 409]
    assert "This appeal was decided already." in answers[1].text
    reverser = site.desk.person("Chi", (Role.MODERATOR,))
    empty = window(site, reverser, case).post(f"{case}/restore", {"back": ""})
    assert (empty.status_code, empty.text.count("Write what is new before you show it again.")) == (422, 2)
    for by in (holder, other):  # who has decided about it is not asked, and refused
        browser = window(site, by, case)
        assert "Reverse a refused appeal" not in browser.get(case).text
        browser.get("/en/my")
        assert browser.post(f"{case}/restore", {"back": "I changed my mind."}).status_code == 409
    back = [(window(site, reverser, case), {"back": "The court has said so."}) for _ in range(2)]
    answers = at_once(f"{case}/restore", *back)
    assert statuses(answers) == [303, 409]
    assert "This is not hidden any more." in answers[1].text
    record = site.browser().get("/en/moderation/record").text
    assert "Refusal of the appeal reversed" in record
    assert "The court has said so." not in record
    assert "The court has said so." in window(site, author, "/en/appeals/1").get("/en/appeals/1").text
    mine = window(site, reader, "/en/reports").get("/en/reports").text
    assert "Hidden, and shown again later" in mine
    assert "You have reported nothing." in window(site, third, "/en/reports").get("/en/reports").text


def test_of_two_who_take_a_petition_one_gets_it(site: SiteUnderTest) -> None:
    place = f"/en/moderation/petitions/{prepare(site.desk).waiting()}"
    people = [site.desk.person(name, (Role.MODERATOR,)) for name in ("An", "Bình")]
    answers = at_once(f"{place}/claim", *((window(site, person, place), {}) for person in people))
    assert statuses(answers) == [303, 409]
    assert "Another moderator works on this now." in answers[1].text
    pages = [window(site, person, place).get(place).text for person in people]
    assert sorted("Yours until" in page for page in pages) == [False, True]


def test_a_pause_that_begins_and_ends_while_somebody_writes(tmp_path: Path) -> None:
    with site_under_test(f"sqlite:///{tmp_path / 'site.db'}", tmp_path) as site:
        with writing(site.desk.desk.engine) as session:
            begin(site.desk.desk, session)
        paused_and_back(site)


def paused_and_back(site: SiteUnderTest) -> None:
    author, reader, moderator = (
        site.desk.person("Author"), site.desk.person("Reader"), site.desk.person("An", (Role.MODERATOR,)),
    )  # fmt: skip
    with writing(site.desk.desk.engine) as session:
        topic = open_topic(session, Topic(Text(en="Why?"), office=True), reader, site.desk.clock())
        hidden = open_topic(session, Topic(Text(en="Secretly?"), office=True), author, site.desk.clock())
    place = f"/en/discussions/{topic.id}"
    writer = window(site, author, place)
    reporter = window(site, reader, f"/en/report/topic/{hidden.id}")
    assert reporter.post(f"/en/report/topic/{hidden.id}", {"rule": "attack"}).status_code == 303
    decider = window(site, moderator, "/en/moderation")
    found = re.search(r"/en/moderation/cases/[0-9a-f]{16}", decider.get("/en/moderation").text)
    assert found is not None
    decider.get(found[0])
    decider.post(f"{found[0]}/claim")
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', decider.get(found[0]).text)
    assert digest is not None
    fields = {"deed": "hide", "reason": "another-matter", "note": "", "pause": "1", "digest": digest[1]}
    assert decider.post(found[0], fields).status_code == 303
    words = {"words": "What I have written for an hour", "deed": "publish"}
    paused = writer.post(place, words)  # the pause began while it was written
    assert paused.status_code == 422
    assert "What I have written for an hour" in paused.text
    site.desk.clock.wait(days=1)
    again = window(site, author, place).post(place, words)
    assert again.status_code == 303
    gone = site.browser().get(f"/en/discussions/{hidden.id}")
    assert gone.status_code == 404
    assert "Secretly" not in gone.text
    for text in (
        "Hidden by a moderator",
        "Rule 8",
        "Keep to the matter",
        "Whoever wrote it can appeal until",
    ):
        assert text in gone.text
    assert "/en/appeals/1" in gone.text

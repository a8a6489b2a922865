"""Pages of discussions: public bytes for everybody, forms for whoever is signed in, nothing lost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from consultation.areas import Area, set_areas
from consultation.discussions.contributions import WORDS_MAX, Side, Writing, contribute
from consultation.discussions.models import DiscussionThread
from consultation.discussions.threads import find_thread
from consultation.discussions.topics import Text, Topic, open_topic, set_citizens_open, topic_of
from consultation.kinds import KINDS
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.types import Action, Rule
from consultation.profiles import set_profile
from consultation.subjects import Subject
from identity.roles import Role
from protocol.text import LocalText
from storage.session import reading, writing
from tests.support.sign_in_votes import hold_sign_in_vote
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.people_texts import DEEDS

QUESTION = "Should the lakeside street be closed to cars?"


@dataclass
class Talk:
    """A site with one topic that asks a question."""

    site: SiteUnderTest
    thread: str

    def path(self, rest: str = "", lang: str = "en") -> str:
        """Of the thread, or one of its pages."""
        return f"/{lang}/discussions/{self.thread}{rest}"

    def say(self, words: str, parent: int | None = None, side: Side = Side.FOR, person: str = "") -> int:
        """A contribution of somebody; its number."""
        author = person or self.site.desk.person()
        with writing(self.site.desk.desk.engine) as session:
            made = Writing(self.thread, author, words, parent, side)
            return contribute(session, made, self.site.desk.clock()).number

    def count(self) -> int:
        """Contributions that can be read."""
        with reading(self.site.desk.desk.engine) as session:
            return find_thread(session, self.thread).count


@pytest.fixture
def talk(either_database_url: str, tmp_path: Path) -> Iterator[Talk]:
    with site_under_test(either_database_url, tmp_path) as site:
        author = site.desk.person()
        with writing(site.desk.desk.engine) as session:
            topic = Topic(
                Text(QUESTION, "Có nên cấm xe trên đường ven hồ?"),
                Text("A **trial** from January."),
                Text("Each theme is answered by 9 December."),
                sided=True,
                office=True,
            )
            thread = open_topic(session, topic, author, site.desk.clock())
        yield Talk(site, thread.id)


def publish(browser: Browser, path: str, words: str, **fields: str) -> str:
    """Write; the address that the browser is sent to."""
    browser.get(path)
    answer = browser.post(path, {"words": words, "deed": "publish", **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_written_previewed_answered_and_read_by_everybody(talk: Talk) -> None:
    lan, everybody = talk.site.browser_of(), talk.site.browser()
    listed = everybody.get("/en/discussions").text
    assert QUESTION in listed
    page = everybody.get(talk.path())
    assert "Nobody has written yet." in page.text
    assert "<strong>trial</strong>" in page.text
    assert "Each theme is answered by 9 December." in page.text
    lan.get(talk.path())
    shown = lan.post(talk.path(), {"words": "Yes, **but**", "side": "for", "deed": "preview"})
    assert shown.status_code == 200
    assert "Yes, <strong>but</strong>" in shown.text
    assert "Yes, **but**" in shown.text  # and it stays in the field
    assert talk.count() == 0
    place = publish(lan, talk.path(), "Yes, **but**", side="for")
    assert place == talk.path("/1")
    minh = talk.site.browser_of()
    reply = publish(minh, place, "No, as #1 forgets\nthe clinic")
    assert reply == talk.path("/2")
    page = everybody.get(talk.path())
    assert "Yes, <strong>but</strong>" in page.text
    assert f'<a href="{talk.path("/1")}" rel="ugc' in page.text
    assert everybody.get(reply).text.count("a reply to") == 1
    assert talk.count() == 2


def test_public_pages_are_the_same_bytes_and_set_no_cookie(talk: Talk) -> None:
    talk.say("First")
    for path in (talk.path(), talk.path("/1"), talk.path("/1/history"), "/en/discussions"):
        first, second = talk.site.browser().get(path), talk.site.browser().get(path)
        assert first.status_code == 200
        assert first.text == second.text
        assert first.headers["cache-control"] == "no-cache"
        assert "set-cookie" not in first.headers
        assert "csrf" not in first.text
        again = talk.site.browser().client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
    own = talk.site.browser_of().get(talk.path())
    assert own.headers["cache-control"] == "no-store"
    for answer in (own, talk.site.browser().get(talk.path())):
        assert "Cookie" in answer.headers["vary"].split(", ")


def test_agreeing_is_one_press_and_taken_back_with_another(talk: Talk) -> None:
    talk.say("First")
    minh = talk.site.browser_of()
    for value, pressed, agree, disagree in (
        ("agree", "agree", 1, 0),
        ("disagree", "disagree", 0, 1),
        ("none", "", 0, 0),
    ):
        page = minh.get(talk.path()).text
        assert 'aria-pressed="false"' in page
        back = talk.path("?sort=newest")
        answer = minh.post(talk.path("/1/vote"), {"vote": value, "version": "1", "back": back})
        assert answer.headers["location"] == f"{back}#n1"
        page = minh.get(talk.path()).text
        assert (f"Agree {agree}</button>" in page, f"Disagree {disagree}</button>" in page) == (True, True)
        assert page.count('aria-pressed="true"') == (1 if pressed else 0)
    for back in ("https://evil.example/", "//evil.example", "/api/x", "javascript:x", "/en/../..//evil"):
        answer = minh.post(talk.path("/1/vote"), {"vote": "agree", "version": "1", "back": back})
        assert answer.headers["location"].startswith("/en/")
    assert minh.post(talk.path("/1/vote"), {"vote": "twice", "version": "1"}).status_code == 404
    assert minh.post(talk.path("/9/vote"), {"vote": "agree", "version": "1"}).status_code == 404
    own = publish(minh, talk.path(), "Mine", side="against")
    refused = minh.post(own + "/vote", {"vote": "agree", "version": "1"})
    assert refused.status_code == 409
    assert "This is your own contribution." in refused.text


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(talk: Talk) -> None:
    lan = talk.site.browser_of()
    lan.get(talk.path())
    for fields, sentence in (
        ({"words": "", "side": "for"}, "Write your contribution"),
        ({"words": "Kept words"}, "Choose whether you are for it, against it, or neither"),
        ({"words": "Kept words", "side": "maybe"}, "Choose whether you are for it, against it, or neither"),
        ({"words": "x" * (WORDS_MAX + 1), "side": "for"}, "This is too long."),
        ({"words": "Kept words\u202e", "side": "for"}, "This holds characters that nobody can see."),
        ({"words": "Kept words https://a.example", "side": "for"}, "Take the links out."),
    ):
        for deed in ("preview", "publish"):
            answer = lan.post(talk.path(), {**fields, "deed": deed})
            assert answer.status_code == 422, sentence
            assert answer.text.count(sentence) == 2
            assert "<title>Error:" in answer.text
            assert "Kept words" in answer.text or "Kept" not in fields["words"]
    assert lan.post(talk.path(), {"words": "x" * 10_000_000, "side": "for"}).status_code == 413
    assert lan.post(talk.path(), {"words": "x", "side": "for"}, csrf="forged").status_code == 403
    assert talk.count() == 0


def test_a_lost_session_keeps_the_words(talk: Talk) -> None:
    lan = talk.site.browser_of()
    lan.get(talk.path())
    lan.post("/en/sign-out")
    answer = lan.post(talk.path(), {"words": "An hour of work", "side": "for", "deed": "publish"})
    assert answer.status_code == 403
    assert 'value="An hour of work"' in answer.text
    person = talk.site.desk.person()
    lan.hold(talk.site.desk.session(person))
    token = re.search(r'name="csrf" value="([^"]+)"', lan.get("/en/my").text)
    assert token is not None
    fields = dict(re.findall(r'type="hidden" name="(words|side|deed)" value="([^"]*)"', answer.text))
    assert lan.post(talk.path(), fields, csrf=token[1]).status_code == 303
    assert talk.count() == 1


def test_script_in_words_does_nothing(talk: Talk) -> None:
    lan = talk.site.desk.person()
    talk.say("First", person=lan)
    talk.site.desk.clock.wait(days=2)  # who has written before may set links
    talk.say("<script>alert(1)</script> <svg onload=alert(1)> [x](javascript:alert(1)) **bold**", person=lan)
    page = talk.site.browser().get(talk.path()).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;svg onload=alert(1)&gt;" in page
    assert "javascript:alert" not in re.sub(r">[^<]*<", "><", page)
    assert "<strong>bold</strong>" in page


def test_names_are_what_people_chose_and_never_ids(talk: Talk) -> None:
    desk = talk.site.desk
    lan, minh = desk.person("Lan Nguyễn"), desk.person("Minh Trần")
    with writing(desk.desk.engine) as session:
        set_areas(session, [Area("ho-sen", LocalText(en="Lotus Lake", vi="Hồ Sen"))])
        set_profile(session, lan, "<b>Shopkeeper</b>", "ho-sen")
    talk.say("From Lan", person=lan)
    talk.say("From Minh", person=minh)
    page = talk.site.browser().get(talk.path()).text
    assert "&lt;b&gt;Shopkeeper&lt;/b&gt;, Lotus Lake" in page
    assert ">Resident<" in page
    for secret in (lan, minh, "Nguyễn", "Trần"):
        assert secret not in page


def test_the_office_writes_under_its_own_name(talk: Talk) -> None:
    official, citizen = talk.site.browser_of(Role.OFFICIAL), talk.site.browser_of()
    publish(official, talk.path(), "We answer each theme.", side="neither", office="yes")
    publish(citizen, talk.path(), "I am the office!", side="neither", office="yes")
    page = talk.site.browser().get(talk.path()).text
    assert page.count(">Official<") == 1
    assert ">Test</h3><span" in page  # the authority's name
    assert DEEDS["discussion-office-wrote"] in talk.site.browser().get("/en/trail").text


def test_an_edit_is_seen_by_everybody(talk: Talk) -> None:
    lan = talk.site.browser_of()
    place = publish(lan, talk.path(), "Close it at eight", side="for")
    form = lan.get(place + "/edit").text
    assert "Close it at eight</textarea>" in form
    shown = lan.post(place + "/edit", {"words": "Close it at nine", "version": "1", "deed": "preview"})
    assert "<del>eight</del><ins>nine</ins>" in shown.text
    done = lan.post(place + "/edit", {"words": "Close it at nine", "version": "1", "deed": "publish"})
    assert done.headers["location"] == place
    late = lan.post(place + "/edit", {"words": "Close it at ten", "version": "1", "deed": "publish"})
    assert late.status_code == 422
    assert "in another window" in late.text
    everybody = talk.site.browser()
    assert f'{place}/history">edited</a>' in everybody.get(talk.path()).text
    history = everybody.get(place + "/history").text
    assert "<del>eight</del><ins>nine</ins>" in history
    assert "With these words" not in history

    # Who agrees has read the words that stand; and their number stays with these words.
    minh = talk.site.browser_of()
    minh.get(talk.path())
    for version in ("1", "51", "x", ""):
        stale = minh.post(place + "/vote", {"vote": "agree", "version": version})
        assert (stale.status_code, "changed after you had read" in stale.text) == (409, True)
    assert minh.post(place + "/vote", {"vote": "agree", "version": "2"}).status_code == 303
    assert "Agree 1</button>" in minh.get(talk.path()).text
    assert "is not counted for the new ones" in lan.get(place + "/edit").text
    for number in range(2, 13):
        words = {"words": f"Close it at {number}", "version": str(number), "deed": "publish"}
        assert lan.post(place + "/edit", words).status_code == 303
    assert "Agree 0</button>" in minh.get(talk.path()).text
    history = everybody.get(place + "/history").text
    assert "Version 13," in history
    assert "Version 3," not in history
    assert f'{place}/history?before=4"' in history
    earlier = everybody.get(place + "/history?before=4").text
    assert "With these words, 1 agreed and 0 disagreed." in earlier
    assert "Earlier versions" not in earlier
    assert {everybody.get(f"{place}/history?before={x}").status_code for x in ("0", "-1", "100", "x")} == {
        404
    }
    other = talk.site.browser_of()
    for page in ("/edit", "/withdraw"):
        assert other.get(place + page).status_code == 404
        assert other.post(place + page, {"words": "x", "version": "2", "deed": "publish"}).status_code == 404


def test_withdrawn_words_are_on_no_page(talk: Talk) -> None:
    lan = talk.site.browser_of()
    place = publish(lan, talk.path(), "Secret words", side="for")
    assert "It cannot be undone." in lan.get(place + "/withdraw").text
    assert lan.post(place + "/withdraw").status_code == 303
    for path in (talk.path(), place):
        page = talk.site.browser().get(path).text
        assert "Withdrawn by whoever wrote it." in page
        assert "Secret words" not in page
    assert talk.site.browser().get(place + "/history").status_code == 404


def test_hidden_words_leave_a_place_that_says_why(talk: Talk) -> None:
    number = talk.say("Names a private person")
    moderator = talk.site.desk.signed_in(Role.MODERATOR)
    with writing(talk.site.desk.desk.engine) as session:
        subject = Subject("contribution", "1")
        ruling = Ruling(Action.HIDDEN, subject, b"d" * 32, Rule.PERSONAL_DATA)
        entry = log_entry(session, talk.site.desk.desk, moderator, ruling)
        KINDS["contribution"].set_hidden(session, "1", entry=entry)
    for path in (talk.path(), talk.path(f"/{number}")):
        page = talk.site.browser().get(path).text
        assert "Hidden by a moderator" in page
        assert f"/en/moderation/record/{entry}" in page
        assert "Names a private person" not in page
    assert talk.site.browser().get(talk.path("/1/history")).status_code == 404
    assert "1 of 1 hidden or withdrawn." in talk.site.browser().get(talk.path()).text
    with writing(talk.site.desk.desk.engine) as session:
        KINDS["topic"].set_hidden(session, talk.thread, entry=entry)
    for path in (talk.path(), talk.path("/1")):
        assert talk.site.browser().get(path).status_code == 404


def test_replies_come_on_demand(talk: Talk) -> None:
    talk.say("First")
    for n in range(24):
        talk.say(f"Reply no. {n};", parent=1)
    browser = talk.site.browser()
    page = browser.get(talk.path()).text
    assert "Reply no. 1;" in page
    assert "Reply no. 2;" not in page
    more = re.search(r'hx-get="([^"]+)"', page)
    assert more is not None
    assert "22 more replies" in page
    part = browser.get(more[1].replace("&amp;", "&")).text
    assert "<html" not in part
    assert "Reply no. 2;" in part
    assert "Reply no. 21;" in part
    assert "Reply no. 22;" not in part
    whole = browser.get(talk.path("/1")).text
    assert "Reply no. 19;" in whole
    assert "Next 20" in whole


def test_columns_stand_for_sides(talk: Talk) -> None:
    talk.say("A pro")
    talk.say("A contra", side=Side.AGAINST)
    talk.say("An addition", side=Side.NEITHER)
    page = talk.site.browser().get(talk.path()).text
    heads = [
        page.index(text)
        for text in (">For<", "A pro", ">Against<", "A contra", "Neither for nor", "An addition")
    ]
    assert heads == sorted(heads)
    alone = talk.site.browser().get(talk.path("?side=against&sort=newest")).text
    assert "A contra" in alone
    assert "A pro" not in alone


def test_addresses_that_are_none(talk: Talk) -> None:
    talk.say("First")
    browser = talk.site.browser_of()
    for rest in (
        "?sort=best",
        "?side=left",
        "?after=x",
        "?after=" + "9" * 400,
        "/0",
        "/01",
        "/2",
        "/x",
        "/1/edit",
        "/9/history",
        "/" + "9" * 30,
    ):
        assert browser.get(talk.path(rest)).status_code == 404, rest
    for thread in (
        "x",
        "0" * 16,
        "%00",
        "on",
        "on/petition/x",
        "on/contribution/1",
        "on/election/" + "0" * 32,
    ):
        assert browser.get(f"/en/discussions/{thread}").status_code == 404, thread
    assert browser.get("/en/discussions?after=x").status_code == 404


def test_a_get_writes_nothing_and_the_first_word_makes_the_thread(talk: Talk) -> None:
    other = f"/en/discussions/on/topic/{talk.thread}"
    assert talk.site.browser().get(other).status_code == 404  # a discussion is discussed in itself
    place = _frozen_vote(talk)
    everybody, lan = talk.site.browser(), talk.site.browser_of()
    page = everybody.get(place)
    assert page.status_code == 200
    assert "Nobody has written yet." in page.text
    with reading(talk.site.desk.desk.engine) as session:
        assert len(session.scalars(select(DiscussionThread)).all()) == 1
    made = publish(lan, place, "Which lanes?")
    assert re.fullmatch(r"/en/discussions/[0-9a-f]{16}/1", made)
    assert everybody.get(place).headers["location"] == made.removesuffix("/1")
    assert "Which lanes?" in everybody.get(made).text


def test_officials_open_topics_and_let_others(talk: Talk) -> None:
    official, citizen = talk.site.browser_of(Role.OFFICIAL), talk.site.browser_of()
    assert "Here only officials open topics." in citizen.get("/en/discussions/new").text
    refused = citizen.post("/en/discussions/new", {"title": "Mine?"})
    assert refused.status_code == 422
    official.get("/en/discussions/new")
    assert official.post("/en/discussions/new", {}).text.count("Write the question") == 2
    early = {"closes-day": "1", "closes-month": "1", "closes-year": "2020", "closes-time": "20:00"}
    assert "still to come" in official.post("/en/discussions/new", {"title-en": "A?", **early}).text
    late = {**early, "closes-year": "2027"}
    made = official.post("/en/discussions/new", {"title-en": "A?", "title-vi": "B?", **late})
    place = made.headers["location"]
    assert "B?" in talk.site.browser().get(place.replace("/en/", "/vi/")).text
    office = "/en/office/discussions"
    thread = place.rpartition("/")[2]
    assert 'value="2027"' in official.get(f"{office}/{thread}").text
    seen = {"seen": re.findall(r'name="seen" value="([^"]+)"', official.get(f"{office}/{thread}").text)[0]}
    changed = official.post(f"{office}/{thread}", {"title-en": "Changed?", **early, **seen})
    assert changed.status_code == 303
    official.get(f"{office}/{thread}")
    slower = official.post(f"{office}/{thread}", {"title-en": "Mine, slower?", **late, **seen})
    assert slower.status_code == 409
    assert 'value="Mine, slower?"' in slower.text
    assert re.findall(r'<span class="ps-lines">([^<]*)</span>', slower.text) == ["Changed?", "1/1/2020 20:00"]
    page = talk.site.browser().get(place).text
    assert "Changed?" in page
    assert ">Closed<" in page
    assert official.get(f"{office}/{'0' * 16}").status_code == 404
    assert "Only officials open topics." in official.get(office).text
    assert official.post(office, {"everybody": "yes"}).status_code == 303
    citizen.get("/en/discussions/new")
    opened = citizen.post("/en/discussions/new", {"title": "Mine?", "words": "", "sided": "yes"})
    assert opened.status_code == 303
    assert "Mine?" in talk.site.browser().get(opened.headers["location"].replace("/en/", "/vi/")).text
    _what_is_answered_stays(talk, official, opened.headers["location"].rpartition("/")[2])
    trail = talk.site.browser().get("/en/trail").text
    for deed in ("topic-opened", "topic-changed", "topics-allowed"):
        assert DEEDS[deed] in trail


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "mixes letters of two alphabets that look alike"),
        ("vi", "lẫn chữ của hai bảng chữ cái trông giống nhau"),
    ],
)
def test_a_title_of_two_alphabets_is_refused_beside_its_field(talk: Talk, lang: str, sentence: str) -> None:
    engine, clock = talk.site.desk.desk.engine, talk.site.desk.clock
    author = talk.site.desk.person()
    with writing(engine) as session:
        set_citizens_open(session, value=True)
        own = open_topic(session, Topic(Text(en="Hồ Sen?"), office=True), author, clock())
    official, citizen = talk.site.browser_of(Role.OFFICIAL), talk.site.browser_of()
    place, field = f"/{lang}/discussions/new", f"title-{lang}"
    other = f"/{lang}/office/discussions/{own.id}"
    seen = re.findall(r'name="seen" value="([^"]+)"', official.get(other).text)[0]
    for browser, path, name in (
        (citizen, place, "title"),
        (official, place, field),
        (official, other, field),
    ):
        browser.get(path)
        refused = browser.post(path, {name: "H\u1ed3 S\u0435n?", "seen": seen})
        assert refused.status_code == 422
        wrong = re.search(rf'<p id="{name}-error"[^>]*>.*?</p>', refused.text, re.DOTALL)
        assert wrong is not None
        assert sentence in wrong[0]
        assert 'value="H\u1ed3 S\u0435n?"' in refused.text  # what was typed stays
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(DiscussionThread)) == 2
    made = citizen.post(place, {"title": "Hồ Sen của Надежда?"})
    assert made.status_code == 303


def _what_is_answered_stays(talk: Talk, official: Browser, by_citizen: str) -> None:
    """Of a citizen's question officials change what becomes of it; so they do of theirs once it is answered."""
    made = official.post("/en/discussions/new", {"title-en": "Lamps?", "words-en": "On the east bank."})
    thread, why = made.headers["location"].rpartition("/")[2], "stay as they are"
    for number, question in ((thread, "Lamps?"), (by_citizen, "Mine?")):
        place = f"/en/office/discussions/{number}"
        page = official.get(place).text
        if number == thread:
            assert 'name="title-en"' in page
            assert why not in page
            seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
            person = talk.site.desk.person()
            with writing(talk.site.desk.desk.engine) as session:
                contribute(session, Writing(thread, person, "Yes."), talk.site.desk.clock())
            late = official.post(
                place, {"title-en": "No lamps?", "words-en": "On the east bank.", "seen": seen}
            )
            assert (late.status_code, why in late.text) == (422, True)
            page = official.get(place).text
        assert 'name="title-en"' not in page
        assert why in page
        seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
        fields = {"due-en": "The council decides in May.", "seen": seen}
        assert official.post(place, {**fields, "title-en": "Cheated?"}).status_code == 422
        assert official.post(place, fields).status_code == 303
        shown = talk.site.browser().get(f"/en/discussions/{number}").text
        assert question in shown
        assert "The council decides in May." in shown


@pytest.mark.parametrize("office", [True, False], ids=["of the office", "of a citizen"])
def test_words_without_a_question_are_shown_and_stay(talk: Talk, office: bool) -> None:
    engine, clock = talk.site.desk.desk.engine, talk.site.desk.clock
    author, reader = talk.site.desk.person(), talk.site.desk.person()
    question, words = Text(vi="Đặt đèn ở đâu?"), Text(en="On the **east** bank,\n\nby <night>.")
    with writing(engine) as session:
        set_citizens_open(session, value=True)
        topic = Topic(question, words, Text(en="By May."), office=office)
        thread = open_topic(session, topic, author, clock()).id
        contribute(session, Writing(thread, reader, "Yes."), clock())
    official = talk.site.browser_of(Role.OFFICIAL)

    def stays() -> Text:
        """Question and words are as they were; what becomes of it."""
        with reading(engine) as session:
            now = topic_of(session, thread)
        assert now is not None
        assert (now.title, now.words) == (question, words)
        return now.due

    def seen(lang: str) -> str:
        page = official.get(f"/{lang}/office/discussions/{thread}").text
        there = "<p>On the <strong>east</strong> bank,</p>\n<p>by &lt;night&gt;.</p>"
        assert re.search(rf'<div [^>]*lang="en"><div [^>]*>{there}', page), "the words alone"
        assert re.search(r'<div [^>]*lang="vi"><h2 [^>]*>Đặt đèn ở đâu\?</h2></div>', page), (
            "the question alone"
        )
        assert not re.search(r'name="(title|words)-', page)
        return str(re.findall(r'name="seen" value="([^"]+)"', page)[0])

    place, due = f"/en/office/discussions/{thread}", {"due-en": "By June.", "due-vi": "Trước tháng sáu."}
    assert official.post(place, {**due, "seen": seen("vi")}).status_code == 303
    assert stays() == Text("By June.", "Trước tháng sáu.")
    # A page from before the first answer has the fields still: as they were, or changed.
    fields = {
        "title-en": "",
        "words-en": words.en.replace("\n", "\r\n"),
        "title-vi": question.vi,
        "words-vi": "",
    }
    assert official.post(place, {**fields, "due-en": "By July.", "seen": seen("en")}).status_code == 303
    assert stays() == Text("By July.", "")
    for other in ({"words-en": "On the west bank."}, {"title-en": "Lamps?"}, {"words-vi": "Bờ đông."}):
        refused = official.post(place, {**fields, **other, "due-en": "Never.", "seen": seen("en")})
        assert refused.status_code == 422
        assert "<strong>east</strong>" in refused.text
        assert "Never." in refused.text
        assert stays() == Text("By July.", "")


def _frozen_vote(talk: Talk) -> str:
    """Where a vote that is open is discussed."""
    desk = talk.site.desk
    vote = hold_sign_in_vote(
        talk.site.app.state.office, desk.desk, desk.clock(), ["a@example.org"], sign_in=False
    )
    return f"/en/discussions/on/election/{vote.election}"

"""A consultation from its preparation to its outcome, as browsers see it: forms, refusals, what everybody reads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.hearings.hearings import turn_phases
from consultation.hearings.subjects import Paragraphs
from consultation.hearings.types import Verdict
from consultation.hearings.votes import hearing_of_vote
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.types import Action
from consultation.petitions.types import State
from consultation.subjects import Subject
from crypto.encoding import decode_base64url
from identity.roles import Role
from storage.session import reading, writing
from tests.support.desks import START
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from voting.draft_models import VotingDraft, VotingFile
from voting.drafts import load
from web.hearing_texts import VERDICTS
from web.i18n import translations
from web.petition_texts import STATES

OPENING = "Chợ mở cửa lúc sáu giờ sáng mọi ngày trong tuần."
STALLS = "Mỗi hộ được một quầy hàng, bốc thăm mỗi năm một lần."
RUBBISH = "Rác được thu gom lúc tám giờ tối."
DAY = timedelta(days=1)
SEEN = re.compile(r'name="seen" value="([^"]*)"')
PARAGRAPH = re.compile(r"discussions/on/paragraph/([0-9a-f]{16})")


def moment(name: str, days: int) -> dict[str, str]:
    at = START + days * DAY
    return {
        f"{name}-day": str(at.day),
        f"{name}-month": str(at.month),
        f"{name}-year": str(at.year),
        f"{name}-time": "8:00",
    }


PLAN = {
    "title-en": "Market rules",
    "title-vi": "Nội quy chợ",
    "about-en": "The ward decides in January.",
    "about-vi": "Phường quyết định vào tháng Một.",
    **moment("opens", 1),
    **moment("closes", 11),
    **moment("due", 40),
}
TEXT = {
    "title-en": "Draft",
    "title-vi": "Dự thảo",
    "language": "vi",
    "text": f"{OPENING}\r\n\r\n{STALLS}\r\n\r\n{RUBBISH}",
}
NOTE = {"note-en": "After comments", "note-vi": "Sau góp ý"}
QUESTION = {
    "text-en": "When?",
    "text-vi": "Khi nào?",
    "kind": "single",
    "options": "Six | Sáu giờ\r\nSeven | Bảy giờ",
}
WORDS = {"text-en": "What else?", "text-vi": "Còn gì nữa?", "kind": "text", "options": ""}
THEME = {
    "title-en": "Hours",
    "title-vi": "Giờ mở cửa",
    "said-en": "",
    "said-vi": "",
    "reason-en": "",
    "reason-vi": "",
    "verdict": "-",
}


@dataclass
class Room:
    """The site, an official, and the addresses of one consultation."""

    site: SiteUnderTest
    official: Browser
    office: str
    public: str

    def send(self, place: str, fields: dict[str, str], *, status: int = 303) -> str:
        """What the official posts, on what the form shows now; where it leads, or the page that refuses."""
        answer = self.official.post(self.office + place, {"seen": self.seen(place), **fields})
        assert answer.status_code == status, answer.text
        return answer.headers.get("location", "") if status == 303 else answer.text

    def seen(self, place: str) -> str:
        """What the form had shown, as it brings it back."""
        found = SEEN.search(self.official.get(self.office + place.removesuffix("/matching")).text)
        return found[1] if found else ""

    def first(self, kind: str, page: str = "") -> str:
        """The office's address of the first theme or question."""
        found = re.search(rf"/{kind}/\d+", self.official.get(self.office + page).text)
        assert found is not None
        return found[0]

    def go_to(self, days: int) -> None:
        """Let the clock come to this day, and do what it owes; sessions have ended till then."""
        self.site.desk.clock.now = START + days * DAY
        self.official = self.site.browser_of(Role.OFFICIAL)
        with writing(self.site.desk.desk.engine) as session:
            turn_phases(session, self.site.desk.clock())

    def comment(self, paragraph: str, words: str) -> None:
        """Somebody comments."""
        author = self.site.desk.person()
        with writing(self.site.desk.desk.engine) as session:
            now = self.site.desk.clock()
            thread = thread_of(session, Subject("paragraph", paragraph), now)
            contribute(session, Writing(thread.id, author, words), now)

    def text(self) -> str:
        """A draft text, its first version public; the office's address of it."""
        place = self.send("/documents/new", TEXT).removeprefix(self.office)
        self.send(f"{place}/matching", {"deed": "publish"})
        return place

    def read(self, rest: str = "", lang: str = "en") -> str:
        """A public page."""
        answer = self.site.browser().get(f"/{lang}/consultations{self.public}{rest}")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("hearings")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield site


@pytest.fixture
def room(site: SiteUnderTest) -> Room:
    site.desk.clock.now = START
    official = site.browser_of(Role.OFFICIAL)
    answer = official.post("/en/office/consultations/new", PLAN)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    return Room(site, official, where, where.removeprefix("/en/office/consultations"))


def test_a_consultation_from_preparation_to_outcome(room: Room) -> None:
    assert room.site.browser().get(f"/en/consultations{room.public}").status_code == 404
    assert "there is nothing to comment on" in room.send("/publish", {}, status=422)
    place = room.text()
    room.send("/questions/new", QUESTION)
    room.send("/publish", {})
    assert "Comments from" in room.read()
    room.go_to(1)
    document = room.read(f"/{place.strip('/')}")
    opening, stalls, rubbish = dict.fromkeys(PARAGRAPH.findall(document))
    room.comment(stalls, "Hai lần thì công bằng hơn.")
    room.comment(rubbish, "Muộn quá.")
    home = room.site.browser().get("/en/").text
    assert f'href="/en/consultations{room.public}"' in home
    assert "Comments until" in home
    assert "Much discussed this week" in home
    assert RUBBISH in home

    changed = STALLS.replace("một lần", "hai lần")
    room.send(place, {"text": f"{RUBBISH}\n\n{OPENING}\n\n{changed}", **NOTE})
    matching = room.official.get(room.office + place).text
    assert "1 comment follows it" in matching
    room.send(f"{place}/matching", {"deed": "publish"})
    document = room.read(f"/{place.strip('/')}")
    assert list(dict.fromkeys(PARAGRAPH.findall(document))) == [rubbish, opening, stalls]
    compared = room.read(f"{place}/changes")
    assert "<del>một</del><ins>hai</ins>" in compared
    assert "Moved" in compared
    assert "hai lần" in room.read(f"{place}/paragraphs/{stalls}", "vi")

    room.send("/themes/new", THEME)
    assert "after comments have ended" in room.official.get(f"{room.office}/outcome").text
    room.go_to(11)
    refused = room.send("/outcome", {"sure": "yes"}, status=422)
    assert "Theme 1, “Hours”: say whether it is accepted" in refused
    assert "Theme 1, “Hours”: give the reason in both languages" in refused
    assert "Outcome of" not in room.read()
    decided = {
        **THEME,
        "verdict": "partly",
        "reason-en": "Twice is fair.",
        "reason-vi": "Hai lần là công bằng.",
    }
    hours = room.first("themes", "/outcome")
    seen = room.seen(hours)
    room.send(hours, decided)
    slower = room.send(hours, {**THEME, "seen": seen, "reason-en": "Mine."}, status=409)
    assert 'href="#reason-en">Somebody else has changed this meanwhile' in slower
    assert 'Somebody else saved here meanwhile:</b> <span class="ps-lines">Twice is fair.</span>' in slower
    assert ">Mine.</textarea>" in slower
    assert "Tick the box" in room.send("/outcome", {}, status=422)
    room.send("/outcome", {"sure": "yes"})
    page = room.read()
    assert "Accepted in part" in page
    assert "Twice is fair." in page
    assert "Hai lần là công bằng." in room.read(lang="vi")
    assert "Nothing of it changes" in room.official.get(f"{room.office}{place}").text
    room.send(hours, decided, status=422)


def test_a_verdict_of_a_consultation_has_its_own_words_in_vietnamese() -> None:
    """A theme is taken up or not; a petition that is rejected was not let in: other words."""
    said = [translations("vi").gettext(VERDICTS[each]) for each in Verdict]
    assert said == ["Tiếp thu", "Tiếp thu một phần", "Không tiếp thu"]
    assert translations("vi").gettext(STATES[State.REJECTED]) == "Không được nhận"


def test_answers_are_kept_changed_taken_back_and_counted_at_the_end(room: Room) -> None:
    room.send("/questions/new", QUESTION)
    room.send("/questions/new", WORDS)
    room.send("/publish", {})
    path = f"/en/consultations{room.public}/questions"
    assert "You can answer from" in room.site.browser_of().get(path).text
    room.go_to(1)
    persons = [room.site.desk.person() for _ in range(12)]
    citizens = [room.site.browser().hold(room.site.desk.session(person)) for person in persons]
    for n, citizen in enumerate(citizens):
        citizen.get(path)
        answer = citizen.post(path, {"q1": "1" if n < 5 else "2", "q2": f"Lời thứ {n}"})
        assert answer.headers["location"] == f"{path}?kept=1"
    first = citizens[0]
    page = first.get(f"{path}?kept=1").text
    assert "Your answers are kept." in page
    assert "Lời thứ 0" in page
    assert first.post(f"{path}/take-back").headers["location"] == f"{path}?taken=1"
    assert "Lời thứ 0" not in first.get(path).text
    assert first.post(path, {"q1": "-", "q2": " "}).status_code == 422
    assert first.post(path, {"q1": "3"}).status_code == 422
    assert first.post(path, {"q1": ["1", "2"]}).status_code == 422
    assert "withheld" not in room.read()
    assert room.site.browser().get(f"/en/consultations{room.public}/answers/2").status_code == 404
    room.go_to(11)
    late = room.site.browser().hold(room.site.desk.session(persons[1]))
    assert "The time to answer is over." in late.get(path).text
    late.get("/en/my")
    assert late.post(path, {"q1": "1"}).status_code == 422
    page = room.read()
    assert "11 people took part" in page
    assert page.count(">withheld<") == 3  # four said the first option: with it go seven, and who left it open
    words = room.read("/answers/2")
    assert "Lời thứ 11" in words
    assert "Lời thứ 0<" not in words
    ids = re.findall(r'id="a([0-9a-f]{16})"', words)
    assert ids == sorted(set(ids))  # by random ids: in no order that says who wrote first
    links = re.findall(r'/report/hearing-answer/[0-9a-f]{16}">(.*?)</a>', words)
    assert len(links) == len(set(links)) == 11  # read out alone, each says what it reports
    assert any("“Lời thứ 11”" in link for link in links)
    assert "All answers" in room.read(f"/answers/2/{ids[0]}")
    for other in ("/answers/2/1", "/answers/2?after=1", f"/answers/1/{ids[0]}"):
        assert room.site.browser().get(f"/en/consultations{room.public}{other}").status_code == 404


def test_a_consultation_becomes_a_vote_and_both_name_each_other(room: Room) -> None:
    place = room.text()
    days = {**QUESTION, "kind": "multiple", "text-en": "Which days?", "text-vi": "Ngày nào?"}
    for question in (QUESTION, days, WORDS):
        room.send("/questions/new", question)
    room.send("/publish", {})
    assert room.official.get(f"{room.office}/vote").status_code == 404  # people still answer
    room.go_to(11)
    assert f'href="{room.office}/vote"' in room.official.get(room.office).text
    form = room.official.get(f"{room.office}/vote").text
    assert re.findall(r'name="ask" type="checkbox" value="(\w+)"', form) == ["1", "2", "own"]
    draft = re.findall(r'name="draft" value="([0-9a-f]{32})"', form)[0]
    title = {"title-en": "Hours", "title-vi": "Giờ", "authority-en": "Ward", "authority-vi": "Phường"}
    values: dict[str, str] = {**title, "draft": draft, "seen": room.seen("/vote")}
    assert "Choose at least one question" in room.send("/vote", values, status=422)
    wrong = room.send("/vote", {**values, "ask": "own"}, status=422)
    assert "Write the question" in wrong
    assert "Write at least two options" in wrong
    room.send("/themes/new", {**THEME, "verdict": "accepted", "said-vi": "Mở sớm hơn."})
    slower = room.send("/vote", {**values, "ask": "1"}, status=409)
    assert "Somebody else has changed this meanwhile" in slower
    room.official.get(f"{room.office}/vote")
    asked: dict[str, str | list[str]] = {**values, "seen": room.seen("/vote"), "ask": ["1", "2"]}
    for _ in range(2):
        answer = room.official.post(f"{room.office}/vote", asked)
        assert answer.headers["location"] == f"/en/office/drafts/{draft}"
    found = load(room.site.app.state.office, draft).draft
    assert [(each.kind, each.maximum) for each in found.questions.questions] == [
        ("choose-one", 1),
        ("approval", 2),
    ]
    assert [option.label.vi for option in found.questions.questions[0].options] == ["Sáu giờ", "Bảy giờ"]
    assert [each.name.en for each in found.documents.documents] == ["The consultation", "Draft"]
    engine = room.site.desk.desk.engine
    with reading(engine) as session:
        digests = [decode_base64url(each.sha256, 32) for each in found.documents.documents]
        about, text = (session.get_one(VotingFile, digest).data.decode() for digest in digests)
    assert all(words in about for words in (PLAN["about-vi"], "Mở sớm hơn.", "Tiếp thu / Accepted"))
    assert all(words in text for words in (f"1. {OPENING}", f"3. {RUBBISH}", place.strip("/")))
    assert "A vote is being prepared." in room.read()
    assert "A vote in preparation" in room.official.get(room.office).text
    with engine.begin() as connection:
        connection.execute(
            VotingDraft.__table__.update()  # type: ignore[attr-defined]
            .where(VotingDraft.id == draft)
            .values(election="e" * 32, frozen_at=room.site.desk.clock())
        )
    with reading(engine) as session:
        came_from = hearing_of_vote(session, "e" * 32, room.site.app.state.office)
        assert came_from is not None
        assert came_from.id == room.public.strip("/")
        assert hearing_of_vote(session, "f" * 32, room.site.app.state.office) is None


def test_the_matching_is_corrected_and_a_stale_one_refused(room: Room) -> None:
    place = room.text()
    room.send("/publish", {})
    room.go_to(1)
    opening, stalls, rubbish = dict.fromkeys(PARAGRAPH.findall(room.read(place)))
    room.comment(rubbish, "Muộn quá.")
    room.send(place, {"text": f"{OPENING}\n\nKhông để xe đạp trong chợ.", **NOTE})
    twice = room.send(f"{place}/matching", {"match-2": opening, "deed": "save"}, status=422)
    assert "Paragraphs 1 and 2 cannot both be" in twice
    assert "Choose one of the earlier" in room.send(
        f"{place}/matching", {"match-2": "f" * 16, "deed": "save"}, status=422
    )
    seen = room.seen(place)
    room.send(f"{place}/matching", {"match-2": rubbish, "deed": "save"})
    for deed in ("publish", "save", "discard"):
        fields = {"seen": seen, "match-2": "new", "deed": deed}
        stale = room.send(f"{place}/matching", fields, status=409)
        assert "Somebody else has changed this meanwhile" in stale
    room.send(f"{place}/matching", {"deed": "publish"})
    document = room.read(place)
    assert list(dict.fromkeys(PARAGRAPH.findall(document))) == [opening, rubbish, stalls]
    assert "Paragraphs that were taken out" in document
    assert "Last in version 1" in room.read(f"{place}/paragraphs/{stalls}")


def test_a_prepared_version_is_thrown_away_and_nothing_was_public(room: Room) -> None:
    place = room.text()
    room.send("/publish", {})
    room.send(place, {"text": "Bản nháp chưa ai thấy.", **NOTE})
    assert "Bản nháp" not in room.read(place)
    assert room.site.browser().get(f"/en/consultations{room.public}{place}?version=2").status_code == 404
    room.send(f"{place}/matching", {"deed": "discard"})
    assert "Version 2 waits" not in room.official.get(room.office).text


def test_hidden_paragraphs_are_shown_nowhere(room: Room) -> None:
    place = room.text()
    room.send("/publish", {})
    paragraph = PARAGRAPH.findall(room.read(place))[0]
    room.send(place, {"text": f"{OPENING} Thêm một câu.\n\n{STALLS}\n\n{RUBBISH}", **NOTE})
    room.send(f"{place}/matching", {"deed": "publish"})
    desk = room.site.desk
    moderator = desk.signed_in(Role.MODERATOR)
    with writing(desk.desk.engine) as session:
        ruling = Ruling(Action.HIDDEN, Subject("paragraph", paragraph), bytes(32))
        entry = log_entry(session, desk.desk, moderator, ruling)
        Paragraphs().set_hidden(session, paragraph, entry=entry)
    for rest in ("", "?version=1", "/changes", f"/paragraphs/{paragraph}"):
        page = room.read(place + rest)
        assert "Chợ mở cửa" not in page
        assert f"Entry {entry} of the moderation record" in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title-vi": ""}, "Write something here."),
        ({"closes-year": ""}, "year"),
        (moment("closes", 1), "Comments must begin before they end"),
        ({"about-en": "x" * 4_001}, "at most 4000"),
        ({"title-en": "a\u202eb"}, "nobody can see"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_beside_the_field(
    room: Room, changed: dict[str, str], said: str
) -> None:
    answer = room.official.post("/en/office/consultations/new", {**PLAN, **changed})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"options": "Six"}, "Line 1: write the English words"),
        ({"options": "Six | Sáu\nSix | Sáu"}, "2 to 20 different options"),
        ({"kind": "dice"}, "Choose how the question is answered"),
        ({"kind": "text"}, "for own words none"),
    ],
)
def test_a_question_that_cannot_be_is_refused(room: Room, changed: dict[str, str], said: str) -> None:
    assert said in room.send("/questions/new", {**QUESTION, **changed}, status=422)


def test_questions_are_changed_and_taken_out_until_they_are_answered(room: Room) -> None:
    room.send("/questions/new", QUESTION)
    room.send("/questions/new", WORDS)
    assert "Six | Sáu giờ" in room.official.get(room.office + room.first("questions")).text
    gone = room.first("questions")
    seen = room.seen(gone)
    room.send(gone, {"deed": "remove"})
    late = room.send(gone, {**QUESTION, "text-en": "Mine?", "seen": seen}, status=409)
    assert "Somebody else has taken this out meanwhile" in late
    assert 'value="Mine?"' in late
    assert f'action="{room.office}/questions/new"' in late
    left = room.first("questions")
    room.send(left, {**WORDS, "text-en": "Anything else?"})
    room.send("/publish", {})
    assert "Anything else?" in room.read()
    room.go_to(1)
    assert "people answer them already" in room.send(left, WORDS, status=422)


@pytest.mark.parametrize("rest", ["/x", "/" + "f" * 16, "?after=x%00", "?after=" + "f" * 16])
def test_what_is_not_there_is_not_found(site: SiteUnderTest, rest: str) -> None:
    assert site.browser().get(f"/en/consultations{rest}").status_code == 404


def test_addresses_of_another_consultation_lead_nowhere(room: Room) -> None:
    place = room.text()
    room.send("/publish", {})
    other = room.official.post("/en/office/consultations/new", PLAN).headers["location"]
    assert room.official.get(other + place).status_code == 404
    for rest in ("?version=9", "?version=x", "/changes?from=0", "/paragraphs/" + "f" * 16):
        assert room.site.browser().get(f"/en/consultations{room.public}{place}{rest}").status_code == 404


def test_the_list_and_public_pages_ask_nobody_who_they_are(room: Room) -> None:
    place = room.text()
    room.send("/publish", {})
    for rest in ("", room.public, room.public + place):
        answer = room.site.browser().get(f"/vi/consultations{rest}")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "no-store" not in answer.headers.get("cache-control", "")

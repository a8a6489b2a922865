"""A site full of petitions, discussions, consultations and cases, in every state that a page can be in.

Words are as people write them, and worse: titles to the last letter that is allowed, and names without a space.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from consultation.discussions.contributions import Side, Writing, contribute, edit, vote, withdraw
from consultation.discussions.threads import thread_of
from consultation.discussions.topics import Text, Topic, open_topic, set_citizens_open
from consultation.following.follows import follow
from consultation.following.notices import tell
from consultation.hearings.hearings import turn_phases
from consultation.moderation.appeals import appeal
from consultation.moderation.cases import claim, waiting_cases
from consultation.moderation.decisions import Decision, decide
from consultation.moderation.reports import report
from consultation.moderation.types import Rule, Template
from consultation.petitions import life
from consultation.petitions.answering import Saying, last_official, set_debate, set_outcome
from consultation.petitions.claiming import claim as claim_petition
from consultation.petitions.types import Draft, Outcome, Reason
from consultation.profiles import set_profile
from consultation.signing.counting import take_areas
from consultation.signing.receipts import Handle
from consultation.signing.signing import confirm
from consultation.subjects import Subject
from crypto.encoding import encode_base64url
from identity.roles import Role
from identity.trail import begin
from storage.session import writing
from tests.support.petition_ward import CROSSING, LAMPS, Ward
from tests.support.sites import SiteUnderTest, served

LONG: Final = Draft(
    "Đề nghị Ủy ban nhân dân phường khẩn trương sửa " + "Ữ" * 33,
    "Nghiêng" * 60 + ".\n\nĐường ngập nước suốt mùa mưa.",
    "Ngõ" * 300,
    "vi",
    "city",
    "south",
)
HEARING: Final = {
    "title-en": "Rules for the ward market and for " + "W" * 80,
    "title-vi": "Nội quy chợ phường và " + "Ữ" * 80,
    "about-en": "The ward decides in January.\n\nEverything that you write is read.",
    "about-vi": "Phường quyết định vào tháng Một.\n\nMọi ý kiến đều được đọc.",
}
TEXT: Final = {
    "title-en": "Draft of the rules",
    "title-vi": "Dự thảo nội quy",
    "language": "vi",
    "text": "Chợ mở cửa lúc sáu giờ sáng.\n\nMỗi hộ được một quầy hàng, bốc thăm mỗi năm một lần.\n\n"
    + "Ữ" * 120,
}
QUESTIONS: Final = (
    {"text-en": "When should the market open?", "text-vi": "Chợ nên mở cửa lúc nào?", "kind": "single"}
    | {"options": "Six o’clock | Sáu giờ\nSeven o’clock | Bảy giờ\n" + "W" * 80 + " | " + "Ữ" * 80},
    {"text-en": "Which days?", "text-vi": "Những ngày nào?", "kind": "multiple"}
    | {"options": "Saturday | Thứ Bảy\nSunday | Chủ Nhật"},
    {"text-en": "How content are you?", "text-vi": "Bạn hài lòng đến mức nào?", "kind": "scale"}
    | {"options": "Not at all | Không\nFully | Hoàn toàn"},
    {"text-en": "What else?", "text-vi": "Còn gì nữa?", "kind": "text", "options": ""},
)
THEMES: Final = (
    ("Opening hours", "Giờ mở cửa", "accepted", "Six o’clock suits most.", "Sáu giờ hợp với đa số."),
    ("Stalls", "Quầy hàng", "partly", "Drawn twice a year.", "Bốc thăm mỗi năm hai lần."),
    ("Music", "Âm nhạc", "rejected", "Neighbours sleep.", "Hàng xóm ngủ."),
)
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([a-z-]+)" value="([^"]*)"')


@dataclass
class Scene:
    """The running site. cookies: of whoever reads, by name.  names: what stands for `{name}` in an address."""

    site: SiteUnderTest
    cookies: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return self.site.settings.base_url


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """All of it, made by the verbs and forms of the site, and served."""
    with served(folder) as site:
        made = Scene(site)
        _Making(made).all()
        yield made


class _Making:
    def __init__(self, made: Scene) -> None:
        self.scene, self.site, self.names = made, made.site, made.names
        self.documents: dict[str, str] = {}
        self.desk, self.clock, self.engine = made.site.desk, made.site.desk.clock, made.site.desk.desk.engine

    def all(self) -> None:
        """In an order in which the clock only goes forward."""
        with writing(self.engine) as session:
            begin(self.desk.desk, session)
        self.ward = Ward(self.desk)
        self.lan = self.ward.creator
        self.minh = self.desk.person("Minh")
        with writing(self.engine) as session:
            set_profile(session, self.lan, "Nguyễn Thị Lan", "north")
            set_profile(session, self.minh, "Ữ" * 40, None)
        self._hearings()
        self._petitions()
        self._discussions()
        self._moderation()
        self._people()

    def _petitions(self) -> None:
        ward, names = self.ward, self.names
        answered = ward.open(LAMPS, 12)
        ward.sign(answered, 20, dict.fromkeys(range(12), "north") | dict.fromkeys(range(12, 19), "south"))
        ward.answer(answered)
        number = 0
        with writing(self.engine) as session:
            said = Saying(
                "ward", "Hội đồng họp công khai.\n\nMời bạn đến dự.", "vi", last_official(session, answered)
            )
            number = set_debate(session, ward.official, answered, said, self.clock() + timedelta(days=9))
        with writing(self.engine) as session:
            said = Saying("ward", "Mười hai bóng đèn đã được lắp.", "vi", number)
            set_outcome(session, ward.official, answered, said, Outcome.PARTLY)
            take_areas(session, answered, self.clock())
        overdue = ward.open(replace(CROSSING, action="Build a crossing in front of the " + "W" * 40), 8)
        self.clock.wait(days=33)
        names["answered"], names["overdue"] = answered, overdue
        names["petition"] = ward.open(LONG, 6)
        ward.sign(names["petition"], 3)
        names["draft"] = ward.draft(LONG)
        names["sponsors"] = ward.sponsors(replace(LAMPS, action="Trồng thêm cây xanh ở sân trường"))
        ward.sign(names["sponsors"], 2)
        names["waiting"] = ward.moderation(replace(LAMPS, action="Mở lại nhà văn hóa phường"))
        names["rejected"] = ward.rejected(Reason.UNCLEAR, replace(LAMPS, action="Làm gì đó"))
        names["hidden"] = ward.rejected(Reason.PERSONAL_DATA, replace(LAMPS, action="Ông Ba ở số 5"))
        closed = ward.open(replace(CROSSING, action="More benches along the canal"))
        with writing(self.engine) as session:
            life.close_early(session, self.lan, closed, self.clock())
        names["closed"] = closed
        changed = ward.open(replace(CROSSING, action="A post box at the ferry"))
        with writing(self.engine) as session:
            words = replace(CROSSING, action="A post box at the ferry landing")
            life.edit(session, self.lan, changed, 1, words, self.clock())
        names["changed"] = changed
        names["receipt"] = Handle(ward.signatures.sign(answered, self.minh), by_mail=True).written(
            self.desk.desk
        )
        names["token"] = ward.signatures.ask(answered, "hoa@example.org")
        for one in "abcdef":
            token = ward.signatures.ask(answered, f"{one}{one}@mailinator.com")
            self.clock.wait(seconds=30)
            with writing(self.engine) as session:
                confirm(self.desk.desk, session, token, 1, "198.51.100.9")
        with writing(self.engine) as session:
            for subject in (answered, overdue, names["petition"]):
                follow(session, self.minh, Subject("petition", subject), self.clock())
        self.ward.answer(overdue, "city", "We build it.")

    def _discussions(self) -> None:
        names = self.names
        title = Text("Should the lakeside street be closed to cars?", "Có nên cấm xe trên đường ven hồ?")
        about = Text(
            "A **trial** from January:\n\n* mornings\n* evenings", "Thử từ tháng Một:\n\n* sáng\n* tối"
        )
        due = Text("Each theme is answered by 9 December.", "Mỗi ý kiến được trả lời trước 9/12.")
        with writing(self.engine) as session:
            set_citizens_open(session, value=True)
            sided = open_topic(
                session, Topic(title, about, due, sided=True, office=True), self.lan, self.clock()
            )
            long = Topic(Text("W" * 100, "Ữ" * 100), closes_at=self.clock() + timedelta(days=2))
            names["long"] = open_topic(session, long, self.minh, self.clock()).id
            names["empty"] = open_topic(
                session, Topic(Text("Trees?", "Trồng cây?")), self.minh, self.clock()
            ).id
            follow(session, self.minh, Subject("topic", sided.id), self.clock())
            petition = thread_of(session, Subject("petition", names["answered"]), self.clock())
        names["thread"], names["talk"] = sided.id, petition.id
        quote = "> Đường này quá đông.\n\nĐúng vậy, **rất đông**.\n\n1. một\n2. hai\n\n`mã`"
        self.first = self._say(sided.id, self.lan, quote, side=Side.FOR)
        self._say(sided.id, self.minh, "Nghiêng" * 50, side=Side.AGAINST)
        self._say(sided.id, self.minh, "Tôi không nghĩ vậy, #1.", parent=1)
        for number in range(23):
            self._say(sided.id, self.desk.person(f"Người {number}"), f"Ý kiến thứ {number}.", parent=2)
            self._say(sided.id, self.desk.person(), f"Ý kiến khác {number}.", side=list(Side)[number % 2])
        self._say(petition.id, self.minh, "Tôi đi qua đó mỗi ngày.")
        gone = self._say(sided.id, self.minh, "Nhầm.", side=Side.FOR)
        with writing(self.engine) as session:
            now = self.clock()
            for by, agrees in ((self.ward.moderator, True), (self.ward.official, False)):
                vote(session, self.first, by.actor.person_id, agrees=agrees, version=1, now=now)
            edit(session, self.first, self.lan, quote.replace("rất", "vô cùng"), version=1, now=now)
            vote(session, self.first, self.minh, agrees=True, version=2, now=now)
            withdraw(session, gone, self.minh, now)

    def _say(
        self, thread: str, author: str, words: str, *, parent: int | None = None, side: Side | None = None
    ) -> int:
        with writing(self.engine) as session:
            return contribute(session, Writing(thread, author, words, parent, side), self.clock()).id

    def _hearings(self) -> None:
        """Four of them: in preparation, open for comments, ended, and with its outcome."""
        begun = self.clock()
        preparing = self._prepared(5, 9)
        done, ended, running = self._prepared(1, 3), self._prepared(1, 3), self._prepared(1, 90)
        for hearing in (done, ended, running):
            self._post(hearing, "/publish", {})
        self.clock.now = begun + timedelta(days=1, minutes=1)
        self._turn()
        for hearing in (done, running):
            self._answered(hearing, 8 if hearing == done else 1)
        self.names |= {"hearing": running, "ended": ended, "done": done, "preparing": preparing}
        self.names["paragraph"] = self._found(
            f"/vi/consultations/{running}/documents/{self.documents[running]}",
            r"discussions/on/paragraph/([0-9a-f]{16})",
        )
        self._say_on("paragraph", self.names["paragraph"], "Sáu giờ thì sớm quá.")
        self._say_on("hearing", running, "Tôi ủng hộ.")
        text = f"/documents/{self.documents[running]}"
        changed = TEXT["text"].replace("sáu giờ", "sáu giờ rưỡi") + "\n\nKhông hút thuốc trong chợ."
        note = {"note-en": "After the first comments", "note-vi": "Sau những góp ý đầu tiên"}
        self._post(running, text, {"text": changed, **note})
        self._post(running, f"{text}/matching", {"revision": "1", "deed": "publish"})
        self._post(running, text, {"text": changed.replace("mỗi năm", "hằng năm"), **note})
        self.names |= {"document": self.documents[running], "finished": self.documents[done]}
        self.clock.now = begun + timedelta(days=3, minutes=1)
        self._turn()
        for title_en, title_vi, verdict, reason_en, reason_vi in THEMES:
            theme = {
                "title-en": title_en,
                "title-vi": title_vi,
                "said-en": "Many wrote.",
                "said-vi": "Nhiều người viết.",
            }
            theme |= {"verdict": verdict, "reason-en": reason_en, "reason-vi": reason_vi}
            self._post(done, "/themes/new", theme)
        self._post(ended, "/themes/new", {**theme, "verdict": "-", "reason-en": "", "reason-vi": ""})
        self._post(done, "/outcome", {"sure": "yes"})
        self.names["answer"] = self._found(f"/vi/consultations/{done}/answers/4", r'id="a([0-9a-z]+)"')
        office = "/en/office/consultations"
        self.names["theme"] = self._found(f"{office}/{ended}/outcome", r"/themes/(\d+)")
        self.names["question"] = self._found(f"{office}/{preparing}", r"/questions/(\d+)")

    def _found(self, path: str, pattern: str) -> str:
        """What stands on a page that an official reads."""
        found = re.search(pattern, self.official.get(path).text)
        assert found is not None, path
        return found[1]

    def _prepared(self, opens: int, closes: int) -> str:
        self.official = self.site.browser_of(Role.OFFICIAL)
        plan = {**HEARING}
        for name, days in (("opens", opens), ("closes", closes), ("due", closes + 30)):
            at = self.clock() + timedelta(days=days)
            plan |= {f"{name}-day": str(at.day), f"{name}-month": str(at.month), f"{name}-year": str(at.year)}
            plan[f"{name}-time"] = at.strftime("%H:%M")
        answer = self.official.post("/en/office/consultations/new", plan)
        hearing = str(answer.headers["location"]).rsplit("/", 1)[1]
        place = self._post(hearing, "/documents/new", TEXT)
        self._post(hearing, f"/documents/{place}/matching", {"revision": "1", "deed": "publish"})
        for question in QUESTIONS:
            self._post(hearing, "/questions/new", question)
        self.documents[hearing] = place
        return hearing

    def _post(self, hearing: str, place: str, fields: Mapping[str, str | list[str]]) -> str:
        """Send a form of the office as its page has it; the last part of the address to which it leads."""
        path = f"/en/office/consultations/{hearing}"
        page = self.official.get(path + place.removesuffix("/publish").removesuffix("/matching")).text
        hidden = dict(_HIDDEN.findall(page))
        answer = self.official.post(path + place, {**hidden, **fields})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).rsplit("/", 1)[1]

    def _turn(self) -> None:
        with writing(self.engine) as session:
            turn_phases(session, self.clock())
        self.official = self.site.browser_of(Role.OFFICIAL)

    def _answered(self, hearing: str, people: int) -> None:
        path = f"/en/consultations/{hearing}/questions"
        persons = [self.minh, *(self.desk.person() for _ in range(people))]
        for number, person in enumerate(persons):
            browser = self.site.browser().hold(self.desk.session(person))
            browser.get(path)
            fields: dict[str, str | list[str]] = {
                "q1": str(1 + number % 2),
                "q2": ["1", "2"],
                "q3": "3",
                "q4": f"Lời thứ {number}. " + "Ngõ" * 40,
            }
            assert browser.post(path, fields).status_code == 303

    def _say_on(self, kind: str, place: str, words: str) -> None:
        with writing(self.engine) as session:
            thread = thread_of(session, Subject(kind, place), self.clock())
        self._say(thread.id, self.minh, words)

    def _moderation(self) -> None:
        """Two appeals, one of them decided by nobody yet; two cases that wait, one of them taken."""
        names, thread = self.names, self.names["talk"]
        said = [
            self._say(thread, self.lan, f"Bà Sáu là đồ ăn cướp! ({number}) " + "Ữ" * 90)
            for number in range(4)
        ]
        for number, one in enumerate(said):
            with writing(self.engine) as session:
                subject = Subject("contribution", str(one))
                report(session, self.minh, subject, Rule.ATTACK, "Mẹ tôi. " + "Ữ" * 90, self.clock())
            if number < 2:
                self._decided(self._case(one), warn=number == 0)
        with writing(self.engine) as session:
            appeal(session, self.lan, 3, "Tôi trích nguyên văn biên bản. " + "Ữ" * 90, self.clock())
        names["contribution"] = str(self.first)
        names["untaken"], names["case"] = self._case(said[2]), self._case(said[3])

    def _case(self, contribution: int) -> str:
        with writing(self.engine) as session:
            found = waiting_cases(session, self.ward.moderator.actor.person_id, self.clock()).cases
        return next(case.id for case in found if case.subject.id == str(contribution))

    def _decided(self, case: str, *, warn: bool) -> None:
        by = self.ward.moderator.actor
        with writing(self.engine) as session:
            claim(session, case, by.person_id, self.clock())
            found = next(
                one for one in waiting_cases(session, by.person_id, self.clock()).cases if one.id == case
            )
            assert found.described is not None
            note = "Xin viết lại mà không gọi ai như vậy."
            decision = Decision(Template.PERSON_INSULTED, found.described.digest, note, warn, 0)
            decide(session, self.desk.desk, by, case, decision)

    def _people(self) -> None:
        """Who reads. `moderator` has taken a case and a petition."""
        with writing(self.engine) as session:
            while tell(session, self.clock()):
                pass
        moderator, official = self.ward.moderator.actor.person_id, self.ward.official.actor.person_id
        with writing(self.engine) as session:
            claim(session, self.names["case"], moderator, self.clock())
            claim_petition(session, self.ward.moderator, self.names["waiting"])
        everything = self.desk.person("Nguyễn" * 16, tuple(Role))
        readers = {"lan": self.lan, "minh": self.minh, "moderator": moderator, "official": official}
        readers |= {"admin": everything, "newcomer": self.desk.person("")}
        self.names["person"] = everything
        for name, person in readers.items():
            self.scene.cookies[name] = encode_base64url(self.desk.session(person))

"""Titles and names: no word of two alphabets, no address, and everything that people honestly write."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
from sqlalchemy.orm import Session

from consultation.discussions.models import DiscussionTopic
from consultation.discussions.topics import Text, Topic, change_topic, open_topic, set_citizens_open, topic_of
from consultation.errors import TextProblem, TextRefused
from consultation.profiles import Profile, profiles_of, set_profile
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HONEST = (
    "Nguyễn Thị Hoàng Yến",
    "Đặng Ngọc Ẩn",
    "Zoë O’Connor-Łuczak",
    "Надежда Крупская",
    "Сара",  # Cyrillic letters alone, though each of them looks like a Latin one
    "Σοφία",
    "山田太郎",
    "김철수",
    "أحمد",
    "Անի",
    "Quỹ Надежда",  # two alphabets, but no word of both
    "Cáp điện 10kΩ ở Q.3",
)
MIXED = (
    "S\u0435n",
    "H\u043e Sen",
    "Ủy ban nh\u0430\u0302n dân",
    "M\u039fCK",
    "Li\u057dh",
    "Qu\u13a1nh",
    "\u043e\u0302ng già",  # no letter is composed of these two, so the accent stands for itself
    "\u0430\u0323n ủi",
    "\uff2c\u0410\uff2d\uff30",
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    folder = tmp_path_factory.mktemp("titles")
    with desk_under_test(f"sqlite:///{folder / 'desk.db'}", folder) as made:
        with writing(made.desk.engine) as session:
            set_citizens_open(session, value=True)
        yield made


def choose_a_name(session: Session, person: str, text: str) -> str:
    """What is then shown."""
    set_profile(session, person, text, None)
    return profiles_of(session, [person])[person].name


def ask(session: Session, person: str, text: str, *, office: bool = False) -> str:
    topic = Topic(Text(vi=text), office=office)
    found = topic_of(session, open_topic(session, topic, person, NOW).id)
    assert found is not None
    return found.title.vi


def ask_for_the_office(session: Session, person: str, text: str) -> str:
    return ask(session, person, text, office=True)


WAYS = pytest.mark.parametrize("way", [choose_a_name, ask, ask_for_the_office])
Way = Callable[[Session, str, str], str]


@WAYS
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", HONEST)
def test_honest_names_pass(shared: DeskUnderTest, way: Way, form: Literal["NFC", "NFD"], text: str) -> None:
    typed = unicodedata.normalize(form, text)
    person = shared.person()
    with writing(shared.desk.engine) as session:
        assert way(session, person, typed) == unicodedata.normalize("NFC", text)


@WAYS
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, TextProblem.MIXED) for text in MIXED),
        ("www.evil.example", TextProblem.ADDRESS),
        ("lan@example.org", TextProblem.ADDRESS),
    ],
)
def test_what_reads_otherwise_is_refused(
    shared: DeskUnderTest, way: Way, text: str, problem: TextProblem
) -> None:
    person = shared.person()
    with writing(shared.desk.engine) as session, pytest.raises(TextRefused) as refused:
        way(session, person, text)
    assert refused.value.problem is problem


def test_a_name_that_is_refused_leaves_the_former_one(shared: DeskUnderTest) -> None:
    person = shared.person()
    with writing(shared.desk.engine) as session:
        set_profile(session, person, "Sen", None)
    with pytest.raises(TextRefused), writing(shared.desk.engine) as session:
        set_profile(session, person, MIXED[0], None)
    with reading(shared.desk.engine) as session:
        assert profiles_of(session, [person])[person] == Profile("Sen")


def test_a_topic_is_changed_to_no_such_title(shared: DeskUnderTest) -> None:
    topic = Topic(Text(en="Hồ Sen?"), office=True)
    person = shared.person()
    with writing(shared.desk.engine) as session:
        thread = open_topic(session, topic, person, NOW).id
    with pytest.raises(TextRefused) as refused, writing(shared.desk.engine) as session:
        change_topic(session, thread, Topic(Text("Hồ Sen?", MIXED[0]), office=True), topic.seen)
    assert refused.value.problem is TextProblem.MIXED
    with reading(shared.desk.engine) as session:
        assert topic_of(session, thread) == topic


def test_a_title_from_before_this_rule_keeps_nobody_from_an_end(shared: DeskUnderTest) -> None:
    person = shared.person()
    with writing(shared.desk.engine) as session:
        thread = open_topic(session, Topic(Text(en="Sen"), office=True), person, NOW).id
        session.get_one(DiscussionTopic, thread).title_en = MIXED[0]
    with writing(shared.desk.engine) as session:
        there = topic_of(session, thread)
        assert there is not None
        change_topic(session, thread, replace(there, due=Text(en="By May.")), there.seen)
    with reading(shared.desk.engine) as session:
        changed = topic_of(session, thread)
    assert changed is not None
    assert (changed.title.en, changed.due.en) == (MIXED[0], "By May.")

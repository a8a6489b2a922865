"""Pages of a thread: each contribution once, in the order that was asked for, whatever stands in the address."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from consultation.discussions.contributions import Side, Writing, contribute, vote
from consultation.discussions.errors import LinksTooEarly, QuestionFixed, TopicsByOffice
from consultation.discussions.reading import (
    PAGE,
    REPLIES_SHOWN,
    NoSuchPage,
    Shown,
    first_replies,
    mentioned,
    page_of,
    replies_of,
    threads,
    topic_threads,
)
from consultation.discussions.sorting import Order, agreed_score, disputed_score
from consultation.discussions.threads import Thread, thread_of
from consultation.discussions.topics import (
    Text,
    Topic,
    change_topic,
    open_topic,
    set_citizens_open,
    topic_of,
    topics_of,
)
from consultation.errors import ChangedMeanwhile, NoSuchSubject, TextRefused
from consultation.kinds import describe
from consultation.subjects import Subject
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test

TOPS, REPLIES = 47, 25


@dataclass
class Talk:
    """A thread with many contributions."""

    desk: DeskUnderTest
    thread: str
    ids: list[int]
    reader: str


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    folder: Path = tmp_path_factory.mktemp("talk")
    with desk_under_test(f"sqlite:///{folder / 'talk.db'}", folder) as desk:
        lan, people = desk.person(), [desk.person() for _ in range(5)]
        with writing(desk.desk.engine) as session:
            thread = thread_of(session, Subject("topic", "1" * 16), desk.clock(), sided=True)
            ids = []
            for n in range(TOPS):
                side = Side.FOR if n % 3 else Side.AGAINST
                made = contribute(session, Writing(thread.id, lan, f"Words {n}", side=side), desk.clock())
                ids.append(made.id)
                for k, person in enumerate(people[: n % 6]):
                    vote(session, made.id, person, agrees=(n * 7 + k) % 3 > 0, version=1, now=desk.clock())
            for n in range(REPLIES):
                contribute(session, Writing(thread.id, lan, f"Reply {n}", parent=1), desk.clock())
        yield Talk(desk, thread.id, ids, people[0])


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("side", [Side.FOR, Side.AGAINST])
def test_page_after_page_gives_everything_once_and_in_order(talk: Talk, order: Order, side: Side) -> None:
    met: list[Shown] = []
    after, pages = "", 0
    with reading(talk.desk.desk.engine) as session:
        while True:
            page = page_of(session, talk.thread, order, side=side, after=after)
            met += page.lines
            after, pages = page.after, pages + 1
            if not after:
                break
            assert len(page.lines) == PAGE
    expected = {number for n, number in enumerate(talk.ids) if (n % 3 > 0) is (side is Side.FOR)}
    assert [line.id for line in met if line.top is None] == [line.id for line in met]
    assert len(met) == len({line.id for line in met}) == len(expected)
    assert pages == -(-len(met) // PAGE)
    keys: list[tuple[int, int]] = {
        Order.AGREED: [(-agreed_score(line.agree, line.disagree), -line.id) for line in met],
        Order.DISPUTED: [(-disputed_score(line.agree, line.disagree), -line.id) for line in met],
        Order.NEWEST: [(-line.id, 0) for line in met],
        Order.OLDEST: [(line.id, 0) for line in met],
    }[order]
    assert keys == sorted(keys)


def test_replies_come_twenty_at_a_time(talk: Talk) -> None:
    with reading(talk.desk.desk.engine) as session:
        first = replies_of(session, talk.ids[0])
        second = replies_of(session, talk.ids[0], after=first.after)
        assert [line.words for line in (*first.lines, *second.lines)] == [
            f"Reply {n}" for n in range(REPLIES)
        ]
        assert second.after == ""
        page = page_of(session, talk.thread, Order.OLDEST, side=Side.AGAINST)
        shown = first_replies(session, page.lines)
        assert list(shown) == [talk.ids[0]]
        assert [line.words for line in shown[talk.ids[0]]] == [f"Reply {n}" for n in range(REPLIES_SHOWN)]


def test_the_reader_sees_their_own_votes(talk: Talk) -> None:
    with reading(talk.desk.desk.engine) as session:
        mine = page_of(session, talk.thread, Order.OLDEST, side=Side.FOR, reader=talk.reader)
        nobody = page_of(session, talk.thread, Order.OLDEST, side=Side.FOR)
    assert any(line.mine is not None for line in mine.lines)
    assert all(line.mine is None for line in nobody.lines)


@pytest.mark.parametrize("after", ["x", "-1", "01", "1-", "1-2-3", "9" * 19 + "-1", "1 OR 1", "٣", "5-5"])
def test_a_page_that_cannot_begin_there_is_not_there(talk: Talk, after: str) -> None:
    with reading(talk.desk.desk.engine) as session, pytest.raises(NoSuchPage):
        page_of(session, talk.thread, Order.OLDEST, after=after)


@pytest.mark.parametrize("after", ["x", "2026-01-01-" + "0" * 16, "2026~01~01T00:00:00+00:00-x", "9" * 60])
def test_nor_does_the_list_of_threads(talk: Talk, after: str) -> None:
    with reading(talk.desk.desk.engine) as session, pytest.raises(NoSuchPage):
        threads(session, after)


def test_only_numbers_of_this_thread_are_mentions(talk: Talk) -> None:
    with reading(talk.desk.desk.engine) as session:
        assert mentioned(session, talk.thread, ["#1 #2, (#3) a#4 #5b #999999 #0 ##6 #12345678901"]) == {
            1,
            2,
            3,
        }


def test_threads_are_listed_by_their_last_word(database_url: str, tmp_path: Path) -> None:
    with desk_under_test(database_url, tmp_path) as desk:
        lan, made = desk.person(), []
        for n in range(PAGE + 3):
            desk.clock.wait(minutes=1)
            with writing(desk.desk.engine) as session:
                made.append(thread_of(session, Subject("topic", f"{n:016}"), desk.clock()).id)
        with writing(desk.desk.engine) as session:
            contribute(session, Writing(made[0], lan, "The last word"), desk.clock())
        with reading(desk.desk.engine) as session:
            first, after = threads(session)
            second, end = threads(session, after)
        assert [thread.id for thread in (*first, *second)] in (
            [made[0], *reversed(made[1:])],
            [made[-1], made[0], *reversed(made[1:-1])],  # of the same second: by number
        )
        assert (len(first), end) == (PAGE, "")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_scores_are_shares_and_grow_with_agreement(agree: int, disagree: int) -> None:
    score = agreed_score(agree, disagree)
    assert 0 <= score <= 10**9
    assert agreed_score(agree + 1, disagree) >= score >= agreed_score(agree, disagree + 1)
    if agree + disagree:
        assert score <= 10**9 * agree / (agree + disagree) + 1
    assert disputed_score(agree, disagree) == disputed_score(disagree, agree)


def test_scores_by_hand() -> None:
    # 90 of 100 at 95 %: 0.8256 (Wilson 1927); three of three: 0.4385.
    assert agreed_score(90, 10) == pytest.approx(0.825634e9, rel=1e-5)
    assert agreed_score(3, 0) == pytest.approx(0.438503e9, rel=1e-5)
    assert agreed_score(0, 0) == agreed_score(0, 5) == 0
    assert (
        disputed_score(50, 50) > disputed_score(5, 5) > disputed_score(90, 10) > disputed_score(100, 0) == 0
    )


def _seen(session: Session, thread: Thread) -> str:
    return topics_of(session, [thread.id])[thread.id].seen


def test_topics(database_url: str, tmp_path: Path) -> None:
    with desk_under_test(database_url, tmp_path) as desk:
        lan = desk.person()
        question = Topic(Text(en="Close the street?", vi="Cấm xe?"), sided=True, office=True)
        with writing(desk.desk.engine) as session:
            thread = open_topic(session, question, lan, desk.clock())
            assert thread.sided
            with pytest.raises(TopicsByOffice):
                open_topic(session, Topic(Text(en="Mine")), lan, desk.clock())
            with pytest.raises(TextRefused):
                open_topic(session, Topic(Text(), office=True), lan, desk.clock())
            set_citizens_open(session, value=True)
            mine = open_topic(session, Topic(Text(vi="Của tôi")), lan, desk.clock())
            with pytest.raises(LinksTooEarly):
                open_topic(session, Topic(Text(en="See"), Text(en="https://a.example")), lan, desk.clock())
        with writing(desk.desk.engine) as session:
            seen = _seen(session, thread)
            change_topic(session, thread.id, Topic(Text(en="Close it?"), closes_at=desk.clock()), seen)
            with pytest.raises(ChangedMeanwhile):
                change_topic(session, thread.id, question, seen)
            with pytest.raises(NoSuchSubject):
                change_topic(session, "0" * 16, question, seen)
            contribute(session, Writing(mine.id, lan, "Vâng."), desk.clock())
            change_topic(session, thread.id, Topic(Text(en="Close it?")), _seen(session, thread))
            contribute(session, Writing(thread.id, lan, "Yes.", side=Side.FOR), desk.clock())
            other = Topic(Text(en="Open it?"), due=Text(en="In May."))
            for answered, topic in ((thread, other), (mine, Topic(Text(vi="Của tôi", en="Mine")))):
                with pytest.raises(QuestionFixed):
                    change_topic(session, answered.id, topic, _seen(session, answered))
            translated = replace(other, title=Text(en="Close it?", vi="Cấm xe?"), words=Text(vi="Xe máy."))
            translated = replace(translated, closes_at=desk.clock())
            change_topic(session, thread.id, translated, _seen(session, thread))
        with reading(desk.desk.engine) as session:
            changed = topic_of(session, thread.id)
            assert changed is not None
            assert (changed.title, changed.due) == (translated.title, Text(en="In May."))
            listed = topic_threads(session)
            assert {each.id for each, _ in listed} == {thread.id, mine.id}
            assert not next(each for each, _ in listed if each.id == thread.id).is_open(desk.clock())
            found = describe(session, Subject("topic", mine.id))
            assert found is not None
            assert (found.title, found.author, found.public) == ("Của tôi", lan, True)


@pytest.mark.parametrize(
    "mark", ["0001~01~01T00:00:00+14:00-0123456789abcdef", "2025~01~01T00:00:00+00:00-0123456789abcde\0"]
)
def test_marks_of_lists_that_no_page_gave(talk: Talk, mark: str) -> None:
    with reading(talk.desk.desk.engine) as session, pytest.raises(NoSuchPage):
        threads(session, mark)

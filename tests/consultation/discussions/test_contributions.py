"""What is written, answered, changed, withdrawn and agreed with: counters exact, and nobody speaks for another."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consultation.discussions import rows
from consultation.discussions.contributions import (
    MENTIONS_MAX,
    VERSIONS_MAX,
    WORDS_MAX,
    Made,
    Side,
    Writing,
    contribute,
    count_votes,
    digest_of,
    edit,
    has_link,
    vote,
    withdraw,
)
from consultation.discussions.errors import (
    EditedMeanwhile,
    LinksTooEarly,
    NotTheAuthor,
    OwnWords,
    SideMissing,
    ThreadClosed,
    TooManyVersions,
    WordsChanged,
)
from consultation.discussions.models import DiscussionContribution, DiscussionVersion, DiscussionVote
from consultation.discussions.personal import DiscussionData
from consultation.discussions.reading import find_contribution, versions_of
from consultation.discussions.rows import CONTRIBUTION, lock_contribution
from consultation.discussions.threads import (
    Thread,
    find_thread,
    known_thread,
    lock_thread,
    moment_in,
    set_closing,
    thread_of,
)
from consultation.errors import NoSuchSubject, TextRefused
from consultation.following.follows import follows
from consultation.happenings import What
from consultation.kinds import KINDS, describe
from consultation.models import ConsultationHappening
from consultation.moderation.errors import Paused
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.pauses import pause
from consultation.moderation.types import Action, Rule
from consultation.subjects import Subject
from identity.roles import Role
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test

LINKS = [
    "https://evil.example/x",
    "see WWW.EVIL.EXAMPLE",
    "ｈｔｔｐｓ：／／evil.example",
    "[free](//evil.example)",
    "evil.com",
    "evil .com now",
    "EVIL。com/x",
    "tg://join",
]
UNREADABLE = [
    "",
    " \n ",
    "x" * (WORDS_MAX + 1),
    "x" * 10_000_000,
    "a\0b",
    "a\u202eb",
    "e" + "\u0301" * 9,
]
PLACE = Subject("topic", "5" * 16)


@pytest.fixture
def under_test(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(database_url, tmp_path) as made:
        yield made


def begin(under_test: DeskUnderTest, *, sided: bool = False) -> Thread:
    with writing(under_test.desk.engine) as session:
        return thread_of(session, PLACE, under_test.clock(), sided=sided)


def say(
    under_test: DeskUnderTest,
    thread: Thread,
    author: str,
    words: str,
    parent: int | None = None,
    side: Side | None = None,
    *,
    office: bool = False,
) -> Made:
    with writing(under_test.desk.engine) as session:
        made = Writing(thread.id, author, words, parent, side, office)
        return contribute(session, made, under_test.clock())


def opine(under_test: DeskUnderTest, contribution: int, person: str, *, agrees: bool | None) -> None:
    with writing(under_test.desk.engine) as session:
        vote(session, contribution, person, agrees=agrees, version=1, now=under_test.clock())


def counters(under_test: DeskUnderTest, contribution: int) -> tuple[int, int]:
    with reading(under_test.desk.engine) as session:
        row = session.get_one(DiscussionContribution, contribution)
        assert (row.agree, row.disagree) == count_votes(session, contribution)
        return row.agree, row.disagree


def happened(under_test: DeskUnderTest) -> list[tuple[str, str, str, str | None, str | None]]:
    with reading(under_test.desk.engine) as session:
        rows = session.scalars(select(ConsultationHappening).order_by(ConsultationHappening.id))
        return [(row.what, row.subject_kind, row.about, row.by, row.to) for row in rows]


def test_a_place_has_one_thread(under_test: DeskUnderTest) -> None:
    thread = begin(under_test)
    assert begin(under_test) == thread
    with reading(under_test.desk.engine) as session:
        assert known_thread(session, PLACE) == thread == find_thread(session, thread.id)
        for wrong in ("", "x" * 16, thread.id + "0", thread.id.upper() + " "):
            with pytest.raises(NoSuchSubject):
                find_thread(session, wrong)


def test_replies_stand_under_the_one_that_is_no_reply(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    first = say(under_test, thread, lan, "First")
    reply = say(under_test, thread, minh, "Reply", parent=1)
    deeper = say(under_test, thread, lan, "To the reply", parent=reply.number)
    assert [first.number, reply.number, deeper.number] == [1, 2, 3]
    with reading(under_test.desk.engine) as session:
        assert find_contribution(session, thread.id, 3).top == first.id
        assert find_contribution(session, thread.id, 1).replies == 2
        assert find_thread(session, thread.id).count == 3
    with pytest.raises(NoSuchSubject):
        say(under_test, thread, lan, "To nobody", parent=4)


def test_the_same_words_twice_are_said_once(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    first = say(under_test, thread, lan, "Ngõ 12 đã hỏng.")
    twin = say(
        under_test, thread, lan, " Ngo\u0303 12 đa\u0303 ho\u0309ng. "
    )  # the same letters, taken apart
    assert twin == first
    assert say(under_test, thread, minh, "Ngõ 12 đã hỏng.") != first
    assert say(under_test, thread, lan, "Ngõ 12 đã hỏng.", parent=1) != first


def test_who_is_told(under_test: DeskUnderTest) -> None:
    lan, minh, hoa = (under_test.person() for _ in range(3))
    thread = begin(under_test)
    first = say(under_test, thread, lan, "First")
    second = say(under_test, thread, hoa, "As #1 says, and #1 again, and #7")
    reply = say(under_test, thread, minh, "No, #1 is wrong and #2 too", parent=1)
    assert happened(under_test) == [
        (What.CONTRIBUTION_MADE, "topic", str(first.id), lan, None),
        (What.CONTRIBUTION_MADE, "topic", str(second.id), hoa, None),
        (What.MENTIONED, CONTRIBUTION, str(second.id), hoa, lan),
        (What.REPLY_MADE, CONTRIBUTION, str(reply.id), minh, None),
        (What.MENTIONED, CONTRIBUTION, str(reply.id), minh, hoa),  # not twice to Lan, who hears of the reply
    ]
    with reading(under_test.desk.engine) as session:
        assert follows(session, lan, Subject(CONTRIBUTION, str(first.id)))


def test_mentions_call_a_few_people_only(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    thread = begin(under_test)
    for n in range(MENTIONS_MAX + 3):
        say(under_test, thread, under_test.person(), f"Number {n}")
    say(under_test, thread, lan, " ".join(f"#{n}" for n in range(1, 300)))
    called = [line for line in happened(under_test) if line[0] == What.MENTIONED]
    assert len(called) == MENTIONS_MAX


def test_a_question_wants_a_side_and_a_reply_has_none(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    thread = begin(under_test, sided=True)
    with pytest.raises(SideMissing):
        say(under_test, thread, lan, "Well")
    say(under_test, thread, lan, "Yes", side=Side.FOR)
    reply = say(under_test, thread, lan, "And more", parent=1, side=Side.AGAINST)
    with reading(under_test.desk.engine) as session:
        assert find_contribution(session, thread.id, 1).side is Side.FOR
        assert find_contribution(session, thread.id, reply.number).side is Side.NEITHER


@pytest.mark.parametrize("words", LINKS)
def test_what_a_reader_would_take_for_an_address(words: str) -> None:
    assert has_link(words)


def test_newcomers_set_no_links(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "Harmless")
    for words in LINKS:
        with pytest.raises(LinksTooEarly):
            say(under_test, thread, lan, words)
        with writing(under_test.desk.engine) as session, pytest.raises(LinksTooEarly):
            edit(session, made.id, lan, words, version=1, now=under_test.clock())
    say(under_test, thread, lan, LINKS[0], office=True)
    with reading(under_test.desk.engine) as session:
        assert find_thread(session, thread.id).count == 2


def test_links_come_after_a_day_and_not_for_what_was_hidden(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    say(under_test, thread, lan, "A first word")
    bad = say(under_test, thread, minh, "A bad word")
    with writing(under_test.desk.engine) as session:
        KINDS[CONTRIBUTION].set_hidden(session, str(bad.id), entry=7)
    under_test.clock.wait(hours=23)
    with pytest.raises(LinksTooEarly):
        say(under_test, thread, lan, "https://example.org")
    under_test.clock.wait(hours=1)
    say(under_test, thread, lan, "https://example.org")
    with pytest.raises(LinksTooEarly):
        say(under_test, thread, minh, "https://example.org")


@pytest.mark.parametrize("words", ["1.5 m", "3.987 người", "v.v.", "Không.Có", "9:30 to 10:00", "a/b", "#12"])
def test_what_is_no_link_is_none(words: str) -> None:
    assert not has_link(words)


def test_words_that_nobody_could_read_are_refused(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    thread = begin(under_test)
    for words in UNREADABLE:
        with pytest.raises(TextRefused):
            say(under_test, thread, lan, words)
    with reading(under_test.desk.engine) as session:
        assert find_thread(session, thread.id).count == 0


def test_an_edit_keeps_what_stood_there(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "First words")
    opine(under_test, made.id, minh, agrees=True)
    under_test.clock.wait(hours=1)
    with writing(under_test.desk.engine) as session:
        assert edit(session, made.id, lan, "First words", version=1, now=under_test.clock()) == 1
        assert edit(session, made.id, lan, "Second words", version=1, now=under_test.clock()) == 2
    with writing(under_test.desk.engine) as session, pytest.raises(EditedMeanwhile):
        edit(session, made.id, lan, "From an old window", version=1, now=under_test.clock())
    with writing(under_test.desk.engine) as session, pytest.raises(NotTheAuthor):
        edit(session, made.id, minh, "Put into her mouth", version=2, now=under_test.clock())
    with reading(under_test.desk.engine) as session:
        first, second = versions_of(session, made.id)
        assert (first.words, first.until) == ("First words", second.since)
        assert (second.words, second.until) == ("Second words", None)
        described = describe(session, Subject(CONTRIBUTION, str(made.id)))
        assert described is not None
        assert described.words == "Second words"
    assert counters(under_test, made.id) == (0, 0)  # whoever agreed did with the first words


def test_agreement_belongs_to_the_words_it_was_given_to(under_test: DeskUnderTest) -> None:
    """Eight people who want trees planted do not come to want them felled, by somebody's edit."""
    lan, minh = under_test.person(), under_test.person()
    made = say(under_test, begin(under_test), lan, "Plant more trees at the lake")
    opine(under_test, made.id, minh, agrees=True)
    with writing(under_test.desk.engine) as session:
        edit(session, made.id, lan, "Fell all trees at the lake", version=1, now=under_test.clock())
    assert counters(under_test, made.id) == (0, 0)
    with pytest.raises(WordsChanged):
        opine(under_test, made.id, minh, agrees=True)
    with reading(under_test.desk.engine) as session:
        row = session.get_one(DiscussionContribution, made.id)
        assert (row.score, row.dispute) == (0, 0)
        first, second = versions_of(session, made.id)
    assert [(each.agree, each.disagree) for each in (first, second)] == [(1, 0), (0, 0)]
    for version in range(2, VERSIONS_MAX):
        with writing(under_test.desk.engine) as session:
            assert (
                edit(session, made.id, lan, f"{version}", version=version, now=under_test.clock())
                == version + 1
            )
    with writing(under_test.desk.engine) as session, pytest.raises(TooManyVersions):
        edit(session, made.id, lan, "Once more", version=VERSIONS_MAX, now=under_test.clock())


def test_looking_for_an_address_takes_no_time() -> None:
    begun = time.process_time()
    assert not any(has_link(letter * WORDS_MAX) for letter in ("a", "a-", "a.b", "+"))
    assert time.process_time() - begun < 0.1


def test_withdrawn_words_are_gone_with_their_versions(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "Secret one")
    say(under_test, thread, minh, "A reply", parent=1)
    with writing(under_test.desk.engine) as session:
        edit(session, made.id, lan, "Secret two", version=1, now=under_test.clock())
    with writing(under_test.desk.engine) as session, pytest.raises(NotTheAuthor):
        withdraw(session, made.id, minh, under_test.clock())
    with writing(under_test.desk.engine) as session:
        withdraw(session, made.id, lan, under_test.clock())
    with reading(under_test.desk.engine) as session:
        assert find_contribution(session, thread.id, 1).withdrawn
        assert find_thread(session, thread.id).count == 1
        assert session.scalar(select(func.count()).select_from(DiscussionVersion)) == 0
        assert "Secret" not in "".join(session.scalars(select(DiscussionContribution.words)))
        assert versions_of(session, made.id) == ()
    for deed in (
        lambda: opine(under_test, made.id, minh, agrees=True),
        lambda: say(under_test, thread, minh, "Late", parent=1),
    ):
        with pytest.raises(NoSuchSubject):
            deed()


def test_everybody_has_one_opinion_and_may_change_it(under_test: DeskUnderTest) -> None:
    lan, minh, hoa = (under_test.person() for _ in range(3))
    thread = begin(under_test)
    made = say(under_test, thread, lan, "First")
    for agrees, expected in (
        (True, (1, 0)),
        (True, (1, 0)),
        (False, (0, 1)),
        (None, (0, 0)),
        (None, (0, 0)),
        (True, (1, 0)),
    ):
        opine(under_test, made.id, minh, agrees=agrees)
        assert counters(under_test, made.id) == expected
    opine(under_test, made.id, hoa, agrees=False)
    assert counters(under_test, made.id) == (1, 1)
    with pytest.raises(OwnWords):
        opine(under_test, made.id, lan, agrees=True)
    with pytest.raises(NoSuchSubject):
        opine(under_test, made.id + 1, minh, agrees=True)
    with reading(under_test.desk.engine) as session:
        assert find_contribution(session, thread.id, 1, minh).mine is True
        assert find_contribution(session, thread.id, 1, lan).own


def test_many_who_agree_at_once_are_counted_exactly(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    people = [under_test.person() for _ in range(6)]
    made = say(under_test, begin(under_test), lan, "First")
    faults: list[Exception] = []

    def change_mind(person: str, last: bool) -> None:
        try:
            for agrees in (True, False, None, last):
                opine(under_test, made.id, person, agrees=agrees)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=change_mind, args=(p, n % 2 == 0)) for n, p in enumerate(people)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []
    assert counters(under_test, made.id) == (3, 3)


def test_who_waits_for_the_lock_past_the_end_is_too_late(under_test: DeskUnderTest) -> None:
    """Words and agreement that came in time and were kept waiting: what counts is when they are written down."""
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "In time")
    with writing(under_test.desk.engine) as session:
        set_closing(session, thread.id, under_test.clock() + timedelta(seconds=1))

    def late(*, agrees: bool) -> None:
        with writing(under_test.desk.engine) as session:
            now = moment_in(session, thread.id, under_test.clock, beside=agrees)
            if agrees:
                vote(session, made.id, minh, agrees=True, version=1, now=now)
            else:
                contribute(session, Writing(thread.id, minh, "Too late"), now)

    with ThreadPoolExecutor(2) as pool:
        with writing(under_test.desk.engine) as session:
            lock_thread(session, thread.id)
            waiting = [pool.submit(late, agrees=agrees) for agrees in (True, False)]
            assert len(wait(waiting, timeout=0.2).not_done) == 2
            under_test.clock.wait(seconds=1)
        for each in waiting:
            with pytest.raises(ThreadClosed):
                each.result(timeout=20)


def test_at_the_second_of_closing_it_is_over(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "In time")
    with writing(under_test.desk.engine) as session:
        set_closing(session, thread.id, under_test.clock())
    with pytest.raises(ThreadClosed):
        say(under_test, thread, lan, "Too late")
    with pytest.raises(ThreadClosed):
        opine(under_test, made.id, minh, agrees=True)
    with writing(under_test.desk.engine) as session, pytest.raises(ThreadClosed):
        edit(session, made.id, lan, "Other words", version=1, now=under_test.clock())
    with writing(under_test.desk.engine) as session:
        withdraw(session, made.id, lan, under_test.clock())  # one's own words can always be taken back


def test_who_is_paused_writes_nothing_and_may_agree(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "First")
    mine = say(under_test, thread, minh, "Second")
    moderator = under_test.signed_in(Role.MODERATOR)
    with writing(under_test.desk.engine) as session:
        subject = Subject(CONTRIBUTION, str(mine.id))
        ruling = Ruling(Action.PAUSED, subject, digest_of("Second"), Rule.ATTACK, author=minh)
        pause(session, minh, log_entry(session, under_test.desk, moderator, ruling), 30, under_test.clock())
    with pytest.raises(Paused):
        say(under_test, thread, minh, "Third")
    with writing(under_test.desk.engine) as session, pytest.raises(Paused):
        edit(session, mine.id, minh, "Other", version=1, now=under_test.clock())
    opine(under_test, made.id, minh, agrees=True)


def test_hidden_and_shown_again(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    made = say(under_test, thread, lan, "Names a private person")
    kind, subject = KINDS[CONTRIBUTION], Subject(CONTRIBUTION, str(made.id))
    for entry, count in ((7, 0), (8, 0), (None, 1), (None, 1)):
        with writing(under_test.desk.engine) as session:
            kind.set_hidden(session, subject.id, entry=entry)
        with reading(under_test.desk.engine) as session:
            found = describe(session, subject)
            assert found is not None
            assert (found.hidden, found.public) == (entry is not None, entry is None)
            assert find_thread(session, thread.id).count == count
            shown = find_contribution(session, thread.id, 1)
            assert shown.words == ("" if entry else "Names a private person")
            assert found.words == "Names a private person"  # moderators still see it
        if entry:
            with pytest.raises(NoSuchSubject):
                opine(under_test, made.id, minh, agrees=True)
    for wrong in ("0", "x", "-1", "1" * 30, str(made.id + 1), "٣"):
        with reading(under_test.desk.engine) as session:
            assert describe(session, Subject(CONTRIBUTION, wrong)) is None
        with writing(under_test.desk.engine) as session, pytest.raises(NoSuchSubject):
            kind.set_hidden(session, wrong, entry=9)
    with writing(under_test.desk.engine) as session:
        KINDS["topic"].set_hidden(session, thread.id, entry=9)
    with reading(under_test.desk.engine) as session:
        found = describe(session, subject)
        assert found is not None
        assert not found.public
    with pytest.raises(NoSuchSubject):
        say(under_test, thread, minh, "Into a hidden thread")


def test_nothing_leads_to_whoever_has_left(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    thread = begin(under_test)
    mine = say(under_test, thread, lan, "My words")
    other = say(under_test, thread, minh, "Words of another")
    with writing(under_test.desk.engine) as session:
        edit(session, mine.id, lan, "My new words", version=1, now=under_test.clock())
    opine(under_test, other.id, lan, agrees=True)
    with writing(under_test.desk.engine) as session:
        exported = DiscussionData().export(under_test.desk, session, lan)
        assert [line["what"] for line in exported] == ["contribution", "vote"]
        assert exported[0]["words"] == "My new words"
        assert "My words" in str(exported[0]["earlier"])
        assert KINDS[CONTRIBUTION].written_by(session, lan) == [Subject(CONTRIBUTION, str(mine.id))]
        DiscussionData().forget(under_test.desk, session, lan, under_test.clock())
    with reading(under_test.desk.engine) as session:
        assert DiscussionData().export(under_test.desk, session, lan) == []
        assert session.scalar(select(func.count()).select_from(DiscussionVote)) == 0
        assert find_contribution(session, thread.id, 1).profile is None
    assert counters(under_test, other.id) == (0, 0)


def test_an_edit_beside_a_deletion_leaves_no_count_below_nought(
    under_test: DeskUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the deletion has read of a vote is not what it finds behind the lock: the edit was there before."""
    lan, minh = under_test.person(), under_test.person()
    made = say(under_test, begin(under_test), lan, "First")
    opine(under_test, made.id, minh, agrees=True)

    def lock_late(session: Session, contribution: int) -> DiscussionContribution:
        monkeypatch.undo()
        edit(session, contribution, lan, "Second", version=1, now=under_test.clock())
        return lock_contribution(session, contribution)

    monkeypatch.setattr(rows, "lock_contribution", lock_late)
    with writing(under_test.desk.engine) as session:
        rows.forget_person(session, minh)
    assert counters(under_test, made.id) == (0, 0)


@pytest.mark.parametrize("words", [r"https\://site.example/a", r"http:\/\/site.example"])
def test_an_address_that_markdown_puts_together_is_one(words: str) -> None:
    assert has_link(words)

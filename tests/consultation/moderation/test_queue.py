"""The queue: nobody fills it alone, what moderators agree with weighs more, and whoever reports is answered."""

import pytest
from sqlalchemy import update

from consultation.differences import Change
from consultation.errors import NoSuchSubject
from consultation.happenings import What
from consultation.moderation.appeals import appeal, decide_appeal
from consultation.moderation.cases import Case, claim, find_case, waiting_cases
from consultation.moderation.decisions import Decision, decide, restore
from consultation.moderation.queue import COUNTED, PAGE, QueueOrder
from consultation.moderation.reports import Became, own_reports, report
from consultation.moderation.types import Rule, Template
from consultation.subjects import Subject
from identity.models import IdentityClaim
from identity.people import add_claim
from identity.types import EMAIL
from storage.session import reading, writing
from tests.support.moderated import Moderated, told


def say(here: Moderated, person: str, number: str, rule: Rule = Rule.ATTACK, words: str = "Words") -> str:
    """A note that this person reports; the number of its case."""
    subject = here.notes.notes[number].subject if number in here.notes.notes else None
    subject = subject or here.notes.write(number, here.author, f"{words} {number}")
    with writing(here.on.desk.engine) as session:
        report(session, person, subject, rule, "", here.now)
    return number


def queue(here: Moderated, order: QueueOrder = QueueOrder.WEIGHT) -> list[Case]:
    """All of it, page after page."""
    found: list[Case] = []
    after = ""
    while True:
        with reading(here.on.desk.engine) as session:
            page = waiting_cases(session, here.first.person_id, here.now, order=order, after=after)
        assert len(page.cases) <= PAGE
        found += page.cases
        after = page.after
        if not after:
            return found


def numbers(here: Moderated, order: QueueOrder = QueueOrder.WEIGHT) -> list[str]:
    return [case.subject.id for case in queue(here, order)]


def judge(here: Moderated, number: str, hide: Template | None) -> int:
    """The first moderator decides about a note."""
    case = next(one for one in queue(here) if one.subject.id == number)
    with writing(here.on.desk.engine) as session:
        claim(session, case.id, here.first.person_id, here.now)
    with writing(here.on.desk.engine) as session:
        described = find_case(session, case.id, here.first.person_id, here.now).case.described
        digest = b"" if described is None else described.digest
        return decide(session, here.on.desk, here.first, case.id, Decision(hide, digest))


def test_one_account_cannot_fill_the_front_of_the_queue(everywhere: Moderated) -> None:
    flood = [say(everywhere, everywhere.reader, str(n), Rule.VIOLENCE) for n in range(PAGE + 5)]
    honest = everywhere.on.person("Honest")
    say(everywhere, honest, "threat", Rule.VIOLENCE)
    say(everywhere, honest, "rude")
    say(everywhere, everywhere.on.person("Other"), "rude", Rule.HATRED)
    found = queue(everywhere)
    order = [case.subject.id for case in found]
    assert order[: COUNTED + 2] == [*flood[:COUNTED], "threat", "rude"]
    assert order[COUNTED + 2 :] == flood[COUNTED:]  # weighs nothing, is not lost, the oldest first
    assert numbers(everywhere, QueueOrder.AGE) == [*flood, "threat", "rude"]
    assert dict(found[COUNTED + 1].rules) == {Rule.ATTACK: 1, Rule.HATRED: 1}
    with reading(everywhere.on.desk.engine) as session:
        for odd in ("x", "1", "-", "1-0", "9" * 40 + "-1"):
            page = waiting_cases(session, everywhere.first.person_id, everywhere.now, after=odd)
            assert page.cases[0].subject.id == "0"


def spelled(here: Moderated, *mailboxes: bytes) -> str:
    """Somebody with an account in one more spelling of this mailbox; with several, signed in by all of them."""
    person = here.on.person("Lan")
    with writing(here.on.desk.engine) as session:
        mine = IdentityClaim.person == person
        session.execute(update(IdentityClaim).where(mine).values(mailbox=mailboxes[0]))
        for mailbox in mailboxes[1:]:
            digest = bytes.fromhex(person) + mailbox
            add_claim(session, person, EMAIL, digest, mailbox=mailbox, now=here.now)
    return person


def test_all_spellings_of_a_mailbox_weigh_as_one_person(everywhere: Moderated) -> None:
    lan, work = b"l" * 32, b"w" * 32
    spellings = [spelled(everywhere, *mailboxes) for mailboxes in ((lan,), (work,), (work, lan))]
    flood = [say(everywhere, spellings[n % 3], str(n)) for n in range(COUNTED + 4)]
    everywhere.notes.write("0", everywhere.author, "Other words")
    say(everywhere, spellings[1], "0")  # the same person about the same thing once more
    say(everywhere, everywhere.on.person("Honest"), "honest")
    for name in ("One", "Other"):
        say(everywhere, everywhere.on.person(name), "pair")
    assert numbers(everywhere) == ["pair", *flood[:COUNTED], "honest", *flood[COUNTED:]]
    for number in flood[1::3]:  # all of one spelling: what moderators found of it is known of the others
        judge(everywhere, number, None)
    rest = [number for number in flood if number not in flood[1::3]]
    assert numbers(everywhere) == ["pair", "honest", *rest]


def test_whoever_is_right_weighs_more_and_whoever_is_not_weighs_less(everywhere: Moderated) -> None:
    right, wrong, beginner = (everywhere.on.person(name) for name in ("Right", "Wrong", "Beginner"))
    for n in range(2):
        say(everywhere, right, f"bad {n}")
        say(everywhere, wrong, f"fine {n}")
        judge(everywhere, f"bad {n}", Template.PERSON_INSULTED)
        judge(everywhere, f"fine {n}", None)
    for person, number in ((wrong, "by wrong"), (beginner, "by beginner"), (right, "by right")):
        say(everywhere, person, number)
    assert numbers(everywhere) == ["by right", "by beginner", "by wrong"]
    for n in range(2):  # what was taken back was not right
        with writing(everywhere.on.desk.engine) as session:
            restore(session, everywhere.on.desk, everywhere.second, Subject("note", f"bad {n}"), "")
    assert numbers(everywhere) == ["by beginner", "by wrong", "by right"]


def test_whoever_reports_is_told_what_became_of_it_and_by_nobody(here: Moderated) -> None:
    other = here.on.person("Other")
    for number in ("hidden", "left", "gone", "back", "waits"):
        say(here, here.reader, number)
    say(here, other, "hidden", Rule.HATRED)
    group = judge(here, "hidden", Template.PERSON_INSULTED)
    judge(here, "left", None)
    del here.notes.notes["gone"]
    judge(here, "gone", None)
    back = judge(here, "back", Template.PERSON_INSULTED)
    with writing(here.on.desk.engine) as session:
        appeal(session, here.author, back, "It is true.", here.now)
    with writing(here.on.desk.engine) as session:
        decide_appeal(session, here.on.desk, here.second, back, granted=True, note="So it is.")
    with reading(here.on.desk.engine) as session:
        mine = {one.subject.id: one for one in own_reports(session, here.reader)}
        assert {number: one.became for number, one in mine.items()} == {
            "hidden": Became.HIDDEN,
            "left": Became.LEFT,
            "gone": Became.GONE,
            "back": Became.SHOWN_AGAIN,
            "waits": Became.WAITS,
        }
        assert mine["hidden"].entry == group
        assert mine["hidden"].described is None  # hidden words are not given out by this door
        assert mine["back"].described is not None
        assert len(own_reports(session, other)) == 1
        assert own_reports(session, here.author) == []
    assert told(here, here.reader) == [What.REPORT_DECIDED] * 5  # the one that came back, twice
    assert told(here, other) == [What.REPORT_DECIDED]


def test_what_was_left_twice_is_answered_at_once(here: Moderated) -> None:
    say(here, here.reader, "1")
    judge(here, "1", None)
    say(here, here.on.person(), "1")
    here.decided(here.case_of(Subject("note", "1")), here.second, None)
    late = here.on.person()
    say(here, late, "1")
    assert numbers(here) == []
    with reading(here.on.desk.engine) as session:
        assert [one.became for one in own_reports(session, late)] == [Became.LEFT]


def test_words_that_were_changed_after_the_report_are_shown_with_what_changed(here: Moderated) -> None:
    subject = here.notes.write("1", here.author, "Lan lives at 5 Hoa Street")
    reported = here.notes.notes["1"].digest
    say(here, here.reader, "1", Rule.PERSONAL_DATA)
    here.notes.write("1", here.author, "Lan lives somewhere")
    say(here, here.on.person(), "1", Rule.ATTACK)
    case = here.case_of(subject)
    with reading(here.on.desk.engine) as session:
        file = find_case(session, case, here.first.person_id, here.now)
        assert file.case.reports == 2
        (wording,) = file.wordings
        assert (wording.digest, wording.reports) == (reported, 1)
        assert wording.changes is not None
        assert "".join(part.text for part in wording.changes if part.change is not Change.ADDED) == (
            "Lan lives at 5 Hoa Street"
        )
    here.notes.worded_before.clear()
    with reading(here.on.desk.engine) as session:
        (wording,) = find_case(session, case, here.first.person_id, here.now).wordings
        assert (wording.digest, wording.changes) == (reported, None)


def test_what_stands_under_something_hidden_can_be_decided_but_not_reported(here: Moderated) -> None:
    wall = here.notes.write("wall", None, "A wall")
    here.notes.write("1", here.author, "You fool!")
    here.notes.hang("1", wall)
    say(here, here.reader, "1")
    here.notes.set_hidden(None, "wall", entry=7)  # type: ignore[arg-type]  # notes need no session
    other = here.on.person()
    with writing(here.on.desk.engine) as session, pytest.raises(NoSuchSubject):
        report(session, other, Subject("note", "1"), Rule.ATTACK, "", here.now)
    (case,) = queue(here)
    assert case.described is not None
    assert (case.described.covered, case.described.public, case.described.hidden) == (True, False, False)
    judge(here, "1", Template.PERSON_INSULTED)
    here.notes.set_hidden(None, "wall", entry=None)  # type: ignore[arg-type]
    assert here.notes.notes["1"].hidden

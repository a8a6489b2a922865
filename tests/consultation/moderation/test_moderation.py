"""Moderation: what is reported reaches a moderator, each decision is in the log, and nobody judges twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier

import pytest
from sqlalchemy import select, update

from consultation import kinds
from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.errors import ConsultationError, NoSuchSubject, TextRefused
from consultation.happenings import What
from consultation.hearings.answers import answer as answer_question
from consultation.hearings.documents import paragraphs_of
from consultation.hearings.questions import add_question
from consultation.hearings.types import Answer, Question, QuestionKind
from consultation.leaving import delete_account
from consultation.moderation.appeals import (
    TIME_TO_APPEAL,
    TIME_TO_DECIDE,
    appeal,
    decide_appeal,
    own_decision,
    own_decisions,
    statistics,
    waiting_appeals,
)
from consultation.moderation.cases import claim, find_case, release, waiting_cases
from consultation.moderation.claims import CLAIMED
from consultation.moderation.decisions import Decision, decide, restore
from consultation.moderation.errors import (
    AppealDecided,
    AppealOpen,
    AppealTooLate,
    CaseDecided,
    ClaimedByOther,
    Conflict,
    NoSuchAppeal,
    NoSuchCase,
    NoSuchEntry,
    NotAppealable,
    NotClaimed,
    NotHidden,
    OwnContent,
    Paused,
    ReportsTooMuch,
    WordsChanged,
)
from consultation.moderation.log import (
    Ruling,
    entries,
    entries_about,
    log_entry,
    newest_entries,
    subject_of_deed,
)
from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.pauses import require_not_paused
from consultation.moderation.personal import ModerationData
from consultation.moderation.reports import KEPT, WAITING_MAX, forget_reports, report
from consultation.moderation.ties import Tie
from consultation.moderation.types import Action, Rule, Template
from consultation.petitions.answering import answer as answer_petition
from consultation.petitions.deciding import Rejecting, reject
from consultation.petitions.store import find_petition
from consultation.petitions.types import Reason, State
from consultation.subjects import Subject
from identity.deleting import lock_to_delete
from identity.models import IdentityClaim
from identity.roles import Role
from identity.sessions import SignedIn
from identity.trail import System, deeds, verify_trail
from protocol.text import LocalText
from storage.session import reading, writing
from tests.consultation.hearings.conftest import begun
from tests.support.moderated import Moderated, actions, told
from tests.support.petitions import prepare

NOT_YET = 0.2
"""Seconds in which whoever waits for nobody would be done."""


class TestReports:
    """Anybody says once that something breaks a rule."""

    def test_once_for_each_person_and_wording(self, here: Moderated) -> None:
        case = here.reported("1")
        assert here.reported("1") == case
        with reading(here.on.desk.engine) as session:
            (found,) = waiting_cases(session, here.first.person_id, here.now).cases
            assert (found.reports, found.urgent, found.tie) == (1, True, None)
        here.notes.write("1", here.author, "Lan lives at 6 Hoa Street")  # other words: they may report again
        with writing(here.on.desk.engine) as session:
            report(session, here.reader, found.subject, Rule.ATTACK, "look", here.now)
        with reading(here.on.desk.engine) as session:
            file = find_case(session, case, here.first.person_id, here.now)
            assert file.case.reports == 1
            assert [(each.rule, each.current) for each in file.reports] == [
                (Rule.ATTACK, True),
                (Rule.PERSONAL_DATA, False),
            ]

    def test_many_reports_hide_nothing_and_are_one_case(self, here: Moderated) -> None:
        subject = here.notes.write("1", here.author, "We should close the street to cars.")
        crowd = [here.on.person(f"Angry {n}") for n in range(12)]
        for person in crowd:
            with writing(here.on.desk.engine) as session:
                report(session, person, subject, Rule.OFF_TOPIC, "", here.now)
        assert here.notes.notes["1"].public
        with reading(here.on.desk.engine) as session:
            (case,) = waiting_cases(session, here.first.person_id, here.now).cases
        assert (case.reports, case.urgent) == (12, False)
        here.decided(case.id, here.first, None)
        fresh = [here.on.person(f"Angrier {n}") for n in range(2)]
        with writing(here.on.desk.engine) as session:
            report(session, crowd[0], subject, Rule.ATTACK, "", here.now)  # has had their say
        with reading(here.on.desk.engine) as session:
            assert waiting_cases(session, here.first.person_id, here.now).cases == []
        with writing(here.on.desk.engine) as session:
            report(session, fresh[0], subject, Rule.ATTACK, "", here.now)
        again = here.case_of(subject)
        assert again == case.id
        with writing(here.on.desk.engine) as session, pytest.raises(Conflict):
            claim(session, again, here.first.person_id, here.now)  # has left it once
        here.decided(again, here.second, None)
        with writing(here.on.desk.engine) as session:
            report(session, fresh[1], subject, Rule.ATTACK, "", here.now)
        with reading(here.on.desk.engine) as session:  # two have looked at the same words: enough
            assert waiting_cases(session, here.first.person_id, here.now).cases == []
        here.notes.write("1", here.author, "Other words")
        with writing(here.on.desk.engine) as session:
            report(session, fresh[1], subject, Rule.ATTACK, "", here.now)
        assert here.case_of(subject) == case.id
        assert actions(here, subject) == [Action.LEFT, Action.LEFT]
        assert here.notes.notes["1"].public

    def test_what_nobody_may_report(self, here: Moderated) -> None:
        subject = here.notes.write("1", here.author, "Mine")
        for person, what, words, error in (
            (here.author, subject, "", OwnContent),
            (here.reader, Subject("note", "2"), "", NoSuchSubject),
            (here.reader, Subject("no-kind", "1"), "", NoSuchSubject),
            (here.reader, subject, "\u202etxt", TextRefused),
            (here.reader, subject, "x" * 501, TextRefused),
            (here.reader, subject, "x" * 10_000_000, TextRefused),
            (here.reader, subject, "a\0b", TextRefused),
        ):
            with writing(here.on.desk.engine) as session, pytest.raises(error):
                report(session, person, what, Rule.ATTACK, words, here.now)
        here.notes.set_hidden(None, "1", entry=5)  # type: ignore[arg-type]  # notes need no session
        with writing(here.on.desk.engine) as session, pytest.raises(NoSuchSubject):
            report(session, here.reader, subject, Rule.ATTACK, "", here.now)
        with reading(here.on.desk.engine) as session:
            assert session.scalars(select(ModerationCase)).all() == []

    def test_one_person_does_not_fill_the_queue(self, here: Moderated) -> None:
        other_spelling = here.on.person()
        with writing(here.on.desk.engine) as session:
            for n in range(WAITING_MAX):
                report(
                    session, here.reader, here.notes.write(str(n), None, f"{n}"), Rule.ATTACK, "", here.now
                )
            with pytest.raises(ReportsTooMuch):
                report(session, here.reader, here.notes.write("x", None, "x"), Rule.ATTACK, "", here.now)
            mine = IdentityClaim.person.in_((here.reader, other_spelling))
            session.execute(update(IdentityClaim).where(mine).values(mailbox=b"m" * 32))
            with pytest.raises(ReportsTooMuch):
                report(session, other_spelling, Subject("note", "x"), Rule.ATTACK, "", here.now)
            report(session, here.author, Subject("note", "x"), Rule.ATTACK, "", here.now)

    def test_the_words_of_old_reports_are_deleted(self, here: Moderated) -> None:
        subject = here.notes.write("1", here.author, "Mine")
        with writing(here.on.desk.engine) as session:
            report(session, here.reader, subject, Rule.ATTACK, "He means me", here.now)
            assert forget_reports(session, here.now + KEPT - CLAIMED) == 0
            assert forget_reports(session, here.now + KEPT) == 1
        with reading(here.on.desk.engine) as session:
            assert session.scalars(select(ModerationReport.words)).all() == [""]


class TestClaims:
    """A case is one moderator's for a quarter of an hour."""

    def test_two_moderators_at_once(self, everywhere: Moderated) -> None:
        case = everywhere.reported("1")
        first, second = everywhere.first.person_id, everywhere.second.person_id
        with writing(everywhere.on.desk.engine) as session:
            claim(session, case, first, everywhere.now)
            claim(session, case, first, everywhere.now)
        with writing(everywhere.on.desk.engine) as session:
            with pytest.raises(ClaimedByOther):
                claim(session, case, second, everywhere.now)
            release(session, case, second)  # not theirs: stays taken
            with pytest.raises(ClaimedByOther):
                decide(
                    session,
                    everywhere.on.desk,
                    everywhere.second,
                    case,
                    everywhere.decision(session, case, None),
                )
        with reading(everywhere.on.desk.engine) as session:
            (seen,) = waiting_cases(session, second, everywhere.now).cases
            assert (seen.claimed, seen.mine) == (True, False)
        everywhere.on.clock.wait(seconds=CLAIMED.total_seconds())
        with writing(everywhere.on.desk.engine) as session:
            claim(session, case, second, everywhere.now)
            with pytest.raises(ClaimedByOther):
                decide(
                    session,
                    everywhere.on.desk,
                    everywhere.first,
                    case,
                    everywhere.decision(session, case, None),
                )
            release(session, case, second)
            with pytest.raises(NotClaimed):
                decide(
                    session,
                    everywhere.on.desk,
                    everywhere.second,
                    case,
                    everywhere.decision(session, case, None),
                )
        assert actions(everywhere, Subject("note", "1")) == []

    def test_a_decision_that_is_sent_again_changes_nothing(self, here: Moderated) -> None:
        case = here.reported("1")
        here.decided(case, here.first, Template.ADDRESS_OF_OTHERS)
        for by in (here.first, here.second):
            with writing(here.on.desk.engine) as session:
                with pytest.raises(CaseDecided):
                    decide(session, here.on.desk, by, case, Decision(None, b"0" * 32))
                with pytest.raises(CaseDecided):
                    claim(session, case, by.person_id, here.now)
        assert actions(here, Subject("note", "1")) == [Action.HIDDEN]

    def test_words_that_changed_are_read_again(self, here: Moderated) -> None:
        case = here.reported("1")
        for hide in (None, Template.THREAT):
            with writing(here.on.desk.engine) as session:
                claim(session, case, here.first.person_id, here.now)
                seen = here.decision(session, case, hide)
            here.notes.write("1", here.author, f"Other words {hide}")
            with pytest.raises(WordsChanged), writing(here.on.desk.engine) as session:
                decide(session, here.on.desk, here.first, case, seen)
        assert actions(here, Subject("note", "1")) == []
        assert here.notes.entries.get("1") is None

    def test_words_that_are_changed_again_and_again_still_have_somebody_who_decides(
        self, here: Moderated
    ) -> None:
        subject = Subject("note", "1")
        for by in (here.first, here.second):
            here.notes.write("1", here.author, f"Harmless {by.person_id}")
            with writing(here.on.desk.engine) as session:
                report(session, here.reader, subject, Rule.ATTACK, "", here.now)
            here.decided(here.case_of(subject), by, None)
        here.notes.write("1", here.author, "Other words")
        with writing(here.on.desk.engine) as session:
            report(session, here.reader, subject, Rule.ATTACK, "", here.now)
        here.decided(here.case_of(subject), here.first, Template.THREAT)
        assert actions(here, subject) == [Action.LEFT, Action.LEFT, Action.HIDDEN]

    @pytest.mark.parametrize("tie", Tie)
    def test_nobody_judges_in_their_own_matter(self, here: Moderated, tie: Tie) -> None:
        subject = here.notes.write("1", here.first.person_id if tie is Tie.AUTHOR else here.author, "Words")
        judge = here.first.person_id
        if tie is Tie.PART:
            here.notes.hung_by.add(judge)
        with writing(here.on.desk.engine) as session:
            if tie is Tie.REPORTER:
                report(session, judge, subject, Rule.ATTACK, "", here.now)
            else:
                report(session, here.reader, subject, Rule.ATTACK, "", here.now)
            if tie is Tie.DECIDED:
                ruling = Ruling(Action.REJECTED, subject, b"d" * 32, "off-topic", here.author)
                log_entry(session, here.on.desk, here.first, ruling)
        case = here.case_of(subject)
        with writing(here.on.desk.engine) as session:
            with pytest.raises(Conflict):
                claim(session, case, judge, here.now)
            assert find_case(session, case, judge, here.now).case.tie is tie
            # even with a claim that was written past the verb
            until = here.now + CLAIMED
            session.execute(update(ModerationCase).values(claimed_by=judge, claimed_until=until))
            session.expire_all()
            with pytest.raises(Conflict):
                decide(session, here.on.desk, here.first, case, here.decision(session, case, None))
            claimed = {"claimed_by": None, "claimed_until": None}
            session.execute(update(ModerationCase).values(**claimed))
        here.decided(case, here.second, None)  # control

    def test_cases_that_are_not_there(self, here: Moderated) -> None:
        for case in ("", "x", "0" * 16, "a\0b", "x" * 1_000):
            with writing(here.on.desk.engine) as session:
                with pytest.raises(NoSuchCase):
                    claim(session, case, here.first.person_id, here.now)
                with pytest.raises(NoSuchCase):
                    find_case(session, case, here.first.person_id, here.now)

    def test_what_its_author_took_away_meanwhile_can_only_be_left(self, here: Moderated) -> None:
        case = here.reported("1")
        with writing(here.on.desk.engine) as session:
            claim(session, case, here.first.person_id, here.now)
            seen = here.decision(session, case, Template.THREAT)
        del here.notes.notes["1"]
        with pytest.raises(NoSuchSubject), writing(here.on.desk.engine) as session:
            decide(session, here.on.desk, here.first, case, seen)
        with writing(here.on.desk.engine) as session:
            decide(session, here.on.desk, here.first, case, Decision(None, b""))
        with reading(here.on.desk.engine) as session:
            (entry,) = entries(session)
            assert (entry.action, entry.digest) == (Action.LEFT, seen.digest)


class TestAppeals:
    """Somebody else looks, until a day that everybody sees."""

    def hidden(self, here: Moderated, *, warn: bool = False, days: int = 0) -> int:
        return here.decided(here.reported("1"), here.first, Template.ADDRESS_OF_OTHERS, warn=warn, days=days)

    def ask(
        self, here: Moderated, number: int, person: str = "", words: str = "It is my own address."
    ) -> None:
        with writing(here.on.desk.engine) as session:
            appeal(session, person or here.author, number, words, here.now)

    def answer(self, here: Moderated, group: int, *, granted: bool) -> None:
        with writing(here.on.desk.engine) as session:
            decide_appeal(session, here.on.desk, here.second, group, granted=granted, note="Read again.")

    def test_a_granted_appeal_undoes_everything(self, everywhere: Moderated) -> None:
        group, subject = self.hidden(everywhere, warn=True, days=7), Subject("note", "1")
        assert everywhere.notes.notes["1"].hidden
        assert everywhere.notes.entries["1"] == group
        with reading(everywhere.on.desk.engine) as session:
            with pytest.raises(Paused) as paused:
                require_not_paused(session, everywhere.author, everywhere.now)
            require_not_paused(session, everywhere.reader, everywhere.now)
            (own,) = own_decisions(session, everywhere.author, everywhere.now)
            assert (own.can_appeal, own.stands, own.paused_until) == (True, True, paused.value.until)
            assert own.note == "Please write it without the street."
            assert own_decisions(session, everywhere.reader, everywhere.now) == []
        self.ask(everywhere, group + 2)  # any entry of the decision leads to it
        with reading(everywhere.on.desk.engine) as session:
            (waiting,) = waiting_appeals(session, everywhere.first.person_id)
            assert waiting.tie is Tie.DECIDED
            assert waiting.appeal.decide_by == everywhere.now + TIME_TO_DECIDE
            assert statistics(session, everywhere.now)[0].waiting == 1
            assert statistics(session, everywhere.now + TIME_TO_DECIDE)[0].late == 1
        self.answer(everywhere, group, granted=True)
        assert everywhere.notes.notes["1"].public
        assert everywhere.notes.entries["1"] is None
        with reading(everywhere.on.desk.engine) as session:
            require_not_paused(session, everywhere.author, everywhere.now)
            found = own_decision(session, everywhere.author, group, everywhere.now)
            assert (found.stands, found.can_appeal, found.paused_until) == (False, False, None)
            assert found.appeal is not None
            assert found.appeal.note == "Read again."
            total, by_rule = statistics(session, everywhere.now)
            assert (total.decisions, total.appeals, total.granted, total.overturned) == (1, 1, 1, 1.0)
            assert by_rule == {"data-of-others": total}
            log = entries_about(session, subject)
        assert [(entry.action, entry.answers, entry.group) for entry in log] == [
            (Action.HIDDEN, None, group),
            (Action.WARNED, None, group),
            (Action.PAUSED, None, group),
            (Action.RESTORED, group, group),
            (Action.LIFTED, group + 1, group),
            (Action.LIFTED, group + 2, group),
        ]
        assert told(everywhere, everywhere.author) == [
            What.CONTENT_HIDDEN,
            What.AUTHOR_WARNED,
            What.AUTHOR_PAUSED,
            What.APPEAL_DECIDED,
        ]

    def test_a_refused_appeal_leaves_it(self, here: Moderated) -> None:
        group = self.hidden(here)
        self.ask(here, group)
        self.answer(here, group, granted=False)
        assert here.notes.notes["1"].hidden
        assert actions(here, Subject("note", "1")) == [Action.HIDDEN, Action.UPHELD]
        with reading(here.on.desk.engine) as session:
            total, _ = statistics(session, here.now)
            assert (total.refused, total.overturned, total.waiting) == (1, 0.0, 0)
        with pytest.raises(NotAppealable):
            self.ask(here, group)

    def test_who_must_not_decide_it(self, here: Moderated) -> None:
        group = self.hidden(here)
        self.ask(here, group)
        third = here.on.signed_in(Role.MODERATOR)
        with writing(here.on.desk.engine) as session:
            session.execute(update(ModerationReport).values(reporter=third.person_id))
        mine = here.on.signed_in(Role.MODERATOR)
        for by in (here.first, third):
            with pytest.raises(Conflict), writing(here.on.desk.engine) as session:
                decide_appeal(session, here.on.desk, by, group, granted=True, note="No")
        with writing(here.on.desk.engine) as session:
            session.execute(update(ModerationEntry).values(author=mine.person_id))
        with pytest.raises(Conflict), writing(here.on.desk.engine) as session:
            decide_appeal(session, here.on.desk, mine, group, granted=True, note="No")
        assert here.notes.notes["1"].hidden
        self.answer(here, group, granted=True)  # control
        with pytest.raises(AppealDecided):
            self.answer(here, group, granted=False)
        assert here.notes.notes["1"].public

    def test_who_may_ask_and_when(self, here: Moderated) -> None:
        group = self.hidden(here)
        for number in (0, -1, group + 1, 2**63, 10**30):
            with pytest.raises(NoSuchEntry):
                self.ask(here, number)
        with pytest.raises(NoSuchEntry):
            self.ask(here, group, here.reader)
        for words in ("", "x" * 2_001, "a\u2066b"):
            with pytest.raises(TextRefused):
                self.ask(here, group, words=words)
        here.on.clock.wait(seconds=TIME_TO_APPEAL.total_seconds())
        with pytest.raises(AppealTooLate):
            self.ask(here, group)
        here.on.clock.wait(seconds=-1)
        self.ask(here, group)
        with pytest.raises(NotAppealable):
            self.ask(here, group)

    def test_what_was_left_burdens_nobody(self, here: Moderated) -> None:
        number = here.decided(here.reported("1"), here.first, None)
        with pytest.raises(NoSuchEntry):
            self.ask(here, number)
        with reading(here.on.desk.engine) as session:
            assert own_decisions(session, here.author, here.now) == []
            assert statistics(session, here.now)[0].decisions == 0

    def test_a_mistake_is_corrected_without_an_appeal(self, here: Moderated) -> None:
        group, subject = self.hidden(here, days=1), Subject("note", "1")
        with writing(here.on.desk.engine) as session:
            restore(session, here.on.desk, here.first, subject, "I misread it.")
        assert here.notes.notes["1"].public
        with reading(here.on.desk.engine) as session:
            require_not_paused(session, here.author, here.now)
        with pytest.raises(NotHidden), writing(here.on.desk.engine) as session:
            restore(session, here.on.desk, here.first, subject, "Again")
        with pytest.raises(NotAppealable):
            self.ask(here, group)
        assert told(here, here.author)[-1] == What.CONTENT_RESTORED

    def test_an_open_appeal_is_decided_there(self, here: Moderated) -> None:
        group, subject = self.hidden(here), Subject("note", "1")
        self.ask(here, group)
        with pytest.raises(AppealOpen), writing(here.on.desk.engine) as session:
            restore(session, here.on.desk, here.second, subject, "")
        assert here.notes.notes["1"].hidden

    def test_a_rejection_is_appealed_as_well(self, here: Moderated) -> None:
        subject = here.notes.write("1", here.author, "A petition")
        with writing(here.on.desk.engine) as session:
            ruling = Ruling(
                Action.REJECTED, subject, b"d" * 32, "not-ours", here.author, note="Ask the province."
            )
            number = log_entry(session, here.on.desk, here.first, ruling)
        self.ask(here, number)
        self.answer(here, number, granted=True)
        assert here.notes.readmitted == ["1"]
        assert actions(here, subject) == [Action.REJECTED, Action.READMITTED]

    def test_a_rejected_petition_is_open_after_a_granted_appeal(self, here: Moderated) -> None:
        petitions = prepare(here.on)
        petition = petitions.waiting()
        with writing(here.on.desk.engine) as session:
            wanted = Rejecting(Reason.UNCLEAR, "Say which bank.")
            number = reject(session, petitions.moderator, petition, 1, wanted)
        self.ask(here, number, petitions.lan)
        with reading(here.on.desk.engine) as session:
            (waiting,) = waiting_appeals(session, petitions.moderator.actor.person_id)
            assert (waiting.tie, waiting.note) == (Tie.DECIDED, "Say which bank.")
        self.answer(here, number, granted=True)
        with reading(here.on.desk.engine) as session:
            assert find_petition(session, petition).state is State.OPEN
        subject = Subject("petition", petition)
        assert actions(here, subject)[-2:] == [Action.REJECTED, Action.READMITTED]

    def test_a_pause_ends_by_itself(self, here: Moderated) -> None:
        self.hidden(here, days=1)
        here.on.clock.wait(days=1)
        with reading(here.on.desk.engine) as session:
            require_not_paused(session, here.author, here.now)


class TestLog:
    """Numbered without a gap, bound in the site log, without names."""

    def test_each_entry_is_bound_in_the_site_log(self, here: Moderated) -> None:
        group = here.decided(here.reported("1"), here.first, Template.THREAT, warn=True)
        left = Ruling(Action.LEFT, Subject("note", "1"), b"x" * 32)
        with writing(here.on.desk.engine) as session:
            log_entry(session, here.on.desk, here.first, left)
            session.rollback()  # leaves no gap
        with writing(here.on.desk.engine) as session:
            log_entry(session, here.on.desk, System("clock"), left)
        desk = here.on.desk
        with reading(desk.engine) as session:
            log = entries(session)
            assert [entry.number for entry in log] == [1, 2, 3]
            assert [entry.role for entry in log] == ["moderator", "moderator", "system"]
            assert [entry.number for entry in newest_entries(session, 3, 1)] == [2]
            assert [entry.number for entry in entries(session, group, 1)] == [2]
            for entry in log:
                (deed,) = deeds(desk, session, entry.deed, 1, with_names=False)
                assert (deed.deed, deed.subject) == ("moderated", subject_of_deed(entry))
            verify_trail(session, desk.trail_origin, desk.keys.log.public_key)
            public = "".join(deed.subject for deed in deeds(desk, session, 0, 100, with_names=False))
        for person in (here.author, here.reader, here.first.person_id):
            assert person not in public

    @pytest.mark.parametrize(
        "field", ["action", "rule", "subject_kind", "subject", "digest", "group", "answers", "role", "at"]
    )
    def test_a_changed_entry_is_not_the_one_in_the_site_log(self, here: Moderated, field: str) -> None:
        here.decided(here.reported("1"), here.first, Template.THREAT)
        other = {
            "action": "left",
            "digest": b"y" * 32,
            "group": 9,
            "answers": 7,
            "at": here.now.replace(year=2020),
        }.get(field, "attack")
        desk = here.on.desk
        with writing(desk.engine) as session:
            session.execute(update(ModerationEntry).values({field: other}))
        with reading(desk.engine) as session:
            (entry,) = entries(session)
            (deed,) = deeds(desk, session, entry.deed, 1, with_names=False)
            assert deed.subject != subject_of_deed(entry)


def _contribution(here: Moderated) -> Subject:
    with writing(here.on.desk.engine) as session:
        thread = thread_of(session, Subject("topic", "0" * 16), here.now)
        made = contribute(session, Writing(thread.id, here.author, "Words of a neighbour."), here.now)
    return Subject("contribution", str(made.id))


def _topic(here: Moderated) -> Subject:
    with writing(here.on.desk.engine) as session:
        return thread_of(session, Subject("topic", "1" * 16), here.now).subject


def _petition(here: Moderated) -> Subject:
    return Subject("petition", prepare(here.on).published())


def _answer(here: Moderated) -> Subject:
    petitions = prepare(here.on)
    number = petitions.published()
    petitions.count(number, 3)
    with writing(here.on.desk.engine) as session:
        said = answer_petition(session, petitions.official, number, petitions.saying(session, number))
    return Subject("answer", str(said))


def _hearing(here: Moderated) -> Subject:
    hall = begun(here.on)
    hall.document()
    hall.open()
    return Subject("hearing", hall.hearing)


def _paragraph(here: Moderated) -> Subject:
    hall = begun(here.on)
    document = hall.document()
    hall.open()
    with reading(here.on.desk.engine) as session:
        first = paragraphs_of(session, document.id, 1)[0].id
    assert first is not None
    return Subject("paragraph", first)


def _hearing_answer(here: Moderated) -> Subject:
    hall = begun(here.on)
    with hall.work() as session:
        question = Question(QuestionKind.TEXT, LocalText(en="What is missing?", vi="Còn thiếu gì?"))
        add_question(session, hall.hearing, question, here.now)
    hall.open()
    with hall.work() as session:
        answer_question(
            session, hall.hearing, here.author, {1: Answer(words="A tap for water.")}, here.on.clock
        )
    hall.close()
    with reading(here.on.desk.engine) as session:
        return next(iter(kinds.KINDS["hearing-answer"].written_by(session, here.author)))


WRITERS: dict[str, Callable[[Moderated], Subject]] = {
    "contribution": _contribution,
    "topic": _topic,
    "petition": _petition,
    "answer": _answer,
    "hearing": _hearing,
    "paragraph": _paragraph,
    "hearing-answer": _hearing_answer,
}
"""How one thing of each kind comes to be, public at once."""
WRITTEN_BY_PEOPLE = {"contribution", "petition", "hearing-answer"}
"""Of these somebody is the author, and may appeal."""


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_each_kind_can_be_reported_hidden_appealed_about_and_shown_again(here: Moderated, kind: str) -> None:
    assert kind in WRITERS, (
        f"Say here how a {kind} is written, so that it is tried whether it reaches the queue."
    )
    engine = here.on.desk.engine
    subject = WRITERS[kind](here)
    assert subject.kind == kind
    with writing(engine) as session:
        report(session, here.reader, subject, Rule.ATTACK, "", here.now)
    case = here.case_of(subject)
    number = here.decided(case, here.first, Template.PERSON_INSULTED)
    with reading(engine) as session:
        described = kinds.describe(session, subject)
        assert described is not None
        assert (described.hidden, described.public) == (True, False)
        author = described.author
    assert (author is not None) == (kind in WRITTEN_BY_PEOPLE)
    if author is not None:
        with writing(engine) as session:
            assert [own.entry.number for own in own_decisions(session, author, here.now)] == [number]
            appeal(session, author, number, "It is true.", here.now)
            decide_appeal(session, here.on.desk, here.second, number, granted=False, note="It insults.")
    third = here.on.signed_in(Role.MODERATOR, name="Chi")
    with writing(engine) as session:
        restore(session, here.on.desk, third, subject, "It is known now.")
    with reading(engine) as session:
        described = kinds.describe(session, subject)
        assert described is not None
        assert (described.hidden, described.public) == (False, True)
        logged = entries_about(session, subject)
    assert {entry.group for entry in logged} == {number}
    appealed, reversed_too = ([], []) if author is None else ([Action.UPHELD], [Action.REVERSED])
    assert [entry.action for entry in logged] == [
        Action.HIDDEN,
        *appealed,
        Action.RESTORED,
        *reversed_too,
    ]


def test_what_is_known_of_a_person_is_given_out_and_forgotten(here: Moderated) -> None:
    group = here.decided(here.reported("1"), here.first, Template.THREAT, warn=True, days=1)
    with writing(here.on.desk.engine) as session:
        appeal(session, here.author, group, "It was a joke.", here.now)
    second = here.reported("2")
    with writing(here.on.desk.engine) as session:
        claim(session, second, here.second.person_id, here.now)
    data, desk = ModerationData(), here.on.desk
    everybody = (here.author, here.reader, here.first.person_id, here.second.person_id)
    with writing(desk.engine) as session:
        given = [row["what"] for row in data.export(desk, session, here.author)]
        assert given == ["decision", "decision", "decision", "pause", "appeal"]
        assert [row["what"] for row in data.export(desk, session, here.reader)] == ["report", "report"]
        for person in everybody:
            data.forget(desk, session, person, here.now)
        for person in everybody:
            assert data.export(desk, session, person) == []
        assert [entry.action for entry in entries(session)] == [Action.HIDDEN, Action.WARNED, Action.PAUSED]
        assert waiting_appeals(session, here.first.person_id) == []
        rows = session.execute(select(ModerationEntry.by, ModerationEntry.author, ModerationEntry.note)).all()
        assert set(rows) == {(None, None, "")}
        assert session.scalars(select(ModerationCase.claimed_by)).all() == [None, None]


@pytest.mark.parametrize("who", ["author", "reader"])
@pytest.mark.parametrize("deed", ["decide", "restore", "appeal"])
def test_who_leaves_while_a_moderator_decides_makes_nothing_busy(
    everywhere: Moderated, who: str, deed: str
) -> None:
    here, desk = everywhere, everywhere.on.desk
    subject = _contribution(here)
    with writing(desk.engine) as session:
        report(session, here.reader, subject, Rule.ATTACK, "", here.now)
    case = here.case_of(subject)
    if deed == "decide":
        with writing(desk.engine) as session:
            claim(session, case, here.first.person_id, here.now)
            decision = here.decision(session, case, Template.PERSON_INSULTED)
    else:
        number = here.decided(case, here.first, Template.PERSON_INSULTED)
    if deed == "appeal":
        with writing(desk.engine) as session:
            appeal(session, here.author, number, "It is true.", here.now)

    def judge() -> None:
        with writing(desk.engine) as session:
            if deed == "decide":
                decide(session, desk, here.first, case, decision)
            elif deed == "restore":
                restore(session, desk, here.second, subject, "")
            else:
                decide_appeal(session, desk, here.second, number, granted=True, note="It is.")

    leaver = here.author if who == "author" else here.reader
    with ThreadPoolExecutor(1) as pool:
        with writing(desk.engine) as session:
            lock_to_delete(session, leaver)
            judging = pool.submit(judge)
            wait([judging], NOT_YET)  # it has locked what it locks first
            delete_account(desk, session, leaver)
        if (deed, who) == ("appeal", "author"):
            with pytest.raises(NoSuchAppeal):  # an appeal that waits ends with its author
                judging.result()
        else:
            judging.result()
    with reading(desk.engine) as session:
        described = kinds.describe(session, subject)
        assert described is not None
        assert described.hidden is (deed == "decide" or (deed, who) == ("appeal", "author"))
        assert (described.author is None) is (who == "author")


def test_of_two_who_take_or_decide_a_case_at_the_same_moment_one_does(everywhere: Moderated) -> None:
    case, desk = everywhere.reported("1"), everywhere.on.desk
    moderators = (everywhere.first, everywhere.second)

    def at_once(deed: Callable[[SignedIn], object]) -> list[str]:
        gate = Barrier(len(moderators))

        def run(by: SignedIn) -> str:
            gate.wait(10)
            try:
                deed(by)
            except ConsultationError as error:
                return error.code
            return "done"

        with ThreadPoolExecutor(len(moderators)) as pool:
            return sorted(pool.map(run, moderators))

    def take(by: SignedIn) -> None:
        with writing(desk.engine) as session:
            claim(session, case, by.person_id, everywhere.now)

    assert at_once(take) == ["claimed-by-other", "done"]
    with reading(desk.engine) as session:
        mine = find_case(session, case, everywhere.first.person_id, everywhere.now).case.mine
    holder = everywhere.first if mine else everywhere.second

    with reading(desk.engine) as session:
        seen = everywhere.decision(session, case, Template.THREAT)

    def judge(_: SignedIn) -> None:  # one moderator in two windows
        with writing(desk.engine) as session:
            decide(session, desk, holder, case, seen)

    assert at_once(judge) == ["case-decided", "done"]
    assert actions(everywhere, Subject("note", "1")) == [Action.HIDDEN]
    other = everywhere.on.signed_in(Role.MODERATOR)
    with writing(desk.engine) as session:
        appeal(session, everywhere.author, 1, "It was not meant so.", everywhere.now)
    moderators = (other, other)

    def answer(by: SignedIn) -> None:
        with writing(desk.engine) as session:
            decide_appeal(session, desk, by, 1, granted=True, note="Right.")

    assert at_once(answer) == ["appeal-decided", "done"]
    assert actions(everywhere, Subject("note", "1")) == [Action.HIDDEN, Action.RESTORED]

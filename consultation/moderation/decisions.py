"""Deciding a case, and correcting a decision. All of it is entered in the public log in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import NoSuchSubject
from consultation.happenings import What, happened
from consultation.moderation.cases import is_case_id, lock_case
from consultation.moderation.claims import end_claim, require_claim
from consultation.moderation.errors import (
    AppealOpen,
    CaseDecided,
    Conflict,
    GroundMissing,
    NotHidden,
    WordsChanged,
)
from consultation.moderation.holding import hold_for_case, hold_for_decision
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.models import ModerationAppeal, ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.pauses import pause
from consultation.moderation.reports import close_reports, tell_reporters
from consultation.moderation.reversals import refusal_of, reverse_refusal, standing, take_back
from consultation.moderation.ties import own_tie, tie_of
from consultation.moderation.types import RULE_OF, Action, Template
from consultation.subjects import Described, Subject
from consultation.text import written
from identity.desk import Desk
from identity.people import one_person
from identity.sessions import SignedIn

NOTE_MAX: Final = 1_000


@dataclass(frozen=True)
class Decision:
    """What a moderator decides. hide: None leaves it, else the reason.  digest: of the words that were on the page.

    note: to the author, beside the reason.  warn, pause_days (0 for none): with hiding only.
    """

    hide: Template | None
    digest: bytes
    note: str = field(default="", repr=False)
    warn: bool = False
    pause_days: int = 0


def decide(session: Session, desk: Desk, by: SignedIn, case_id: str, decision: Decision) -> int:
    """Decide a case that one has taken; gives the number of the decision in the public log.

    Raises: NoSuchCase, CaseDecided, ClaimedByOther, NotClaimed, Conflict, WordsChanged, NoSuchSubject, TextRefused.
    """
    note = written(decision.note, NOTE_MAX, lines=True, least=0)
    now = desk.clock()
    if is_case_id(case_id):
        hold_for_case(session, case_id)
    case = lock_case(session, case_id)
    if not case.waiting:
        raise CaseDecided
    require_claim(case, by.person_id, now)
    subject = Subject(case.subject_kind, case.subject)
    if tie_of(session, subject, by.person_id) is not None:
        raise Conflict
    if decision.hide is None:
        there = kinds.describe(session, subject)
        ruling = Ruling(Action.LEFT, subject, _seen(session, case, decision.digest))
        number = log_entry(session, desk, by, ruling)
        # What is gone was not found to be right: it says nothing about whoever reported it.
        close_reports(
            session, case, number if there is not None and there.standing else None, by.person_id, now
        )
    else:
        number = _hide(session, desk, by, subject, decision, note)
        close_reports(session, case, number, by.person_id, now)
    case.waiting = False
    end_claim(case)
    session.flush()
    return number


@dataclass(frozen=True)
class Restoring:
    """What showing something again asks of this moderator. group: the decision that would be taken back.

    refused: an appeal about it was refused, so it is a reversal, and a new ground must be written.
    """

    group: int
    refused: bool


def restoring(session: Session, subject: Subject, person: str) -> Restoring:
    """Whether and how this moderator may show it again.

    Before an appeal everybody may correct a mistake, whoever has hidden it too. While an appeal waits, it is decided
    there. After one was refused, two have looked at it: only a third may reverse that, and must say what is new.
    Raises: NotHidden, Conflict (their own matter, or they have decided about it), AppealOpen.
    """
    if own_tie(session, subject, kinds.describe(session, subject), person) is not None:
        raise Conflict
    group = session.scalar(
        select(ModerationEntry.group)
        .where(
            ModerationEntry.subject_kind == subject.kind,
            ModerationEntry.subject == subject.id,
            ModerationEntry.action == Action.HIDDEN.value,
        )
        .order_by(ModerationEntry.number.desc())
        .limit(1)
    )
    if group is None or not standing(session, group):
        raise NotHidden
    appeal = session.get(ModerationAppeal, group)
    if appeal is not None and appeal.decided_at is None:
        raise AppealOpen
    refused = appeal is not None and appeal.granted is False
    accounts = one_person(session, person).accounts
    if refused and any(entry.by in accounts for entry in _rows(session, group)):
        raise Conflict
    return Restoring(group, refused)


def restore(session: Session, desk: Desk, by: SignedIn, subject: Subject, note: str) -> None:
    """Show it again, with everything else that was decided taken back. Who may do so: see `restoring`.

    note: to the author; after a refused appeal it is the new ground, and must not be empty.
    Raises: NotHidden, Conflict, AppealOpen, GroundMissing, TextRefused.
    """
    note = written(note, NOTE_MAX, lines=True, least=0)
    found = restoring(session, subject, by.person_id)
    hold_for_decision(session, found.group)
    _lock_decision(session, found.group)
    found = restoring(session, subject, by.person_id)  # as it is under the lock
    if found.refused and not note:
        raise GroundMissing
    now = desk.clock()
    back = take_back(session, desk, by, found.group, note)
    if found.refused:
        reverse_refusal(session, desk, by, refusal_of(session, found.group), note)
    for author in {entry.author for entry in _rows(session, found.group) if entry.author is not None}:
        happened(session, What.CONTENT_RESTORED, back[0].subject, at=now, by=by.person_id, to=author)
    tell_reporters(session, subject, found.group, by.person_id, now)


def _lock_decision(session: Session, group: int) -> None:
    """Entries never change: its first one is what those wait for who would take it back at the same time."""
    session.scalar(
        select(ModerationEntry)
        .where(ModerationEntry.number == group)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    session.expire_all()


def _hide(session: Session, desk: Desk, by: SignedIn, subject: Subject, decision: Decision, note: str) -> int:
    kind, now = kinds.KINDS.get(subject.kind), desk.clock()
    if kind is None or decision.hide is None:
        raise NoSuchSubject
    described = kind.describe(session, subject.id)
    if described is not None and described.hidden:
        raise CaseDecided
    kind.set_hidden(session, subject.id, entry=None)  # locks it before the site log, as all verbs do
    session.expire_all()
    described = kind.describe(
        session, subject.id
    )  # also under something that is hidden now, and may be shown again
    _require_words(described, decision.digest)
    author = None if described is None else described.author
    rule = RULE_OF[decision.hide].value

    def enter(action: Action, group: int | None) -> int:
        ruling = Ruling(
            action, subject, decision.digest, rule, author, decision.hide and decision.hide.value, note, group
        )
        return log_entry(session, desk, by, ruling)

    number = enter(Action.HIDDEN, None)
    kind.set_hidden(session, subject.id, entry=number)
    if author is None:
        return number
    happened(session, What.CONTENT_HIDDEN, subject, at=now, by=by.person_id, to=author)
    if decision.warn:
        enter(Action.WARNED, number)
        happened(session, What.AUTHOR_WARNED, subject, at=now, by=by.person_id, to=author)
    if decision.pause_days:
        pause(session, author, enter(Action.PAUSED, number), decision.pause_days, now)
        happened(session, What.AUTHOR_PAUSED, subject, at=now, by=by.person_id, to=author)
    return number


def _seen(session: Session, case: ModerationCase, digest: bytes) -> bytes:
    """The digest of what stays: of the words that stand, or of those that were reported where nothing stands now."""
    described = kinds.describe(session, Subject(case.subject_kind, case.subject))
    if described is not None:
        if described.digest != digest:
            raise WordsChanged
        return digest
    reported = select(ModerationReport.digest).where(ModerationReport.case == case.id)
    return session.scalars(reported.order_by(ModerationReport.id.desc()).limit(1)).one()


def _require_words(described: Described | None, digest: bytes) -> None:
    if described is None or not described.standing:
        raise NoSuchSubject
    if described.digest != digest:
        raise WordsChanged


def _rows(session: Session, group: int) -> Sequence[ModerationEntry]:
    return session.scalars(select(ModerationEntry).where(ModerationEntry.group == group)).all()

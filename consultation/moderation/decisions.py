"""Deciding a case, and correcting a decision. All of it is entered in the public log in the same transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import NoSuchSubject
from consultation.happenings import What, happened
from consultation.moderation.cases import is_claimed, lock_case, tie_of
from consultation.moderation.errors import (
    AppealOpen,
    CaseDecided,
    ClaimedByOther,
    Conflict,
    NotClaimed,
    NotHidden,
    WordsChanged,
)
from consultation.moderation.log import Ruling, log_entry
from consultation.moderation.models import ModerationAppeal, ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.pauses import pause
from consultation.moderation.reversals import standing, take_back
from consultation.moderation.types import RULE_OF, Action, Template
from consultation.subjects import Described, Subject
from consultation.text import written
from identity.desk import Desk
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
    case = lock_case(session, case_id)
    _require_claim(case, by.person_id, now)
    subject = Subject(case.subject_kind, case.subject)
    if tie_of(session, subject, by.person_id) is not None:
        raise Conflict
    if decision.hide is None:
        number = log_entry(
            session, desk, by, Ruling(Action.LEFT, subject, _seen(session, case, decision.digest))
        )
    else:
        number = _hide(session, desk, by, subject, decision, note)
    case.waiting, case.claimed_by, case.claimed_until = False, None, None
    session.flush()
    return number


def restore(session: Session, desk: Desk, by: SignedIn, subject: Subject, note: str) -> None:
    """Correct a mistake before anybody appeals: show it again, with everything else that was decided taken back.

    Who has hidden it may do this too.  Raises: NotHidden, Conflict (the author), AppealOpen, TextRefused.
    """
    note = written(note, NOTE_MAX, lines=True, least=0)
    described = kinds.describe(session, subject)
    if described is not None and described.author == by.person_id:
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
        .with_for_update()
    )
    if group is None or not standing(session, group):
        raise NotHidden
    appeal = session.get(ModerationAppeal, group)
    if appeal is not None and appeal.decided_at is None:
        raise AppealOpen
    now = desk.clock()
    back = take_back(session, desk, by, group, note)
    for author in {entry.author for entry in _rows(session, group) if entry.author is not None}:
        happened(session, What.CONTENT_RESTORED, back[0].subject, at=now, by=by.person_id, to=author)


def _hide(session: Session, desk: Desk, by: SignedIn, subject: Subject, decision: Decision, note: str) -> int:
    kind, now = kinds.KINDS.get(subject.kind), desk.clock()
    if kind is None or decision.hide is None:
        raise NoSuchSubject
    described = kind.describe(session, subject.id)
    if described is not None and described.hidden:
        raise CaseDecided
    kind.set_hidden(session, subject.id, entry=None)  # locks it before the site log, as all verbs do
    session.expire_all()
    described = kind.describe(session, subject.id)
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


def _require_claim(case: ModerationCase, person: str, now: datetime) -> None:
    if not case.waiting:
        raise CaseDecided
    if not is_claimed(case, now):
        raise NotClaimed
    if case.claimed_by != person:
        raise ClaimedByOther


def _require_words(described: Described | None, digest: bytes) -> None:
    if described is None or not described.public:
        raise NoSuchSubject
    if described.digest != digest:
        raise WordsChanged


def _rows(session: Session, group: int) -> list[ModerationEntry]:
    return list(session.scalars(select(ModerationEntry).where(ModerationEntry.group == group)))

"""Appeals: the author of something asks, and another moderator decides until a day that everybody can see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.happenings import What, happened
from consultation.moderation.errors import (
    AppealDecided,
    AppealTooLate,
    Conflict,
    NoSuchAppeal,
    NoSuchEntry,
    NotAppealable,
)
from consultation.moderation.holding import hold_for_decision
from consultation.moderation.log import ENTRY_MAX, Ruling, log_entry, shown
from consultation.moderation.models import ModerationAppeal, ModerationEntry, ModerationPause
from consultation.moderation.reports import tell_reporters
from consultation.moderation.reversals import standing, take_back
from consultation.moderation.ties import Tie, own_tie
from consultation.moderation.types import APPEALABLE, REVERSALS, Action, Entry
from consultation.subjects import Described, Subject
from consultation.text import written
from identity.desk import Desk
from identity.people import one_person
from identity.sessions import SignedIn
from storage.statements import insert_once

TIME_TO_APPEAL: Final = timedelta(days=30)
TIME_TO_DECIDE: Final = timedelta(days=14)
WORDS_MAX: Final = 2_000
NOTE_MAX: Final = 2_000
_BACK: Final = frozenset(REVERSALS.values())


@dataclass(frozen=True)
class Appeal:
    """One appeal. group: number of the decision.  granted: None while it waits.  note: why, to the author."""

    group: int
    words: str = field(repr=False)
    filed_at: datetime
    decide_by: datetime
    decided_at: datetime | None
    granted: bool | None
    note: str = field(repr=False)


@dataclass(frozen=True)
class OwnDecision:
    """What was decided about something that somebody wrote. entry: the first one.  actions: all of the decision.

    paused_until: where a pause was part of it.  stands: whether any of it was not taken back.  can_appeal: now.
    back_note: what the moderator said who took it back without an appeal, or after one was refused.
    """

    entry: Entry
    described: Described | None
    actions: Sequence[Action]
    template: str | None
    note: str = field(repr=False)
    paused_until: datetime | None
    stands: bool
    back_note: str = field(repr=False)
    appeal: Appeal | None
    appeal_until: datetime
    can_appeal: bool


@dataclass(frozen=True)
class AppealFile:
    """An appeal as moderators see it. tie: why whoever looks must not decide."""

    appeal: Appeal
    entry: Entry
    actions: Sequence[Action]
    described: Described | None
    template: str | None
    note: str = field(repr=False)
    tie: Tie | None


@dataclass(frozen=True)
class Statistics:
    """Of one rule, or of all: decisions that burden somebody, appeals, how they ended. late: past their day."""

    decisions: int = 0
    appeals: int = 0
    granted: int = 0
    refused: int = 0
    late: int = 0

    @property
    def waiting(self) -> int:
        """Appeals that nobody has decided."""
        return self.appeals - self.granted - self.refused

    @property
    def overturned(self) -> float | None:
        """Share of decided appeals that were granted, 0 to 1; None before there is one."""
        decided = self.granted + self.refused
        return self.granted / decided if decided else None


def appeal(session: Session, person: str, number: int, words: str, now: datetime) -> None:
    """Ask that a decision about one's own words be looked at by somebody else. Once for each decision.

    number: of any of its entries.  Raises: NoSuchEntry (also of others), NotAppealable, AppealTooLate, TextRefused.
    """
    words = written(words, WORDS_MAX, lines=True)
    entry = _own_entry(session, person, number)
    if not standing(session, entry.group) or session.get(ModerationAppeal, entry.group) is not None:
        raise NotAppealable
    if now >= entry.at + TIME_TO_APPEAL:
        raise AppealTooLate
    values = {
        "group": entry.group,
        "author": person,
        "words": words,
        "filed_at": now,
        "decide_by": now + TIME_TO_DECIDE,
        "decided_at": None,
        "decided_by": None,
        "granted": None,
        "note": "",
    }
    if insert_once(session, ModerationAppeal, values, ("group",)) is None:
        raise NotAppealable


def decide_appeal(
    session: Session, desk: Desk, by: SignedIn, group: int, *, granted: bool, note: str
) -> None:
    """Decide it, once. Granted: everything that the decision did is undone. note: why, read by the author.

    Raises: NoSuchAppeal, AppealDecided, Conflict (who decided first, reported it, or has a part in it), TextRefused.
    """
    note = written(note, NOTE_MAX, lines=True)
    hold_for_decision(session, group)
    row = session.scalar(
        select(ModerationAppeal)
        .where(ModerationAppeal.group == group)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NoSuchAppeal
    if row.decided_at is not None:
        raise AppealDecided
    entries = _entries(session, group)
    if _tie(session, entries, by.person_id) is not None:
        raise Conflict
    first, now = entries[0], desk.clock()
    subject = Subject(first.subject_kind, first.subject)
    if granted:
        take_back(session, desk, by, group, note)
        tell_reporters(session, subject, group, by.person_id, now)
    else:
        log_entry(
            session,
            desk,
            by,
            Ruling(
                Action.UPHELD,
                subject,
                first.digest,
                rule=first.rule,
                author=first.author,
                note=note,
                group=group,
                answers=group,
            ),
        )
    row.decided_at, row.decided_by, row.granted, row.note = now, by.person_id, granted, note
    session.flush()
    if row.author is not None:
        happened(session, What.APPEAL_DECIDED, subject, at=now, by=by.person_id, to=row.author)


def waiting_appeals(session: Session, person: str) -> Sequence[AppealFile]:
    """Those that nobody has decided, the one that is due first in front. person: who looks."""
    rows = session.scalars(
        select(ModerationAppeal)
        .where(ModerationAppeal.decided_at.is_(None))
        .order_by(ModerationAppeal.decide_by, ModerationAppeal.group)
        .limit(50)
    ).all()
    return [_file(session, row, person) for row in rows]


def find_appeal(session: Session, group: int, person: str) -> AppealFile:
    """One appeal, decided or not. person: who looks. Raises: NoSuchAppeal."""
    row = session.get(ModerationAppeal, group) if 0 < group <= ENTRY_MAX else None
    if row is None:
        raise NoSuchAppeal
    return _file(session, row, person)


def own_decisions(session: Session, person: str, now: datetime) -> Sequence[OwnDecision]:
    """Everything that burdens somebody's words, the newest first."""
    groups = session.scalars(
        select(ModerationEntry.group)
        .where(ModerationEntry.author == person, ModerationEntry.number == ModerationEntry.group)
        .order_by(ModerationEntry.group.desc())
        .limit(100)
    ).all()
    return [_own(session, group, now) for group in groups]


def own_decision(session: Session, person: str, number: int, now: datetime) -> OwnDecision:
    """One of them, by the number of any of its entries. Raises: NoSuchEntry."""
    return _own(session, _own_entry(session, person, number).group, now)


def statistics(session: Session, now: datetime) -> tuple[Statistics, dict[str, Statistics]]:
    """Of all decisions, and of each rule."""
    burdens = [action.value for action in APPEALABLE]

    def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    rows = session.execute(
        select(
            ModerationEntry.rule,
            func.count(),
            func.count(ModerationAppeal.group),
            counted(ModerationAppeal.granted.is_(True)),
            counted(ModerationAppeal.granted.is_(False)),
            counted(ModerationAppeal.decided_at.is_(None) & (ModerationAppeal.decide_by <= now)),
        )
        .outerjoin(ModerationAppeal, ModerationAppeal.group == ModerationEntry.number)
        .where(ModerationEntry.number == ModerationEntry.group, ModerationEntry.action.in_(burdens))
        .group_by(ModerationEntry.rule)
    ).all()
    by_rule = {rule or "": Statistics(*(int(number) for number in numbers)) for rule, *numbers in rows}
    names = ("decisions", "appeals", "granted", "refused", "late")
    return Statistics(
        **{name: sum(getattr(each, name) for each in by_rule.values()) for name in names}
    ), by_rule


def _own_entry(session: Session, person: str, number: int) -> ModerationEntry:
    row = session.get(ModerationEntry, number) if 0 < number <= ENTRY_MAX else None
    if row is None or row.author != person:
        raise NoSuchEntry
    first = session.get(ModerationEntry, row.group)
    if first is None or Action(first.action) not in APPEALABLE:
        raise NoSuchEntry
    return first


def _entries(session: Session, group: int) -> Sequence[ModerationEntry]:
    return session.scalars(
        select(ModerationEntry).where(ModerationEntry.group == group).order_by(ModerationEntry.number)
    ).all()


def _tie(session: Session, entries: Sequence[ModerationEntry], person: str) -> Tie | None:
    accounts = one_person(session, person).accounts
    if any(entry.author in accounts for entry in entries):
        return Tie.AUTHOR
    if any(entry.by in accounts for entry in entries):
        return Tie.DECIDED
    subject = Subject(entries[0].subject_kind, entries[0].subject)
    return own_tie(session, subject, kinds.describe(session, subject), person)


def _file(session: Session, row: ModerationAppeal, person: str) -> AppealFile:
    entries = _entries(session, row.group)
    entry = shown(entries[0])
    return AppealFile(
        appeal=_appeal(row),
        entry=entry,
        actions=[Action(each.action) for each in entries if Action(each.action) in APPEALABLE],
        described=kinds.describe(session, entry.subject),
        template=entries[0].template,
        note=entries[0].note,
        tie=_tie(session, entries, person),
    )


def _own(session: Session, group: int, now: datetime) -> OwnDecision:
    entries = _entries(session, group)
    entry, made = shown(entries[0]), session.get(ModerationAppeal, group)
    stands, until = bool(standing(session, group)), entry.at + TIME_TO_APPEAL
    granted = made is not None and made.granted is True
    paused = session.scalar(
        select(ModerationPause.until)
        .join(ModerationEntry, ModerationEntry.number == ModerationPause.entry)
        .where(ModerationEntry.group == group, ModerationPause.lifted_at.is_(None))
    )
    return OwnDecision(
        entry=entry,
        described=kinds.describe(session, entry.subject),
        actions=[Action(each.action) for each in entries if Action(each.action) in APPEALABLE],
        template=entries[0].template,
        note=entries[0].note,
        paused_until=paused,
        stands=stands,
        back_note=next((row.note for row in entries if Action(row.action) in _BACK), "")
        if not granted
        else "",
        appeal=None if made is None else _appeal(made),
        appeal_until=until,
        can_appeal=stands and made is None and now < until,
    )


def _appeal(row: ModerationAppeal) -> Appeal:
    return Appeal(row.group, row.words, row.filed_at, row.decide_by, row.decided_at, row.granted, row.note)

"""Cases: what was reported and waits, and who works on it.

A moderator takes a case for a quarter of an hour and then decides; meanwhile it is nobody else's. Whoever has a part
in the thing, reported it, or has decided about it before is in a conflict and cannot take it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.differences import Part, differences
from consultation.moderation.claims import give_back, is_claimed, take
from consultation.moderation.errors import CaseDecided, Conflict, NoSuchCase
from consultation.moderation.log import entries_about
from consultation.moderation.models import ModerationCase, ModerationReport
from consultation.moderation.queue import PAGE, QueueOrder, queue_page
from consultation.moderation.ties import Tie, tie_of
from consultation.moderation.types import Entry, Rule
from consultation.subjects import Described, Subject

REPORTS_SHOWN: Final = 50
"""On the page of a case: the newest. Their numbers by rule count all of them."""
WORDINGS_SHOWN: Final = 5
"""Earlier wordings on the page of a case, those that were reported last."""


@dataclass(frozen=True)
class Case:
    """One case, as a moderator sees it. described: None when the thing is gone.  claimed: by somebody, now.

    rules: by which rules it was reported, and by how many.  mine: claimed by whoever looks.
    tie: why whoever looks must not decide.
    """

    id: str
    subject: Subject
    described: Described | None
    opened_at: datetime
    waiting: bool
    urgent: bool
    reports: int
    rules: Mapping[Rule, int]
    claimed: bool
    mine: bool
    claimed_until: datetime | None
    tie: Tie | None


@dataclass(frozen=True)
class Reported:
    """One report, without who made it. current: about the words that stand now."""

    rule: Rule
    words: str = field(repr=False)
    at: datetime
    current: bool


@dataclass(frozen=True)
class Wording:
    """Words that were reported and are not those that stand now.

    digest: of them.  reports: how many named them.  changes: from them to those of now; None where they were not kept.
    """

    digest: bytes
    reports: int
    last_at: datetime
    changes: Sequence[Part] | None = field(repr=False)


@dataclass(frozen=True)
class CaseFile:
    """A case with the reports of this round, the newest first, and everything decided about the thing before."""

    case: Case
    reports: Sequence[Reported]
    wordings: Sequence[Wording]
    history: Sequence[Entry]


@dataclass(frozen=True)
class CasePage:
    """A page of the queue. after: where the next one begins, empty at the end."""

    cases: Sequence[Case]
    after: str


def waiting_cases(
    session: Session,
    person: str,
    now: datetime,
    *,
    order: QueueOrder = QueueOrder.WEIGHT,
    after: str = "",
    limit: int = PAGE,
) -> CasePage:
    """What waits, a page at a time. person: who looks.  after: from the page before."""
    page = queue_page(session, order, after, limit)
    rows = {
        row.id: row
        for row in session.scalars(select(ModerationCase).where(ModerationCase.id.in_(page.cases)))
    }
    found = [rows[case] for case in page.cases]
    rules = _rules(session, found)
    return CasePage([_shown(session, row, person, now, rules.get(row.id, {})) for row in found], page.after)


def count_waiting(session: Session) -> int:
    """How many cases wait."""
    return session.scalar(select(func.count()).select_from(ModerationCase).where(ModerationCase.waiting)) or 0


def find_case(session: Session, case: str, person: str, now: datetime) -> CaseFile:
    """One case, waiting or not. Raises: NoSuchCase."""
    row = session.get(ModerationCase, case) if len(case) <= 32 and "\0" not in case else None
    if row is None:
        raise NoSuchCase
    shown = _shown(session, row, person, now, _rules(session, [row]).get(row.id, {}))
    digest = None if shown.described is None else shown.described.digest
    reports = session.scalars(
        select(ModerationReport)
        .where(ModerationReport.case == row.id, ModerationReport.round == row.round)
        .order_by(ModerationReport.id.desc())
        .limit(REPORTS_SHOWN)
    )
    return CaseFile(
        shown,
        [Reported(Rule(each.rule), each.words, each.at, each.digest == digest) for each in reports],
        _wordings(session, row, shown.described),
        entries_about(session, shown.subject),
    )


def claim(session: Session, case: str, person: str, now: datetime) -> None:
    """Take a case, or keep it for another while. Raises: NoSuchCase, CaseDecided, Conflict, ClaimedByOther."""
    row = lock_case(session, case)
    if not row.waiting:
        raise CaseDecided
    if tie_of(session, Subject(row.subject_kind, row.subject), person) is not None:
        raise Conflict
    take(row, person, now)
    session.flush()


def release(session: Session, case: str, person: str) -> None:
    """Let others take it; harmless when it is not one's own any more. Raises: NoSuchCase."""
    give_back(lock_case(session, case), person)
    session.flush()


def is_case_id(case: str) -> bool:
    """Whether a database can be asked for it."""
    return len(case) <= 32 and "\0" not in case


def lock_case(session: Session, case: str) -> ModerationCase:
    """The row, locked until the transaction ends. Raises: NoSuchCase."""
    row = None
    if is_case_id(case):
        row = session.scalar(
            select(ModerationCase)
            .where(ModerationCase.id == case)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    if row is None:
        raise NoSuchCase
    return row


def _shown(
    session: Session, row: ModerationCase, person: str, now: datetime, rules: Mapping[Rule, int]
) -> Case:
    subject, claimed = Subject(row.subject_kind, row.subject), is_claimed(row, now)
    return Case(
        id=row.id,
        subject=subject,
        described=kinds.describe(session, subject),
        opened_at=row.opened_at,
        waiting=row.waiting,
        urgent=row.urgent,
        reports=row.reports,
        rules=rules,
        claimed=claimed,
        mine=claimed and row.claimed_by == person,
        claimed_until=row.claimed_until if claimed else None,
        tie=tie_of(session, subject, person),
    )


def _rules(session: Session, cases: Sequence[ModerationCase]) -> Mapping[str, Mapping[Rule, int]]:
    """Reports of the present round of each case by rule, most first."""
    row = ModerationReport
    counted = session.execute(
        select(row.case, row.rule, func.count().label("times"))
        .join(ModerationCase, (ModerationCase.id == row.case) & (ModerationCase.round == row.round))
        .where(row.case.in_([case.id for case in cases]))
        .group_by(row.case, row.rule)
        .order_by(func.count().desc(), row.rule)
    )
    found: dict[str, dict[Rule, int]] = {}
    for case, rule, times in counted:
        found.setdefault(case, {})[Rule(rule)] = times
    return found


def _wordings(session: Session, row: ModerationCase, described: Described | None) -> Sequence[Wording]:
    """Those of this round that are not the words of now; the reported ones last changed first."""
    report, kind = ModerationReport, kinds.KINDS.get(row.subject_kind)
    other = (report.case == row.id) & (report.round == row.round)
    if described is not None:
        other &= report.digest != described.digest
    counted = session.execute(
        select(report.digest, func.count(), func.max(report.id))
        .where(other)
        .group_by(report.digest)
        .order_by(func.max(report.id).desc())
        .limit(WORDINGS_SHOWN)
    ).all()
    found = []
    for digest, times, last in counted:
        words = None if kind is None else kind.worded(session, row.subject, digest)
        changes = None if words is None or described is None else differences(words, described.words)
        found.append(Wording(digest, times, session.get_one(report, last).at, changes))
    return found

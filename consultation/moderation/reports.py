"""Reports: anybody who is signed in says once that something breaks a rule. Reports alone hide nothing.

However many people report something, a moderator looks at it once for each wording; when two moderators have left the
same words where they are, later reports of these words are kept and wait for nobody. Whoever reported reads what became
of it, on a page of their own and in their news; who decided and who else reported is told to nobody.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.orm import Session

from consultation import kinds
from consultation.errors import NoSuchSubject
from consultation.happenings import What
from consultation.models import ConsultationHappening
from consultation.moderation.claims import end_claim
from consultation.moderation.errors import OwnContent, ReportsTooMuch
from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import URGENT, Action, Rule
from consultation.subjects import Described, Subject
from consultation.text import written
from identity.people import one_person
from storage.statements import insert_once, rows_changed

WORDS_MAX: Final = 500
WAITING_MAX: Final = 50
"""Reports of one person that no moderator has decided yet."""
LOOKED_AT: Final = 2
"""Moderators who have left the same words: then these words stay."""
KEPT: Final = timedelta(days=180)
"""The words of a report."""
OWN_SHOWN: Final = 100
_FAVOURABLE: Final = (Action.LEFT.value, Action.RESTORED.value)


class Became(StrEnum):
    """What became of a report."""

    WAITS = "waits"
    HIDDEN = "hidden"
    LEFT = "left"
    SHOWN_AGAIN = "shown-again"
    """It was hidden, and that was taken back."""
    GONE = "gone"
    """Whoever wrote it took it away before a moderator decided."""


@dataclass(frozen=True)
class OwnReport:
    """What somebody reported. described: None where they may not read it (any more).  entry: of the public record."""

    rule: Rule
    subject: Subject
    described: Described | None
    at: datetime
    became: Became
    entry: int | None


def report(session: Session, person: str, subject: Subject, rule: Rule, words: str, now: datetime) -> None:
    """Say that something breaks a rule. The same person about the same words again: nothing happens.

    words: for moderators, may be empty.  Raises: NoSuchSubject (also hidden), OwnContent, ReportsTooMuch, TextRefused.
    """
    words = written(words, WORDS_MAX, lines=True, least=0)
    described = kinds.describe(session, subject)
    if described is None or not described.public:
        raise NoSuchSubject
    accounts = one_person(session, person).accounts
    if described.author in accounts:
        raise OwnContent
    if _waiting_of(session, accounts) >= WAITING_MAX:
        raise ReportsTooMuch
    case = _lock_case(session, subject, now)
    earlier = select(ModerationReport).where(
        ModerationReport.case == case.id, ModerationReport.reporter.in_(accounts)
    )
    if session.scalar(earlier.where(ModerationReport.digest == described.digest)) is not None:
        return
    settled = None
    if not case.waiting:
        looks = _looks(session, subject, described.digest)
        if len(looks) < LOOKED_AT:
            case.waiting, case.urgent, case.reports = True, False, 0
            case.round, case.opened_at = case.round + 1, now
            end_claim(case)
        else:
            settled = looks[-1]
    if session.scalar(earlier.where(ModerationReport.round == case.round)) is None:
        case.reports += 1
    case.urgent = case.urgent or rule in URGENT
    session.add(
        ModerationReport(
            case=case.id,
            round=case.round,
            reporter=person,
            rule=rule.value,
            words=words,
            digest=described.digest,
            at=now,
            decision=settled,
        )
    )
    session.flush()


def close_reports(
    session: Session, case: ModerationCase, decision: int | None, by: str, now: datetime
) -> None:
    """A moderator has decided about this round: everybody who reported is told. decision: None where it was gone."""
    waiting = (ModerationReport.case == case.id) & (ModerationReport.round == case.round)
    session.execute(update(ModerationReport).where(waiting).values(decision=decision))
    _tell(session, waiting, Subject(case.subject_kind, case.subject), by, now)


def tell_reporters(session: Session, subject: Subject, decision: int, by: str, now: datetime) -> None:
    """What was decided about their reports was taken back."""
    _tell(session, ModerationReport.decision == decision, subject, by, now)


def own_reports(session: Session, person: str) -> Sequence[OwnReport]:
    """What somebody reported, the newest first: at most OWN_SHOWN."""
    rows = session.execute(
        select(ModerationReport, ModerationCase)
        .join(ModerationCase, ModerationCase.id == ModerationReport.case)
        .where(ModerationReport.reporter == person)
        .order_by(ModerationReport.id.desc())
        .limit(OWN_SHOWN)
    ).all()
    return [
        OwnReport(
            rule=Rule(row.rule),
            subject=Subject(case.subject_kind, case.subject),
            described=kinds.readable_by(session, Subject(case.subject_kind, case.subject), person),
            at=row.at,
            became=_became(session, row, case),
            entry=row.decision,
        )
        for row, case in rows
    ]


def _became(session: Session, row: ModerationReport, case: ModerationCase) -> Became:
    if row.decision is None:
        return Became.WAITS if case.waiting and case.round == row.round else Became.GONE
    if session.get_one(ModerationEntry, row.decision).action != Action.HIDDEN.value:
        return Became.LEFT
    back = select(ModerationEntry.number).where(
        ModerationEntry.answers == row.decision, ModerationEntry.action == Action.RESTORED.value
    )
    return Became.HIDDEN if session.scalar(back.limit(1)) is None else Became.SHOWN_AGAIN


def _tell(session: Session, which: ColumnElement[bool], subject: Subject, by: str, now: datetime) -> None:
    # One statement: very many people may have reported the same thing.
    names = ("what", "subject_kind", "subject", "about_kind", "about", "by", "to", "at")
    told = (
        select(
            literal(What.REPORT_DECIDED.value),
            literal(subject.kind),
            literal(subject.id),
            literal(subject.kind),
            literal(subject.id),
            literal(by),
            ModerationReport.reporter,
            literal(now, ConsultationHappening.at.type),
        )
        .where(which, ModerationReport.reporter.is_not(None))
        .distinct()
    )
    session.execute(insert(ConsultationHappening).from_select(names, told))


def forget_reports(session: Session, now: datetime) -> int:
    """Delete the words of old reports; that somebody reported stays as a number. How many."""
    old = (ModerationReport.at <= now - KEPT) & (ModerationReport.words != "")
    return rows_changed(session, update(ModerationReport).where(old).values(words=""))


def _waiting_of(session: Session, accounts: Collection[str]) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(ModerationReport)
            .join(ModerationCase, ModerationCase.id == ModerationReport.case)
            .where(
                ModerationReport.reporter.in_(accounts),
                ModerationCase.waiting,
                ModerationReport.round == ModerationCase.round,
            )
        )
        or 0
    )


def _lock_case(session: Session, subject: Subject, now: datetime) -> ModerationCase:
    values = {
        "id": secrets.token_hex(8),
        "subject_kind": subject.kind,
        "subject": subject.id,
        "round": 0,
        "opened_at": now,
        "waiting": False,
        "urgent": False,
        "reports": 0,
        "claimed_by": None,
        "claimed_until": None,
    }
    insert_once(session, ModerationCase, values, ("subject_kind", "subject"))
    return session.scalars(
        select(ModerationCase)
        .where(ModerationCase.subject_kind == subject.kind, ModerationCase.subject == subject.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _looks(session: Session, subject: Subject, digest: bytes) -> Sequence[int]:
    """Entries by which these words were left where they are, in order."""
    return session.scalars(
        select(ModerationEntry.number)
        .where(
            ModerationEntry.subject_kind == subject.kind,
            ModerationEntry.subject == subject.id,
            ModerationEntry.digest == digest,
            ModerationEntry.action.in_(_FAVOURABLE),
        )
        .order_by(ModerationEntry.number)
    ).all()

"""Consultations: prepared, published, turned by the clock from phase to phase, listed."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, false, or_, select, tuple_
from sqlalchemy.orm import Session

from consultation.discussions.threads import set_closing, thread_of
from consultation.errors import NoSuchSubject
from consultation.happenings import What, happened
from consultation.hearings.errors import NothingToAsk, Promised, TimesWrong, WrongPhase
from consultation.hearings.models import HearingDocument, HearingHearing, HearingParagraph, HearingQuestion
from consultation.hearings.phases import phase_of
from consultation.hearings.types import Hearing, Phase, Plan
from consultation.seen import require_seen
from consultation.subjects import Subject
from consultation.text import written
from protocol.text import LocalText

HEARING: Final = "hearing"
PARAGRAPH: Final = "paragraph"
TITLE_CHARACTERS: Final = 120
ABOUT_CHARACTERS: Final = 4_000
PAGE: Final = 20


@dataclass(frozen=True)
class Listed:
    """Some consultations. after: id of the last one where there are more, else empty."""

    hearings: Sequence[Hearing]
    after: str


def make_hearing(session: Session, plan: Plan, now: datetime) -> str:
    """Begin to prepare one; its id. Raises: TextRefused, TimesWrong."""
    row = HearingHearing(
        id=secrets.token_hex(8),
        made_at=now,
        published_at=None,
        opening_told_at=None,
        closing_told_at=None,
        outcome_at=None,
        participants=0,
        hidden_entry=None,
        promised=None,
        put_off=0,
    )
    _fill(row, plan)
    session.add(row)
    session.flush()
    return row.id


def change_hearing(session: Session, hearing: str, plan: Plan, seen: str, now: datetime) -> None:
    """Other words or times. A beginning that is past stays.

    Once it is public, its end can only be put off, and not once it is past. Once comments have begun, title and
    description stay: people have answered to these. When the outcome is put off, what was promised first stays known.
    seen: of the plan that the official saw.
    Raises: NoSuchSubject, TextRefused, TimesWrong, ChangedMeanwhile, WrongPhase, Promised.
    """
    row = lock_hearing(session, hearing)
    require_seen(seen, _plan_of(row).seen)
    phase = phase_of(row, now)
    if phase is Phase.OUTCOME:
        raise WrongPhase
    begun = phase in (Phase.COMMENT, Phase.REVIEW)
    if (begun and plan.opens_at != row.opens_at) or (
        phase is Phase.REVIEW and plan.closes_at != row.closes_at
    ):
        raise WrongPhase
    if phase in (Phase.INFORM, Phase.COMMENT) and plan.closes_at <= now:
        raise TimesWrong
    before = _plan_of(row)
    moved = before.closes_at != plan.closes_at
    if phase is not Phase.DRAFT and plan.closes_at < before.closes_at:
        raise Promised
    if begun and _words_of(plan) != (before.title, before.about):
        raise Promised
    _fill(row, plan)
    row.put_off += phase is not Phase.DRAFT and plan.outcome_due > before.outcome_due
    session.flush()
    if phase is Phase.COMMENT and moved:
        _open_threads(session, row, now)


def publish_hearing(session: Session, hearing: str, now: datetime) -> None:
    """Show it to everybody. Raises: NoSuchSubject, WrongPhase, NothingToAsk, TimesWrong when its end is past."""
    row = lock_hearing(session, hearing)
    if row.published_at is not None:
        raise WrongPhase
    texts = select(HearingDocument.id).where(HearingDocument.hearing == hearing, HearingDocument.version > 0)
    asked = select(HearingQuestion.id).where(HearingQuestion.hearing == hearing)
    if session.scalar(texts.limit(1)) is None and session.scalar(asked.limit(1)) is None:
        raise NothingToAsk
    if row.closes_at <= now:
        raise TimesWrong
    row.published_at, row.promised = now, row.outcome_due
    session.flush()
    _open_threads(session, row, now)
    _turn(session, row, now)


def turn_phases(session: Session, now: datetime) -> int:
    """What the clock owes: paragraphs opened for comments, followers told of beginning and end. How many were turned.

    Harmless to repeat: each beginning and each end is noted once.
    """
    due = (HearingHearing.opening_told_at.is_(None) & (HearingHearing.opens_at <= now)) | (
        HearingHearing.closing_told_at.is_(None) & (HearingHearing.closes_at <= now)
    )
    rows = session.scalars(
        select(HearingHearing)
        .where(HearingHearing.published_at.is_not(None), due)
        .order_by(HearingHearing.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        _turn(session, row, now)
    return len(rows)


def find_hearing(session: Session, hearing: str, now: datetime) -> Hearing:
    """The consultation with this id, public or not. Raises: NoSuchSubject."""
    row = session.get(HearingHearing, hearing) if is_id(hearing) else None
    if row is None:
        raise NoSuchSubject
    return shown(row, now)


def find_public(session: Session, hearing: str, now: datetime) -> Hearing:
    """The same for everybody. Raises: NoSuchSubject, also before it is public and when it was taken away."""
    found = find_hearing(session, hearing, now)
    if not found.is_public:
        raise NoSuchSubject
    return found


def list_hearings(
    session: Session, now: datetime, *, phases: Collection[Phase], after: str = "", limit: int = PAGE
) -> Listed:
    """Those in these phases; drafts by when they were made, others by when they were published, the newest first.

    after: id of the last one of the page before.  Raises: NoSuchSubject when there is no such one.
    """
    row, drafts = HearingHearing, Phase.DRAFT in phases
    when = row.made_at if drafts else row.published_at
    wanted = select(row).where(row.published_at.is_(None) if drafts else row.published_at.is_not(None))
    if not drafts:
        wanted = wanted.where(row.hidden_entry.is_(None), _in_phases(phases, now))
    if after:
        last = session.get(HearingHearing, after) if is_id(after) else None
        if last is None or (not drafts and last.published_at is None):
            raise NoSuchSubject
        wanted = wanted.where(
            tuple_(when, row.id) < tuple_(last.made_at if drafts else last.published_at, last.id)
        )
    rows = session.scalars(wanted.order_by(when.desc(), row.id.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    return Listed([shown(each, now) for each in rows[:limit]], rows[limit - 1].id if more else "")


def lock_hearing(session: Session, hearing: str) -> HearingHearing:
    """The row, locked until the transaction ends. Raises: NoSuchSubject."""
    row = None
    if is_id(hearing):
        row = session.scalar(
            select(HearingHearing)
            .where(HearingHearing.id == hearing)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    if row is None:
        raise NoSuchSubject
    return row


def shown(row: HearingHearing, now: datetime) -> Hearing:
    """The row as others see it."""
    return Hearing(
        id=row.id,
        plan=_plan_of(row),
        phase=phase_of(row, now),
        made_at=row.made_at,
        published_at=row.published_at,
        outcome_at=row.outcome_at,
        participants=row.participants,
        hidden_entry=row.hidden_entry,
        promised=row.promised,
        put_off=row.put_off,
    )


def open_paragraph(session: Session, row: HearingHearing, paragraph: str, now: datetime) -> None:
    """Its thread ends with the comments; before their beginning, and when it is taken out, nobody writes in it."""
    until = row.closes_at if phase_of(row, now) is Phase.COMMENT else now
    thread = thread_of(session, Subject(PARAGRAPH, paragraph), now, closes_at=until)
    if thread.closes_at != until:
        set_closing(session, thread.id, until)


def close_paragraph(session: Session, paragraph: str, now: datetime) -> None:
    """Its comments stay to be read, nothing is added any more."""
    thread = thread_of(session, Subject(PARAGRAPH, paragraph), now, closes_at=now)
    if thread.is_open(now):
        set_closing(session, thread.id, now)


def both(text: LocalText, limit: int, *, lines: bool = False, least: int = 1) -> LocalText:
    """The text in one spelling, in both languages. Raises: TextRefused."""
    return LocalText(
        en=written(text.en, limit, lines=lines, least=least),
        vi=written(text.vi, limit, lines=lines, least=least),
    )


def is_id(value: str) -> bool:
    """Whether it can be the id of a consultation, a text or a paragraph: 16 hexadecimal digits."""
    return len(value) == 16 and all(digit in "0123456789abcdef" for digit in value)


def _plan_of(row: HearingHearing) -> Plan:
    return Plan(
        title=LocalText(en=row.title_en, vi=row.title_vi),
        about=LocalText(en=row.about_en, vi=row.about_vi),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        outcome_due=row.outcome_due,
    )


def _words_of(plan: Plan) -> tuple[LocalText, LocalText]:
    return both(plan.title, TITLE_CHARACTERS), both(plan.about, ABOUT_CHARACTERS, lines=True)


def _fill(row: HearingHearing, plan: Plan) -> None:
    title, about = _words_of(plan)
    if not plan.opens_at < plan.closes_at <= plan.outcome_due:
        raise TimesWrong
    row.title_en, row.title_vi, row.about_en, row.about_vi = title.en, title.vi, about.en, about.vi
    row.opens_at, row.closes_at, row.outcome_due = plan.opens_at, plan.closes_at, plan.outcome_due


def _turn(session: Session, row: HearingHearing, now: datetime) -> None:
    subject = Subject(HEARING, row.id)
    if row.opening_told_at is None and row.opens_at <= now:
        row.opening_told_at = now
        _open_threads(session, row, now)
        if now < row.closes_at:
            happened(session, What.CONSULTATION_OPENED, subject, at=now)
    if row.closing_told_at is None and row.closes_at <= now:
        row.closing_told_at = now
        happened(session, What.CONSULTATION_CLOSED, subject, at=now)
    session.flush()


def _open_threads(session: Session, row: HearingHearing, now: datetime) -> None:
    paragraphs = session.scalars(
        select(HearingParagraph.id)
        .join(HearingDocument, HearingDocument.id == HearingParagraph.document)
        .where(HearingDocument.hearing == row.id, HearingParagraph.removed_in.is_(None))
        .order_by(HearingParagraph.id)
    )
    for paragraph in paragraphs:
        open_paragraph(session, row, paragraph, now)


def _in_phases(phases: Collection[Phase], now: datetime) -> ColumnElement[bool]:
    row = HearingHearing
    running = row.outcome_at.is_(None)
    each: dict[Phase, ColumnElement[bool]] = {
        Phase.INFORM: running & (row.opens_at > now),
        Phase.COMMENT: running & (row.opens_at <= now) & (row.closes_at > now),
        Phase.REVIEW: running & (row.closes_at <= now),
        Phase.OUTCOME: row.outcome_at.is_not(None),
    }
    return or_(false(), *(each[phase] for phase in phases if phase in each))

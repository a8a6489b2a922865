"""The outcome: what came of each theme, and why. A consultation ends only when it says so for all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consultation.errors import NoSuchSubject
from consultation.happenings import What, happened
from consultation.hearings.errors import OutcomeIncomplete, TooMany, WrongPhase
from consultation.hearings.hearings import HEARING, both, lock_hearing
from consultation.hearings.models import HearingHearing, HearingTheme
from consultation.hearings.phases import phase_of
from consultation.hearings.types import Lack, Missing, Phase, Theme, Verdict
from consultation.subjects import Subject
from protocol.text import LocalText

THEMES_MAX: Final = 50
THEME_CHARACTERS: Final = 120
SAID_CHARACTERS: Final = 1_000
REASON_CHARACTERS: Final = 2_000


def add_theme(session: Session, hearing: str, theme: Theme, now: datetime) -> int:
    """Put a theme behind the others; its number. Raises: NoSuchSubject, TextRefused, TooMany, WrongPhase."""
    _changeable(session, hearing, now)
    last = session.scalar(select(func.max(HearingTheme.number)).where(HearingTheme.hearing == hearing)) or 0
    if last >= THEMES_MAX:
        raise TooMany(THEMES_MAX)
    row = HearingTheme(hearing=hearing, number=last + 1)
    _fill(row, theme)
    session.add(row)
    session.flush()
    return row.number


def change_theme(session: Session, hearing: str, number: int, theme: Theme, now: datetime) -> None:
    """Other words, verdict or reason; these may still be missing. Raises: NoSuchSubject, TextRefused, WrongPhase."""
    _changeable(session, hearing, now)
    _fill(_row(session, hearing, number), theme)
    session.flush()


def remove_theme(session: Session, hearing: str, number: int, now: datetime) -> None:
    """Take it out; those behind it move up. Raises: NoSuchSubject, WrongPhase."""
    _changeable(session, hearing, now)
    session.execute(delete(HearingTheme).where(HearingTheme.id == _row(session, hearing, number).id))
    behind = select(HearingTheme).where(HearingTheme.hearing == hearing, HearingTheme.number > number)
    for other in session.scalars(behind.order_by(HearingTheme.number)):
        other.number -= 1
        session.flush()  # one after the other: numbers are unique at every moment


def themes_of(session: Session, hearing: str) -> Sequence[Theme]:
    """All of them, in their order."""
    rows = session.scalars(
        select(HearingTheme).where(HearingTheme.hearing == hearing).order_by(HearingTheme.number)
    )
    return [_shown(row) for row in rows]


def missing(themes: Sequence[Theme]) -> Sequence[Missing]:
    """What an outcome with these themes lacks; nothing when it can be published."""
    if not themes:
        return [Missing(Lack.THEMES)]
    lacks = []
    for theme in themes:
        if theme.verdict is None:
            lacks.append(Missing(Lack.VERDICT, theme.number, theme.title))
        if not (theme.reason.en and theme.reason.vi):
            lacks.append(Missing(Lack.REASON, theme.number, theme.title))
    return lacks


def publish_outcome(session: Session, hearing: str, now: datetime) -> None:
    """End the consultation: after this nothing of it changes.

    Raises: NoSuchSubject, WrongPhase before the end of comments and after the outcome, OutcomeIncomplete.
    """
    row = lock_hearing(session, hearing)
    if phase_of(row, now) is not Phase.REVIEW:
        raise WrongPhase
    lacks = missing(themes_of(session, hearing))
    if lacks:
        raise OutcomeIncomplete(lacks)
    row.outcome_at = now
    happened(session, What.OUTCOME_PUBLISHED, Subject(HEARING, row.id), at=now)
    session.flush()


def _changeable(session: Session, hearing: str, now: datetime) -> HearingHearing:
    row = lock_hearing(session, hearing)
    if phase_of(row, now) is Phase.OUTCOME:
        raise WrongPhase
    return row


def _row(session: Session, hearing: str, number: int) -> HearingTheme:
    row = session.scalar(
        select(HearingTheme).where(HearingTheme.hearing == hearing, HearingTheme.number == number)
    )
    if row is None:
        raise NoSuchSubject
    return row


def _fill(row: HearingTheme, theme: Theme) -> None:
    title = both(theme.title, THEME_CHARACTERS)
    said = both(theme.said, SAID_CHARACTERS, lines=True, least=0)
    reason = both(theme.reason, REASON_CHARACTERS, lines=True, least=0)
    row.title_en, row.title_vi, row.said_en, row.said_vi = title.en, title.vi, said.en, said.vi
    row.reason_en, row.reason_vi = reason.en, reason.vi
    row.verdict = None if theme.verdict is None else theme.verdict.value


def _shown(row: HearingTheme) -> Theme:
    return Theme(
        title=LocalText(en=row.title_en, vi=row.title_vi),
        said=LocalText(en=row.said_en, vi=row.said_vi),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        reason=LocalText(en=row.reason_en, vi=row.reason_vi),
        number=row.number,
    )

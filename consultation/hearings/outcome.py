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
from consultation.seen import require_seen, seen_of
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


def change_theme(
    session: Session, hearing: str, theme_id: int, theme: Theme, seen: str, now: datetime
) -> None:
    """Other words, verdict or reason; these may still be missing. seen: of the theme that the official saw.

    theme_id: as its number changes when others are taken out.
    Raises: NoSuchSubject, TextRefused, ChangedMeanwhile, WrongPhase.
    """
    _changeable(session, hearing, now)
    _fill(_seen_row(session, hearing, theme_id, seen), theme)
    session.flush()


def remove_theme(session: Session, hearing: str, theme_id: int, seen: str, now: datetime) -> None:
    """Take it out; those behind it move up. Raises: NoSuchSubject, ChangedMeanwhile, WrongPhase."""
    _changeable(session, hearing, now)
    row = _seen_row(session, hearing, theme_id, seen)
    session.execute(delete(HearingTheme).where(HearingTheme.id == row.id))
    behind = select(HearingTheme).where(HearingTheme.hearing == hearing, HearingTheme.number > row.number)
    for other in session.scalars(behind.order_by(HearingTheme.number)):
        other.number -= 1
        session.flush()  # one after the other: numbers are unique at every moment


def themes_of(session: Session, hearing: str) -> Sequence[Theme]:
    """All of them, in their order."""
    rows = session.scalars(
        select(HearingTheme).where(HearingTheme.hearing == hearing).order_by(HearingTheme.number)
    )
    return [_shown(row) for row in rows]


def find_theme(session: Session, hearing: str, theme_id: int) -> Theme:
    """The one with this id. Raises: NoSuchSubject."""
    return _shown(_row(session, hearing, theme_id))


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


def outcome_seen(themes: Sequence[Theme]) -> str:
    """Of an outcome with these themes, for `consultation.seen`."""
    return seen_of(*(theme.seen for theme in themes))


def publish_outcome(session: Session, hearing: str, seen: str, now: datetime) -> None:
    """End the consultation: after this nothing of it changes. seen: of all themes, as the official saw them.

    Raises: NoSuchSubject, WrongPhase before the end of comments and after the outcome, ChangedMeanwhile,
    OutcomeIncomplete.
    """
    row = lock_hearing(session, hearing)
    if phase_of(row, now) is not Phase.REVIEW:
        raise WrongPhase
    themes = themes_of(session, hearing)
    require_seen(seen, outcome_seen(themes))
    lacks = missing(themes)
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


def _seen_row(session: Session, hearing: str, theme_id: int, seen: str) -> HearingTheme:
    row = _row(session, hearing, theme_id)
    require_seen(seen, _shown(row).seen)
    return row


def _row(session: Session, hearing: str, theme_id: int) -> HearingTheme:
    row = session.get(HearingTheme, theme_id)
    if row is None or row.hearing != hearing:
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
        id=row.id,
    )

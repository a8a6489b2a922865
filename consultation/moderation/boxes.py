"""What stands in the place of hidden words: the entry, and until when its author can appeal or what came of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.moderation.appeals import TIME_TO_APPEAL
from consultation.moderation.log import shown
from consultation.moderation.models import ModerationAppeal, ModerationEntry
from consultation.moderation.types import Entry


class AppealState(StrEnum):
    """Whether there was an appeal against hiding."""

    POSSIBLE = "possible"
    WAITS = "waits"
    REFUSED = "refused"
    NONE = "none"
    """There was none, and there can be none any more: the time is over, or nobody in person wrote it."""


@dataclass(frozen=True)
class Box:
    """entry: by which it was hidden.  until: end of the time to appeal, or the day by which an appeal is decided."""

    entry: Entry
    appeal: AppealState
    until: datetime | None


def boxes(session: Session, numbers: Collection[int], now: datetime) -> Mapping[int, Box]:
    """By number of the entry; what has no entry, as a rejection on a ground that hides, is left out."""
    if not numbers:
        return {}
    rows = session.execute(
        select(ModerationEntry, ModerationAppeal)
        .outerjoin(ModerationAppeal, ModerationAppeal.group == ModerationEntry.group)
        .where(ModerationEntry.number.in_(set(numbers)))
    )
    return {row.number: _box(row, appeal, now) for row, appeal in rows}


def _box(row: ModerationEntry, appeal: ModerationAppeal | None, now: datetime) -> Box:
    entry, until = shown(row), row.at + TIME_TO_APPEAL
    if appeal is not None and appeal.decided_at is None:
        return Box(entry, AppealState.WAITS, appeal.decide_by)
    if appeal is not None:
        return Box(entry, AppealState.REFUSED, None)
    if row.author is not None and now < until:
        return Box(entry, AppealState.POSSIBLE, until)
    return Box(entry, AppealState.NONE, None)

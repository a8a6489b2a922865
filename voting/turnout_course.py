"""How turnout grew: voters who cast their first ballot in each stretch of time. Never what anybody chose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board.models import BoardEntry
from voting.models import VotingBallot, VotingElection

COLUMNS_MAX: Final = 28

_HOUR: Final = 3600
LENGTHS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (60, 300, 900, 1800, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR, 7 * 24 * _HOUR)
)


@dataclass(frozen=True)
class Stretch:
    """One column of the chart. start: on the clocks of the election's zone.  total: from the opening to its end."""

    start: datetime
    voters: int
    total: int


@dataclass(frozen=True)
class Course:
    """All stretches from the opening until now, each as long as `length`."""

    length: timedelta
    stretches: tuple[Stretch, ...]

    @property
    def largest(self) -> int:
        """The highest column."""
        return max((stretch.voters for stretch in self.stretches), default=0)


def turnout_course(
    session: Session, row: VotingElection, opens: datetime, until: datetime, zone: ZoneInfo
) -> Course:
    """The course of turnout. opens, until: aware; the chart begins with the stretch in which the polls opened."""
    first = (
        select(func.min(VotingBallot.index).label("index"))
        .where(VotingBallot.election == row.id)
        .group_by(VotingBallot.credential)
        .subquery()
    )
    times = session.scalars(
        select(BoardEntry.time)
        .join(first, first.c.index == BoardEntry.index)
        .where(BoardEntry.log_id == row.log_id)
    ).all()
    return lay_out_course(times, opens, until, zone)


def lay_out_course(times: Sequence[datetime], opens: datetime, until: datetime, zone: ZoneInfo) -> Course:
    """Times of first ballots as columns, at most COLUMNS_MAX of the shortest length that suffices.

    Stretches begin on the hour or at midnight of the zone, as far as clocks that change allow: they are equally long.
    """
    span = max(until - opens, timedelta(seconds=1))
    length = next((each for each in LENGTHS if span / each <= COLUMNS_MAX - 1), LENGTHS[-1])
    start = _begin(opens, length, zone)
    count = max(1, -(-(until - start) // length)) if until > start else 1
    found = Counter(min(max((moment - start) // length, 0), count - 1) for moment in times)
    stretches, total = [], 0
    for number in range(count):
        total += found[number]
        stretches.append(Stretch((start + number * length).astimezone(zone), found[number], total))
    return Course(length, tuple(stretches))


def _begin(opens: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    local = opens.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if length >= timedelta(days=1):
        return midnight
    return midnight + (local - midnight) // length * length

"""Where a consultation is: told by its times and the clock, not by a switch that somebody forgets."""

from datetime import datetime

from consultation.hearings.models import HearingHearing
from consultation.hearings.types import Phase


def phase_of(row: HearingHearing, now: datetime) -> Phase:
    """The phase at `now`. The moment of closing belongs to the review."""
    if row.published_at is None:
        return Phase.DRAFT
    if row.outcome_at is not None:
        return Phase.OUTCOME
    if now < row.opens_at:
        return Phase.INFORM
    return Phase.COMMENT if now < row.closes_at else Phase.REVIEW

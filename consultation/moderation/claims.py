"""Who works on what: a moderator takes something for a quarter of an hour; meanwhile it is nobody else's.

What is taken is a row, locked by the caller before it is asked or changed: of two at once, the second sees the first.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from consultation.moderation.errors import ClaimedByOther, NotClaimed
from identity.models import IdentityPerson

CLAIMED: Final = timedelta(minutes=15)


class Claimable:
    """Columns of a table whose rows moderators take. Empty, or of a time that is over: nobody works on it."""

    claimed_by: Mapped[str | None] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    claimed_until: Mapped[datetime | None]


def is_claimed(row: Claimable, now: datetime) -> bool:
    """Whether somebody works on it now."""
    return row.claimed_by is not None and row.claimed_until is not None and now < row.claimed_until


def require_free(row: Claimable, person: str, now: datetime) -> None:
    """Whether nobody else works on it now. Raises: ClaimedByOther."""
    if is_claimed(row, now) and row.claimed_by != person:
        raise ClaimedByOther


def require_claim(row: Claimable, person: str, now: datetime) -> None:
    """Whether this moderator works on it now. Raises: NotClaimed, ClaimedByOther."""
    if not is_claimed(row, now):
        raise NotClaimed
    require_free(row, person, now)


def take(row: Claimable, person: str, now: datetime) -> None:
    """From now on, or for another while. Raises: ClaimedByOther."""
    require_free(row, person, now)
    row.claimed_by, row.claimed_until = person, now + CLAIMED


def give_back(row: Claimable, person: str) -> None:
    """Let others take it; harmless when it is not one's own any more."""
    if row.claimed_by == person:
        end_claim(row)


def end_claim(row: Claimable) -> None:
    """Nobody works on it."""
    row.claimed_by = row.claimed_until = None

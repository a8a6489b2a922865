"""The windows in which public counts stand still."""

from datetime import UTC, datetime
from typing import Final

WINDOW_SECONDS: Final = 10
"""A count on a page is never older than two of these."""


def window_of(moment: datetime) -> datetime:
    """The beginning of the window in which a moment lies."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % WINDOW_SECONDS, UTC)

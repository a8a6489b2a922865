"""The one table of the web room: how often somebody has come."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class RateCount(Base):
    """Hits of one key in the present period and in the one before it. Nothing else is known of whom it counts."""

    __tablename__ = "web_rate"
    __table_args__ = (Index(None, "expires_at_ms"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    """Name of the rule, keyed hash of whom it counts, and the rule's amount and time."""
    period: Mapped[int]
    """Which one: the time since 1970 divided by the period's length."""
    hits: Mapped[int]
    hits_before: Mapped[int]
    expires_at_ms: Mapped[int]
    """Milliseconds since 1970. From then on the row says nothing any more and is removed."""

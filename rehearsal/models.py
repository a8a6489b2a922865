"""The table of trial runs: which draft was tried out, and what became of it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from voting.draft_models import VotingDraft


class RehearsalTrial(Base):
    """One trial run. election: None until its keys are made.  fault: why they could not be, else empty."""

    __tablename__ = "rehearsal_trial"

    id: Mapped[str] = mapped_column(primary_key=True)
    draft: Mapped[str] = mapped_column(ForeignKey(VotingDraft.id, ondelete="CASCADE"), index=True)
    voters: Mapped[int]
    begun_at: Mapped[datetime]
    election: Mapped[str | None]
    fault: Mapped[str]

"""The table of disputes."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from voting.models import VotingElection


class VotingDispute(Base):
    """One objection. record: `psephos/dispute/v1`, for the filer and the office; digest: of it, for everybody.

    public_words: what the filer wrote, if it may be published.  filer_key: digest of what only the filer's browser
    has.  email: where the answer goes, deleted with it.  finding, finding_index: what the machine found in the
    evidence (`voting.dispute_evidence`), None without a file.
    """

    __tablename__ = "voting_dispute"

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    filed_at: Mapped[datetime]
    category: Mapped[str]
    record: Mapped[bytes]
    digest: Mapped[bytes]
    public_words: Mapped[str | None]
    evidence: Mapped[bytes | None]
    finding: Mapped[str | None]
    finding_index: Mapped[int | None]
    filer_key: Mapped[bytes] = mapped_column(unique=True)
    email: Mapped[str | None]
    language: Mapped[str]
    verdict: Mapped[str | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]

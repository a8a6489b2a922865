"""The tables of elections. What they say of ballots repeats the board, to be searched; the board decides."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from board.models import BoardLog
from storage.base import Base


class VotingElection(Base):
    """One election. The *_index columns are positions on its board, None while that leaf is not there."""

    __tablename__ = "voting_election"

    id: Mapped[str] = mapped_column(primary_key=True)
    log_id: Mapped[int] = mapped_column(ForeignKey(BoardLog.id), unique=True)
    manifest: Mapped[bytes]
    fingerprint: Mapped[bytes | None]
    total_weight: Mapped[int | None]
    voters: Mapped[int | None]
    """Lines of the roll."""
    opened_index: Mapped[int | None]
    closing_index: Mapped[int | None]
    aggregates_index: Mapped[int | None]
    result_index: Mapped[int | None]


class VotingRoll(Base):
    """One line of the roll: what a credential may do. alias: display code, to be searched."""

    __tablename__ = "voting_roll"
    __table_args__ = (Index(None, "election", "alias"),)

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    alias: Mapped[str]
    weight: Mapped[int]
    area: Mapped[str]


class VotingBallot(Base):
    """One ballot leaf. receipt_code: display code of the tracker, to be searched."""

    __tablename__ = "voting_ballot"
    __table_args__ = (
        Index(None, "election", "credential", "sequence", unique=True),
        Index(None, "election", "tracker", unique=True),
        Index(None, "election", "receipt_code"),
    )

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    credential: Mapped[bytes]
    sequence: Mapped[int]
    tracker: Mapped[bytes]
    receipt_code: Mapped[str]


class VotingCiphertext(Base):
    """Digest of every ciphertext on the board: none may come twice."""

    __tablename__ = "voting_ciphertext"

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)


class VotingChallenge(Base):
    """One challenge leaf."""

    __tablename__ = "voting_challenge"
    __table_args__ = (Index(None, "election", "credential"),)

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    tracker: Mapped[bytes] = mapped_column(primary_key=True)
    index: Mapped[int]
    credential: Mapped[bytes]

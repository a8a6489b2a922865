"""The tables of elections. What they say of ballots repeats the board, to be searched; the board decides."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
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
    extended_closes_at: Mapped[str | None]
    """The closing time of the last extension, as it stands there; None while the manifest's holds."""
    opens_by_hand: Mapped[bool] = mapped_column(server_default=false())
    """Whether the clock leaves the opening to an official."""


class VotingRoll(Base):
    """A credential that is or was on the roll: what it may do. alias: display code, to be searched.

    revoked_index: position of the revocation that ended it.  replaced_by, replaces: its neighbours on the same line.
    conflicts: how many ballots of it were refused on the board because of who had signed in.
    """

    __tablename__ = "voting_roll"
    __table_args__ = (Index(None, "election", "alias"),)

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    alias: Mapped[str]
    weight: Mapped[int]
    area: Mapped[str]
    revoked_index: Mapped[int | None]
    replaced_by: Mapped[bytes | None]
    replaces: Mapped[bytes | None]
    conflicts: Mapped[int] = mapped_column(server_default="0")


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


class VotingPermit(Base):
    """One sign-in that may be spent on one ballot. digest: of the permit.  holder: keyed hash of the person."""

    __tablename__ = "voting_permit"
    __table_args__ = (
        Index(None, "election", "holder"),
        # A hidden row number would keep the order in which people came.
        {"sqlite_with_rowid": False},
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id))
    holder: Mapped[bytes]
    expires_at: Mapped[datetime]


class VotingTie(Base):
    """A member of one of three sets, by kind: people who have cast, keys that were cast with, pairs of the two.

    digest: keyed hash; the key is destroyed at closing, and the rows go with it.
    """

    __tablename__ = "voting_tie"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)


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

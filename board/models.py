"""The tables of the logs. All of them only grow; the database itself refuses anything else (migration 0001).

Nothing in them is a counter or a cached head: size and root follow from the entries and nodes alone.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id


class BoardLog(Base):
    """One append-only log."""

    __tablename__ = "board_log"
    __table_args__ = (CheckConstraint("id > 0", name="id_positive"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    origin: Mapped[str] = mapped_column(unique=True)
    """The first line of its checkpoints."""


class BoardBody(Base):
    """A body under its digest, beside the logs that announce it."""

    __tablename__ = "board_body"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    body: Mapped[bytes]


class BoardEntry(Base):
    """One leaf; kind, time and digest repeat what it says, to be searched."""

    __tablename__ = "board_entry"
    __table_args__ = (
        Index(None, "log_id", "digest"),
        # A hidden row number would be one more unique value through which REPLACE could reach a row.
        {"sqlite_with_rowid": False},
    )

    log_id: Mapped[int] = mapped_column(ForeignKey(BoardLog.id), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    time: Mapped[datetime]
    digest: Mapped[bytes] = mapped_column(ForeignKey(BoardBody.digest))
    leaf: Mapped[bytes]


class BoardNode(Base):
    """The hash of a complete subtree; level 0 has the leaf hashes."""

    __tablename__ = "board_node"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    log_id: Mapped[int] = mapped_column(ForeignKey(BoardLog.id), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes]


class BoardCheckpoint(Base):
    """A head that was signed: at most one for each size."""

    __tablename__ = "board_checkpoint"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    log_id: Mapped[int] = mapped_column(ForeignKey(BoardLog.id), primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]
    signed_at: Mapped[datetime]

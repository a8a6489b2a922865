"""What the defences remember: spent work, and for some weeks where signatures came from, as keyed hashes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class FraudWork(Base):
    """A challenge that was solved and used: it counts once. network: keyed hash, for who asks for much."""

    __tablename__ = "fraud_work"
    __table_args__ = (Index(None, "spent_at"), Index(None, "network", "spent_at"))

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    """SHA-256 of it."""
    network: Mapped[bytes]
    spent_at: Mapped[datetime]


class FraudTrace(Base):
    """Where a confirmed signature came from. network, domain: keyed hashes of 16 bytes; domain None without a mail.

    stem: keyed hash of the mailbox's name without its digits, with the domain.
    """

    __tablename__ = "fraud_trace"
    __table_args__ = (
        Index(None, "petition", "network", "at"),
        Index(None, "petition", "domain", "at"),
        Index(None, "petition", "stem", "at"),
        Index(None, "petition", "at"),
        Index(None, "at"),
    )

    signature: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    petition: Mapped[str]
    network: Mapped[bytes]
    domain: Mapped[bytes | None]
    stem: Mapped[bytes | None]
    at: Mapped[datetime]


class FraudMark(Base):
    """Why a signature is suspected. Never shown to its signer, never a reason to refuse it at the door."""

    __tablename__ = "fraud_mark"

    signature: Mapped[int] = mapped_column(
        ForeignKey(FraudTrace.signature), primary_key=True, autoincrement=False
    )
    mark: Mapped[str] = mapped_column(primary_key=True)


class FraudDomain(Base):
    """The name of a mail domain, kept once so many have signed with it that it names nobody."""

    __tablename__ = "fraud_domain"

    domain: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    seen_at: Mapped[datetime]

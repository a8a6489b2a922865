"""The tables of notices: addresses for them, and notices that are still to be written."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id
from voting.models import VotingElection


class VotingContact(Base):
    """Where notices about a voting code go, from the registrar's file. language: "en", "vi", or "" for both.

    key: the credential that the file named; codes that replace it inherit the address.
    """

    __tablename__ = "voting_contact"

    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id), primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    email: Mapped[str]
    language: Mapped[str]


class VotingPermitContact(Base):
    """Where the notice about the ballot of a permit goes; gone with the permit. digest: of the permit."""

    __tablename__ = "voting_permit_contact"
    # A hidden row number would keep the order in which people came.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id))
    email: Mapped[str]
    language: Mapped[str]
    expires_at: Mapped[datetime]


class VotingNotice(Base):
    """Something that happened, to be told to one address; gone as soon as its mail is queued.

    kind: of `voting.notices.NoticeKind`.  number: of the ballot among those of its code, None elsewhere.
    key: under which the mail is queued, so that nothing is told twice.
    """

    __tablename__ = "voting_notice"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    election: Mapped[str] = mapped_column(ForeignKey(VotingElection.id))
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    language: Mapped[str]
    moment: Mapped[datetime]
    number: Mapped[int | None]

"""The tables of elections that are being prepared.

Nobody's name is kept from a voters' list: only how many voters of an area have a weight, keyed hashes of who may sign
in, and the addresses that notices go to, where the list gives any.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class VotingDraft(Base):
    """One draft. election: its id, once the terms are fixed for the key ceremony."""

    __tablename__ = "voting_draft"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    """Printed name of who began it."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    revision: Mapped[int]
    document: Mapped[bytes]
    """`draft_document.Draft`, canonical."""
    election: Mapped[str | None] = mapped_column(unique=True)
    frozen_at: Mapped[datetime | None]


class VotingDraftChange(Base):
    """One saving of one section: what it was from then on. Nothing that two officials write over each other is lost."""

    __tablename__ = "voting_draft_change"

    draft: Mapped[str] = mapped_column(ForeignKey(VotingDraft.id), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    section: Mapped[str]
    part: Mapped[bytes]
    by: Mapped[str]
    at: Mapped[datetime]


class VotingDraftFile(Base):
    """What key holders and registrar handed in: `ceremony`, `roll`, `signature-1` …"""

    __tablename__ = "voting_draft_file"

    draft: Mapped[str] = mapped_column(ForeignKey(VotingDraft.id), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    summary: Mapped[bytes]
    """Of a roll: its cells, canonical; else empty."""
    by: Mapped[str]
    at: Mapped[datetime]


class VotingFile(Base):
    """A file that voters should read, under its SHA-256 digest. Public once a frozen manifest names it."""

    __tablename__ = "voting_file"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    data: Mapped[bytes]


class VotingList(Base):
    """A voters' list that was uploaded: staged, then accepted. At most one of each for a draft."""

    __tablename__ = "voting_list"
    __table_args__ = (Index(None, "draft", "accepted", unique=True),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """Random and never used again: whoever accepts a list accepts the one that he saw."""
    draft: Mapped[str] = mapped_column(ForeignKey(VotingDraft.id))
    accepted: Mapped[bool]
    cells: Mapped[bytes]
    """`draft_facts.Cell`s, canonical."""
    voters: Mapped[int]
    identities: Mapped[int]
    contacts: Mapped[int]
    by: Mapped[str]
    at: Mapped[datetime]


class VotingListPerson(Base):
    """Somebody of a list who can sign in. person: `identity.people.person_hash`.  email: empty where none is given."""

    __tablename__ = "voting_list_person"

    list_id: Mapped[str] = mapped_column(ForeignKey(VotingList.id), primary_key=True)
    person: Mapped[bytes] = mapped_column(primary_key=True)
    email: Mapped[str]
    language: Mapped[str]

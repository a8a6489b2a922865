"""The tables of background work (`storage.jobs`)."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id


class StorageJob(Base):
    """One deed that is to be done later: once, or again in every period."""

    __tablename__ = "storage_job"
    __table_args__ = (UniqueConstraint("kind", "key"), Index(None, "state", "run_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str | None]
    """Nothing is enqueued twice under one key of a kind."""
    payload: Mapped[str]
    """A JSON object of texts and whole numbers."""
    priority: Mapped[int]
    """Lower goes first."""
    period_seconds: Mapped[int | None]
    """None: a job that is done once."""
    state: Mapped[str]
    run_at: Mapped[datetime]
    """Not before this time."""
    claim: Mapped[int]
    """Counts the workers that took it: the fencing number. Whoever holds an older one writes nothing more."""
    lease_until: Mapped[datetime | None]
    """Until when the last worker has it to itself; None while nobody has."""
    failures: Mapped[int]
    reason: Mapped[str | None]
    """Of the last failure: kind and place of the error, never its text, which may hold an address."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StorageJobPause(Base):
    """Jobs of this kind wait until then, for example while the mail server is away."""

    __tablename__ = "storage_job_pause"

    kind: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]

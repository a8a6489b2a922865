"""The errors of `storage`."""

from collections.abc import Sequence


class StorageError(Exception):
    """Base of every error that this room raises on purpose. `code` is stable, the text is for a person."""

    code = "storage-error"


class UnsupportedDatabase(StorageError):
    """An address of a database that is neither a SQLite file nor PostgreSQL."""

    code = "unsupported-database"


class DatabaseBusy(StorageError):
    """Another transaction held the lock for longer than we wait; nothing was written."""

    code = "database-busy"

    def __init__(self) -> None:
        super().__init__("The database is busy and nothing was stored. Try again in a moment.")


class StorageFull(StorageError):
    """There is no room left on the database's disk; the transaction was rolled back and nothing of it was written."""

    code = "storage-full"

    def __init__(self) -> None:
        super().__init__("The server has no room left, and nothing was stored. Tell the election office.")


class DatabaseTooNew(StorageError):
    """The database was migrated by a later release."""

    code = "database-too-new"

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at revision {revision}, which this release does not know. "
            "Start the release that migrated it, or a later one."
        )
        self.revision = revision


class RevisionUnclear(StorageError):
    """The database says that it is at several revisions: two were mixed, as when a backup is read into another one."""

    code = "revision-unclear"

    def __init__(self, revisions: Sequence[str]) -> None:
        super().__init__(
            f"The database says that it is at several revisions ({', '.join(revisions)}), and nothing was changed. "
            "Bring a backup into an empty database."
        )
        self.revisions = revisions


class LeaseLost(StorageError):
    """Another worker has taken the job, or may by now; what this one did is not kept."""

    code = "lease-lost"

    def __init__(self) -> None:
        super().__init__(
            "This job took longer than its lease and was handed on. Nothing of it was stored here."
        )


class NoSuchJob(StorageError):
    """No dead job has this number."""

    code = "job-not-found"

    def __init__(self) -> None:
        super().__init__("No dead job has this number. List them with: psephos worker state")

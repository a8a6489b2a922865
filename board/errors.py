"""The errors of `board`."""

from datetime import datetime


class BoardError(Exception):
    """Base of every error that this room raises on purpose. `code` is stable, the text is for a person."""

    code = "board-error"


class LogExists(BoardError):
    """A second log with the same origin."""

    code = "log-exists"

    def __init__(self, origin: str) -> None:
        super().__init__(f"There is a log “{origin}” already.")


class NoSuchLog(BoardError):
    """An origin or number that no log has."""

    code = "no-such-log"


class NoSuchEntry(BoardError):
    """An index at or beyond the end of the log, or a size that it has not reached."""

    code = "no-such-entry"


class NoSuchBody(BoardError):
    """A digest under which no body lies."""

    code = "no-such-body"

    def __init__(self, digest: bytes) -> None:
        super().__init__(f"No record lies under the digest {digest.hex()}.")


class NoCheckpoint(BoardError):
    """No head was signed yet (or none of that size)."""

    code = "no-checkpoint"


class EntryRejected(BoardError):
    """An entry that the log does not take: leaf too long, or body and digest that do not belong together."""

    code = "entry-rejected"


class TimeWentBack(BoardError):
    """An entry that claims to be older than the one before it."""

    code = "time-went-back"

    def __init__(self, time: datetime, last: datetime) -> None:
        super().__init__(
            f"The entry's time {time.isoformat()} is before {last.isoformat()}, the time of the entry before it. "
            "Check the server's clock."
        )


class BoardInconsistent(BoardError):
    """The stored log is not a continuation of a head that was signed: the database was changed from outside.

    Carries the signed head as evidence.
    """

    code = "board-inconsistent"

    def __init__(self, checkpoint: str) -> None:
        super().__init__(
            "The stored log does not continue its last signed checkpoint. Nothing more is signed: "
            "stop the server and compare the database with a backup."
        )
        self.checkpoint = checkpoint

"""What a trustee has signed, beside the key file: one closing statement for an election, ever.

A trustee that signs two different closings lets somebody open two different boards of one election, and the difference
of two sums can be one vote. So the statement is on the disk before its signature exists. The diary is made together
with the key file and must stay beside it: a key file without its diary signs nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.records import ClosingStatement, TrusteeNumber
from protocol.text import ElectionId, Timestamp, format_time, parse_time
from trustee.errors import DiaryDamaged, StatementAlreadySigned
from trustee.key_file import SharePlace, sync_folder, write_new_file

DIARY_BYTES_MAX: Final = 10_000


class _FirstLine(Record, frozen=True):
    election: ElectionId
    format: Literal["psephos/trustee-diary/v1"]
    trustee: TrusteeNumber


class _StatementLine(Record, frozen=True):
    noted_at: Timestamp
    statement: ClosingStatement


@dataclass(frozen=True)
class NotedStatement:
    """A closing statement that was signed. body: canonical.  noted_at: by the trustee's own clock, aware."""

    body: bytes
    noted_at: datetime


@dataclass(frozen=True)
class Diary:
    """The diary of one key file. path: see `diary_path`."""

    path: Path
    place: SharePlace

    @classmethod
    def create(cls, path: Path, place: SharePlace) -> "Diary":
        """An empty diary for a new share. Raises: FileStands, OSError."""
        write_new_file(path, _first_line(place))
        return cls(path, place)

    def statement(self) -> NotedStatement | None:
        """The closing statement that was signed, None before. Raises: DiaryDamaged."""
        with self._locked() as handle:
            return self._read(handle)

    def record_statement(self, body: bytes, now: datetime) -> None:
        """Note a closing statement, on the disk when this returns; only then may it be signed.

        body: canonical. The same one may be noted again; the first time stays.  now: the trustee's clock, aware.
        Raises: StatementAlreadySigned for a different one, DiaryDamaged, OSError.
        """
        with self._locked() as handle:
            earlier = self._read(handle)
            if earlier is not None:
                if earlier.body != body:
                    raise StatementAlreadySigned(earlier.body, body)
                return
            statement = decode_canonical(body, ClosingStatement, limit_bytes=DIARY_BYTES_MAX)
            line = encode_canonical(_StatementLine(noted_at=format_time(now), statement=statement)) + b"\n"
            if os.write(handle, line) != len(line):
                raise DiaryDamaged(f"{self.path} could not be written to; is the disk full?")
            os.fsync(handle)
            sync_folder(self.path.parent)

    def _read(self, handle: int) -> NotedStatement | None:
        os.lseek(handle, 0, os.SEEK_SET)
        data = os.read(handle, DIARY_BYTES_MAX + 1)
        lines = data.splitlines(keepends=True)
        if not lines or lines[0] != _first_line(self.place) or len(data) > DIARY_BYTES_MAX or len(lines) > 2:
            raise DiaryDamaged(f"{self.path} is not the diary of this key file. Nothing is signed.")
        if len(lines) == 1:
            return None
        try:
            if not lines[1].endswith(b"\n"):
                raise DiaryDamaged(f"{self.path} ends in the middle of a line. Nothing is signed.")
            line = decode_canonical(lines[1][:-1], _StatementLine, limit_bytes=DIARY_BYTES_MAX)
            return NotedStatement(encode_canonical(line.statement), parse_time(line.noted_at))
        except (ProtocolError, ValueError) as error:
            raise DiaryDamaged(f"{self.path} cannot be read: {error} Nothing is signed.") from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        # Two programs at once must not both find an empty diary.
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise DiaryDamaged(
                f"The diary {self.path} cannot be opened ({error.strerror}). It was made together with the key file "
                "and must lie beside it: without it nobody knows what this trustee has signed."
            ) from error
        try:
            _lock(handle)
            yield handle
        finally:
            os.close(handle)


def diary_path(key_path: Path) -> Path:
    """Where the diary of a key file lies."""
    return key_path.with_name(f"{key_path.name}.diary")


def _first_line(place: SharePlace) -> bytes:
    line = _FirstLine(election=place.election, format="psephos/trustee-diary/v1", trustee=place.trustee)
    return encode_canonical(line) + b"\n"


def _lock(handle: int) -> None:
    """Held until the handle is closed."""
    if os.name == "posix":
        import fcntl  # noqa: PLC0415  (exists on POSIX only)

        fcntl.flock(handle, fcntl.LOCK_EX)

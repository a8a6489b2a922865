"""A bundle: one election's public record in a folder, read lazily and strictly.

A folder that is not a bundle at all raises `UnusableBundle`. A bundle whose content is wrong is a matter of the
checks: the reading stops with `SourceBroken`, or the comparisons of `verifier.program` fail.

Source: PROTOCOL section 10.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from crypto.note import MAX_NOTE_BYTES
from protocol.bundle_key import BundleKey
from protocol.canonical import decode_canonical
from protocol.leaf import LEAF_BYTES_MAX
from protocol.records import RECORD_BYTES_MAX
from protocol.roll import ROLL_BYTES_MAX
from protocol.verification import SourceBroken

KEY_FILE: Final = "key.json"
BOARD_FILE: Final = "board.jsonl"
BODIES_FILE: Final = "bodies.jsonl"
CHECKPOINT_FILE: Final = "checkpoint"
CLOSING_CHECKPOINT_FILE: Final = "closing-checkpoint"
RESULT_FILE: Final = "result.json"

REQUIRED_FILES: Final = frozenset({KEY_FILE, BOARD_FILE, BODIES_FILE, CHECKPOINT_FILE})
OPTIONAL_FILES: Final = frozenset({CLOSING_CHECKPOINT_FILE, RESULT_FILE})

KEY_BYTES_MAX: Final = 2_000
ROLL_INDEX: Final = 2


class UnusableBundle(Exception):
    """What was given cannot be read as a bundle; nothing is said about the election."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle folder: a `protocol.verification.BoardSource`."""

    folder: Path
    files: frozenset[str]

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Look at the folder, not yet at the content.

        Raises: UnusableBundle when it is no folder, a file is missing, not a plain file or no part of a bundle.
        """
        return cls(folder, look_at(folder, REQUIRED_FILES, OPTIONAL_FILES))

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """(leaf, body) in order, one pair in memory at a time.

        Raises: SourceBroken (a line too long or without its end, another number of bodies than of leaves),
        UnusableBundle (the file cannot be read).
        """
        with self._open(BOARD_FILE) as board, self._open(BODIES_FILE) as bodies:
            index = 0
            while True:
                body_limit = ROLL_BYTES_MAX if index == ROLL_INDEX else RECORD_BYTES_MAX
                leaf = read_line(board, LEAF_BYTES_MAX)
                body = read_line(bodies, body_limit)
                if leaf is None and body is None:
                    return
                if leaf is None or body is None:
                    raise SourceBroken(f"{BOARD_FILE} and {BODIES_FILE} have different numbers of lines.")
                yield leaf, body
                index += 1

    @property
    def checkpoint(self) -> str:
        """The signed note of the file `checkpoint`. Raises: SourceBroken, UnusableBundle."""
        return self._read_note(CHECKPOINT_FILE)

    @property
    def closing_checkpoint(self) -> str | None:
        """The signed note of `closing-checkpoint`, None without the file. Raises: SourceBroken, UnusableBundle."""
        return self._read_note(CLOSING_CHECKPOINT_FILE) if CLOSING_CHECKPOINT_FILE in self.files else None

    @property
    def has_result(self) -> bool:
        """Whether there is a `result.json`."""
        return RESULT_FILE in self.files

    def read_key(self) -> BundleKey:
        """`key.json`. Raises: MalformedRecord, RecordTooLarge, SourceBroken, UnusableBundle."""
        with self._open(KEY_FILE) as file:
            line = read_line(file, KEY_BYTES_MAX)
            if line is None or read_bytes(file, 1):
                raise SourceBroken("It must be one line.")
        return decode_canonical(line, BundleKey, limit_bytes=KEY_BYTES_MAX)

    def result_is_last_body(self) -> bool:
        """Whether `result.json` is, byte for byte, the last line of `bodies.jsonl`."""
        with self._open(RESULT_FILE) as result, self._open(BODIES_FILE) as bodies:
            size = os.fstat(result.fileno()).st_size
            if not 1 < size <= RECORD_BYTES_MAX + 1 or os.fstat(bodies.fileno()).st_size < size + 1:
                return False
            bodies.seek(-(size + 1), os.SEEK_END)
            line = read_bytes(result, size + 1)
            return line.find(b"\n") == size - 1 and read_bytes(bodies, size + 2) == b"\n" + line

    def announced_size(self) -> int:
        """How many entries `checkpoint` names, unchecked: for a progress bar. 0 when it cannot be read."""
        try:
            lines = self.checkpoint.split("\n", 2)
        except SourceBroken:
            return 0
        return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() and len(lines[1]) < 10 else 0

    def _open(self, name: str) -> BinaryIO:
        return open_plain(self.folder / name)

    def _read_note(self, name: str) -> str:
        with self._open(name) as file:
            data = read_bytes(file, MAX_NOTE_BYTES + 1)
        if len(data) > MAX_NOTE_BYTES:
            raise SourceBroken(f"{name} is longer than {MAX_NOTE_BYTES} bytes.")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceBroken(f"{name} is not UTF-8 text.") from error


def look_at(folder: Path, required: frozenset[str], optional: frozenset[str]) -> frozenset[str]:
    """Names of the files in a folder that holds exactly these, all of them plain. Raises: UnusableBundle."""
    try:
        names = frozenset(os.listdir(folder))
        modes = {name: (folder / name).lstat().st_mode for name in names}
    except OSError as error:
        raise UnusableBundle(f"The bundle {folder} cannot be read: {error.strerror}.") from error
    if missing := sorted(required - names):
        raise UnusableBundle(f"{folder} is not a bundle: it holds no {', '.join(missing)}.")
    if strange := sorted(names - required - optional):
        raise UnusableBundle(
            f"{folder} holds {', '.join(strange)}, which no bundle holds. Take it away, or download again."
        )
    if crooked := sorted(name for name, mode in modes.items() if not stat.S_ISREG(mode)):
        raise UnusableBundle(f"{', '.join(crooked)} in {folder} is not a plain file.")
    return names


def open_plain(path: Path) -> BinaryIO:
    """A file to be read. Raises: UnusableBundle."""
    # O_NOFOLLOW and O_NONBLOCK: a link or pipe put here after `look_at` must not be followed or waited for.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb")
    except OSError as error:
        raise UnusableBundle(f"{path} cannot be read: {error.strerror}.") from error


def read_line(file: BinaryIO, limit_bytes: int) -> bytes | None:
    """The next line without its newline, None at the end. Reads no more than the limit.

    Raises: SourceBroken, UnusableBundle.
    """
    try:
        line = file.readline(limit_bytes + 1)
    except OSError as error:
        raise UnusableBundle(f"The bundle cannot be read further: {error.strerror}.") from error
    if not line:
        return None
    if line.endswith(b"\n"):
        return line[:-1]
    if len(line) > limit_bytes:
        raise SourceBroken(f"A line is longer than the {limit_bytes} bytes allowed here.")
    raise SourceBroken("The last line has no end: the file was cut or added to.")


def read_bytes(file: BinaryIO, count: int) -> bytes:
    """At most `count` bytes. Raises: UnusableBundle."""
    try:
        return file.read(count)
    except OSError as error:
        raise UnusableBundle(f"The bundle cannot be read: {error.strerror}.") from error

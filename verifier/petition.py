"""The export of a petition in a folder, read lazily and strictly, and recounted.

Source: PROTOCOL section 13.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from crypto.note import MAX_NOTE_BYTES
from protocol.canonical import decode_canonical
from protocol.errors import ProtocolError
from protocol.petition import (
    ENTRY_BYTES_MAX,
    PetitionBroken,
    PetitionKey,
    PetitionReceipt,
    PetitionVerdict,
    PublishedCount,
    verify_petition,
)
from protocol.petition_text import PetitionTextRecord
from protocol.verification import SourceBroken
from verifier.bundle import look_at, open_plain, read_bytes, read_line

BOARD_FILE: Final = "board.jsonl"
CHECKPOINT_FILE: Final = "checkpoint"
KEY_FILE: Final = "key.json"
PUBLISHED_FILE: Final = "published.json"
TEXTS_FILE: Final = "texts.jsonl"
FILES: Final = frozenset({BOARD_FILE, CHECKPOINT_FILE, KEY_FILE, PUBLISHED_FILE, TEXTS_FILE})

RECORD_BYTES_MAX: Final = 2_000
TEXT_BYTES_MAX: Final = 32_768
TEXTS_MAX: Final = 1_000

_T = TypeVar("_T")


@dataclass(frozen=True)
class PetitionRequest:
    """What the reader brings. site: its host.  log_key: 32 bytes, of the site.  head: a signed head that was kept."""

    petition: str
    site: str | None = None
    log_key: bytes | None = None
    head: str | None = None
    receipt: PetitionReceipt | None = None


def verify_petition_folder(folder: Path, request: PetitionRequest) -> PetitionVerdict:
    """Recount the petition in this folder.

    Raises: UnusableBundle when the folder is no export of a petition; PetitionBroken when something in it is wrong;
    RecordTooOld when it is honest and ends before what the reader kept.
    """
    look_at(folder, FILES, frozenset())
    try:
        return verify_petition(
            _one(folder / KEY_FILE, PetitionKey),
            lambda: _lines(folder / BOARD_FILE, ENTRY_BYTES_MAX),
            _note(folder / CHECKPOINT_FILE),
            _one(folder / PUBLISHED_FILE, PublishedCount),
            [_decoded(TEXTS_FILE, line, PetitionTextRecord) for line in _texts(folder)],
            petition=request.petition,
            known_site=request.site,
            known_key=request.log_key,
            known_head=request.head,
            receipt=request.receipt,
        )
    except SourceBroken as error:
        raise PetitionBroken(str(error)) from error


def _one(path: Path, record_type: type[_T]) -> _T:
    lines = _lines(path, RECORD_BYTES_MAX)
    first = next(lines, None)
    if first is None or next(lines, None) is not None:
        raise PetitionBroken(f"{path.name} must be one line.")
    return _decoded(path.name, first, record_type)


def _decoded(name: str, line: bytes, record_type: type[_T]) -> _T:
    try:
        return decode_canonical(line, record_type, limit_bytes=TEXT_BYTES_MAX)
    except ProtocolError as error:
        raise PetitionBroken(f"{name}: {error}") from error


def _texts(folder: Path) -> Iterator[bytes]:
    for number, line in enumerate(_lines(folder / TEXTS_FILE, TEXT_BYTES_MAX)):
        if number >= TEXTS_MAX:
            raise PetitionBroken(f"{TEXTS_FILE} has more than {TEXTS_MAX} lines.")
        yield line


def _lines(path: Path, limit: int) -> Iterator[bytes]:
    with open_plain(path) as file:
        while (line := read_line(file, limit)) is not None:
            yield line


def _note(path: Path) -> str:
    with open_plain(path) as file:
        data = read_bytes(file, MAX_NOTE_BYTES + 1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PetitionBroken(f"{path.name} is not UTF-8 text.") from error

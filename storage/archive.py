"""A zip file that is written piece by piece: memory does not grow with what is in it."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

CHUNK_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class ArchiveFile:
    """One file. chunks: its bytes, to be read once."""

    name: str
    chunks: Iterator[bytes]


def zip_stream(folder: str, files: Iterable[ArchiveFile]) -> Iterator[bytes]:
    """The files in one folder, as a zip file. The same files make the same bytes."""
    buffer = _Pipe()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            with archive.open(f"{folder}/{file.name}", "w", force_zip64=True) as member:
                for chunk in file.chunks:
                    member.write(chunk)
                    if len(buffer) >= CHUNK_BYTES:
                        yield buffer.take()
    yield buffer.take()


class _Pipe(io.RawIOBase):
    """A file that can only be written to; what was written is taken from its other end."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def __len__(self) -> int:
        return len(self._held)

    def take(self) -> bytes:
        """All that was written since the last call."""
        held = bytes(self._held)
        self._held.clear()
        return held

"""CSV files as strictly as any other input: UTF-8 without a byte order mark, one header, a bound on the size."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path


class CsvUnusable(Exception):
    """The file cannot be used; the sentence names the line and what to mend."""


def read_csv(path: Path, limit_bytes: int) -> bytes:
    """The bytes of a file. Raises: CsvUnusable."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise CsvUnusable(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > limit_bytes:
        raise CsvUnusable(f"{path} is larger than {limit_bytes} bytes.")
    return data


def parse_csv(data: bytes, header: Sequence[str]) -> list[tuple[int, list[str]]]:
    """(line from 1, fields) of every line after the header, empty lines left out, each with the header's count.

    Raises: CsvUnusable.
    """
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise CsvUnusable("Line 1: the file begins with a byte order mark. Save it as UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CsvUnusable(f"Line {line}: the file is not UTF-8. Save it as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise CsvUnusable(f"Line {reader.line_num}: not a line of a CSV file ({error}).") from error
    if not rows or rows[0][1] != list(header):
        raise CsvUnusable(f"Line 1: the file must begin with the header {','.join(header)}.")
    found = [(line, row) for line, row in rows[1:] if row]
    for line, row in found:
        if len(row) != len(header):
            raise CsvUnusable(
                f"Line {line}: {len(row)} fields; a line has {len(header)}: {', '.join(header)}."
            )
    return found

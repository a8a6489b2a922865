"""The two large parts of a workbook, streamed: the cells of a sheet, and the table of texts that cells point to.

No tree is built. In memory at any time: one row, and the shared texts. Document types and entities end the reading, as
defusedxml's parsers do; depth, tags, texts and columns are bounded.
Source: ECMA-376 part 1, 18.3 (worksheets) and 18.4 (shared strings).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Final, NamedTuple
from xml.parsers import expat

from voting.table_row import TableUnusable

CHUNK_BYTES: Final = 65_536
DEPTH_MAX: Final = 30
COLUMNS_MAX: Final = 64
ROW_MAX: Final = 1_048_576
"""As many rows as a spreadsheet has."""
CELL_CHARACTERS_MAX: Final = 32_767
"""As many as a spreadsheet lets a cell hold."""
SHARED_TEXTS_MAX: Final = 4_000_000
TAGS_MAX: Final = 30_000_000

_PLACE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW: Final = re.compile(r"[1-9][0-9]{0,6}")
_KINDS: Final = frozenset({"b", "d", "e", "inlineStr", "n", "s", "str"})


class SheetCell(NamedTuple):
    """A cell that holds something. column: from 0.  kind: the `t` of the file.  style: the `s`."""

    column: int
    kind: str
    style: int
    text: str
    is_formula: bool


class _Stream(ABC):
    """An expat parser that takes nothing dangerous. Subclasses hear of starts and ends by local name."""

    def __init__(self) -> None:
        self._depth = 0
        self._tags = 0
        self._names: dict[str, str] = {}
        self._collecting = False
        self._pieces: list[str] = []
        self._length = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def feed(self, data: bytes, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            raise TableUnusable("broken-workbook") from error

    @abstractmethod
    def started(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins. name: without its namespace."""

    @abstractmethod
    def ended(self, name: str) -> None:
        """An element ends."""

    def collect(self) -> None:
        """Characters from here on are text."""
        self._collecting = True

    def collected(self) -> None:
        """Characters from here on are none."""
        self._collecting = False

    def take(self) -> str:
        """The text so far, which begins anew."""
        text = "".join(self._pieces)
        self._pieces, self._length = [], 0
        return text

    def _local(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            if len(self._names) > 1000:
                raise TableUnusable("workbook-suspicious")
            found = self._names[name] = name.rpartition(":")[2]
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._tags += 1
        if self._depth > DEPTH_MAX or self._tags > TAGS_MAX:
            raise TableUnusable("workbook-suspicious")
        self.started(self._local(name), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(self._local(name))

    def _characters(self, text: str) -> None:
        if not self._collecting:
            return
        self._length += len(text)
        if self._length > CELL_CHARACTERS_MAX:
            raise TableUnusable("workbook-suspicious")
        self._pieces.append(text)

    def _refuse(self, *_: object) -> int:
        raise TableUnusable("workbook-suspicious")


class _Texts(_Stream):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._phonetic = False

    def started(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        if name == "t" and not self._phonetic:
            self.collect()
        elif name == "rPh":  # how Japanese is read aloud: not part of the text
            self._phonetic = True

    def ended(self, name: str) -> None:
        if name == "t":
            self.collected()
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            if len(self.texts) == SHARED_TEXTS_MAX:
                raise TableUnusable("workbook-suspicious")
            self.texts.append(self.take())


class _Sheet(_Stream):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, list[SheetCell]]] = []
        self._line = 0
        self._cells: list[SheetCell] | None = None
        self._in_cell = False
        self._column = -1
        self._kind, self._style, self._is_formula = "n", 0, False
        self._phonetic = False

    def started(self, name: str, attributes: dict[str, str]) -> None:
        if self._in_cell:
            if name == "f":
                self._is_formula = True
            elif name == "rPh":
                self._phonetic = True
            elif name == "v" or (name == "t" and not self._phonetic):
                self.collect()
        elif name == "c" and self._cells is not None:
            self._begin_cell(attributes)
        elif name == "row":
            self._begin_row(attributes.get("r"))

    def _begin_row(self, number: str | None) -> None:
        if self._cells is not None or (number is not None and not _ROW.fullmatch(number)):
            raise TableUnusable("workbook-suspicious")
        line = self._line + 1 if number is None else int(number)
        if not self._line < line <= ROW_MAX:
            raise TableUnusable("workbook-suspicious")
        self._line, self._cells, self._column = line, [], -1

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = self._column + 1
        if place is not None:
            found = _PLACE.fullmatch(place)
            if found is None or int(found[2]) != self._line:
                raise TableUnusable("workbook-suspicious")
            letters = found[1]
            column = ord(letters[-1]) - 65
            if len(letters) > 1:
                column += 26 * (ord(letters[-2]) - 64)
            if len(letters) > 2:
                column += 676 * (ord(letters[0]) - 64)
        style = attributes.get("s", "0")
        kind = attributes.get("t", "n")
        if column <= self._column or not style.isdecimal() or len(style) > 9 or kind not in _KINDS:
            raise TableUnusable("workbook-suspicious")
        self._column, self._kind, self._style = column, kind, int(style)
        self._in_cell, self._is_formula = True, False

    def ended(self, name: str) -> None:
        if self._in_cell:
            if name in {"v", "t"}:
                self.collected()
            elif name == "rPh":
                self._phonetic = False
            elif name == "c":
                self._in_cell = False
                self._end_cell(self.take())
        elif name == "row" and self._cells is not None:
            if self._cells:
                self.rows.append((self._line, self._cells))
            self._cells = None

    def _end_cell(self, text: str) -> None:
        if not text and not self._is_formula:
            return
        if self._column >= COLUMNS_MAX:
            raise TableUnusable("cell-far-right", self._line)
        if self._cells is not None:
            self._cells.append(SheetCell(self._column, self._kind, self._style, text, self._is_formula))


def read_shared_texts(part: IO[bytes]) -> list[str]:
    """The table of texts. Raises: TableUnusable."""
    stream = _Texts()
    while chunk := part.read(CHUNK_BYTES):
        stream.feed(chunk, False)
    stream.feed(b"", True)
    return stream.texts


def read_sheet(part: IO[bytes]) -> Iterator[tuple[int, list[SheetCell]]]:
    """(row number, its cells that hold something) of every row that has any. Raises: TableUnusable."""
    stream = _Sheet()
    while chunk := part.read(CHUNK_BYTES):
        stream.feed(chunk, False)
        yield from stream.rows
        stream.rows = []
    stream.feed(b"", True)
    yield from stream.rows

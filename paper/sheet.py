"""An A4 sheet: fonts embedded, text that fits its place, QR codes as shapes, the same bytes for the same content."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import segno
from fpdf import FPDF
from fpdf.enums import DocumentCompliance
from fpdf.fonts import TTFFont

from paper.words import Language

FONTS: Final = Path(__file__).parent / "fonts"
TEXT, STRONG, CODE = "text", "strong", "code"
_FILES: Final = {TEXT: "be-vietnam-pro-400.ttf", STRONG: "be-vietnam-pro-600.ttf", CODE: "plex-mono-500.ttf"}

POINT: Final = 25.4 / 72
"""Millimetres."""
LINE: Final = 1.38
"""Height of a line in sizes of its letters: Ễ and ộ need it."""


_XMP: Final = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmp:CreatorTool="Psephos"
 xmp:CreateDate="{time}" xmp:ModifyDate="{time}" xmp:MetadataDate="{time}">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>"""


class NotPrintable(Exception):
    """Text with letters that the fonts do not have."""

    code = "not-printable"

    def __init__(self, letters: Sequence[str]) -> None:
        super().__init__(
            "The letter’s font has no "
            + ", ".join(f"“{letter}” (U+{ord(letter):04X})" for letter in letters)
            + ". Write the name in Latin letters."
        )
        self.letters = tuple(letters)


@cache
def _letters() -> frozenset[int]:
    """Of the text font. The strong one has the same."""
    pdf = FPDF()
    pdf.add_font(TEXT, fname=FONTS / _FILES[TEXT])
    font = pdf.fonts[TEXT]
    if not isinstance(font, TTFFont):
        raise TypeError("The text font is a TrueType font.")
    return frozenset(font.cmap)


def require_printable(*texts: str) -> None:
    """Raises: NotPrintable naming the letters that would be empty boxes."""
    known = _letters()
    missing = dict.fromkeys(
        letter for text in texts for letter in _composed(text) if ord(letter) not in known
    )
    if missing:
        raise NotPrintable(list(missing))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class Place:
    """A rectangle in millimetres from the upper left corner of the sheet."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Fitted:
    """Lines that fit their place. size: points."""

    lines: tuple[str, ...]
    font: str
    size: float

    @property
    def line_height(self) -> float:
        """Millimetres."""
        return self.size * POINT * LINE

    @property
    def height(self) -> float:
        """Millimetres."""
        return len(self.lines) * self.line_height


class Sheet(FPDF):
    """Pages of one document. PDF/A-2u: fonts embedded, every letter can be copied, archives keep it readable."""

    def __init__(self, title: str, language: Language, made_at: datetime) -> None:
        """made_at: aware; the only time in the file, so that the same letters are the same bytes."""
        super().__init__(unit="mm", format="A4", enforce_compliance=DocumentCompliance.PDFA_2U)
        for family, name in _FILES.items():
            self.add_font(family, fname=FONTS / name)
        self.set_margin(0)
        self.c_margin = 0
        self.set_auto_page_break(False)
        self.set_title(_composed(title))
        self.set_lang(language)
        self.set_creation_date(made_at)
        # Our own, as fpdf2 would put the time of this moment into it.
        self.set_xmp_metadata(
            _XMP.format(
                title=escape(_composed(title)),
                language=language,
                time=made_at.astimezone(UTC).isoformat(timespec="seconds"),
            )
        )
        self.set_text_color(0)
        self.set_draw_color(0)

    def bytes(self) -> bytes:
        """The file."""
        return bytes(self.output())

    # Text.

    def fit(
        self, text: str, width: float, height: float, font: str = TEXT, sizes: Iterable[float] = (10,)
    ) -> Fitted:
        """`text` broken into lines, at the first of `sizes` (descending) at which it fits the height, else the last."""
        text = _composed(text)
        fitted = None
        for size in sizes:
            self.set_font(font, size=size)
            fitted = Fitted(tuple(self._wrapped(text, width)), font, size)
            if fitted.height <= height:
                break
        if fitted is None:
            raise ValueError("At least one size is needed.")
        return fitted

    def _wrapped(self, text: str, width: float) -> Iterator[str]:
        line = ""
        for word in text.split():
            longer = f"{line} {word}" if line else word
            if self.get_string_width(longer) <= width:
                line = longer
                continue
            if line:
                yield line
            line = word
            while self.get_string_width(line) > width:  # an address of the web, say
                cut = next(
                    n for n in range(len(line), 0, -1) if n == 1 or self.get_string_width(line[:n]) <= width
                )
                yield line[:cut]
                line = line[cut:]
        if line:
            yield line

    def put(self, x: float, y: float, fitted: Fitted) -> float:
        """Write lines from the upper left corner; y below them."""
        self.set_font(fitted.font, size=fitted.size)
        ascent = fitted.size * POINT * (0.5 * LINE + 0.36)
        for number, line in enumerate(fitted.lines):
            if line:
                self.text(x, y + number * fitted.line_height + ascent, line)
        return y + fitted.height

    def write_text(self, place: Place, text: str, font: str = TEXT, sizes: Iterable[float] = (10,)) -> float:
        """`fit` and `put`."""
        return self.put(place.x, place.y, self.fit(text, place.width, place.height, font, sizes))

    # Shapes.

    def qr(self, text: str, x: float, y: float, size: float) -> None:
        """A QR code with its quiet zone (ISO/IEC 18004: four modules) inside a square. size: millimetres."""
        code = segno.make(text, error="m", micro=False)
        modules = code.symbol_size(border=4)[0]
        step = size / modules
        self.set_fill_color(0)
        for row, module_row in enumerate(code.matrix_iter(border=4)):
            bits = bytes(module_row)
            start = 0
            while start < modules:
                if not bits[start]:
                    start += 1
                    continue
                end = start
                while end < modules and bits[end]:
                    end += 1
                # A hair wider and higher, so that no white line shows between neighbours.
                self.rect(
                    x + start * step, y + row * step, (end - start) * step + 0.01, step + 0.01, style="F"
                )
                start = end

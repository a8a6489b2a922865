"""What is on a page of a PDF: its text, and its QR code as the drawing commands say."""

import io
import re

from pypdf import PdfReader

_RECTANGLE = re.compile(rb"([0-9.]+) ([0-9.]+) ([0-9.]+) (-?[0-9.]+) re f")


def reader(pdf: bytes) -> PdfReader:
    """The document."""
    return PdfReader(io.BytesIO(pdf), strict=True)


def page_text(pdf: bytes, page: int = 0) -> str:
    """The words in the order of writing, one space between them."""
    return " ".join(reader(pdf).pages[page].extract_text().split())


def qr_modules(pdf: bytes, page: int = 0) -> list[list[bool]]:
    """The dark and light modules of the one QR code on a page, from the filled rectangles alone."""
    contents = reader(pdf).pages[page].get_contents()
    assert contents is not None
    found = [tuple(float(number) for number in each) for each in _RECTANGLE.findall(contents.get_data())]
    # Every row of a QR code has a dark module, so the rows are the heights at which something is drawn.
    rows = sorted({y for _, y, _, _ in found})
    left, top, size = min(x for x, *_ in found), rows[-1], len(rows)
    step = (rows[-1] - rows[0]) / (size - 1)
    modules = [[False] * size for _ in range(size)]
    for x, y, width, _ in found:
        row, start = round((top - y) / step), round((x - left) / step)
        for column in range(start, start + round(width / step)):
            modules[row][column] = True
    return modules

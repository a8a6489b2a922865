"""The receipt on paper: that a ballot is in the urn and where, never what is in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from paper.sheet import CODE, STRONG, TEXT, Place, Sheet, require_printable
from paper.words import Both, Language, full_moment, words

_LEFT: Final = 20.0
_RIGHT: Final = 190.0
_SPACE: Final = 270.0


@dataclass(frozen=True)
class ReceiptPaper:
    """What a receipt says. It has no field for a choice.

    cast_at, closes_at: aware, in the election's own zone.  receipt_code, voter_number, fingerprint: display codes.
    index: of the ballot on the board.  number: of this ballot among the voter's own, from 1.
    check_address: the page that looks the ballot up.  scan: what the QR code holds, the same with the receipt code.
    """

    title: Both
    authority: Both
    cast_at: datetime
    closes_at: datetime
    receipt_code: str
    voter_number: str
    fingerprint: str
    index: int
    number: int
    check_address: str
    scan: str
    revoting: bool = True
    rehearsal: bool = False


def receipt_pdf(paper: ReceiptPaper, language: Language) -> bytes:
    """One A4 page. The same receipt gives the same bytes. Raises: NotPrintable."""
    require_printable(paper.title.in_(language), paper.authority.in_(language), paper.check_address)
    title = f"{words('receipt', language)}: {paper.title.in_(language)}"
    sheet = Sheet(title, language, paper.cast_at)
    sheet.add_page()
    width = _RIGHT - _LEFT
    y = sheet.write_text(Place(_LEFT, 18, width, 12), paper.authority.in_(language), STRONG, (12, 10, 9))
    y = sheet.write_text(Place(_LEFT, y + 6, width, 10), words("receipt", language), STRONG, (24,))
    y = sheet.write_text(Place(_LEFT, y + 2, width, 30), paper.title.in_(language), TEXT, (14, 12, 10.5))
    if paper.rehearsal:
        y = sheet.write_text(Place(_LEFT, y + 3, width, 12), words("rehearsal", language), STRONG, (12,))
    y = sheet.write_text(Place(_LEFT, y + 6, width, 12), words("in-the-urn", language), STRONG, (16,))
    y = sheet.write_text(Place(_LEFT, y + 1, width, 12), words("no-choice", language), TEXT, (12,))

    top = y + 6
    sheet.qr(paper.scan, _RIGHT - 52, top, 52)
    y = top + 2
    for key, value, font in (
        ("receipt-code", paper.receipt_code, CODE),
        ("voter-number", paper.voter_number, CODE),
        ("cast-at", full_moment(paper.cast_at, language), TEXT),
        ("place", _number(paper.index, language), TEXT),
        ("fingerprint", paper.fingerprint, CODE),
    ):
        y = sheet.write_text(Place(_LEFT, y, 110, 6), words(key, language), STRONG, (10,))
        y = sheet.write_text(Place(_LEFT, y, 112, 10), value, font, (13, 12, 11)) + 2.5

    y = max(y, top + 54) + 4
    y = sheet.write_text(Place(_LEFT, y, width, 20), words("check", language), TEXT, (11,))
    y = sheet.write_text(Place(_LEFT, y + 1, width, 12), paper.check_address, STRONG, (11, 10, 9))
    if paper.number > 1:
        text = words("ballot-number", language).format(n=_number(paper.number, language))
        y = sheet.write_text(Place(_LEFT, y + 4, width, 12), text, STRONG, (11,))
    if paper.revoting:
        text = words("receipt-again", language).format(time=full_moment(paper.closes_at, language))
        y = sheet.write_text(Place(_LEFT, y + 4, width, 12), text, TEXT, (11,))
    sheet.write_text(Place(_LEFT, y + 4, width, _SPACE - y), words("evidence", language), TEXT, (11, 10))
    return sheet.bytes()


def _number(value: int, language: Language) -> str:
    return f"{value:,}".replace(",", "." if language == "vi" else ",")

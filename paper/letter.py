"""The letter with the voting code: one A4 page for each voter, for an envelope with a window.

The address stands where DIN 5008 B and DL/C5 windows show it. The code, and all that
identifies the voter's ballot, stands below the second fold (210 mm): inside, when the sheet is folded in three.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from paper.sheet import CODE, STRONG, TEXT, Fitted, Place, Sheet, require_printable
from paper.words import LANGUAGES, Both, Language, full_moment, other, words

_LEFT: Final = 20.0
_RIGHT: Final = 190.0
_COLUMN: Final = 82.0
_SECOND: Final = _RIGHT - _COLUMN
_FOLDS: Final = (105.0, 210.0)
_BODY_TOP, _BODY_BOTTOM = 97.0, 209.0
_SIZES: Final = (10.5, 10, 9.5, 9, 8.5, 8, 7.5, 7, 6.5, 6)


@dataclass(frozen=True)
class ElectionOnPaper:
    """What all letters of an election say.

    opens_at, closes_at: aware, in the election's own zone.  site: the home address of the platform, which people type.
    fingerprint: its display code.
    help_line: a telephone number, an address: how to reach the people who answer for the vote.
    replaceable: whether a voter whose letter is lost gets another code.
    """

    title: Both
    authority: Both
    opens_at: datetime
    closes_at: datetime
    site: str
    fingerprint: str
    help_line: str
    revoting: bool = True
    sign_in: bool = False
    rehearsal: bool = False
    replaceable: bool = True


@dataclass(frozen=True)
class Letter:
    """One voter's letter. No secret shows in a repr.

    language: which one comes first.  code: as written in groups.  voter_number: alias of the credential.
    scan: what the QR code holds, the booth's address with the code in its fragment.  replaces: an earlier letter.
    """

    voter: str = field(repr=False)
    address: str = field(repr=False)
    language: Language
    code: str = field(repr=False)
    voter_number: str = field(repr=False)
    scan: str = field(repr=False)
    replaces: bool = False


def letters_pdf(election: ElectionOnPaper, letters: Iterable[Letter]) -> bytes:
    """One page for each letter, in order. The same letters give the same bytes.

    Raises: NotPrintable for a name or address in letters that the font lacks; ValueError without a letter.
    """
    sheet = Sheet(f"{election.authority.vi}: {election.title.vi}", "vi", election.opens_at)
    pages = _Pages(sheet, election)
    for letter in letters:
        pages.add(letter)
    if sheet.pages_count == 0:
        raise ValueError("There is no letter to print.")
    return sheet.bytes()


class _Pages:
    """Lays out what all letters share once, and each letter's own part."""

    def __init__(self, sheet: Sheet, election: ElectionOnPaper) -> None:
        require_printable(
            election.title.en,
            election.title.vi,
            election.authority.en,
            election.authority.vi,
            election.site,
            election.help_line,
        )
        self._sheet = sheet
        self._election = election
        self._columns = {
            (language, replaces): self._column(language, replaces)
            for language in LANGUAGES
            for replaces in (False, True)
        }

    def _column(self, language: Language, replaces: bool) -> list[tuple[float, Fitted]]:
        """The text of one language at the largest size at which it fits: (space above in millimetres, lines)."""
        for size in _SIZES:
            parts = self._parts(language, replaces, size)
            if sum(space + fitted.height for space, fitted in parts) <= _BODY_BOTTOM - _BODY_TOP:
                break
        return parts

    def _parts(self, language: Language, replaces: bool, size: float) -> list[tuple[float, Fitted]]:
        election = self._election

        def say(key: str) -> str:
            return words(key, language)

        def lines(text: str, font: str = TEXT, scale: float = 1) -> Fitted:
            return self._sheet.fit(text, _COLUMN, 0, font, (size * scale,))

        steps = [
            "step-code",
            "step-fingerprint",
            "step-cast",
            *(["step-sign-in"] if election.sign_in else []),
            "step-again" if election.revoting else "step-once",
        ]
        parts = [(0.0, lines(election.title.in_(language), STRONG, 1.35))]
        if election.rehearsal:
            parts.append((1.5, lines(say("rehearsal"), STRONG)))
        if replaces:
            parts.append((1.5, lines(say("replaces"), STRONG)))
        parts += [
            (2.0, lines(f"{say('opens')}: {full_moment(election.opens_at, language)}")),
            (0.0, lines(f"{say('closes')}: {full_moment(election.closes_at, language)}", STRONG)),
            (1.5, lines(f"{say('where')}: {election.site}")),
            (2.0, lines(say("how"), STRONG)),
            *[(0.8, lines(f"{number}. {say(step)}")) for number, step in enumerate(steps, start=1)],
            (2.0, lines(say("secret"), STRONG)),
            (0.0, lines(say("lost" if election.replaceable else "not-replaceable"))),
        ]
        return parts

    def add(self, letter: Letter) -> None:
        """One page."""
        require_printable(letter.voter, letter.address)
        sheet, election = self._sheet, self._election
        sheet.add_page()
        first, second = letter.language, other(letter.language)
        self._head(first, second)
        self._address(letter)
        for x, language in ((_LEFT, first), (_SECOND, second)):
            y = _BODY_TOP
            for space, fitted in self._columns[language, letter.replaces]:
                y = sheet.put(x, y + space, fitted)
        self._code_box(letter, first, second)
        help_words = f"{words('help', first)} · {words('help', second)}: {election.help_line}"
        sheet.write_text(Place(_LEFT, 277, _RIGHT - _LEFT, 10), help_words, TEXT, (9, 8, 7, 6.5))
        sheet.set_line_width(0.2)
        for fold in _FOLDS:
            sheet.line(4, fold, 8, fold)

    def _head(self, first: Language, second: Language) -> None:
        sheet, authority = self._sheet, self._election.authority
        y = sheet.write_text(
            Place(_LEFT, 14, _RIGHT - _LEFT, 11), authority.in_(first), STRONG, (13, 11, 9, 8)
        )
        if authority.in_(second) != authority.in_(first):
            sheet.write_text(
                Place(_LEFT, y + 0.5, _RIGHT - _LEFT, 10), authority.in_(second), TEXT, (10, 9, 8)
            )

    def _address(self, letter: Letter) -> None:
        sheet = self._sheet
        first, second = letter.language, other(letter.language)
        note = f"{words('personal', first)} · {words('personal', second)}"
        sheet.write_text(Place(25, 50, 78, 6), note, TEXT, (7, 6, 5.5))
        y = sheet.write_text(Place(25, 58, 78, 14), letter.voter, STRONG, (11, 10, 9, 8, 7, 6))
        if letter.address:
            sheet.write_text(Place(25, y + 0.5, 78, 88 - y), letter.address, TEXT, (10.5, 9.5, 8.5, 7.5, 6.5))

    def _code_box(self, letter: Letter, first: Language, second: Language) -> None:
        sheet = self._sheet
        sheet.set_line_width(0.4)
        sheet.rect(_LEFT, 213, _RIGHT - _LEFT, 60)
        sheet.qr(letter.scan, 22, 219, 48)
        x, width = 74.0, _RIGHT - 74.0 - 3

        def label(key: str, y: float) -> float:
            text = f"{words(key, first)} · {words(key, second)}"
            return sheet.write_text(Place(x, y, width, 5), text, STRONG, (9, 8, 7))

        y = label("voting-code", 217)
        y = sheet.write_text(Place(x, y + 0.5, width, 8), letter.code, CODE, (15,))
        for language in (first, second):
            y = sheet.write_text(Place(x, y, width, 8), words("alphabet", language), TEXT, (8, 7.5))
        y = label("voter-number", y + 2)
        y = sheet.write_text(Place(x, y, width, 6), letter.voter_number, CODE, (11,))
        y = label("fingerprint", y + 2)
        sheet.write_text(Place(x, y, width, 6), self._election.fingerprint, CODE, (11,))

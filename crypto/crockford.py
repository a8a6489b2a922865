"""Codes that people read aloud and type: Crockford's base 32, forgiving about spelling, strict about content.

The alphabet lacks I, L, O and U. Separators and case carry nothing; O is read as 0, I and L as 1.
"""

import unicodedata
from typing import ClassVar, Final

from crypto.errors import CryptoError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_TYPED_CHARACTERS: Final = 200
"""Unicode code points; longer input is refused before it is looked at."""

SWALLOWED_MAX: Final = 6
"""A Vietnamese input method swallows so many keys of a code at most, nearly always."""

SEPARATORS: Final = frozenset(
    "\t\n\v\f\r -"
    "\u00a0\u00ad"  # no-break space, soft hyphen
    "\u2007\u2009\u200b\u202f\u2060\ufeff"  # figure, thin, zero-width, narrow no-break space; word joiners
    "\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, figure, en and em dash, minus sign
)
"""What `normalise` drops, listed so that every implementation drops the same."""

_READ_AS: Final = {symbol: symbol for symbol in ALPHABET} | {"O": "0", "I": "1", "L": "1"}
_READ_AS.update({symbol.lower(): value for symbol, value in list(_READ_AS.items())})

# Grave, acute, tilde, hook above and dot below (the tones); circumflex, breve and horn (Â Ê Ô, Ă, Ơ Ư).
_VIETNAMESE_MARKS: Final = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
_VIETNAMESE_VOWELS: Final = frozenset("AEIOUYaeiouy")


class MistypedCode(CryptoError):
    """A typed code that cannot be the code on the paper. `code` is stable, for translation."""

    code: ClassVar[str]


class VietnameseKeyboard(MistypedCode):
    """An input method turned typed letters into Vietnamese ones (AA → Â, DD → Đ, W → Ư, AS → Á)."""

    code = "vietnamese-keyboard"

    def __init__(self) -> None:
        super().__init__(
            "Your keyboard is writing Vietnamese letters. Switch it to English and type the code again."
        )


class WrongSymbol(MistypedCode):
    """A character that no code contains."""

    code = "wrong-symbol"

    def __init__(self, symbol: str, position: int) -> None:
        """position: counted from 1, without spaces and hyphens."""
        super().__init__(
            f"Codes never contain “{symbol}”, which stands at position {position}. "
            "They use the digits 0 to 9 and the letters A to Z without I, L, O and U."
        )
        self.symbol, self.position = symbol, position


class WrongLength(MistypedCode):
    """Too few or too many symbols."""

    code = "wrong-length"

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        advice = (
            "A Vietnamese keyboard swallows some: switch it to English and type the code again."
            if self.looks_swallowed
            else "Compare it with the paper, group by group."
        )
        super().__init__(f"The code has {expected} letters and digits; you typed {found}. {advice}")

    @property
    def looks_swallowed(self) -> bool:
        """Whether it looks as if an input method had swallowed keys (WW became W, A10 became A).

        Then a few are missing, and not whole groups of four, which a person would leave out.
        """
        missing = self.expected - self.found
        return 0 < missing <= SWALLOWED_MAX and missing % 4 != 0


def normalise(text: str, length: int) -> str:
    """The `length` symbols of ALPHABET that `text` means.

    Checks, in this order. Raises: WrongLength (over MAX_TYPED_CHARACTERS), VietnameseKeyboard,
    WrongSymbol (the first one), WrongLength.
    """
    if len(text) > MAX_TYPED_CHARACTERS:
        raise WrongLength(length, len(text))
    if _has_vietnamese_letter(text):
        raise VietnameseKeyboard
    symbols: list[str] = []
    for character in text:
        if character in SEPARATORS:
            continue
        value = _READ_AS.get(character)
        if value is None:
            raise WrongSymbol(character, len(symbols) + 1)
        symbols.append(value)
    if len(symbols) != length:
        raise WrongLength(length, len(symbols))
    return "".join(symbols)


def symbols_of(value: int, length: int) -> str:
    """`value` as `length` symbols, most significant first. 0 ≤ value < 32^length."""
    return "".join(ALPHABET[(value >> 5 * place) & 31] for place in reversed(range(length)))


def value_of(symbols: str) -> int:
    """Inverse of `symbols_of`. symbols: of ALPHABET only."""
    value = 0
    for symbol in symbols:
        value = value << 5 | ALPHABET.index(symbol)
    return value


def grouped(symbols: str, size: int) -> str:
    """`symbols` in groups of `size` joined by hyphens."""
    return "-".join(symbols[start : start + size] for start in range(0, len(symbols), size))


def _has_vietnamese_letter(text: str) -> bool:
    base = ""
    for character in unicodedata.normalize("NFD", text):
        if character in "Đđ" or (character in _VIETNAMESE_MARKS and base in _VIETNAMESE_VOWELS):
            return True
        if not unicodedata.combining(character):
            base = character
    return False

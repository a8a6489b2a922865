"""One fold for both databases: letters without their marks, đ as d, small and capital alike.

SQLite's `remove_diacritics` leaves đ as it is, PostgreSQL's `unaccent` makes it d, and either may be absent or differ
with the next version. So the databases compare only what this file has made.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

CHARACTERS_MAX: Final = 2_000
"""Of one text that is looked at. A petition's text is shorter; a longer one resembles others by its beginning."""
GRAM: Final = 4
"""Length of the pieces of words: two letters of one word and its other forms still meet, as in ban and banning."""

_WORD: Final = re.compile(r"[^\W_]+")
_MARKLESS: Final = str.maketrans({"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ħ": "h", "ŧ": "t"})
"""Letters whose stroke is no combining mark, so that decomposing leaves it."""

WORD, EXACT, PIECE = "w", "x", "p"
"""Kinds of terms: a folded word, a word with exactly its marks, a piece of a folded word."""


def fold(text: str) -> str:
    """`text` for comparing: no marks, đ as d, casefolded, compatibility forms alike (NFKD)."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.translate(_MARKLESS)


def words(text: str) -> Iterator[str]:
    """The words of a text in its own letters, casefolded, in NFC."""
    for found in _WORD.finditer(unicodedata.normalize("NFC", text[:CHARACTERS_MAX]).casefold()):
        yield found[0]


def terms(text: str, *, pieces: bool) -> Mapping[str, int]:
    """How often each term occurs. pieces: whether pieces of words are among them (for short texts: many for long)."""
    found: Counter[str] = Counter()
    for word in words(text):
        plain = fold(word)
        if not plain:
            continue
        found[WORD + plain] += 1
        if plain != word:
            found[EXACT + word] += 1
        if pieces:
            bounded = f" {plain} "
            for start in range(len(bounded) - GRAM + 1):
                found[PIECE + bounded[start : start + GRAM]] += 1
    return found


def number_of(term: str) -> int:
    """The number under which the database keeps a term: 63 bits of its SHA-256."""
    return int.from_bytes(hashlib.sha256(term.encode()).digest()[:8], "big") >> 1

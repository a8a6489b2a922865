"""Titles, questions, options and names that read otherwise than they are, before they are fixed for ever.

An option “Pаrk” with a Cyrillic а is another option than “Park” to a program and the same to a voter. What looks like
what is `voting.list_text`'s to say; here it is decided what no election may hold.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voting.list_text import letters_of_two_scripts, looks_like, tidy

# Scripts that honest words mix, and whose letters nobody takes for Latin ones.
_EAST_ASIAN: Final = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"}
)


@dataclass(frozen=True)
class MixedWord:
    """A word whose letters come from several scripts, or pretend to be Latin. scripts: Unicode's names, sorted."""

    word: str
    scripts: tuple[str, ...]


def mixed_word(text: str) -> MixedWord | None:
    """The first such word, or None."""
    for word in letters_of_two_scripts(text):
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
        if not scripts <= _EAST_ASIAN:
            return MixedWord(word, tuple(sorted(scripts)))
    return None


def first_pair_alike(texts: Sequence[str]) -> tuple[int, int] | None:
    """Positions (from 0) of the first two texts that a reader cannot tell apart, empty ones left out; or None."""
    seen: dict[str, int] = {}
    for position, text in enumerate(texts):
        look = looks_like(tidy(text))
        if not look:
            continue
        if look in seen:
            return seen[look], position
        seen[look] = position
    return None

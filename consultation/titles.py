"""What a title or a chosen name must not hold: it stands in lists, feeds and mails that carry the authority's name.

No address: mail programs and other sites make a link of whatever looks like one. Addresses belong into the text
below a title, which is read on its own page. And no word of letters from two alphabets that look alike (Unicode TS 39):
such a word reads like another one, and nobody who types that one finds it.
"""

import re
import unicodedata
from typing import Final

from consultation.errors import TextProblem, TextRefused

# A scheme, "www.", a mail address, a host with a path, or a host below a domain that is common in links. Abbreviations
# such as "TP.HCM" or "Q.Bình Thạnh" are none.
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*:\s?/\s?/|\bmailto:|\bwww\.|\S@[\w-]+\.\w|[\w-]\.[^\W\d_]{2,24}/"
    r"|[a-z0-9-]\.(?:app|asia|biz|cc|club|co|com|dev|edu|eu|gov|info|io|link|live|ly|me|net|online|org|page|ru|shop|site|"
    r"store|tk|to|top|uk|us|vip|vn|website|xyz)\b",
    re.IGNORECASE,
)


_WORD: Final = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f])+")
"""Accents that no letter is composed with belong to the word: a Cyrillic letter with one looks Vietnamese."""
_ALIKE: Final = frozenset({"CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
"""Alphabets with letters that look like Latin ones. Of the Greek one only these, for others stand in units: kΩ."""
_GREEK: Final = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧινορυχ")


def require_title(title: str) -> None:
    """title: or name, in one spelling, as `consultation.text.written` gives it. Raises: TextRefused."""
    if _ADDRESS.search(title.replace("\u3002", ".").replace("\uff0e", ".").replace("\uff61", ".")):
        raise TextRefused(TextProblem.ADDRESS)
    if any(_mixed(word[0]) for word in _WORD.finditer(title)):
        raise TextRefused(TextProblem.MIXED)


def _mixed(word: str) -> bool:
    if word.isascii():
        return False
    letters = unicodedata.normalize("NFKC", word)  # of full width, they are the same letters
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters}
    return "LATIN" in alphabets and (not alphabets.isdisjoint(_ALIKE) or not _GREEK.isdisjoint(letters))

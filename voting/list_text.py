"""Names as they are written and as they look: spaces, characters that nobody sees, letters of other scripts."""

import re
import unicodedata
from typing import Final

_SPACES: Final = re.compile(r"\s+")
# Controls, soft hyphen, bidirectional marks and controls, zero-width space and joiners, separators, surrogates, tags.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LOOK_ALIKES: Final = str.maketrans(
    # Cyrillic, then Greek, whose printed forms are Latin letters (Unicode confusables, the pairs met in names).
    "АВЕЅІЈКМНОРСТУХԚԜаеѕіјорсухԛԝһӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοιν",
    "ABESIJKMHOPCTYXQWaesijopcyxqwhl" + "ABEZHIKMNOPTYXoiv",
)


def tidy(text: str) -> str:
    """NFC, one space between words and none at the ends. A control character that is no space stays, to be refused."""
    if text.isascii() and text.isalnum():
        return text
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def unseen_characters(text: str) -> list[str]:
    """Each character of `text` that no reader sees, once, as U+XXXX."""
    if text.isprintable() or not _UNSEEN.search(text):
        return []
    return [f"U+{ord(character):04X}" for character in dict.fromkeys(_UNSEEN.findall(text))]


def letters_of_two_scripts(text: str) -> list[str]:
    """The words of `text` whose letters come from more than one script, or pretend to be Latin ones."""
    return [word for word in text.split() if not word.isascii() and _is_mixed(word)]


def _is_mixed(word: str) -> bool:
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
    if len(scripts) > 1:
        return True
    # A whole word of letters that all have a Latin look-alike.
    return bool(scripts) and scripts <= {"CYRILLIC", "GREEK", "FULLWIDTH"} and looks_like(word).isascii()


def looks_like(text: str) -> str:
    """What a reader sees: texts with the same answer cannot be told apart on paper."""
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFKC", text.translate(_LOOK_ALIKES)).casefold()

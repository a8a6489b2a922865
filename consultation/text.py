"""What citizens write, made into one spelling, and refused where a reader would not see what is there.

Text from outside may hold the same word in two encodings (NFC and NFD), characters that turn the direction of what
follows them, and towers of accents that cover the lines around them (Unicode TR 36). One spelling is stored; the rest
is refused with a sentence, never silently removed: the author must know what is published under their name.
"""

import re
import unicodedata
from typing import Final

from consultation.errors import TextProblem, TextRefused

ACCENTS_MAX: Final = 3
"""On one letter, after composing: Vietnamese needs none beyond NFC, other scripts up to three."""

# Controls but for tab and line end; separators of lines; the replacement character and what is no character; format
# characters of scripts; and what Unicode calls Default_Ignorable_Code_Point (DerivedCoreProperties.txt, version 16):
# bidirectional controls, fillers and blanks without width, selectors, tags, with which a name looks like another one
# or like none. Of these stay the joiners (200C, 200D) and the selectors of emoji (FE0E, FE0F), which writing needs.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffd"
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\uffa0"
    "\u034f\ufe00-\ufe0d\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U00013430-\U0001345f"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINE_END: Final = re.compile(r"\r\n?")
_GAP: Final = re.compile(r"[^\S\n]+")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def written(value: str, limit: int, *, lines: bool = False, least: int = 1) -> str:
    """`value` in one spelling: NFC, one kind of line end, no blanks around it.

    limit, least: characters (code points after composing).  lines: whether it may have several lines; else blanks and
    line ends between words become one blank.  Raises: TextRefused.
    """
    if len(value) > 4 * limit + 1_000:  # before any work: composing at most shortens by such a factor
        raise TextRefused(TextProblem.TOO_LONG, limit)
    text = unicodedata.normalize("NFC", _LINE_END.sub("\n", value))
    if _UNSEEN.search(text):
        raise TextRefused(TextProblem.UNSEEN)
    if _towers(text):
        raise TextRefused(TextProblem.TOWERS)
    text = _GAP.sub(" ", text if lines else text.replace("\n", " "))
    text = _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()
    if len(text) > limit:
        raise TextRefused(TextProblem.TOO_LONG, limit)
    if not any(_shows(letter) for letter in text):
        text = ""
    if len(text) < least:
        raise TextRefused(TextProblem.TOO_SHORT if text else TextProblem.EMPTY, least)
    return text


def _shows(letter: str) -> bool:
    # An accent shows something on a letter only; joiners, selectors and blanks never do.
    return unicodedata.category(letter)[0] in "LNPS"


def _towers(text: str) -> bool:
    height = 0
    for letter in text:
        # A joiner between accents does not begin another letter.
        height = height + 1 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 0
        if height > ACCENTS_MAX:
            return True
    return False

"""Words of citizens inside our mails: one line, seen as it is read, and no link of theirs.

A mail of ours carries the authority's name and signature, and mail programs make a link of everything that looks like
an address, also in plain text. So a title could send people of our choice to a page of somebody else's. Titles with
addresses are refused where they are written; this is the door behind that one, for whatever is stored already, was
imported or comes from another part. Nothing is refused here: a mail that is due is sent.

What is left of an address names its host, for a title may well be about one, in a spelling that no program links.
"""

import re
import unicodedata
from typing import Final

QUOTED_MAX: Final = 120
"""Characters; every title of ours is shorter."""
_CUT: Final = "…"

# What ends a quotation of ours, or looks as if it did, and could be followed by words in our voice.
_MARKS: Final = str.maketrans(dict.fromkeys('“”„‟«»「」『』＂"', "’"))
_JOINERS: Final = "\u200c\u200d"
"""Scripts and emoji need them between letters."""
# The ways to write a dot in a host that browsers take for one (UTS 46), and a colon and slashes in full width.
_DOT: Final = "[.\u3002\uff0e\uff61\u2024]"
# A scheme with a host behind it: all but the host goes, a path is where a secret or a trap stands.
_WITH_SCHEME: Final = re.compile(
    r"[a-z][a-z0-9+.\-]{0,30}\s?[:\uff1a]\s?[/\\\uff0f]{2}\s?(?:[^\s/\\?#@]{0,200}@)?(?P<host>[^\s/\\?#:]{0,253})\S{0,2000}",
    re.IGNORECASE,
)
_SCHEME_ALONE: Final = re.compile(r"\b(mailto|tel|sms|javascript|data|callto|intent):(?=\S)", re.IGNORECASE)
_AT: Final = re.compile(r"(?<=\S)\s?[@\uff20\ufe6b]\s?(?=\S)")
# A path behind a host. Between words a slash is a slash.
_PATH: Final = re.compile(rf"(?<=\w)({_DOT}[^\W\d_]{{2,63}}(?::\d{{1,5}})?)[/\\?#]\S{{0,2000}}")
_HOST_DOT: Final = re.compile(rf"(?<=[\w-]){_DOT}(?=[^\W\d_]{{2}}|xn--)", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")


def quoted(words: str) -> str:
    """`words` of a citizen for a line or a subject of our mail, to stand between quotation marks of ours.

    One line of at most QUOTED_MAX characters; without controls, marks of direction and what has no width; without
    double quotation marks; without anything that a mail program makes a link of. Empty when nothing is left.
    """
    text = unicodedata.normalize("NFC", words[: 8 * QUOTED_MAX])
    text = "".join(_seen(letter) for letter in text)
    text = " ".join(text.split()).translate(_MARKS)
    text = _WITH_SCHEME.sub(lambda found: found["host"], text)
    text = _SCHEME_ALONE.sub("", text)
    text = _AT.sub(" (at) ", text)
    text = _PATH.sub(lambda found: found[1], text)
    text = _HOST_DOT.sub(". ", text)
    text = _NUMBERS.sub(r"\1. \2. \3. \4", text)
    text = " ".join(text.split()).strip(_JOINERS + " ")
    if len(text) > QUOTED_MAX:
        text = text[: QUOTED_MAX - 1].rstrip(_JOINERS + " ") + _CUT
    return text


def _seen(letter: str) -> str:
    if letter in _JOINERS:
        return letter
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if kind in ("Cf", "Cs", "Co", "Cn") else letter

"""What an edit changed, word by word: for pages that show a text beside the one before it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

WORDS_MAX: Final = 1_500
"""Of one text; above that, lines are compared instead of words."""
PAIRS_MAX: Final = 30_000
"""Of equal words, one in each text: every step of the comparison walks over all of them, and there are as many steps as
changes. Few words that are repeated very often are compared by lines instead."""
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Change(StrEnum):
    """What became of a part."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Part:
    """Some words in a row that share their fate. Removed ones stand before those that took their place."""

    change: Change
    text: str


def differences(old: str, new: str) -> Sequence[Part]:
    """Parts in reading order: without the added ones they are `old`, without the removed ones `new`."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if _is_much(before, after):
        before, after = _LINE.findall(old), _LINE.findall(new)
    if _is_much(before, after):
        before, after = [old], [new]
    parts: list[Part] = []
    for code, i, j, k, m in SequenceMatcher(str.isspace, before, after, autojunk=False).get_opcodes():
        if code == "equal":
            _add(parts, Change.SAME, before[i:j])
        else:
            _add(parts, Change.REMOVED, before[i:j])
            _add(parts, Change.ADDED, after[k:m])
    return parts


def _is_much(before: Sequence[str], after: Sequence[str]) -> bool:
    """Blanks do not count: no part begins with the search for one."""
    if max(len(before), len(after)) > WORDS_MAX:
        return True
    there = Counter(after)
    pairs = sum(times * there[word] for word, times in Counter(before).items() if not word.isspace())
    return pairs > PAIRS_MAX


def _add(parts: list[Part], change: Change, words: Sequence[str]) -> None:
    if words:
        parts.append(Part(change, "".join(words)))

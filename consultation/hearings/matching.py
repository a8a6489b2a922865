"""Which paragraph of a new version is which of the one before: exact words first, then likeness.

It is a proposal. Whoever publishes the version sees it and corrects it, as comments follow it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from consultation.hearings.types import Match

LIKE_MIN: Final = 0.6
"""Share of words in common, in their order, from which on two paragraphs are taken for one."""
_CANDIDATES: Final = 5
"""Compared word by word for each new paragraph, of those that share the most words in any order: the comparison of
one pair is quadratic at worst, and there may be 400 on either side."""


@dataclass(frozen=True)
class Matched:
    """old: index of the earlier paragraph, None for a new one."""

    old: int | None
    how: Match


def match_paragraphs(old: Sequence[str], new: Sequence[str]) -> Sequence[Matched]:
    """For each of `new` the one of `old` that it is. None is used twice."""
    found: dict[int, Matched] = {}
    taken: set[int] = set()
    for before, after in _exact(old, new):
        if before not in taken and after not in found:
            found[after] = Matched(before, Match.EXACT)
            taken.add(before)
    pairs = sorted(
        _alike(
            old,
            new,
            [n for n in range(len(old)) if n not in taken],
            [n for n in range(len(new)) if n not in found],
        )
    )
    for _, before, after in pairs:
        if before not in taken and after not in found:
            found[after] = Matched(before, Match.SIMILAR)
            taken.add(before)
    return [found.get(index, Matched(None, Match.NEW)) for index in range(len(new))]


def _exact(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Equal words: first those in the same order, then those that moved, equal ones in their order."""
    for before, after, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        yield from ((before + step, after + step) for step in range(size))
    places: dict[str, list[int]] = {}
    for index, words in enumerate(old):
        places.setdefault(words, []).append(index)
    for index, words in enumerate(new):
        yield from ((before, index) for before in places.get(words, ()))


def _alike(
    old: Sequence[str], new: Sequence[str], left: Sequence[int], open_: Sequence[int]
) -> Iterator[tuple[tuple[float, float], int, int]]:
    """(order, old, new): the likest first, of equally like ones those that stand nearest."""
    words = {index: old[index].split() for index in left}
    places: dict[str, list[tuple[int, int]]] = {}  # of a word: where it stands, and how often
    for index, each in words.items():
        for word, times in Counter(each).items():
            places.setdefault(word, []).append((index, times))
    for after in open_:
        mine = new[after].split()
        common: dict[int, int] = {}
        for word, times in Counter(mine).items():
            for before, others in places.get(word, ()):
                common[before] = common.get(before, 0) + min(times, others)
        bounds = [(_share(number, mine, words[before]), before) for before, number in common.items()]
        likely = sorted(
            (pair for pair in bounds if pair[0] >= LIKE_MIN), key=lambda pair: (-pair[0], pair[1])
        )
        for _, before in likely[:_CANDIDATES]:
            ratio = SequenceMatcher(None, words[before], mine, autojunk=False).ratio()
            if ratio >= LIKE_MIN:
                apart = abs(before / len(old) - after / len(new))
                yield (-ratio, apart), before, after


def _share(common: int, one: Sequence[str], other: Sequence[str]) -> float:
    return 2 * common / max(len(one) + len(other), 1)

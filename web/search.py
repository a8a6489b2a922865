"""Finding a vote by words as people type them: without accents, with d for đ, in any case."""

import unicodedata

from web.pages.common import VoteRow

WORDS_MAX = 100


def fold(text: str) -> str:
    """What is compared: small letters without marks, one space between words. “Đồng  Sen” is “dong sen”."""
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("đ", "d")
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())


def matching(rows: tuple[VoteRow, ...], sought: str) -> tuple[VoteRow, ...]:
    """Votes that have every word of `sought` in their title or authority, in either language."""
    words = fold(sought).split()
    return tuple(row for row in rows if all(word in _text(row) for word in words))


def _text(row: VoteRow) -> str:
    head = row.head
    return fold(" ".join((head.title.en, head.title.vi, head.authority.en, head.authority.vi)))

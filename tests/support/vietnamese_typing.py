"""What Vietnamese input methods make of typed keys: Telex and VNI, as eager as they can be.

Keys act inside a word; a hyphen, a space or another sign ends it. A key that would do the same again undoes it and is
written itself. Real engines do less than this where they check spelling, and the tests take both: `reach` says how far
back a key looks for the vowel or D that it changes ("word" or "neighbour").
"""

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Method = Literal["telex", "vni"]
Reach = Literal["word", "neighbour"]
METHODS: Final[tuple[Method, ...]] = ("telex", "vni")
REACHES: Final[tuple[Reach, ...]] = ("word", "neighbour")

_ACUTE, _GRAVE, _HOOK, _TILDE, _DOT = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
_CIRCUMFLEX, _BREVE, _HORN, _STROKE = "\u0302", "\u0306", "\u031b", "đ"
_TONES: Final = {
    "telex": {"s": _ACUTE, "f": _GRAVE, "r": _HOOK, "x": _TILDE, "j": _DOT},
    "vni": {"1": _ACUTE, "2": _GRAVE, "3": _HOOK, "4": _TILDE, "5": _DOT},
}
_CLEARS: Final = {"telex": "z", "vni": "0"}
_VOWELS: Final = frozenset("aeiouy")


@dataclass
class _Letter:
    key: str  # as typed, with its case
    mark: str = ""
    tone: str = ""

    @property
    def base(self) -> str:
        return self.key.lower()

    def written(self) -> str:
        if self.mark == _STROKE:
            return "Đ" if self.key.isupper() else "đ"
        return unicodedata.normalize("NFC", self.key + self.mark + self.tone)


def typed_through(keys: str, method: Method, reach: Reach = "word") -> str:
    """What stands in the field after these keys."""
    text, word = "", _Word(method, reach)
    for key in keys:
        if key.isalnum():
            word.press(key)
        else:
            text += word.written() + key
            word = _Word(method, reach)
    return text + word.written()


class _Word:
    def __init__(self, method: Method, reach: Reach) -> None:
        self._method = method
        self._reach = reach
        self._letters: list[_Letter] = []
        self._literal: set[str] = set()

    def written(self) -> str:
        return "".join(letter.written() for letter in self._letters)

    def press(self, key: str) -> None:
        low = key.lower()
        if low not in self._literal:
            if (tone := _TONES[self._method].get(low)) and self._tone(tone, key):
                return
            if low == _CLEARS[self._method] and self._clear():
                return
            if self._mark(key, low):
                return
        self._letters.append(_Letter(key))

    def _within_reach(self, bases: str) -> list[_Letter]:
        letters = self._letters if self._reach == "word" else self._letters[-1:]
        return [letter for letter in letters if letter.base in bases]

    def _tone(self, tone: str, key: str) -> bool:
        vowels = self._within_reach("aeiouy")
        if not vowels:
            return False
        for letter in self._letters:
            if letter.tone == tone:
                letter.tone = ""
                self._undone(key)
                return True
        for letter in self._letters:
            letter.tone = ""
        marked = [letter for letter in vowels if letter.mark]
        (marked or vowels)[-1].tone = tone
        return True

    def _clear(self) -> bool:
        toned = [letter for letter in self._letters if letter.tone]
        for letter in toned:
            letter.tone = ""
        return bool(toned)

    def _mark(self, key: str, low: str) -> bool:
        if self._method == "telex":
            if low == "d":
                return self._put("d", _STROKE, key)
            if low in "aeo":
                return self._put(low, _CIRCUMFLEX, key)
            if low == "w":
                if self._put("ou", _HORN, key) or self._put("a", _BREVE, key):
                    return True
                self._letters.append(_Letter("U" if key.isupper() else "u", _HORN))
                return True
            return False
        found = {"6": ("aeo", _CIRCUMFLEX), "7": ("ou", _HORN), "8": ("a", _BREVE), "9": ("d", _STROKE)}.get(
            low
        )
        return found is not None and self._put(*found, key)

    def _put(self, bases: str, mark: str, key: str) -> bool:
        for letter in reversed(self._within_reach(bases)):
            if letter.mark == mark:
                letter.mark = ""
                if letter.base == "u" and self._method == "telex" and key.lower() == "w":
                    self._letters.remove(letter)  # WW writes W
                self._undone(key)
                return True
            if not letter.mark:
                letter.mark = mark
                return True
        return False

    def _undone(self, key: str) -> None:
        self._letters.append(_Letter(key))
        self._literal.add(key.lower())

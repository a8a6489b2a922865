"""The code in the voter's letter: 26 random symbols (130 bits) and 2 check symbols, in 7 groups of 4.

    check = (the 26 symbols read as one number in base 32, first symbol highest) mod 1021
    symbol 27 = check // 32,  symbol 28 = check mod 32

1021 is prime and above 31, and 32 is a unit modulo it, so every single wrong symbol and every swap of two
neighbours is found; other mistakes slip through once in about a thousand and then fit no credential.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from crypto.crockford import (
    MistypedCode,
    VietnameseKeyboard,
    WrongLength,
    WrongSymbol,
    grouped,
    normalise,
    symbols_of,
    value_of,
)

__all__ = [
    "CheckSymbolsDiffer",
    "MistypedCode",
    "VietnameseKeyboard",
    "VotingCode",
    "WrongLength",
    "WrongSymbol",
    "make_voting_code",
    "parse_voting_code",
]

DATA_SYMBOLS: Final = 26
CHECK_SYMBOLS: Final = 2
CHECK_MODULUS: Final = 1021
GROUP_SYMBOLS: Final = 4


class CheckSymbolsDiffer(MistypedCode):
    """The right number of possible symbols, but at least one is not the printed one."""

    code = "check-symbols-differ"

    def __init__(self) -> None:
        super().__init__(
            "At least one letter or digit is not as printed. Compare the code with the paper, group by group."
        )


@dataclass(frozen=True, repr=False)
class VotingCode:
    """A well-formed voting code. Whoever has it can vote; `repr` does not show it."""

    data: str
    """The 26 symbols from which the credential is derived."""

    @property
    def written(self) -> str:
        """As in the letter: 28 symbols in 7 groups of 4 joined by hyphens."""
        check = value_of(self.data) % CHECK_MODULUS
        return grouped(self.data + symbols_of(check, CHECK_SYMBOLS), GROUP_SYMBOLS)

    def __repr__(self) -> str:
        return "VotingCode(…)"


def make_voting_code() -> VotingCode:
    """A new code from the operating system's generator."""
    return VotingCode(symbols_of(secrets.randbits(5 * DATA_SYMBOLS), DATA_SYMBOLS))


def parse_voting_code(text: str) -> VotingCode:
    """The code that a person typed; case and separators do not matter, O means 0, I and L mean 1.

    Raises (in this order): WrongLength for over 200 characters, VietnameseKeyboard, WrongSymbol,
    WrongLength, CheckSymbolsDiffer.
    """
    symbols = normalise(text, DATA_SYMBOLS + CHECK_SYMBOLS)
    data, check = symbols[:DATA_SYMBOLS], symbols[DATA_SYMBOLS:]
    if value_of(check) != value_of(data) % CHECK_MODULUS:
        raise CheckSymbolsDiffer
    return VotingCode(data)

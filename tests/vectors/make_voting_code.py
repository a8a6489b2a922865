"""Write voting_code.json: `python -m tests.vectors.make_voting_code`."""

from hashlib import sha256
from itertools import product
from typing import Any, Final

from crypto.crockford import ALPHABET, SEPARATORS, symbols_of
from crypto.display_code import display_code
from crypto.voting_code import VotingCode
from tests.support.vietnamese_typing import METHODS, REACHES, typed_through
from tests.vectors.files import write_vectors

KEYBOARD_CODES: Final = 8
"""Codes that are typed through Vietnamese keyboards, each in 16 ways."""

ZEROS = VotingCode("0" * 26)
CODE = VotingCode("01JQ7ZK4M8N2P5R9TVWXYABCDE")
HIGHEST = VotingCode("Z" * 26)


def vectors() -> dict[str, Any]:
    written = CODE.written
    symbols = written.replace("-", "")

    def read(case_id: str, typed: str, code: VotingCode = CODE) -> dict[str, Any]:
        return {"id": case_id, "result": "valid", "typed": typed, "data": code.data, "written": code.written}

    def refused(case_id: str, typed: str, error: str, **details: Any) -> dict[str, Any]:
        return {"id": case_id, "result": "invalid", "error": error, "typed": typed, **details}

    differ, vietnamese = "check-symbols-differ", "vietnamese-keyboard"
    swapped = symbols[:5] + symbols[6] + symbols[5] + symbols[7:]
    cases = [
        read("as-written", written),
        read("all-zeros", ZEROS.written, ZEROS),
        read("highest", HIGHEST.written, HIGHEST),
        read("lower-case", written.lower()),
        read("no-separators", symbols),
        read("spaces", "  " + written.replace("-", " ") + "\n"),
        read("every-separator", "".join(sorted(SEPARATORS)) + written),
        read("no-break-space-and-en-dash", written.replace("-", "\u00a0\u2013\u00a0")),
        read("letter-o-for-zero", written.replace("0", "O", 1)),
        read("small-o-for-zero", written.replace("0", "o", 1)),
        read("letter-i-for-one", written.replace("1", "I", 1)),
        read("small-l-for-one", written.replace("1", "l", 1)),
        read("two-hundred-characters", written + " " * (200 - len(written))),
        refused("two-hundred-and-one", written + " " * (201 - len(written)), "wrong-length"),
        refused("empty", "", "wrong-length", expected=28, found=0),
        refused("only-separators", " - - ", "wrong-length", expected=28, found=0),
        refused("one-missing", written[:-1], "wrong-length", expected=28, found=27),
        refused("one-too-many", written + "0", "wrong-length", expected=28, found=29),
        refused("letter-u", "0U" + symbols[2:], "wrong-symbol", position=2, symbol="U"),
        refused("small-u", "01-u" + symbols[3:], "wrong-symbol", position=3, symbol="u"),
        refused("punctuation", written.replace("-", ".", 1), "wrong-symbol", position=5, symbol="."),
        refused("full-width", "\uff10" + symbols[1:], "wrong-symbol", position=1, symbol="\uff10"),
        refused("dotless-i", "0\u0131" + symbols[2:], "wrong-symbol", position=2, symbol="\u0131"),
        refused("spanish-n", "\u00d1" + symbols[1:], "wrong-symbol", position=1, symbol="\u00d1"),
        refused("wrong-symbol-before-length", "!", "wrong-symbol", position=1, symbol="!"),
        refused("one-symbol-wrong", "1" + symbols[1:], differ),
        refused("neighbours-swapped", swapped, differ),
        refused("first-check-symbol", symbols[:26] + other(symbols[26]) + symbols[27], differ),
        refused("second-check-symbol", symbols[:27] + other(symbols[27]), differ),
        refused("check-not-reduced", "0" * 26 + symbols_of(1021, 2), differ),
        refused("aa-became-a-circumflex", written.replace("YABC", "Y\u00c2BC"), vietnamese),
        refused("dd-became-d-stroke", "\u0111" + symbols[1:], vietnamese),
        refused("capital-d-stroke", "\u0110" + symbols[1:], vietnamese),
        refused("w-became-u-horn", symbols.replace("W", "\u01af"), vietnamese),
        refused("o-horn", "\u01a1" + symbols[1:], vietnamese),
        refused("a-breve", "\u0103" + symbols[1:], vietnamese),
        refused("e-circumflex-tone", "\u1ec7" + symbols[1:], vietnamese),
        refused("tone-mark", "\u00c1" + symbols[1:], vietnamese),
        refused("decomposed-tone-mark", "A\u0301" + symbols[1:], vietnamese),
        refused("decomposed-two-marks", "E\u0302\u0323" + symbols[1:], vietnamese),
        refused("vietnamese-before-wrong-symbol", "!\u00c2", vietnamese),
    ]
    cases += [case for number in range(KEYBOARD_CODES) for case in typed_in_vietnamese(number)]
    digest = bytes(range(0x80, 0xA0))
    return {
        "format": "psephos/voting-code/v1",
        "spec": "docs/PROTOCOL.md, section 2",
        "made_by": "tests/vectors/make_voting_code.py",
        "note": "Checks in order: more than 200 code points, Vietnamese letters, first wrong symbol (position "
        "from 1, separators not counted), length, check symbols.",
        "cases": cases,
        "display_codes": [
            {"digest": each.hex(), "code": display_code(each)}
            for each in (bytes(32), digest, bytes([0xFF] * 32))
        ],
    }


def typed_in_vietnamese(number: int) -> list[dict[str, Any]]:
    """What Telex and VNI make of one code, in every way of typing it."""
    code = VotingCode(symbols_of(int.from_bytes(sha256(number.to_bytes(4, "big")).digest()) % 2**130, 26))
    cases = []
    for method, reach, joined, small in product(METHODS, REACHES, (False, True), (False, True)):
        keys = code.written.replace("-", "") if joined else code.written
        typed = typed_through(keys.lower() if small else keys, method, reach)
        names = (
            method,
            reach,
            "joined" if joined else "grouped",
            "small" if small else "capital",
            str(number),
        )
        case: dict[str, Any] = {"id": "-".join(names), "typed": typed}
        if typed.upper() == keys:
            case |= {"result": "valid", "data": code.data, "written": code.written}
        elif typed.isascii():  # keys were swallowed
            found = len(typed.replace("-", ""))
            case |= {"result": "invalid", "error": "wrong-length", "expected": 28, "found": found}
        else:
            case |= {"result": "invalid", "error": "vietnamese-keyboard"}
        cases.append(case)
    return cases


def other(symbol: str) -> str:
    """The next symbol of the alphabet."""
    return ALPHABET[(ALPHABET.index(symbol) + 1) % 32]


if __name__ == "__main__":
    write_vectors("voting_code", vectors())

"""Write work.json: `python -m tests.vectors.make_work`."""

import hashlib
from typing import Any

from consultation.fraud.work import BITS_LEAST, PIECES, is_solved, leading_zeros, solve
from tests.vectors.files import write_vectors

LINE = f"psephos-work/1.sign-0123456789abcdef.{BITS_LEAST}.1795165200.{'5a' * 16}.{'c3' * 16}"
SMALL = f"psephos-work/1.petition.3.1795165200.{'00' * 16}.{'ff' * 16}"


def vectors() -> dict[str, Any]:
    answer, small = solve(LINE, BITS_LEAST), solve(SMALL, 3)
    first, _, rest = small.partition(",")
    later = next(n for n in range(int(first) + 1, 10_000) if _zeros(SMALL, 0, n) >= 3)
    wrong = next(n for n in range(10_000) if _zeros(SMALL, 0, n) < 3)

    def valid(case_id: str, line: str, bits: int, text: str) -> dict[str, Any]:
        assert is_solved(line, bits, text)
        return {"id": case_id, "result": "valid", "line": line, "bits": bits, "answer": text}

    def invalid(case_id: str, text: str, bits: int = 3) -> dict[str, Any]:
        return {"id": case_id, "result": "invalid", "line": SMALL, "bits": bits, "answer": text}

    return {
        "format": "psephos/proof-of-work/v1",
        "spec": "consultation/fraud/work.py",
        "made_by": "tests/vectors/make_work.py",
        "pieces": PIECES,
        "solved": [
            {"line": LINE, "bits": BITS_LEAST, "answer": answer},
            {"line": SMALL, "bits": 3, "answer": small},
        ],
        "zeros": [
            {"digest": bytes([byte, 255]).hex(), "zeros": leading_zeros(bytes([byte, 255]))}
            for byte in (0, 1, 2, 15, 16, 127, 128, 255)
        ]
        + [{"digest": bytes(32).hex(), "zeros": 256}],
        "answers": [
            valid("least-numbers", SMALL, 3, small),
            valid("another-number-that-does", SMALL, 3, f"{later},{rest}"),
            valid("more-than-asked", SMALL, 2, small),
            invalid("one-piece-wrong", f"{wrong},{rest}"),
            invalid("one-piece-missing", rest),
            invalid("one-piece-too-many", f"{small},0"),
            invalid("harder-than-solved", small, 40),
            invalid("pieces-in-another-order", f"{rest},{first}"),
            invalid("empty", ""),
            invalid("leading-zero", f"0{small}"),
            invalid("sign", f"+{small}"),
            invalid("blank", small.replace(",", ", ", 1)),
            invalid("other-digits", "\u0661," + rest),
            invalid("beyond-53-bits", f"{2**53},{rest}"),
            invalid("exponent", "1e3," + rest),
        ],
    }


def _zeros(line: str, piece: int, number: int) -> int:
    return leading_zeros(hashlib.sha256(f"{line}:{piece}:{number}".encode()).digest())


if __name__ == "__main__":
    write_vectors("work", vectors())

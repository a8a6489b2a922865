"""Write transcript.json: `python -m tests.vectors.make_transcript`."""

from typing import Any

from crypto.transcript import tuple_hash, u32, u64
from tests.vectors.files import write_vectors

TUPLES: list[tuple[str, str, list[bytes], int]] = [
    ("no-items", "body", [], 32),
    ("one-empty-item", "body", [b""], 32),
    ("two-empty-items", "body", [b"", b""], 32),
    ("a-bc", "body", [b"a", b"bc"], 32),
    ("ab-c", "body", [b"ab", b"c"], 32),
    ("abc", "body", [b"abc"], 32),
    ("other-purpose", "sign", [b"a", b"bc"], 32),
    ("long-purpose", "ballot-randomness", [b"seed", b"q/choice 1/-/r", u32(0)], 192),
    ("other-length", "body", [b"a", b"bc"], 33),
    ("shortest-output", "body", [b"a", b"bc"], 8),
    ("item-of-300-bytes", "body", [bytes(range(256)) + bytes(44)], 32),
    ("item-of-8192-bytes", "body", [bytes(8192)], 64),
    ("numbers", "promise", [u32(0), u32(2**32 - 1), u64(0), u64(2**53 - 1), u64(2**64 - 1)], 32),
    ("vietnamese", "body", ["Hà Nội".encode(), "Đà Nẵng".encode()], 32),
]


def vectors() -> dict[str, Any]:
    return {
        "format": "psephos/transcript/v1",
        "spec": "docs/PROTOCOL.md, section 1",
        "made_by": "tests/vectors/make_transcript.py",
        "note": "TupleHash256 with customization psephos/v1/<purpose>; items in hexadecimal. "
        "All outputs differ: no tuple can be read as another.",
        "cases": [
            {
                "id": case_id,
                "result": "valid",
                "purpose": purpose,
                "items": [item.hex() for item in items],
                "length_bytes": length,
                "output": tuple_hash(purpose, items, length).hex(),
            }
            for case_id, purpose, items, length in TUPLES
        ],
    }


if __name__ == "__main__":
    write_vectors("transcript", vectors())

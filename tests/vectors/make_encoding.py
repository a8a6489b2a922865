"""Write encoding.json: `python -m tests.vectors.make_encoding`."""

from typing import Any

from crypto.encoding import encode_base64url, encode_int
from tests.vectors.files import write_vectors


def vectors() -> dict[str, Any]:
    def refused(case_id: str, text: str, length_bytes: int, attack: str) -> dict[str, Any]:
        return {
            "id": case_id,
            "result": "invalid",
            "error": "malformed-encoding",
            "attack": attack,
            "text": text,
            "length_bytes": length_bytes,
        }

    valid_bytes = [bytes(n) for n in range(4)] + [bytes(range(250, 256)), bytes([255] * 32)]
    spelling = "a second spelling of the same value gives a ballot a second tracker"
    return {
        "format": "psephos/encoding/v1",
        "spec": "docs/PROTOCOL.md, section 1",
        "made_by": "tests/vectors/make_encoding.py",
        "bytes": [
            {"id": f"bytes-{n}", "result": "valid", "hex": data.hex(), "text": encode_base64url(data)}
            for n, data in enumerate(valid_bytes)
        ],
        "bytes_refused": [
            refused("trailing-bits-one-byte", "YR", 1, spelling),
            refused("trailing-bits-two-bytes", "YWJ", 2, spelling),
            refused("padding", "YQ==", 1, spelling),
            refused("one-pad", "YWI=", 2, spelling),
            refused("leading-space", " YWJj", 3, spelling),
            refused("inner-space", "YW Jj", 3, spelling),
            refused("inner-newline", "YW\nJj", 3, spelling),
            refused("trailing-newline", "YWJj\n", 3, spelling),
            refused("standard-alphabet-plus", "+/+/", 3, spelling),
            refused("space-instead-of-symbol", "YWJ ", 3, spelling),
            refused("foreign-symbol", "YW*j", 3, "nonsense"),
            refused("full-width", "\uff39WJj", 3, spelling),
            refused("too-short", "YWI", 3, "truncated"),
            refused("too-long", "YWJjZA", 3, "extended"),
            refused("empty", "", 1, "missing"),
            refused("not-empty", "AA", 0, "extended"),
            refused("length-one-over-four", "YWJjZ", 3, "no such base64"),
        ],
        "integers": [
            {
                "id": f"integer-{n}",
                "result": "valid",
                "decimal": str(value),
                "length_bytes": length,
                "text": encode_int(value, length),
            }
            for n, (value, length) in enumerate(
                [(0, 1), (0, 32), (1, 2), (255, 1), (256, 2), (2**255 - 19, 32), (2**256 - 1, 32), (7, 384)]
            )
        ],
        "integers_refused": [
            {"id": "does-not-fit", "decimal": "256", "length_bytes": 1, "error": "out-of-range"},
            {"id": "negative", "decimal": "-1", "length_bytes": 8, "error": "out-of-range"},
        ],
    }


if __name__ == "__main__":
    write_vectors("encoding", vectors())

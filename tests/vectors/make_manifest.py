"""Write manifest.json: `python -m tests.vectors.make_manifest`.

Manifests as text, each with the limit that it breaks. The cases are those of tests/protocol/test_manifest.py, but
for the few that are large.
"""

from typing import Any

from protocol.canonical import encode_canonical
from protocol.leaf import Kind, body_digest
from tests.protocol.test_manifest import HONEST, REFUSED
from tests.support.hostile import as_json, canonical, put_at
from tests.vectors.files import write_vectors

CASE_BYTES_MAX = 8_000


def vectors() -> dict[str, Any]:
    """The whole file."""
    honest = encode_canonical(HONEST)
    cases: list[dict[str, Any]] = [
        {
            "id": "three-questions-three-trustees",
            "result": "valid",
            "body": honest.decode(),
            "digest": body_digest(Kind.MANIFEST, honest).hex(),
            "statement_quorum": HONEST.statement_quorum,
            "witness_quorum": HONEST.witness_quorum,
            "warnings": HONEST.warnings(),
        }
    ]
    for attack, path, wrong, _ in REFUSED:
        value = as_json(HONEST)
        put_at(value, path, wrong)
        body = canonical(value).decode()
        if len(body) <= CASE_BYTES_MAX:
            name = "".join(letter if letter.isalnum() else "-" for letter in attack.lower())
            case = {
                "id": name,
                "result": "invalid",
                "error": "manifest-invalid",
                "attack": attack,
                "body": body,
            }
            cases.append(case)
    return {
        "format": "psephos/manifest-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 1 and 4",
        "made_by": "tests/vectors/make_manifest.py",
        "note": "`body` is the text of a manifest; `digest` is its H_body in hexadecimal.",
        "cases": cases,
    }


if __name__ == "__main__":
    write_vectors("manifest", vectors())

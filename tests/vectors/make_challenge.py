"""Write challenge.json: `python -m tests.vectors.make_challenge`.

Opened ballots as text, for one election. The cases are those of tests/protocol/test_challenge.py, but for
the large one.
"""

import copy
from typing import Any

from protocol.canonical import encode_canonical
from tests.protocol.samples import challenge
from tests.protocol.test_challenge import DIFFERENT, HONEST, MALFORMED
from tests.support.hostile import Path, canonical, put_at, small_election
from tests.vectors.files import write_vectors

CASE_BYTES_MAX = 8_000


def _cases() -> list[dict[str, Any]]:
    honest = encode_canonical(challenge()).decode()
    cases: list[dict[str, Any]] = [{"id": "reopens", "result": "valid", "body": honest}]
    elsewhere: list[tuple[str, Path, Any]] = [
        ("another election", ("election",), "f" * 32),
        ("other terms", ("fingerprint",), "A" * 43),
    ]
    tables = (
        ("challenge-differs", DIFFERENT),
        ("malformed-challenge", MALFORMED),
        ("wrong-election", elsewhere),
    )
    for error, table in tables:
        for attack, path, wrong in table:
            value = copy.deepcopy(HONEST)
            put_at(value, path, wrong)
            body = canonical(value).decode()
            if len(body) <= CASE_BYTES_MAX:
                name = attack.replace(" ", "-")
                cases.append(
                    {"id": name, "result": "invalid", "error": error, "attack": attack, "body": body}
                )
    return cases


def vectors() -> dict[str, Any]:
    """The whole file."""
    election = small_election()
    return {
        "format": "psephos/challenge-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 4, 5 and 9",
        "made_by": "tests/vectors/make_challenge.py",
        "note": "`body` is the text of a challenge; what it opens to is checked against its own `tracker`.",
        "manifest": election.manifest_body.decode(),
        "ceremony": election.ceremony_body.decode(),
        "roll": election.roll_body.decode(),
        "fingerprint": election.terms.fingerprint_text,
        "cases": _cases(),
    }


if __name__ == "__main__":
    write_vectors("challenge", vectors())

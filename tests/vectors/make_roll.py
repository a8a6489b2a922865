"""Write roll.json: `python -m tests.vectors.make_roll`.

Rolls as text, for one manifest. The cases are those of tests/attacks/test_malicious_registrar.py.
"""

import json
from typing import Any

from protocol.leaf import Kind, body_digest
from protocol.roll import decode_roll
from tests.attacks.test_malicious_registrar import ROLL_ATTACKS, STARTED
from tests.support.hostile import canonical, threshold_election
from tests.vectors.files import write_vectors


def vectors() -> dict[str, Any]:
    """The whole file."""
    honest = STARTED[2][1]
    roll = decode_roll(honest, threshold_election().manifest)
    cases: list[dict[str, Any]] = [
        {
            "id": "five-voters-in-two-areas",
            "result": "valid",
            "body": honest.decode(),
            "digest": body_digest(Kind.ROLL, honest).hex(),
            "total_weight": roll.total_weight,
        }
    ]
    for attack, change, _ in ROLL_ATTACKS:
        value = json.loads(honest)
        change(value)
        cases.append(
            {
                "id": attack.replace(" ", "-"),
                "result": "invalid",
                "error": "roll-invalid",
                "attack": attack,
                "body": canonical(value).decode(),
            }
        )
    return {
        "format": "psephos/roll-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 1 and 4",
        "made_by": "tests/vectors/make_roll.py",
        "note": "`body` is the text of a roll for `manifest`; `digest` is its H_body in hexadecimal.",
        "manifest": threshold_election().manifest_body.decode(),
        "cases": cases,
    }


if __name__ == "__main__":
    write_vectors("roll", vectors())

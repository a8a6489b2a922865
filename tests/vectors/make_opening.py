"""Vectors of the key's hash-derived elements and of opening: `python -m tests.vectors.make_opening`.

The key is tests/vectors/keys/threshold-2of3-2048.json. Each run makes new proofs.
"""

from dataclasses import replace
from typing import Any

from crypto import paillier
from crypto.certificate import nth_root_challenges, square_root_challenges
from crypto.hashed_elements import verification_base
from crypto.opening import Opening, combine_openings
from crypto.opening_proof import PartialOpening, open_partially
from tests.support.keys import load_test_key
from tests.vectors.files import write_vectors

KEY = "threshold-2of3-2048"
CONTEXT = b"psephos vector"


def vectors() -> dict[str, Any]:
    """The content of opening.json."""
    record, shares = load_test_key(KEY)
    n = record.n
    ciphertext = paillier.encrypt(n, 2**100 + 1, 3**500 % n)
    partials = {share.index: open_partially(record, share, ciphertext, CONTEXT) for share in shares}
    opening = combine_openings(record, ciphertext, {j: partials[j].x for j in (1, 3)})
    one = partials[1]
    return {
        "format": "psephos/opening/v1",
        "spec": "docs/KEY-CEREMONY.md#5-opening",
        "made_by": "tests/vectors/make_opening.py",
        "key": KEY,
        "elements": {
            "verification_base": hex(verification_base(n)),
            "nth_root_challenges": [hex(x) for x in nth_root_challenges(n)],
            "square_root_challenges": [hex(x) for x in square_root_challenges(n)[:4]],
        },
        "ciphertext": hex(ciphertext),
        "context": CONTEXT.hex(),
        "partial_openings": [
            *(partial_case(f"valid-{j}", "valid", j, partial) for j, partial in partials.items()),
            partial_case("of-another-trustee", "another trustee's proof", 2, one),
            partial_case("answer-doubled", "answer times an element", 1, replace(one, x=one.x * 2 % n)),
            partial_case("answer-negated", "sign of the answer", 1, replace(one, x=n - one.x)),
            partial_case("answer-plus-n", "second spelling of the answer", 1, replace(one, x=one.x + n)),
            partial_case(
                "challenge-changed", "made-up challenge", 1, replace(one, challenge=one.challenge ^ 1)
            ),
            partial_case("response-shifted", "made-up response", 1, replace(one, response=one.response + 1)),
            partial_case("nobody", "trustee that does not exist", 4, one),
        ],
        "openings": [
            opening_case("valid", "valid", opening),
            opening_case(
                "other-plaintext", "false result", replace(opening, plaintext=opening.plaintext + 1)
            ),
            opening_case("other-root", "false root", replace(opening, root=opening.root + 1)),
            opening_case("negated-root", "sign of the root", replace(opening, root=n - opening.root)),
            opening_case(
                "plaintext-plus-n", "second spelling", replace(opening, plaintext=opening.plaintext + n)
            ),
            opening_case("root-plus-n", "second spelling", replace(opening, root=opening.root + n)),
        ],
    }


def partial_case(name: str, attack: str, trustee: int, partial: PartialOpening) -> dict[str, Any]:
    """One partial opening; `attack` is "valid" for the good ones."""
    numbers = {
        "trustee": trustee,
        "x": hex(partial.x),
        "challenge": hex(partial.challenge),
        "response": hex(partial.response),
    }
    return {"id": name, **_verdict(attack, "PartialOpeningFailed"), **numbers}


def opening_case(name: str, attack: str, opening: Opening) -> dict[str, Any]:
    """One opening; `attack` is "valid" for the good one."""
    numbers = {"plaintext": hex(opening.plaintext), "root": hex(opening.root)}
    return {"id": name, **_verdict(attack, "OpeningFailed"), **numbers}


def _verdict(attack: str, error: str) -> dict[str, str]:
    if attack == "valid":
        return {"result": "valid"}
    return {"result": "invalid", "error": error, "attack": attack}


if __name__ == "__main__":
    write_vectors("opening", vectors())

"""The committed vectors of opening: hashes, purposes and ranges stay what they were."""

from typing import Any

import pytest

from crypto.certificate import nth_root_challenges, square_root_challenges
from crypto.hashed_elements import verification_base
from crypto.opening import OpeningFailed, verify_opening
from crypto.opening_proof import PartialOpening, PartialOpeningFailed, verify_partial_opening
from tests.support.keys import load_test_key
from tests.vectors.files import read_vectors

VECTORS = read_vectors("opening")
RECORD, _ = load_test_key(VECTORS["key"])
CIPHERTEXT = int(VECTORS["ciphertext"], 16)


def test_elements_are_derived_as_ever() -> None:
    elements = VECTORS["elements"]
    assert hex(verification_base(RECORD.n)) == elements["verification_base"]
    assert [hex(x) for x in nth_root_challenges(RECORD.n)] == elements["nth_root_challenges"]
    assert [hex(x) for x in square_root_challenges(RECORD.n)[:4]] == elements["square_root_challenges"]


@pytest.mark.parametrize("case", VECTORS["partial_openings"], ids=lambda case: case["id"])
def test_partial_openings(case: dict[str, Any]) -> None:
    partial = PartialOpening(*(int(case[field], 16) for field in ("x", "challenge", "response")))
    arguments = (RECORD, case["trustee"], CIPHERTEXT, partial, bytes.fromhex(VECTORS["context"]))
    if case["result"] == "valid":
        verify_partial_opening(*arguments)
        return
    with pytest.raises(PartialOpeningFailed) as refused:
        verify_partial_opening(*arguments)
    assert type(refused.value).__name__ == case["error"]


@pytest.mark.parametrize("case", VECTORS["openings"], ids=lambda case: case["id"])
def test_openings(case: dict[str, Any]) -> None:
    arguments = (RECORD.n, CIPHERTEXT, int(case["plaintext"], 16), int(case["root"], 16))
    if case["result"] == "valid":
        verify_opening(*arguments)
        return
    with pytest.raises(OpeningFailed) as refused:
        verify_opening(*arguments)
    assert type(refused.value).__name__ == case["error"]

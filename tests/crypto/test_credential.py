"""From code to key."""

from typing import Any

import pytest

from crypto.credential import credential_of
from crypto.display_code import alias
from crypto.errors import MalformedEncoding
from crypto.signature import SigningKey, require_sound_public_key
from crypto.voting_code import VotingCode, parse_voting_code
from tests.vectors.files import read_vectors

CASES = read_vectors("credential")["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_vectors(case: dict[str, Any]) -> None:
    key = credential_of(parse_voting_code(case["written"]), case["election"])
    # The seed in the file was made with HMAC alone, by the text of RFC 5869.
    assert key.public_key == SigningKey.from_seed(bytes.fromhex(case["seed"])).public_key
    assert key.public_key.hex() == case["public_key"]
    assert alias(key.public_key) == case["alias"]
    assert key.sign(bytes.fromhex(case["message"])).hex() == case["signature"]
    require_sound_public_key(key.public_key)


def test_code_and_election_both_decide() -> None:
    assert len({case["public_key"] for case in CASES}) == len(CASES) == 6


@pytest.mark.parametrize("election", ["", "élection"])
def test_impossible_election_ids_are_refused(election: str) -> None:
    with pytest.raises(MalformedEncoding):
        credential_of(VotingCode("0" * 26), election)

"""A ballot that was opened instead of cast: everybody recomputes every byte of it."""

import copy
from typing import Any

import pytest

from crypto.encoding import encode_base64url
from protocol.ballot import BallotInvalid
from protocol.challenge import ChallengeDiffers, decode_challenge, recompute_ballot
from protocol.leaf import Kind, body_digest
from tests.protocol.samples import challenge
from tests.support.elections import voter_key
from tests.support.hostile import (
    Path,
    as_json,
    canonical,
    plus_one,
    put_at,
    small_election,
    threshold_election,
)

TERMS = small_election().terms
HONEST = as_json(challenge())


def altered(path: Path, wrong: object) -> bytes:
    value = copy.deepcopy(HONEST)
    put_at(value, path, wrong)
    return canonical(value)


def test_honest_challenge_gives_its_tracker() -> None:
    body = recompute_ballot(TERMS, decode_challenge(canonical(HONEST)))
    assert encode_base64url(body_digest(Kind.BALLOT, body)) == HONEST["tracker"]


DIFFERENT: list[tuple[str, Path, Any]] = [
    ("another choice", ("answers", 0, "values"), [0, 1, 0]),
    ("blank", ("answers", 0, "values"), [0, 0, 1]),
    ("another approval", ("answers", 1, "values"), [1, 0]),
    ("other points", ("answers", 2, "values"), [1]),
    ("another seed", ("seed",), plus_one(HONEST["seed"])),
    ("another voter", ("credential",), encode_base64url(voter_key(1).public_key)),
    ("another sequence", ("sequence",), 2),
    ("another tracker", ("tracker",), plus_one(HONEST["tracker"])),
]


@pytest.mark.parametrize(
    ("path", "wrong"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT]
)
def test_device_that_encrypted_something_else_is_found(path: Path, wrong: Any) -> None:
    with pytest.raises(ChallengeDiffers) as error:
        recompute_ballot(TERMS, decode_challenge(altered(path, wrong)))
    assert error.value.code == "challenge-differs"


MALFORMED: list[tuple[str, Path, Any]] = [
    ("two choices", ("answers", 0, "values"), [1, 1, 0]),
    ("too few values", ("answers", 0, "values"), [1, 0]),
    ("too many values", ("answers", 0, "values"), [1, 0, 0, 0]),
    ("no values", ("answers", 0, "values"), []),
    ("a hundred thousand values", ("answers", 0, "values"), [0] * 90_000),
    ("more points than allowed", ("answers", 2, "values"), [3]),
    ("negative points", ("answers", 2, "values"), [-1]),
    ("21 points", ("answers", 2, "values"), [21]),
    ("points of 400 digits", ("answers", 2, "values"), [10**399]),
    ("a question missing", ("answers",), HONEST["answers"][:2]),
    ("questions exchanged", ("answers",), HONEST["answers"][::-1]),
    ("a question twice", ("answers",), [*HONEST["answers"], HONEST["answers"][0]]),
    ("short seed", ("seed",), HONEST["seed"][:-4]),
    ("seed with trailing bits", ("seed",), HONEST["seed"][:-1] + "B"),
    ("short tracker", ("tracker",), ""),
    ("long credential", ("credential",), HONEST["credential"] + "AAAA"),
    ("sequence zero", ("sequence",), 0),
]


@pytest.mark.parametrize(
    ("path", "wrong"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_challenge_that_no_ballot_has_is_refused(path: Path, wrong: Any) -> None:
    with pytest.raises(BallotInvalid) as error:
        recompute_ballot(TERMS, decode_challenge(altered(path, wrong)))
    assert error.value.code == "malformed-challenge"


@pytest.mark.parametrize("field", ["election", "fingerprint"])
def test_challenge_of_another_election_is_refused_before_it_is_recomputed(field: str) -> None:
    wrong = "0" * 32 if field == "election" else encode_base64url(bytes(32))
    with pytest.raises(BallotInvalid) as error:
        recompute_ballot(TERMS, decode_challenge(altered((field,), wrong)))
    assert error.value.code == "wrong-election"
    with pytest.raises(BallotInvalid) as other:
        recompute_ballot(threshold_election().terms, decode_challenge(canonical(HONEST)))
    assert other.value.code == "wrong-election"


def test_challenge_over_its_limit_is_not_read() -> None:
    with pytest.raises(BallotInvalid, match="longer than"):
        decode_challenge(b"[" * 200_001)

"""Reading a ballot strictly: exact lengths and counts of this manifest before any arithmetic."""

import copy
from typing import Any

import pytest

from crypto.ballot_seed import BallotSeed
from crypto.batch import verify_claims
from protocol.ballot import (
    BallotInvalid,
    ballot_bytes_max,
    ballot_claims,
    decode_ballot,
    encrypt_ballot,
)
from protocol.errors import AnswerInvalid
from protocol.leaf import Kind, body_digest
from protocol.roll import RollEntry
from tests.protocol.samples import VALUES, sample
from tests.support.elections import choose_one, make_election, make_manifest, voter_key
from tests.support.hostile import Path, as_json, canonical, every_field, get_at, put_at, small_election

TERMS = small_election().terms
RECORD = sample("BallotRecord")
HONEST = as_json(RECORD)


def refused(body: bytes) -> BallotInvalid:
    with pytest.raises(BallotInvalid) as error:
        decode_ballot(TERMS, body)
    return error.value


def altered(path: Path, wrong: object) -> bytes:
    value = copy.deepcopy(HONEST)
    put_at(value, path, wrong)
    return canonical(value)


def test_honest_ballot_is_read_and_its_tracker_is_the_digest_of_its_body() -> None:
    body = canonical(HONEST)
    ballot = decode_ballot(TERMS, body)
    assert ballot.tracker == body_digest(Kind.BALLOT, body)
    assert ballot.credential == voter_key(1).public_key
    assert len(ballot_claims(TERMS, ballot)) == 1 + 3 + 2


def test_longest_ballot_fits_and_one_byte_more_does_not() -> None:
    body = encrypt_ballot(TERMS, VALUES, voter_key(1).public_key, 2**32 - 1, BallotSeed(b"s" * 32))
    assert len(body) == ballot_bytes_max(TERMS)
    assert decode_ballot(TERMS, body).sequence == 2**32 - 1
    error = refused(body + b" ")
    assert error.code == "malformed-ballot"
    assert f"longer than the {len(body)} bytes" in str(error)


@pytest.mark.parametrize("sequence", [0, -1, 2**32, 2**53, 2**64, 10**400])
def test_sequence_beyond_its_range_is_refused(sequence: int) -> None:
    assert refused(altered(("sequence",), sequence)).code == "malformed-ballot"


NUMBERS = [path for path in every_field(RECORD) if path[-1] == "credential" or len(path) > 3]


def test_every_number_of_the_ballot_is_among_the_paths() -> None:
    assert len(NUMBERS) == 1 + 4 + 3 * 16


@pytest.mark.parametrize("path", NUMBERS, ids=lambda path: "-".join(map(str, path)))
def test_number_in_another_length_or_spelling_is_refused(path: Path) -> None:
    held = get_at(HONEST, path)
    spellings = {
        "empty": "",
        "shorter": held[:-4],
        "longer": held + "AAAA",
        "leading zero": "AAAA" + held,
        "one character more": held + "A",
        "one character less": held[:-1],
        "padding": held + "=",
        "hexadecimal": "f" * (len(held) * 3 // 2),
    }
    for what, spelling in spellings.items():
        assert refused(altered(path, spelling)).code == "malformed-ballot", what


def test_trailing_bits_are_refused_in_every_number() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for path in NUMBERS:
        held = get_at(HONEST, path)
        assert len(held) % 4 in {2, 3}  # every length of a record leaves spare bits
        spelling = held[:-1] + letters[letters.index(held[-1]) + 1]
        error = refused(altered(path, spelling))
        assert (error.code, "canonical" in str(error)) == ("malformed-ballot", True)


def test_other_counts_than_the_manifest_gives_are_refused() -> None:
    first = HONEST["answers"][0]
    cases: list[tuple[Path, Any]] = [
        (("answers",), []),
        (("answers",), HONEST["answers"][:2]),
        (("answers",), [*HONEST["answers"], first]),
        (("answers",), [first, first, HONEST["answers"][2]]),
        (("answers",), HONEST["answers"][::-1]),
        (("answers", 0, "question"), "q2"),
        (("answers", 0, "question"), "other"),
        (("answers", 0, "ciphertexts"), []),
        (("answers", 0, "ciphertexts"), first["ciphertexts"] * 2),
        (("answers", 0, "proofs"), []),
        (("answers", 0, "proofs"), first["proofs"] * 2),
        (("answers", 1, "proofs"), HONEST["answers"][1]["proofs"][:-1]),
        (("answers", 1, "ciphertexts"), HONEST["answers"][1]["ciphertexts"][:-1]),
    ]
    for path, wrong in cases:
        assert refused(altered(path, wrong)).code == "malformed-ballot", path


@pytest.mark.parametrize("part", ["a", "e", "z"])
@pytest.mark.parametrize("change", ["missing", "extra", "none"])
def test_missing_or_extra_branch_is_refused_before_arithmetic(part: str, change: str) -> None:
    for answer in range(3):
        for proof in range(len(HONEST["answers"][answer]["proofs"])):
            path = ("answers", answer, "proofs", proof, part)
            branches = get_at(HONEST, path)
            wrong = {"missing": branches[:-1], "extra": [*branches, branches[0]], "none": []}[change]
            error = refused(altered(path, wrong))
            assert error.code == "malformed-ballot"


def test_whole_branch_missing_or_extra_is_refused() -> None:
    for turn in (slice(0, -1), slice(1, None)):
        value = copy.deepcopy(HONEST)
        proof = value["answers"][0]["proofs"][0]
        for part in ("a", "e", "z"):
            proof[part] = proof[part][turn]
        assert "3 branches" in str(refused(canonical(value)))
    value = copy.deepcopy(HONEST)
    proof = value["answers"][0]["proofs"][0]
    for part in ("a", "e", "z"):
        proof[part] = [*proof[part], proof[part][0]]
    assert "longer than" in str(refused(canonical(value)))


@pytest.mark.parametrize("field", ["election", "fingerprint"])
def test_ballot_of_another_election_or_other_terms_is_refused(field: str) -> None:
    wrong = "0" * 32 if field == "election" else "A" * 43
    assert refused(altered((field,), wrong)).code == "wrong-election"
    assert refused(altered(("fingerprint",), "")).code == "wrong-election"


def test_other_format_is_refused() -> None:
    assert refused(altered(("format",), "psephos/ballot/v2")).code == "malformed-ballot"


def test_same_answers_and_seed_give_the_same_bytes() -> None:
    bodies = {
        encrypt_ballot(TERMS, VALUES, voter_key(1).public_key, 1, BallotSeed(seed))
        for seed in (b"s" * 32, b"s" * 32, b"t" * 32)
    }
    assert len(bodies) == 2


def test_answers_that_the_questions_do_not_allow_are_not_encrypted() -> None:
    seed, credential = BallotSeed(b"s" * 32), voter_key(1).public_key
    for values in ([[1, 1, 0], [1, 0], [0]], [[1, 0, 0], [2, 0], [0]], [[1, 0, 0], [1, 0], [3]]):
        with pytest.raises(AnswerInvalid):
            encrypt_ballot(TERMS, values, credential, 1, seed)
    with pytest.raises(BallotInvalid, match="every question"):
        encrypt_ballot(TERMS, VALUES[:2], credential, 1, seed)


def test_ballot_over_several_ciphertexts_is_read_and_proved() -> None:
    """Weights of the largest size: 100 options and the blank one do not fit one ciphertext."""
    entries = [RollEntry(weight=1_000_000, area="all")] * 2
    election = make_election(make_manifest((choose_one(100),)), entries=entries)
    chosen = [0] * 101
    chosen[100] = 1
    body, _ = election.ballot(1, [chosen])
    claims = ballot_claims(election.terms, decode_ballot(election.terms, body))
    assert [len(claim.members) for claim in claims] == [82, 21, 81]
    verify_claims(election.terms.key, claims)

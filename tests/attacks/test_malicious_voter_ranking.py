"""A voter with a program of their own, where options are ranked: more than one ranking, or than a blank vote, holds."""

import copy
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from crypto.encoding import encode_base64url, encode_int
from crypto.membership import verify_membership
from protocol.ballot import ballot_claims, decode_ballot
from protocol.canonical import encode_canonical
from protocol.challenge import ChallengeDiffers, decode_challenge, recompute_ballot
from protocol.leaf import Kind, body_digest
from protocol.ranking import blank_ranking, ranking_values
from protocol.report import CheckName
from tests.attacks.test_malicious_voter import Attack, judge, signed
from tests.support.boards import MemoryBoard
from tests.support.elections import TestElection, voter_key
from tests.support.hostile import Path, canonical, failures, get_at, plus_one, put_at
from tests.support.rankings import EXCHANGES, MATRICES, exchanged, forged_ranking, ranked_election


@pytest.mark.thorough
def test_matrix_that_is_neither_a_ranking_nor_blank_is_refused_however_it_is_proved() -> None:
    election = ranked_election(2)
    attacks = []
    for name, (cells, part) in MATRICES.items():
        body = forged_ranking(election, cells)
        attacks.append(Attack(name, body, signed(body), "membership-failed", f"question q4, {part}:"))
    judge_ranking(election, attacks)


def judge_ranking(election: TestElection, attacks: Sequence[Attack]) -> None:
    judge(election, attacks, control=[blank_ranking(len(election.manifest.questions[0].options))])


def test_control_the_same_program_proves_every_ranking_and_a_blank_vote() -> None:
    election = ranked_election(2)
    for cells in (ranking_values((1, 2)), ranking_values((2, 1)), blank_ranking(2)):
        ballot = decode_ballot(election.terms, forged_ranking(election, cells))
        for claim in ballot_claims(election.terms, ballot):
            verify_membership(election.terms.key, claim)


@cache
def honest() -> Any:
    """An honest ranking of two by voter 1, as JSON."""
    body, _ = ranked_election(2).ballot(1, [ranking_values((2, 1))], seed=b"r" * 32)
    return json.loads(body)


def numbers() -> list[Path]:
    """The path of every ciphertext and of every number of a proof."""
    answer = honest()["answers"][0]
    paths: list[Path] = [("answers", 0, "ciphertexts", i) for i in range(len(answer["ciphertexts"]))]
    for i, proof in enumerate(answer["proofs"]):
        paths += [("answers", 0, "proofs", i, name, j) for name in "aez" for j in range(len(proof[name]))]
    return paths


@pytest.mark.parametrize("responses", [False, True], ids=["all but z", "z"])
def test_ranking_altered_in_any_number_and_signed_again_is_refused(responses: bool) -> None:
    attacks = []
    for path in numbers():
        if (path[-2] == "z") is responses:
            value = copy.deepcopy(honest())
            put_at(value, path, plus_one(get_at(value, path)))
            body = canonical(value)
            attacks.append(Attack(str(path), body, signed(body), "membership-failed", "question q4, "))
    assert len(attacks) == (14 if responses else 5 + 2 * 14)
    judge_ranking(ranked_election(2), attacks)


def test_numbers_outside_their_group_are_refused_alone_and_in_a_product() -> None:
    """A ciphertext that is only right modulo n² has a second spelling: two ballots with one meaning."""
    election = ranked_election(2)
    n2, size = election.terms.key.n2, election.terms.manifest.size
    attacks = []
    for i in range(5):
        value = copy.deepcopy(honest())
        # Of the two numbers that stand for it, the one that fits the length but not the group.
        put_at(value, ("answers", 0, "ciphertexts", i), encode_int(n2 + i, size.n2_bytes))
        body = canonical(value)
        attacks.append(Attack(f"ciphertext {i}", body, signed(body), "malformed-ciphertext", "question q4, "))
    judge_ranking(election, attacks)


def test_cells_and_proofs_in_each_others_places_are_refused() -> None:
    """The same ciphertexts in another order are another ranking: nobody turns a borrowed ballot round."""
    judge_ranking(
        ranked_election(2),
        [
            Attack(name, body := exchanged(honest(), cells, proofs), signed(body), "membership-failed", part)
            for name, (cells, proofs, part) in EXCHANGES.items()
        ],
    )


@pytest.mark.parametrize("less", ["ciphertext", "proof", "branch"])
@pytest.mark.parametrize("change", [-1, 1])
def test_ranking_with_a_part_too_few_or_too_many_is_malformed(less: str, change: int) -> None:
    value = copy.deepcopy(honest())
    answer = value["answers"][0]
    held = {
        "ciphertext": answer["ciphertexts"],
        "proof": answer["proofs"],
        "branch": answer["proofs"][5]["a"],
    }[less]
    if change < 0:
        held.pop()
    else:
        held.append(held[-1])
    body = canonical(value)
    judge_ranking(ranked_election(2), [Attack(less, body, signed(body), "malformed-ballot")])


@pytest.mark.parametrize(
    "values",
    [(0, 1, 1, 0, 0), (0, 0, 0, 0, 1)],
    ids=["another ranking", "blank"],
)
def test_opened_ranking_that_is_not_the_sealed_one_is_reported(values: tuple[int, ...]) -> None:
    """The device sealed one order and opens another."""
    election = ranked_election(2)
    body, _ = election.ballot(1, [ranking_values((1, 2))], seed=b"s" * 32)
    record: dict[str, Any] = {
        "answers": [{"question": "q4", "values": [1, 0, 0, 1, 0]}],
        "credential": encode_base64url(voter_key(1).public_key),
        "election": election.terms.election,
        "fingerprint": election.terms.fingerprint_text,
        "format": "psephos/challenge/v1",
        "seed": encode_base64url(b"s" * 32),
        "sequence": 1,
        "tracker": encode_base64url(body_digest(Kind.BALLOT, body)),
    }
    assert recompute_ballot(election.terms, decode_challenge(encode_canonical(record))) == body  # control
    record["answers"][0]["values"] = list(values)
    with pytest.raises(ChallengeDiffers):
        recompute_ballot(election.terms, decode_challenge(encode_canonical(record)))


# The result of a ranking, published by a server that lies.


def published() -> MemoryBoard:
    """Weights 1, 3, 1, 2: 3 > 1 > 2, 1 > 2 > 3 and again, and blank."""
    board = MemoryBoard(ranked_election()).start()
    for voter, values in enumerate(
        (ranking_values((2, 3, 1)), ranking_values((1, 2, 3)), ranking_values((1, 2, 3)), blank_ranking(3)),
        start=1,
    ):
        board.cast(voter, [values])
    return board


def test_control_everybody_computes_matrix_and_scores() -> None:
    board = published()
    verdict = board.tally([1])
    assert verdict.report.ok, verdict.report
    assert verdict.report.result is not None
    (totals,) = verdict.report.result
    assert totals.matrix == ((4, 1, 0), (0, 4, 1), (1, 0, 4))
    assert [(item.option, item.votes) for item in totals.votes] == [
        ("a1", 4 * 5 + 1 * 2),
        ("a2", 4 * 2),
        ("a3", 1 * 5),
        ("blank", 2),
    ]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("totals", 0, "votes", 0, "votes"), 23),
        (("totals", 0, "votes", 2, "option"), "a2"),
        (("totals", 0, "votes", 3, "votes"), 1),
        (("totals", 0, "matrix", 0), [5, 0, 0]),
        (("totals", 0, "matrix", 1, 2), 0),
        (("totals", 0, "matrix"), []),
    ],
    ids=["score", "option", "blank votes", "row", "cell", "no matrix"],
)
def test_published_ranking_that_is_not_the_recomputed_one_is_refused(path: Path, wrong: object) -> None:
    board = published()
    board.tally([1])
    _, body = board.leaves.pop()
    value = json.loads(body)
    put_at(value, path, wrong)
    index = board.append(Kind.RESULT, canonical(value))
    found = failures(board.verify().report)
    assert list(found) == [CheckName.RESULT]
    assert [entry for entry, _ in found[CheckName.RESULT]] == [index]

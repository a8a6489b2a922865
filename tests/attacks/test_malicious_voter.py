"""A voter with a program of their own, or a thief with a code, and a server that puts anything on the board."""

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from crypto.ballot_seed import BallotSeed
from crypto.encoding import decode_base64url, decode_int, encode_base64url, encode_int
from crypto.key import ElectionKey
from crypto.membership import MembershipClaim, ProofContext, verify_membership
from crypto.signature import SigningKey
from protocol.ballot import ballot_claims, decode_ballot, product_of
from protocol.leaf import Kind, body_digest, make_leaf, sign_body, signed_message
from protocol.manifest import ChooseOne
from protocol.report import CheckName
from protocol.terms import ElectionTerms
from protocol.verification import Options
from tests.protocol.samples import VALUES, challenge, sample, signed_challenge
from tests.support.boards import MemoryBoard
from tests.support.claims import cancelling_claim, crafted_claim
from tests.support.elections import (
    TestElection,
    approval,
    make_election,
    make_manifest,
    options,
    text,
    voter_key,
)
from tests.support.hostile import (
    Path,
    as_json,
    canonical,
    every_field,
    failures,
    get_at,
    plus_one,
    put_at,
    small_election,
)

N = small_election().terms.record.n


@dataclass(frozen=True)
class Attack:
    """One ballot leaf and the reason for which it must not count."""

    name: str
    body: bytes
    signature: bytes
    code: str
    words: str = ""
    time: str = "2026-11-24T12:00:00Z"


def judge(
    election: TestElection,
    attacks: Iterable[Attack],
    exact: bool = False,
    control: Sequence[Sequence[int]] = (),
) -> None:
    """Put the attacks on a board of their own, each between honest ballots, and compare every verdict.

    The control: an honest ballot of the attacked credential (voter 1) after all of them still counts as its first.
    """
    listed = list(attacks)
    board = MemoryBoard(election).start()
    first = len(board.leaves)
    for attack in listed:
        board.leaves.append((make_leaf(Kind.BALLOT, attack.body, attack.time, attack.signature), attack.body))
    last = board.cast(1, control or first_choice(election))
    verdict = board.verify(Options(exact=exact))
    assert verdict.tally is not None
    found: dict[int | None, str] = {}
    for reasons in failures(verdict.report).values():
        for entry, reason in reasons:
            found.setdefault(entry, reason)
    for index, attack in enumerate(listed, start=first):
        assert index in found, f"{attack.name} was counted"
        assert found[index].startswith(f"{attack.code}:"), (attack.name, found[index])
        assert attack.words in found[index], (attack.name, found[index])
    assert sorted(entry for entry in found if entry is not None) == list(range(first, first + len(listed)))
    assert verdict.tally.counted == [last]


def first_choice(election: TestElection) -> list[list[int]]:
    """A plain answer to every question."""
    return [[1] + [0] * (layout.slot_count - 1) for layout in election.terms.layouts]


@cache
def honest() -> Any:
    """An honest first ballot of voter 1, as JSON."""
    body, _ = small_election().ballot(1, VALUES, seed=b"h" * 32)
    return json.loads(body)


def changed(path: Path, wrong: object) -> bytes:
    value = copy.deepcopy(honest())
    put_at(value, path, wrong)
    return canonical(value)


def signed(body: bytes, voter: int = 1) -> bytes:
    return sign_body(Kind.BALLOT, body, voter_key(voter))


# Every field of a signed ballot, from the struct types.

FIELDS = every_field(sample("BallotRecord"))
GUARDS = {
    "credential": "bad-signature",
    "election": "wrong-election",
    "fingerprint": "wrong-election",
    "format": "malformed-ballot",
    "question": "malformed-ballot",
}


def other_value(path: Path) -> object:
    held, name = get_at(honest(), path), path[-1]
    others: dict[object, object] = {
        "credential": encode_base64url(voter_key(2).public_key),
        "election": "f" * 32,
        "format": "psephos/ballot/v2",
        "question": "q9",
        "sequence": 2,
    }
    return others[name] if name in others else plus_one(held)


def test_ballot_altered_in_any_field_after_signing_is_refused() -> None:
    signature = signed(canonical(honest()))
    judge(
        small_election(),
        [
            Attack(
                str(path),
                changed(path, other_value(path)),
                signature,
                GUARDS.get(str(path[-1]), "bad-signature"),
            )
            for path in FIELDS
        ],
    )


@pytest.mark.parametrize("responses", [False, True], ids=["all but z", "z"])
def test_ballot_altered_in_any_field_and_signed_again_is_refused(responses: bool) -> None:
    """Two boards: an altered z alone passes the hash of its proof and costs the exact check of every branch."""
    guards = GUARDS | {"sequence": "wrong-sequence"}
    attacks = []
    for path in FIELDS:
        if (path[-2:-1] == ("z",)) is not responses:
            continue
        body = changed(path, other_value(path))
        # A borrowed ballot is signed by the borrower: only the proofs are in the way.
        borrowed = path[-1] == "credential"
        code = "membership-failed" if borrowed else guards.get(str(path[-1]), "membership-failed")
        attacks.append(Attack(str(path), body, signed(body, 2 if borrowed else 1), code))
    assert len(attacks) == (16 if responses else 44)
    judge(small_election(), attacks)


def test_every_branch_of_every_proof_is_checked_exactly_as_well() -> None:
    paths = [path for path in FIELDS if path[-2:-1] == ("z",)]
    assert len(paths) == 16
    attacks = [
        Attack(str(path), body := changed(path, other_value(path)), signed(body), "membership-failed")
        for path in paths[::5]
    ]
    judge(small_election(), attacks, exact=True)


def number_at(path: Path, value: int) -> bytes:
    return changed(path, encode_int(value, len(get_at(honest(), path)) * 3 // 4))


def test_numbers_outside_their_group_are_refused_before_any_exponentiation() -> None:
    proof = ("answers", 0, "proofs", 0)
    n2, top = N * N, (1 << 4096) - 1
    z = decode_int(get_at(honest(), (*proof, "z", 0)), 256)
    cases: list[tuple[str, Path, int, str]] = [
        ("ciphertext zero", ("answers", 0, "ciphertexts", 0), 0, "malformed-ciphertext"),
        ("ciphertext is n", ("answers", 0, "ciphertexts", 0), N, "malformed-ciphertext"),
        ("ciphertext is n squared", ("answers", 1, "ciphertexts", 1), n2, "malformed-ciphertext"),
        ("ciphertext above n squared", ("answers", 2, "ciphertexts", 0), top, "malformed-ciphertext"),
        ("a zero", (*proof, "a", 0), 0, "malformed-proof"),
        ("a not a unit", (*proof, "a", 1), 7 * N, "malformed-proof"),
        ("a above n squared", (*proof, "a", 2), top, "malformed-proof"),
        ("z zero", (*proof, "z", 0), 0, "malformed-proof"),
        ("z is n", (*proof, "z", 0), N, "malformed-proof"),
        ("z, the other root", (*proof, "z", 0), N - z, "malformed-proof"),
        ("z just above half", (*proof, "z", 2), (N + 1) // 2, "malformed-proof"),
        ("z longest", (*proof, "z", 1), (1 << 2048) - 1, "malformed-proof"),
    ]  # fmt: skip
    judge(
        small_election(),
        [
            Attack(name, body := number_at(path, value), signed(body), code, "question q")
            for name, path, value, code in cases
        ],
    )


# Proofs that were made elsewhere.


@cache
def twin_election() -> TestElection:
    """Two questions of the same shape."""
    twins = tuple(ChooseOne(id=name, text=text(name), options=options(2)) for name in ("left", "right"))
    return make_election(make_manifest(twins))


def test_proof_moved_to_another_question_part_voter_sequence_or_election_is_refused() -> None:
    election = small_election()
    value = honest()
    voter_two = json.loads(election.ballot(2, VALUES, seed=b"2" * 32)[0])
    second = json.loads(election.ballot(1, VALUES, sequence=2, seed=b"n" * 32)[0])
    elsewhere = make_election(
        make_manifest(election.manifest.questions, election="f" * 32),
        entries=list(election.roll.entries.values()),
    )
    foreign = json.loads(elsewhere.ballot(1, VALUES, seed=b"f" * 32)[0])
    relaxed = make_election(
        make_manifest(election.manifest.questions, revoting=False),
        entries=list(election.roll.entries.values()),
    )
    other_terms = json.loads(relaxed.ballot(1, VALUES, seed=b"t" * 32)[0])
    own = {
        "credential": value["credential"],
        "election": value["election"],
        "fingerprint": value["fingerprint"],
    }

    moved: dict[str, Any] = {
        "from another voter": voter_two | own,
        "from a later ballot of the same voter": second | {"sequence": 1},
        "from another election under the same key": foreign | own,
        "from other terms of the same election": other_terms | own,
    }
    part = copy.deepcopy(value)
    answer = part["answers"][1]
    answer["ciphertexts"][1], answer["proofs"][1] = answer["ciphertexts"][0], answer["proofs"][0]
    moved["from option 1 to option 2"] = part
    judge(
        election,
        [
            Attack(name, body := canonical(ballot), signed(body), "membership-failed", "add up")
            for name, ballot in moved.items()
        ],
    )
    # Control: what was moved is good where it belongs.
    board = MemoryBoard(election).start()
    for ballot, voter in ((value, 1), (voter_two, 2), (second, 1)):
        board.append(Kind.BALLOT, canonical(ballot), signed(canonical(ballot), voter))
    assert board.verify().report.ok


def test_proof_moved_to_a_question_of_the_same_shape_is_refused() -> None:
    election = twin_election()
    body, _ = election.ballot(1, [[1, 0, 0], [0, 1, 0]], seed=b"q" * 32)
    value = json.loads(body)
    left, right = value["answers"]
    left["question"], right["question"] = "right", "left"
    value["answers"] = [right, left]
    moved = canonical(value)
    judge(election, [Attack("exchanged", moved, signed(moved), "membership-failed", "choice 1")])


# Forged proofs in an otherwise honest ballot.


def proof_json(claim: MembershipClaim) -> dict[str, list[str]]:
    size = small_election().manifest.size
    return {
        "a": [encode_int(a, size.n2_bytes) for a in claim.proof.a],
        "e": [encode_int(e, 32) for e in claim.proof.e],
        "z": [encode_int(z, size.n_bytes) for z in claim.proof.z],
    }


def with_claim(question: int, part: int, claim: MembershipClaim) -> bytes:
    """The honest ballot with one ciphertext and its proof exchanged."""
    value = copy.deepcopy(honest())
    answer = value["answers"][question]
    answer["ciphertexts"][part] = encode_int(claim.ciphertext, small_election().manifest.size.n2_bytes)
    answer["proofs"][part] = proof_json(claim)
    return canonical(value)


def context(question: str, part: str) -> ProofContext:
    return ProofContext(small_election().terms.fingerprint, question, part, voter_key(1).public_key, 1)


R = (1 << 1024) // 3
Forger = Callable[[ElectionKey, tuple[int, ...], ProofContext], MembershipClaim]


def forgeries(terms: ElectionTerms) -> list[tuple[str, int, int, Forger]]:
    width = terms.layouts[0].slot_bits
    n = terms.record.n

    def encrypting(plaintext: int, position: int = 0) -> Forger:
        return lambda key, members, where: crafted_claim(
            key, members, position, R, key.encrypt(plaintext % n, R), where
        )

    return [
        ("two votes for one option", 0, 0, encrypting(2)),
        ("votes for two options", 0, 0, encrypting(1 + (1 << width))),
        ("no vote", 0, 0, encrypting(0, 2)),
        ("minus one vote", 0, 0, encrypting(-1)),
        ("vote in a slot that does not exist", 0, 0, encrypting(1 << 3 * width, 1)),
        ("two approvals of one option", 1, 0, encrypting(2, 1)),
        ("negative approval", 1, 1, encrypting(-1)),
        ("approval that fills the next option's slot", 1, 0, encrypting(1 << terms.layouts[1].slot_bits)),
        ("points beyond the largest", 2, 0, encrypting(3, 2)),
        ("points that run into the next slot", 2, 0, encrypting(1 << terms.layouts[2].slot_bits, 0)),
        ("half a vote", 1, 0, encrypting(pow(2, -1, n))),
        ("errors of two branches that cancel", 1, 0, lambda key, _, where: cancelling_claim(key, R, where)),
    ]


def test_plaintext_outside_its_set_is_refused_however_it_is_proved() -> None:
    terms = small_election().terms
    attacks = []
    for name, question, part, forge in forgeries(terms):
        layout = terms.layouts[question]
        label, members = layout.proof_sets()[part]
        claim = forge(terms.key, members, context(layout.id, label))
        body = with_claim(question, part, claim)
        attacks.append(Attack(name, body, signed(body), "membership-failed", f"question {layout.id}, "))
    judge(small_election(), attacks)


def test_sum_outside_its_range_is_refused_though_each_option_is_proved() -> None:
    """Approving both options where one is allowed: honest parts, and a forged sum."""
    election = make_election(make_manifest((approval(2, 0, 1),)))
    terms, key, credential = election.terms, election.terms.key, voter_key(1).public_key
    labels = ("option 1", "option 2", "sum")
    where = {name: ProofContext(terms.fingerprint, "q2", name, credential, 1) for name in labels}
    claims = [
        crafted_claim(
            key, (0, 1), 1, r, key.encrypt(1, r), where[label], BallotSeed(label.encode().ljust(32))
        )
        for label, r in (("option 1", R), ("option 2", R + 1))
    ]
    total = product_of([claim.ciphertext for claim in claims], key.n2)
    claims.append(crafted_claim(key, (0, 1), 1, 2 * R + 1, total, where["sum"]))
    ciphertexts = [encode_int(claim.ciphertext, terms.manifest.size.n2_bytes) for claim in claims[:2]]
    value = {
        "answers": [
            {
                "ciphertexts": ciphertexts,
                "proofs": [proof_json(claim) for claim in claims],
                "question": "q2",
            }
        ],
        "credential": encode_base64url(credential),
        "election": terms.election,
        "fingerprint": terms.fingerprint_text,
        "format": "psephos/ballot/v1",
        "sequence": 1,
    }
    body = canonical(value)
    for claim in ballot_claims(terms, decode_ballot(terms, body))[:2]:
        verify_membership(key, claim)  # control: both options hold
    judge(election, [Attack("both approved", body, signed(body), "membership-failed", "question q2, sum")])


# Whose ballot, when, and which one.


def test_ballot_of_nobody_is_refused() -> None:
    election = small_election()
    value = copy.deepcopy(honest())
    stranger = SigningKey.from_seed(b"stranger" * 4)
    value["credential"] = encode_base64url(stranger.public_key)
    body = canonical(value)
    small_order = canonical(value | {"credential": encode_base64url(bytes([1] + [0] * 31))})
    judge(
        election,
        [
            Attack("stranger", body, sign_body(Kind.BALLOT, body, stranger), "unknown-credential"),
            Attack("key of small order", small_order, bytes(64), "unknown-credential"),
        ],
    )


def test_signature_of_another_voter_kind_or_body_is_refused() -> None:
    election, body = small_election(), canonical(honest())
    other, _ = election.ballot(1, VALUES, seed=b"o" * 32)
    digest = body_digest(Kind.BALLOT, body)
    as_challenge = voter_key(1).sign(signed_message(Kind.CHALLENGE, digest))
    raw = voter_key(1).sign(digest)
    good = signed(body)
    order = 2**252 + 27742317777372353535851937790883648493
    malleated = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
    judge(
        election,
        [
            Attack("another voter", body, signed(body, 2), "bad-signature"),
            Attack("another ballot", body, signed(other), "bad-signature"),
            Attack("of a challenge", body, as_challenge, "bad-signature"),
            Attack("of the bare digest", body, raw, "bad-signature"),
            Attack("with S + order", body, malleated, "bad-signature"),
            Attack("zero", body, bytes(64), "bad-signature"),
        ],
    )


def test_ballot_outside_its_window_is_refused() -> None:
    """Leaf times never go back, so two boards: too early, and too late."""
    election, body = small_election(), canonical(honest())
    for time, code in [("2026-11-20T07:59:59Z", "outside-window"), ("2026-11-20T08:00:00Z", None),
                       ("2026-11-30T19:59:59Z", None), ("2026-11-30T20:00:00Z", "outside-window")]:  # fmt: skip
        board = MemoryBoard(election).start()
        board.leaves = [
            (leaf.replace(b"2026-11-24T12:00:00Z", b"2026-11-20T07:00:00Z"), old)
            for leaf, old in board.leaves
        ]
        board.leaves.append((make_leaf(Kind.BALLOT, body, time, signed(body)), body))
        report = board.verify().report
        found = failures(report)
        if code is None:
            assert report.ok
        else:
            assert set(found) == {CheckName.BALLOTS}
            ((entry, reason),) = found[CheckName.BALLOTS]
            assert (entry, reason.split(":")[0]) == (5, code)


def sequences(election: TestElection, numbers: list[int]) -> list[int | None]:
    """Casts voter 1's ballots with these sequence numbers; entries refused, relative to the first ballot."""
    board = MemoryBoard(election).start()
    first = len(board.leaves)
    for sequence in numbers:
        board.cast(1, VALUES, sequence)
    found = failures(board.verify().report).get(CheckName.BALLOTS, [])
    assert all(reason.startswith("wrong-sequence:") for _, reason in found)
    return [None if entry is None else entry - first for entry, _ in found]


def test_thief_cannot_end_the_owners_re_voting_with_a_huge_number() -> None:
    """Was broken: with "greater than the last" the thief's 2^32 - 1 would be the last ballot ever."""
    assert sequences(small_election(), [1, 2**32 - 1, 2, 2**31, 3]) == [1, 3]


def test_gap_repetition_and_step_back_are_refused() -> None:
    assert sequences(small_election(), [2, 1, 1, 3, 2, 1]) == [0, 2, 3, 5]


def test_second_ballot_is_refused_where_re_voting_is_off() -> None:
    assert sequences(small_election(revoting=False), [1, 2, 1]) == [1, 2]


def test_exact_copy_of_a_ballot_does_not_count_again() -> None:
    election, body = small_election(), canonical(honest())
    board = MemoryBoard(election).start()
    first = board.append(Kind.BALLOT, body, signed(body))
    copied = board.append(Kind.BALLOT, body, signed(body))
    verdict = board.verify()
    assert verdict.tally is not None
    assert verdict.tally.counted == [first]
    assert failures(verdict.report) == {
        CheckName.BALLOTS: [
            (
                copied,
                "wrong-sequence: This is numbered ballot 1 of its voting code; the next one is number 2.",
            )
        ]
    }


def test_last_valid_ballot_counts_and_an_invalid_later_one_changes_nothing() -> None:
    election = small_election()
    board = MemoryBoard(election).start()
    board.cast(1, VALUES)
    second = board.cast(1, [[0, 1, 0], [0, 0], [0]], 2)
    third = json.loads(election.ballot(1, VALUES, 3, seed=b"3" * 32)[0])
    put_at(third, ("answers", 0, "proofs", 0, "e", 0), plus_one(third["answers"][0]["proofs"][0]["e"][0]))
    spoilt = board.append(Kind.BALLOT, canonical(third), signed(canonical(third)))
    again = board.cast(1, VALUES, 3)  # the number is still free
    verdict = board.verify()
    assert verdict.tally is not None
    assert verdict.tally.counted == [again]
    assert again != second
    assert [entry for entry, _ in failures(verdict.report)[CheckName.MEMBERSHIP]] == [spoilt]


# Challenges.


def challenge_verdict(board: MemoryBoard) -> list[tuple[int | None, str]]:
    found = failures(board.verify().report)
    assert set(found) <= {CheckName.CHALLENGES}
    return found.get(CheckName.CHALLENGES, [])


def test_honest_challenge_reopens() -> None:
    board = MemoryBoard(small_election()).start()
    board.append(Kind.CHALLENGE, *signed_challenge(challenge()))
    board.cast(5, VALUES)  # another ballot of the same voter, with another seed
    assert challenge_verdict(board) == []


def test_challenge_that_reopens_to_another_tracker_is_reported() -> None:
    board = MemoryBoard(small_election()).start()
    value = as_json(challenge())
    for path, wrong in ((("seed",), plus_one(value["seed"])), (("answers", 0, "values"), [0, 1, 0])):
        altered = copy.deepcopy(value)
        put_at(altered, path, wrong)
        body = canonical(altered)
        index = board.append(Kind.CHALLENGE, body, sign_body(Kind.CHALLENGE, body, voter_key(5)))
        assert challenge_verdict(board)[-1][0] == index
    assert all("do not give this receipt code" in reason for _, reason in challenge_verdict(board))


def test_ballot_that_was_challenged_and_cast_is_reported() -> None:
    election = small_election()
    for cast_first in (True, False):
        board = MemoryBoard(election).start()
        opened = challenge()
        seed = decode_base64url(opened.seed, 32)
        body, signature = election.ballot(5, VALUES, seed=seed)
        leaves = [(Kind.BALLOT, body, signature), (Kind.CHALLENGE, *signed_challenge(opened))]
        for leaf in leaves if cast_first else leaves[::-1]:
            board.append(*leaf)
        at, cast_at = (6, 5) if cast_first else (5, 6)
        assert challenge_verdict(board) == [
            (at, f"This challenged ballot was cast as well (entry {cast_at}).")
        ]


def test_challenge_in_another_voters_name_is_reported() -> None:
    board = MemoryBoard(small_election()).start()
    body, _ = signed_challenge(challenge())
    stranger = SigningKey.from_seed(b"stranger" * 4)
    value = as_json(challenge()) | {"credential": encode_base64url(stranger.public_key)}
    unknown = canonical(value)
    board.append(Kind.CHALLENGE, body, sign_body(Kind.CHALLENGE, body, voter_key(4)))
    board.append(Kind.CHALLENGE, body, sign_body(Kind.BALLOT, body, voter_key(5)))
    board.append(Kind.CHALLENGE, unknown, sign_body(Kind.CHALLENGE, unknown, stranger))
    board.append(Kind.CHALLENGE, canonical(honest()), signed(canonical(honest())))
    reasons = challenge_verdict(board)
    assert [entry for entry, _ in reasons] == [5, 6, 7, 8]
    for (_, reason), words in zip(
        reasons,
        ("signature is not valid", "signature is not valid", "not on the voters' list", "cannot be read"),
        strict=True,
    ):
        assert words in reason


def test_challenge_outside_the_window_is_reported() -> None:
    board = MemoryBoard(small_election()).start()
    body, signature = signed_challenge(challenge())
    board.leaves.append((make_leaf(Kind.CHALLENGE, body, "2026-11-30T20:00:00Z", signature), body))
    ((entry, reason),) = challenge_verdict(board)
    assert (entry, "Ballots are taken from" in reason) == (5, True)


def test_challenge_cannot_pass_as_a_ballot_nor_a_ballot_as_a_challenge() -> None:
    body, signature = signed_challenge(challenge())
    judge(small_election(), [Attack("challenge on a ballot leaf", body, signature, "malformed-ballot")])

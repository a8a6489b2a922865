from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.ballot_seed import BallotSeed
from crypto.batch import find_failures, verify_claims
from crypto.encoding import decode_base64url, decode_int, int_to_bytes
from crypto.errors import OutOfRange
from crypto.key import ElectionKey, mask_bits
from crypto.key_size import KeySize
from crypto.membership import (
    InvalidClaim,
    MalformedCiphertext,
    MalformedProof,
    MembershipClaim,
    MembershipFailed,
    MembershipProof,
    ProofContext,
    challenge,
    check_proof_shape,
    check_shapes,
    prove_membership,
    verify_ciphertext,
    verify_membership,
)
from crypto.transcript import tuple_hash, u32, u64
from tests.support.claims import CONTEXT, honest_claim, put, small_factors, small_key, with_proof
from tests.vectors.files import read_vectors, rendered
from tests.vectors.make_membership import vectors

SETS = [
    (0, 1),
    (1,),
    (0, 1, 2, 3, 4, 5),
    tuple(1 << (12 * j) for j in range(5)),
    (0, *(1 << (9 * j) for j in range(3))),
    (3, 2, 1),
    (0, small_key().n - 1),
]


@settings(deadline=None, max_examples=40)
@given(members=st.sampled_from(SETS), data=st.data())
def test_every_member_of_a_set_can_be_proved(members: tuple[int, ...], data: st.DataObject) -> None:
    claim = honest_claim(members, data.draw(st.integers(0, len(members) - 1)))
    verify_membership(small_key(), claim)
    verify_claims(small_key(), [claim])


def test_every_response_is_the_smaller_root() -> None:
    key = small_key()
    for _ in range(8):
        assert all(1 <= z <= (key.n - 1) // 2 for z in honest_claim((0, 1, 2), 1).proof.z)


def test_product_of_ciphertexts_is_proved_with_the_sum_of_their_randomness() -> None:
    key, seed, size = small_key(), BallotSeed.fresh(b"x"), small_key().size
    choices = [1, 0, 1, 1]
    rs = [seed.blinding("q", f"option {j}", size.blinding_bits) for j in range(4)]
    product = 1
    for value, r in zip(choices, rs, strict=True):
        product = product * key.encrypt(value, r) % key.n2
    members, context = (1, 2, 3), replace(CONTEXT, part="sum")
    proof = prove_membership(
        key, members, 2, sum(rs), product, context, seed.draw("q", "sum"), mask_bits(size, 4)
    )
    verify_membership(key, MembershipClaim(product, members, proof, context))


def test_challenge_hashes_the_whole_statement_in_order() -> None:
    key = small_key()
    items = [b"\x01" * 32, b"budget", b"choice", b"\x02" * 32, u64(1)]
    items += [int_to_bytes(key.n, 96), int_to_bytes(key.h, 96), int_to_bytes(77, 192), u32(2)]
    items += [int_to_bytes(4, 96), int_to_bytes(9, 96), int_to_bytes(5, 192), int_to_bytes(6, 192)]
    expected = int.from_bytes(tuple_hash("membership", items), "big")
    assert challenge(key, 77, (4, 9), (5, 6), CONTEXT) == expected


class RecordedDraw:
    """A source of secret numbers that remembers which were asked for."""

    def __init__(self, answers: dict[str, list[int]]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, str, int, int]] = []

    def __call__(self, position: int, name: str, bits: int, attempt: int) -> int:
        self.asked.append((position, name, bits, attempt))
        return self.answers[name][attempt]


def test_mask_too_small_for_the_randomness_starts_again_with_the_next_numbers() -> None:
    key = small_key()
    length = mask_bits(key.size)
    draw = RecordedDraw({"sigma": [0, 1, (1 << length) - 1], "e": [5, 6, 7]})
    r = (1 << 384) - 1
    c = key.encrypt(1, r)
    proof = prove_membership(key, (0, 1), 1, r, c, CONTEXT, draw, length)
    verify_membership(key, MembershipClaim(c, (0, 1), proof, CONTEXT))
    assert proof.e[0] == 7
    expected = []
    for attempt in range(3):
        expected += [(0, "sigma", length, attempt), (0, "e", 256, attempt), (1, "sigma", length, attempt)]
    assert draw.asked == expected


def test_mask_that_never_suffices_ends_with_a_sentence() -> None:
    key = small_key()
    draw = RecordedDraw({"sigma": [1] * 64, "e": [1] * 64})
    with pytest.raises(OutOfRange, match="too short"):
        prove_membership(key, (0, 1), 0, 1 << 300, key.encrypt(0, 1 << 300), CONTEXT, draw, 768)


@pytest.mark.parametrize(
    ("members", "position", "r", "sentence"),
    [
        ((0, 1), 2, 1, "position"),
        ((0, 1), -1, 1, "position"),
        ((0, 1), 0, -1, "randomness"),
        ((0, 1), 0, 1 << 768, "randomness"),
        ((), 0, 1, "distinct values"),
        ((1, 1), 0, 1, "distinct values"),
        ((-1, 1), 0, 1, "distinct values"),
        ((0, small_key().n), 0, 1, "distinct values"),
    ],
)
def test_prover_refuses_nonsense(members: tuple[int, ...], position: int, r: int, sentence: str) -> None:
    draw = BallotSeed.fresh(b"x").draw("q", "p")
    with pytest.raises(OutOfRange, match=sentence):
        prove_membership(small_key(), members, position, r, 1, CONTEXT, draw, 768)


def test_set_that_is_none_is_the_callers_error_not_the_ballots() -> None:
    claim = replace(honest_claim((0, 1), 0), members=(1, 1))
    for check in (verify_membership, check_proof_shape):
        with pytest.raises(OutOfRange, match="distinct values"):
            check(small_key(), claim)


@pytest.mark.parametrize("changes", [{"fingerprint": b"\0" * 31}, {"credential": b"\0" * 33}])
def test_context_of_wrong_length_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange, match="32 bytes each"):
        replace(CONTEXT, **changes)


@pytest.mark.parametrize("sequence", [-1, 1 << 64])
def test_sequence_outside_64_bits_is_refused(sequence: int) -> None:
    with pytest.raises(OutOfRange, match="sequence number"):
        replace(CONTEXT, sequence=sequence)


# Every number of a proof, moved to every kind of wrong place, and the one reason for which it must be
# refused.
N, N2 = small_key().n, small_key().n2
P = small_factors()[0]
ALTERATIONS: dict[str, tuple[str, Callable[[int], int], type[InvalidClaim], str | None]] = {
    "a zero": ("a", lambda _: 0, MalformedProof, "commitment a must lie"),
    "a negative": ("a", lambda a: a - N2, MalformedProof, "commitment a must lie"),
    "a not reduced": ("a", lambda a: a + N2, MalformedProof, "commitment a must lie"),
    "a not a unit": ("a", lambda a: a * P % N2, MalformedProof, "commitment a must have no factor"),
    "a equals n": ("a", lambda _: N, MalformedProof, "commitment a must have no factor"),
    "a plus one": ("a", lambda a: (a + 1) % N2, MembershipFailed, None),
    "a negated": ("a", lambda a: N2 - a, MembershipFailed, None),
    "a inverted": ("a", lambda a: pow(a, -1, N2), MembershipFailed, None),
    "e negative": ("e", lambda e: e - (1 << 256), MalformedProof, "challenge e must lie"),
    "e not reduced": ("e", lambda e: e + (1 << 256), MalformedProof, "challenge e must lie"),
    "e plus one": ("e", lambda e: (e + 1) % (1 << 256), MembershipFailed, None),
    "z zero": ("z", lambda _: 0, MalformedProof, "response z must lie"),
    "z negative": ("z", lambda z: -z, MalformedProof, "response z must lie"),
    "z the larger root": ("z", lambda z: N - z, MalformedProof, "response z must lie"),
    "z not reduced": ("z", lambda z: z + N, MalformedProof, "response z must lie"),
    "z not a unit": ("z", lambda _: P, MalformedProof, "response z must have no factor"),
    "z another": ("z", lambda z: z - 1 if z > 1 else 2, MembershipFailed, "Branch"),
    "z squared": ("z", lambda z: min(z * z % N, -z * z % N), MembershipFailed, "Branch"),
}


def refusal(claim: MembershipClaim, check: Callable[[MembershipClaim], None]) -> InvalidClaim:
    with pytest.raises(InvalidClaim) as refused:
        check(claim)
    return refused.value


def all_refusals(claim: MembershipClaim, key: ElectionKey | None = None) -> list[InvalidClaim]:
    """What the exact verifier, the door and the batch say about a claim (each must refuse it)."""
    key = key or small_key()
    failures = find_failures(key, [[claim]])
    assert [(failure.ballot_index, failure.claim_index) for failure in failures] == [(0, 0)]
    exact = refusal(claim, lambda one: verify_membership(key, one))
    door = refusal(claim, lambda one: verify_claims(key, [one]))
    return [exact, door, failures[0].reason]


@settings(deadline=None, max_examples=100)
@given(
    name=st.sampled_from(sorted(ALTERATIONS)),
    members=st.sampled_from([(0, 1), (1,), (0, 1, 2), (1, 1 << 20, 1 << 40, 1 << 60)]),
    data=st.data(),
)
def test_proof_altered_in_one_number_is_refused_for_that_reason(
    name: str, members: tuple[int, ...], data: st.DataObject
) -> None:
    field, alter, error, sentence = ALTERATIONS[name]
    claim = honest_claim(members, data.draw(st.integers(0, len(members) - 1), label="true position"))
    verify_membership(small_key(), claim)  # control: unaltered, it passes
    numbers = getattr(claim.proof, field)
    position = data.draw(st.integers(0, len(members) - 1), label="altered position")
    altered = put(numbers, position, alter(numbers[position]))
    bad = replace(claim, proof=replace(claim.proof, **{field: altered}))
    for refused in all_refusals(bad):
        assert type(refused) is error
        if sentence == "Branch":
            assert isinstance(refused, MembershipFailed)
            assert refused.branch == position
        elif sentence is not None:
            assert f"Branch {position}: " in str(refused)
            assert sentence in str(refused)
        else:
            assert "do not add up" in str(refused)


CIPHERTEXTS: dict[str, tuple[Callable[[int], int], type[InvalidClaim], str]] = {
    "zero": (lambda _: 0, MalformedCiphertext, "must lie between"),
    "negative": (lambda c: c - N2, MalformedCiphertext, "must lie between"),
    "not reduced": (lambda c: c + N2, MalformedCiphertext, "must lie between"),
    "not a unit": (lambda c: c * P % N2, MalformedCiphertext, "no factor in common"),
    "re-randomised": (lambda c: c * pow(2, N, N2) % N2, MembershipFailed, "do not add up"),
    "negated": (lambda c: N2 - c, MembershipFailed, "do not add up"),
    "one more vote": (lambda c: c * (1 + N) % N2, MembershipFailed, "do not add up"),
}


@pytest.mark.parametrize("name", CIPHERTEXTS)
def test_altered_ciphertext_is_refused_for_that_reason(name: str) -> None:
    alter, error, sentence = CIPHERTEXTS[name]
    claim = honest_claim((0, 1), 1)
    for refused in all_refusals(replace(claim, ciphertext=alter(claim.ciphertext))):
        assert type(refused) is error
        assert sentence in str(refused)


CONTEXTS: dict[str, dict[str, Any]] = {
    "election": {"fingerprint": b"\x09" * 32},
    "question": {"question": "mayor"},
    "part": {"part": "sum"},
    "voter": {"credential": b"\x09" * 32},
    "sequence": {"sequence": 2},
    "boundary between names": {"question": "budgetc", "part": "hoice"},
}


@pytest.mark.parametrize("place", CONTEXTS)
def test_proof_moved_elsewhere_is_refused(place: str) -> None:
    claim = honest_claim((0, 1), 1)
    for refused in all_refusals(replace(claim, context=replace(CONTEXT, **CONTEXTS[place]))):
        assert isinstance(refused, MembershipFailed)
        assert "do not add up" in str(refused)


def without_last(proof: MembershipProof) -> MembershipProof:
    return MembershipProof(proof.a[:-1], proof.e[:-1], proof.z[:-1])


COUNTS: dict[str, Callable[[MembershipProof], MembershipProof]] = {
    "branch missing": without_last,
    "all missing": lambda _: MembershipProof((), (), ()),
    "branch twice": lambda proof: MembershipProof(
        (*proof.a, proof.a[0]), (*proof.e, proof.e[0]), (*proof.z, proof.z[0])
    ),
    "a missing": lambda proof: replace(proof, a=proof.a[:-1]),
    "e missing": lambda proof: replace(proof, e=proof.e[:-1]),
    "z missing": lambda proof: replace(proof, z=proof.z[:-1]),
    "z too many": lambda proof: replace(proof, z=(*proof.z, 1)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_wrong_number_of_branches_is_refused(name: str) -> None:
    claim = honest_claim((0, 1, 2), 1)
    for refused in all_refusals(replace(claim, proof=COUNTS[name](claim.proof))):
        assert type(refused) is MalformedProof
        assert "exactly 3 branches" in str(refused)


def test_set_in_another_order_or_with_another_member_is_refused() -> None:
    claim = honest_claim((0, 1, 2), 1)
    proof = claim.proof
    turned = replace(
        claim, members=(2, 1, 0), proof=MembershipProof(proof.a[::-1], proof.e[::-1], proof.z[::-1])
    )
    for bad in (turned, replace(claim, members=(2, 1, 0)), replace(claim, members=(0, 1, 3))):
        for refused in all_refusals(bad):
            assert isinstance(refused, MembershipFailed)
            assert "do not add up" in str(refused)


def test_challenges_that_add_up_otherwise_fail_in_their_branch() -> None:
    claim = honest_claim((0, 1), 1)
    e = claim.proof.e
    shifted = with_proof(claim, e=((e[0] + 1) % (1 << 256), (e[1] - 1) % (1 << 256)))
    for refused in all_refusals(shifted):
        assert isinstance(refused, MembershipFailed)
        assert refused.branch == 0


def test_units_of_many_claims_are_checked_at_once_and_the_culprit_is_named() -> None:
    good, other = honest_claim((0, 1), 1), honest_claim((0, 1), 0)
    bad = with_proof(other, z=put(other.proof.z, 1, P))
    check_shapes(small_key(), [good, other])
    with pytest.raises(MalformedProof, match="Branch 1: the response z"):
        check_shapes(small_key(), [good, bad])


@pytest.mark.parametrize("c", [0, N2, N2 + 1, -1])
def test_ciphertext_outside_the_group_is_refused(c: int) -> None:
    with pytest.raises(MalformedCiphertext, match="must lie between"):
        verify_ciphertext(small_key(), c)


@pytest.mark.parametrize("c", [N, P, N2 - P])
def test_ciphertext_that_is_no_unit_is_refused(c: int) -> None:
    with pytest.raises(MalformedCiphertext, match="no factor in common"):
        verify_ciphertext(small_key(), c)


def test_error_codes_are_stable() -> None:
    codes = [error.code for error in (MalformedCiphertext, MalformedProof, MembershipFailed)]
    assert codes == ["malformed-ciphertext", "malformed-proof", "membership-failed"]


VECTORS = read_vectors("membership")
SIZE = KeySize(VECTORS["key"]["bits"])
VECTOR_KEY = ElectionKey.derive(
    decode_int(VECTORS["key"]["n"], SIZE.n_bytes), VECTORS["key"]["election"], SIZE
)


def decoded(case: Any) -> MembershipClaim:
    context = case["context"]
    return MembershipClaim(
        ciphertext=decode_int(case["ciphertext"], SIZE.n2_bytes),
        members=tuple(decode_int(member, SIZE.n_bytes) for member in case["members"]),
        proof=MembershipProof(
            a=tuple(decode_int(a, SIZE.n2_bytes) for a in case["proof"]["a"]),
            e=tuple(decode_int(e, 32) for e in case["proof"]["e"]),
            z=tuple(decode_int(z, SIZE.n_bytes) for z in case["proof"]["z"]),
        ),
        context=ProofContext(
            fingerprint=decode_base64url(context["fingerprint"], 32),
            question=context["question"],
            part=context["part"],
            credential=decode_base64url(context["credential"], 32),
            sequence=context["sequence"],
        ),
    )


def cases(section: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in VECTORS[section]]


def test_vector_bases() -> None:
    assert VECTOR_KEY.h == decode_int(VECTORS["key"]["h"], SIZE.n_bytes)
    assert decode_int(VECTORS["key"]["H"], SIZE.n2_bytes) == VECTOR_KEY.H


@pytest.mark.parametrize("case", cases("randomness"))
def test_vector_randomness(case: Any) -> None:
    seed = BallotSeed(decode_base64url(case["seed"], 32))
    value = seed.value(case["label"], case["i"], case["bits"])
    assert value == decode_int(case["value"], (case["bits"] + 7) // 8)


@pytest.mark.parametrize("case", cases("encryptions"))
def test_vector_encryption(case: Any) -> None:
    value, r = decode_int(case["value"], SIZE.n_bytes), decode_int(case["r"], SIZE.n_bytes // 2)
    assert VECTOR_KEY.encrypt(value, r) == decode_int(case["ciphertext"], SIZE.n2_bytes)


@pytest.mark.parametrize("case", [param for param in cases("cases") if "prover" in param.values[0]])
def test_vector_proof_is_reproduced_byte_for_byte(case: Any) -> None:
    claim, prover = decoded(case), case["prover"]
    seed = BallotSeed(decode_base64url(prover["seed"], 32))
    length = prover["mask_bits"]
    r = decode_int(prover["r"], (length + 7) // 8)
    if prover["r_labels"]:
        assert r == sum(seed.value(label, 0, SIZE.blinding_bits) for label in prover["r_labels"])
    attempts: list[int] = []
    draw = seed.draw(claim.context.question, claim.context.part)

    def counted(position: int, name: str, bits: int, attempt: int) -> int:
        attempts.append(attempt)
        return draw(position, name, bits, attempt)

    proof = prove_membership(
        VECTOR_KEY, claim.members, prover["position"], r, claim.ciphertext, claim.context, counted, length
    )
    assert proof == claim.proof
    assert max(attempts) == prover["attempt"]


@pytest.mark.parametrize("case", cases("cases"))
def test_vector_verdict(case: Any) -> None:
    claim = decoded(case)
    if case["result"] == "valid":
        verify_membership(VECTOR_KEY, claim)
        verify_claims(VECTOR_KEY, [claim])
        assert find_failures(VECTOR_KEY, [[claim]]) == []
    else:
        for refused in all_refusals(claim, VECTOR_KEY):
            assert refused.code == case["error"]
            if "branch" in case:
                assert isinstance(refused, MembershipFailed)
                assert refused.branch == case["branch"]


def test_vectors_are_what_their_script_makes() -> None:
    assert rendered(vectors()) == rendered(VECTORS)

"""A voter who writes the program that proves: two votes in one ballot, another's vote copied, verifiers set
at odds."""

from dataclasses import replace
from math import prod

import phe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.ballot_seed import BallotSeed
from crypto.batch import find_failures, verify_claims
from crypto.key import ElectionKey
from crypto.membership import (
    InvalidClaim,
    MembershipClaim,
    MembershipFailed,
    MembershipProof,
    challenge,
    check_branches,
    check_challenges,
    verify_membership,
)
from crypto.numbers import mpz
from tests.support.claims import (
    CONTEXT,
    CRAFT_SEED,
    ELECTION,
    cancelling_claim,
    crafted_claim,
    first_prime,
    honest_claim,
    simulated_commitment,
    small_factors,
    small_key,
    smaller,
    with_proof,
)
from tests.support.small_keys import SmallKeySize

KEY = small_key()
R = (1 << 384) // 3


def require_refused(claim: MembershipClaim, branch: int | None) -> None:
    """Exact verifier, door and batch refuse the claim, all for the same reason."""
    failures = find_failures(KEY, [[claim]])
    assert len(failures) == 1
    reasons: list[InvalidClaim] = [failures[0].reason]
    with pytest.raises(InvalidClaim) as exact:
        verify_membership(KEY, claim)
    with pytest.raises(InvalidClaim) as door:
        verify_claims(KEY, [claim])
    reasons += [exact.value, door.value]
    for reason in reasons:
        assert isinstance(reason, MembershipFailed)
        assert reason.branch == branch


def require_accepted(claim: MembershipClaim) -> None:
    verify_membership(KEY, claim)
    verify_claims(KEY, [claim])
    assert find_failures(KEY, [[claim]]) == []


MEMBERS = (0, 1, 1 << 20, 1 << 40)
wrong_plaintexts = st.one_of(
    st.sampled_from([2, 3, (1 << 20) + 1, 1 << 60, KEY.n - 1, KEY.n // 2]), st.integers(0, KEY.n - 1)
).filter(lambda value: value not in MEMBERS)


@settings(deadline=None, max_examples=40)
@given(value=wrong_plaintexts, position=st.integers(0, 3), seed=st.binary(min_size=32, max_size=32))
def test_wrong_plaintext_fails_in_the_branch_that_could_not_be_simulated(
    value: int, position: int, seed: bytes
) -> None:
    forged = crafted_claim(KEY, MEMBERS, position, R, KEY.encrypt(value, R), CONTEXT, BallotSeed(seed))
    require_refused(forged, branch=position)


def test_control_the_same_program_proves_a_true_plaintext() -> None:
    for position, value in enumerate(MEMBERS):
        require_accepted(crafted_claim(KEY, MEMBERS, position, R, KEY.encrypt(value, R)))


@settings(deadline=None, max_examples=20)
@given(value=wrong_plaintexts, es=st.lists(st.integers(0, (1 << 256) - 1), min_size=4, max_size=4))
def test_wrong_plaintext_with_every_branch_simulated_fails_in_the_sum(value: int, es: list[int]) -> None:
    c, z = KEY.encrypt(value, R), (2, 3, 5, 7)
    a = tuple(simulated_commitment(KEY, c, m, e, root) for m, e, root in zip(MEMBERS, es, z, strict=True))
    forged = MembershipClaim(c, MEMBERS, MembershipProof(a, tuple(es), z), CONTEXT)
    check_branches(KEY, forged)  # every branch holds; only the hash is in the way
    require_refused(forged, branch=None)


def one_exponent_for_the_ballot_accepts(claim: MembershipClaim) -> bool:
    """The batch equation as it must not be: the same δ for all branches of a ballot, here δ = 1."""
    proof, n, n2 = claim.proof, KEY.n, KEY.n2
    shift = 1 - sum(m * e for m, e in zip(claim.members, proof.e, strict=True)) % n * n
    left = pow(prod(proof.z), n, n2) * pow(claim.ciphertext, sum(proof.e), n2) * shift % n2
    return (left * left - prod(proof.a) ** 2) % n2 == 0


def test_two_votes_whose_errors_cancel_inside_a_ballot_are_refused() -> None:
    assert one_exponent_for_the_ballot_accepts(honest_claim((0, 1), 1))  # control
    for number in range(5):
        forged = cancelling_claim(KEY, R, seed=BallotSeed(bytes([number]) * 32))
        assert forged.ciphertext == KEY.encrypt(2, R)
        check_challenges(KEY, forged)
        assert one_exponent_for_the_ballot_accepts(forged)
        for _ in range(5):  # whatever exponents the verifier draws
            require_refused(forged, branch=0)


def test_errors_that_cancel_between_ballots_of_one_batch_are_refused() -> None:
    def spoil(a: list[int], factor: int) -> list[int]:
        return [a[0] * factor % KEY.n2, *a[1:]]

    factor, inverse = 1 + KEY.n, 1 - KEY.n
    first = crafted_claim(KEY, (0, 1), 1, R, KEY.encrypt(1, R), twist=lambda a: spoil(a, factor))
    second = crafted_claim(KEY, (0, 1), 1, R, KEY.encrypt(1, R), twist=lambda a: spoil(a, inverse))
    failures = find_failures(KEY, [[first], [second]])
    assert [failure.ballot_index for failure in failures] == [0, 1]
    assert all(isinstance(failure.reason, MembershipFailed) for failure in failures)


def test_copied_vote_is_refused_though_re_randomised_so_that_every_branch_holds() -> None:
    victim = honest_claim((0, 1), 1)
    s = 123456789
    proof = victim.proof
    z = tuple(
        smaller(KEY, root * pow(KEY.h, -s * e, KEY.n)) for root, e in zip(proof.z, proof.e, strict=True)
    )
    copied = replace(with_proof(victim, z=z), ciphertext=victim.ciphertext * pow(KEY.H, s, KEY.n2) % KEY.n2)
    check_branches(KEY, copied)
    require_refused(copied, branch=None)
    require_refused(replace(copied, context=replace(CONTEXT, credential=b"\x05" * 32)), branch=None)


@pytest.mark.parametrize("negated", [(0,), (1,), (0, 1)])
def test_negated_commitments_get_one_verdict_from_all_verifiers(negated: tuple[int, ...]) -> None:
    # Without the squares, the exact verifier refused this and a batch accepted an even number of negations.
    def negate(a: list[int]) -> list[int]:
        return [KEY.n2 - number if j in negated else number for j, number in enumerate(a)]

    c = KEY.encrypt(1, R)
    before = crafted_claim(KEY, (0, 1), 1, R, c, twist=negate)
    require_accepted(before)
    honest = crafted_claim(KEY, (0, 1), 1, R, c)
    require_refused(with_proof(honest, a=tuple(negate(list(honest.proof.a)))), branch=None)
    others = [[honest_claim((0, 1), 0)] for _ in range(3)]
    for _ in range(10):
        assert find_failures(KEY, [*others, [before]]) == []


def element_of_order_three() -> int:
    """Only with the factors: ω ≡ 1 modulo p², of order 3 modulo q²."""
    p, q = small_factors()
    base = 2
    while True:
        omega = pow(base, q * (q - 1) // 3, q * q)
        if omega != 1:
            return 1 + p * p * ((omega - 1) * pow(p * p, -1, q * q) % (q * q))
        base += 1


def batch_acceptances(claim: MembershipClaim, runs: int) -> int:
    accepted = 0
    for _ in range(runs):
        try:
            verify_claims(KEY, [claim])
        except MembershipFailed:
            continue
        accepted += 1
    return accepted


def test_small_order_error_passes_some_batches_but_never_with_a_wrong_plaintext() -> None:
    # All trustees together know the factors. With them a voter can spoil a proof by an element ω of order 3:
    # a batch then sees it two times in three, the exact equation always. What it cannot do is carry another
    # plaintext.
    omega = element_of_order_three()
    assert omega != 1
    assert pow(omega, 3, KEY.n2) == 1

    def spoil(a: list[int]) -> list[int]:
        return [a[0] * omega % KEY.n2, *a[1:]]

    true = crafted_claim(KEY, (0, 1), 1, R, KEY.encrypt(1, R), twist=spoil)
    with pytest.raises(MembershipFailed) as refused:
        verify_membership(KEY, true)
    assert refused.value.branch == 0
    # 30 expected of 90; outside these bounds less than once in ten million runs.
    assert 6 <= batch_acceptances(true, 90) <= 56

    wrong = crafted_claim(KEY, (0, 1), 1, R, KEY.encrypt(2, R), twist=spoil)
    with pytest.raises(MembershipFailed):
        verify_membership(KEY, wrong)
    assert batch_acceptances(wrong, 90) == 0


def test_batch_whose_halves_both_pass_is_checked_branch_by_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    omega = element_of_order_three()
    bad = crafted_claim(KEY, (1,), 0, R, KEY.encrypt(1, R), twist=lambda a: [a[0] * omega % KEY.n2])
    ballots = [[honest_claim((1,), 0)] for _ in range(8)] + [[bad]]
    # Exponents of 1 show the element of order 3, exponents of 3 hide it: nine for the whole, then those of
    # the halves.
    drawn: list[int] = []

    def unlucky(_bits: int) -> int:
        drawn.append(1 if len(drawn) < len(ballots) else 3)
        return drawn[-1]

    monkeypatch.setattr("secrets.randbits", unlucky)
    failures = find_failures(KEY, ballots)
    assert drawn == [1] * 9 + [3] * 9
    assert [failure.ballot_index for failure in failures] == [8]
    assert isinstance(failures[0].reason, MembershipFailed)


def key_with_small_factor() -> tuple[ElectionKey, int, int]:
    """What only a conspiracy of all trustees could make, and worse: a factor of 12 bits instead of almost
    256."""
    p = first_prime(1 << 11, 3, 4)
    q = first_prime((3 << 766) // p, 3, 4)
    return ElectionKey.derive(p * q, ELECTION, SmallKeySize(768)), p, q


def forge_with_small_factor(key: ElectionKey, value: int, t: int, p: int, q: int) -> MembershipClaim:
    """A proof that Enc(value + t·q) holds `value`: the error t·q·n·(e - e') vanishes when p divides e -
    e'."""
    c = key.encrypt((value + t * q) % key.n, R)
    sigma = CRAFT_SEED.value("forge", t, 768)
    a = key.H_table.power(sigma)
    step, n2 = mpz(key.H), mpz(key.n2)
    while True:  # about p attempts: guess e' = 0 modulo p
        a, sigma = a * step % n2, sigma + 1
        e = challenge(key, c, (value,), (int(a),), CONTEXT)
        if e % p == 0:
            z = smaller(key, pow(key.h, sigma - R * e, key.n))
            return MembershipClaim(c, (value,), MembershipProof((int(a),), (e,), (z,)), CONTEXT)


def test_slot_overflow_by_a_small_factor_cannot_reach_a_tally_that_unpacks() -> None:
    # Membership is sound modulo the factors above 2^256. Should a factor be smaller, forged ballots exist:
    # here are some. Their plaintexts are off by multiples of q = n/p > 2^(bits - 257), while a tally unpacks
    # only below B^k ≤ 2^(bits - 258). So a forged total is either refused, or the errors sum to 0 mod n and
    # it is right.
    key, p, q = key_with_small_factor()
    forged = {t: forge_with_small_factor(key, 1, t, p, q) for t in (1, 2, p - 1)}
    for claim in forged.values():
        verify_membership(key, claim)
        verify_claims(key, [claim])
    private = phe.PaillierPrivateKey(phe.PaillierPublicKey(key.n), p, q)
    largest_tally = 1 << (key.size.bits - 256 - 2)
    for combination in ((1,), (2,), (p - 1,), (1, 1), (1, 2), (2, p - 1), (2, 2, 2), (1, p - 1)):
        product = prod(forged[t].ciphertext for t in combination) % key.n2
        total = private.raw_decrypt(product)
        if sum(combination) % p == 0:
            assert total == len(combination)
        else:
            assert total >= q > largest_tally

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crypto.batch
import crypto.multiexp
from crypto.batch import BatchInconsistent, find_failures, find_first_failure, verify_claims
from crypto.key import ElectionKey
from crypto.membership import (
    InvalidClaim,
    MalformedCiphertext,
    MalformedProof,
    MembershipClaim,
    MembershipFailed,
    check_branches,
    verify_membership,
)
from tests.support.claims import CONTEXT, honest_claim, put, small_key, with_proof

KEY = small_key()

# Each ballot: a choice, an approval and a number of points.
BALLOTS = [
    [
        honest_claim(tuple(1 << (10 * j) for j in range(4)), i % 4, replace(CONTEXT, sequence=i)),
        honest_claim((0, 1), i % 2, replace(CONTEXT, part="option 1", sequence=i)),
        honest_claim((0, 1, 2), i % 3, replace(CONTEXT, part="points", sequence=i)),
    ]
    for i in range(21)
]

FAULTS: dict[str, Callable[[MembershipClaim], MembershipClaim]] = {
    "shape": lambda claim: with_proof(claim, z=put(claim.proof.z, 0, 0)),
    "unit": lambda claim: with_proof(claim, a=put(claim.proof.a, 0, KEY.n)),
    "ciphertext": lambda claim: replace(claim, ciphertext=KEY.n),
    "moved": lambda claim: replace(claim, context=replace(claim.context, sequence=99)),
    "branch": lambda claim: with_proof(claim, z=put(claim.proof.z, 1, 2)),
}


def exact_refusal(claim: MembershipClaim) -> InvalidClaim | None:
    try:
        verify_membership(KEY, claim)
    except InvalidClaim as refused:
        return refused
    return None


def test_nothing_holds() -> None:
    assert find_failures(KEY, []) == []
    assert find_failures(KEY, [[], []]) == []
    verify_claims(KEY, [])
    assert find_first_failure(KEY, []) is None


def test_honest_ballots_hold() -> None:
    assert find_failures(KEY, BALLOTS) == []
    for claims in BALLOTS:
        verify_claims(KEY, claims)
        assert find_first_failure(KEY, claims) is None


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(1, len(BALLOTS)),
    faults=st.dictionaries(
        st.tuples(st.integers(0, len(BALLOTS) - 1), st.integers(0, 2)),
        st.sampled_from(sorted(FAULTS)),
        max_size=6,
    ),
)
def test_exactly_the_culprits_are_found_for_the_reason_that_the_exact_check_gives(
    count: int, faults: dict[tuple[int, int], str]
) -> None:
    ballots = [list(claims) for claims in BALLOTS[:count]]
    faults = {place: fault for place, fault in faults.items() if place[0] < count}
    for (ballot, claim), fault in faults.items():
        ballots[ballot][claim] = FAULTS[fault](ballots[ballot][claim])
    failures = find_failures(KEY, ballots)
    assert [(failure.ballot_index, failure.claim_index) for failure in failures] == sorted(faults)
    for failure in failures:
        exact = exact_refusal(ballots[failure.ballot_index][failure.claim_index])
        assert type(failure.reason) is type(exact)
        assert str(failure.reason) == str(exact)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("shape", MalformedProof),
        ("unit", MalformedProof),
        ("ciphertext", MalformedCiphertext),
        ("moved", MembershipFailed),
        ("branch", MembershipFailed),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_door_refuses_a_ballot_with_one_bad_claim(
    fault: str, error: type[InvalidClaim], position: int
) -> None:
    claims = list(BALLOTS[3])
    claims[position] = FAULTS[fault](claims[position])
    with pytest.raises(InvalidClaim) as refused:
        verify_claims(KEY, claims)
    assert type(refused.value) is error
    found = find_first_failure(KEY, claims)
    assert found is not None
    assert (type(found.reason), found.claim_index) == (error, position)


def test_the_first_of_several_bad_claims_is_found() -> None:
    for bad in ((0, 1, 2), (1, 2), (0, 2), (2,)):
        claims = [FAULTS["branch"](claim) if i in bad else claim for i, claim in enumerate(BALLOTS[3])]
        found = find_first_failure(KEY, claims)
        assert found is not None
        assert found.claim_index == bad[0]


def test_the_door_never_checks_a_branch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # A voter who makes the last branch wrong would otherwise pay nothing and the server a minute.
    monkeypatch.delattr(crypto.batch, "check_branches")
    claims = [*BALLOTS[3][:2], FAULTS["branch"](BALLOTS[3][2])]
    batches: list[int] = []
    multi_power = crypto.multiexp.multi_power

    def counted(bases: Sequence[int], exponents: Sequence[int], modulus: int) -> int:
        batches.append(len(bases))
        return multi_power(bases, exponents, modulus)

    monkeypatch.setattr(crypto.batch, "multi_power", counted)
    assert find_first_failure(KEY, claims) is not None
    assert len(batches) <= 3 * 3


def test_finding_one_culprit_checks_at_most_eight_ballots_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[MembershipClaim] = []

    def counted(key: ElectionKey, claim: MembershipClaim) -> None:
        checked.append(claim)
        check_branches(key, claim)

    monkeypatch.setattr(crypto.batch, "check_branches", counted)
    ballots = [list(claims) for claims in BALLOTS]
    ballots[13][0] = FAULTS["branch"](ballots[13][0])
    assert len(find_failures(KEY, ballots)) == 1
    assert 3 <= len(checked) <= 3 * 8


def test_every_branch_has_its_own_fresh_exponent(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    randbits = secrets.randbits

    def recorded(bits: int) -> int:
        assert bits == 128
        drawn.append(randbits(bits))
        return drawn[-1]

    monkeypatch.setattr("secrets.randbits", recorded)
    for _ in range(2):
        assert find_failures(KEY, BALLOTS[:2]) == []
    assert len(drawn) == len(set(drawn)) == 2 * 2 * (4 + 2 + 3)


def test_fault_of_the_program_is_not_blamed_on_a_ballot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto.batch, "multi_power", lambda *_: 2)
    with pytest.raises(BatchInconsistent, match="No ballot is at fault"):
        verify_claims(KEY, BALLOTS[0])
    for count in (1, 8, 9, 21):
        with pytest.raises(BatchInconsistent, match="No ballot is at fault"):
            find_failures(KEY, BALLOTS[:count])

"""Many membership proofs checked at once, and the culprits found when they do not all hold.

Source: docs/PROTOCOL.md, section 7; small random exponents after Bellare, Garay and Rabin 1998.
With a random δ for each branch and Z = ∏ z^δ mod n, all branches of all ballots are one equation:

    (Z^n · ∏ c^(Σ e·δ) · (1 − Σ m·e·δ · n))² ≡ (∏ a^δ)²   (mod n²)

If every branch is valid it holds with certainty. If one is not, let η = (z^n·x^e / a)², of order d > 1: it
holds with chance at most 1/d + 2^-128. A branch about a wrong plaintext has d ≥ a prime factor of n. A
smaller d needs an element of small odd order, which nobody finds without the factors of n; and who has them
gains a malformed proof this way, never a wrong plaintext. The exact equation (`crypto.membership`) is the
definition, and decides wherever a culprit is named.

One δ for each ballot instead of each branch would let errors of two branches cancel (a regression test forges
exactly that); without the squares two verifiers could disagree about a negated `a`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crypto.errors import CryptoError
from crypto.key import ElectionKey
from crypto.membership import (
    InvalidClaim,
    MembershipClaim,
    MembershipFailed,
    check_branches,
    check_challenges,
    check_proof_shape,
    check_shapes,
)
from crypto.multiexp import multi_power
from crypto.numbers import mpz, powmod

DELTA_BITS = 128

# A failed batch of this many ballots is checked branch by branch instead of being halved again.
EXACT_BALLOTS = 8


class BatchInconsistent(CryptoError):
    """A batch failed although each of its branches holds exactly: a fault of this program or machine."""

    def __init__(self) -> None:
        super().__init__(
            "A batch of proofs failed although each of them holds. No ballot is at fault: verify again, "
            "on another machine."
        )


@dataclass(frozen=True)
class BatchFailure:
    """Claim `claim_index` of ballot `ballot_index` does not hold; `reason` is what its own check raised."""

    ballot_index: int
    claim_index: int
    reason: InvalidClaim


@dataclass(frozen=True)
class _Item:
    """A claim that has passed the checks of its own, with where it came from."""

    ballot_index: int
    claim_index: int
    claim: MembershipClaim


def verify_claims(key: ElectionKey, claims: Sequence[MembershipClaim]) -> None:
    """Check all claims of one ballot: a batch of one ballot.

    Same answers as `crypto.membership.verify_membership` for each claim, at about a sixth of the cost while they
    hold. To name the branch at fault costs as much as checking every branch alone: see `find_first_failure`.
    Raises: MalformedCiphertext, MalformedProof, MembershipFailed; OutOfRange when a set itself is wrong.
    """
    check_shapes(key, claims)
    for claim in claims:
        check_challenges(key, claim)
    if _batch_holds(key, claims):
        return
    for claim in claims:
        check_branches(key, claim)
    raise BatchInconsistent


def find_first_failure(key: ElectionKey, claims: Sequence[MembershipClaim]) -> BatchFailure | None:
    """The first claim of one ballot that does not hold, None when all do, as at the casting door.

    A failed batch is proof enough, for honest branches always pass. So no branch is ever checked alone: a ballot
    that was made to be refused late costs about two good ones, not a minute of a process.
    reason: names no branch where an equation fails.
    Raises: OutOfRange when a set itself is wrong.
    """
    try:
        check_shapes(key, claims)
    except InvalidClaim:
        for claim_index, claim in enumerate(claims):
            try:
                check_proof_shape(key, claim)
            except InvalidClaim as reason:
                return BatchFailure(0, claim_index, reason)
    for claim_index, claim in enumerate(claims):
        try:
            check_challenges(key, claim)
        except InvalidClaim as reason:
            return BatchFailure(0, claim_index, reason)
    if _batch_holds(key, claims):
        return None
    first, end = 0, len(claims)
    while end - first > 1:
        middle = (first + end) // 2
        if _batch_holds(key, claims[first:middle]):
            first = middle
        else:
            end = middle
    return BatchFailure(
        0, first, MembershipFailed("A branch of the membership proof does not satisfy its equation.")
    )


def find_failures(key: ElectionKey, ballots: Sequence[Sequence[MembershipClaim]]) -> list[BatchFailure]:
    """Every claim in `ballots` that does not hold, in order; empty when all hold.

    ballots: complete, some hundred at a time (memory grows with their number; beyond 500 the gain is small).
    Raises: OutOfRange when a set itself is wrong; never because of what a ballot contains.
    """
    failures: list[BatchFailure] = []
    sound: list[list[_Item]] = []
    for ballot_index, claims in enumerate(ballots):
        items = [_Item(ballot_index, claim_index, claim) for claim_index, claim in enumerate(claims)]
        try:
            check_shapes(key, claims)
        except InvalidClaim:
            items = _sift(key, items, check_proof_shape, failures)
        items = _sift(key, items, check_challenges, failures)
        if items:
            sound.append(items)
    if not _all_hold(key, sound):
        _bisect(key, sound, failures)
    return sorted(failures, key=lambda failure: (failure.ballot_index, failure.claim_index))


def _sift(
    key: ElectionKey,
    items: Sequence[_Item],
    check: Callable[[ElectionKey, MembershipClaim], None],
    failures: list[BatchFailure],
) -> list[_Item]:
    """The items that pass `check`; the others are added to `failures`."""
    passed = []
    for item in items:
        try:
            check(key, item.claim)
        except InvalidClaim as reason:
            failures.append(BatchFailure(item.ballot_index, item.claim_index, reason))
        else:
            passed.append(item)
    return passed


def _bisect(key: ElectionKey, ballots: Sequence[Sequence[_Item]], failures: list[BatchFailure]) -> None:
    """Find the culprits in a batch that is known to fail."""
    if len(ballots) > EXACT_BALLOTS:
        middle = len(ballots) // 2
        failing = [half for half in (ballots[:middle], ballots[middle:]) if not _all_hold(key, half)]
        if failing:
            for half in failing:
                _bisect(key, half, failures)
            return
        # The whole fails and both halves pass: an element of small order, which one δ saw and another missed.
    found = len(failures)
    for items in ballots:
        _sift(key, items, check_branches, failures)
    if len(failures) == found:
        raise BatchInconsistent


def _all_hold(key: ElectionKey, ballots: Sequence[Sequence[_Item]]) -> bool:
    return _batch_holds(key, [item.claim for items in ballots for item in items])


def _batch_holds(key: ElectionKey, claims: Sequence[MembershipClaim]) -> bool:
    """The equation at the head of this file, for claims of the right shape. Draws its own δ, once all claims
    are fixed."""
    n, n2 = mpz(key.n), mpz(key.n2)
    deltas: list[int] = []
    commitments: list[int] = []
    responses: list[int] = []
    ciphertexts: list[int] = []
    ciphertext_exponents: list[int] = []
    plaintext_exponent = mpz(0)
    for claim in claims:
        exponent = mpz(0)
        for member, e in zip(claim.members, claim.proof.e, strict=True):
            delta = mpz(secrets.randbits(DELTA_BITS))
            deltas.append(delta)
            exponent += e * delta
            plaintext_exponent += member * (e * delta)
        ciphertexts.append(claim.ciphertext)
        ciphertext_exponents.append(exponent)
        commitments += claim.proof.a
        responses += claim.proof.z
    root = powmod(multi_power(responses, deltas, n), n, n2)
    shift = 1 - plaintext_exponent % n * n
    left = root * multi_power(ciphertexts, ciphertext_exponents, n2) % n2 * shift % n2
    right = multi_power(commitments, deltas, n2)
    return (left * left - right * right) % n2 == 0

"""The one proof of a ballot: this ciphertext holds an element of that public set; it does not say which.

Source: docs/PROTOCOL.md, section 7. Damgård and Jurik 2001 (1-out-of-k for Paillier),
Cramer, Damgård and Schoenmakers 1994 (the OR of proofs), Bernhard, Pereira and Warinschi 2012 (hash the whole
statement).

`verify_membership` decides each branch by its own equation and is the definition; `crypto.batch` gives the
same answer for many proofs at once, a hundred times sooner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crypto.ballot_seed import Draw
from crypto.encoding import int_to_bytes
from crypto.errors import CryptoError, OutOfRange
from crypto.key import CHALLENGE_BITS, ElectionKey
from crypto.numbers import gcd, mpz, powmod
from crypto.transcript import tuple_hash, u32, u64

CHALLENGE_LIMIT = 1 << CHALLENGE_BITS

# With randomness of the right length one attempt in 2^128 starts again; this many in a row mean a wrong mask.
MAX_ATTEMPTS = 64


class InvalidClaim(CryptoError):
    """A ciphertext or its membership proof does not hold. `code` is stable and travels."""

    code = "invalid-claim"


class MalformedCiphertext(InvalidClaim):
    """A number that is no ciphertext of this key."""

    code = "malformed-ciphertext"


class MalformedProof(InvalidClaim):
    """A wrong number of branches, or a number outside its range; found before any exponentiation."""

    code = "malformed-proof"


class MembershipFailed(InvalidClaim):
    """A well-formed proof that does not prove its statement.

    branch: the position in the set of the first branch at fault; None when it is the sum of the challenges.
    """

    code = "membership-failed"

    def __init__(self, sentence: str, branch: int | None = None) -> None:
        super().__init__(sentence)
        self.branch = branch


@dataclass(frozen=True)
class ProofContext:
    """Where a proof belongs. It is part of the challenge, so that a proof moved elsewhere fails.

    fingerprint: of the election, 32 bytes.
    question: its identifier.  part: which ciphertext of the question, or which product.
    credential: the voter's public key, 32 bytes.  sequence: of the ballot, 0 ≤ sequence < 2^64.
    """

    fingerprint: bytes
    question: str
    part: str
    credential: bytes
    sequence: int

    def __post_init__(self) -> None:
        if len(self.fingerprint) != 32 or len(self.credential) != 32:
            raise OutOfRange("Fingerprint and credential of a proof's context have 32 bytes each.")
        if not 0 <= self.sequence < 1 << 64:
            raise OutOfRange("A ballot's sequence number lies between 0 and 2^64 - 1.")

    def items(self) -> list[bytes]:
        """The context's part of the hashed tuple, in order."""
        question, part = self.question.encode("utf-8"), self.part.encode("utf-8")
        return [self.fingerprint, question, part, self.credential, u64(self.sequence)]


@dataclass(frozen=True)
class MembershipProof:
    """One triple (a, e, z) for each member of the set, in its order.

    a: commitment, a unit modulo n², 1 ≤ a < n².
    e: challenge, 0 ≤ e < 2^256.
    z: response, a unit modulo n, 1 ≤ z ≤ (n - 1)/2.
    """

    a: tuple[int, ...]
    e: tuple[int, ...]
    z: tuple[int, ...]


@dataclass(frozen=True)
class MembershipClaim:
    """What is to be checked: `ciphertext` (alone or a product of several) encrypts an element of `members`.

    members: k ≥ 1 distinct values, 0 ≤ m < n, in the order that is hashed; never taken from the ballot.
    """

    ciphertext: int
    members: tuple[int, ...]
    proof: MembershipProof
    context: ProofContext


def challenge(
    key: ElectionKey, c: int, members: Sequence[int], a: Sequence[int], context: ProofContext
) -> int:
    """E: the hash of the whole statement and all commitments, 256 bits."""
    n_bytes, n2_bytes = key.size.n_bytes, key.size.n2_bytes
    items = context.items()
    items += [int_to_bytes(key.n, n_bytes), int_to_bytes(key.h, n_bytes), int_to_bytes(c, n2_bytes)]
    items.append(u32(len(members)))
    items += [int_to_bytes(member, n_bytes) for member in members]
    items += [int_to_bytes(commitment, n2_bytes) for commitment in a]
    return int.from_bytes(tuple_hash("membership", items, CHALLENGE_BITS // 8), "big")


def prove_membership(
    key: ElectionKey,
    members: Sequence[int],
    position: int,
    r: int,
    c: int,
    context: ProofContext,
    draw: Draw,
    mask_bits: int,
) -> MembershipProof:
    """Prove that c = Enc(members[position]; r) encrypts an element of `members`.

    position: where the true value stands.  r: for a product of ciphertexts the sum of their randomness.
    draw: the secret numbers, from `BallotSeed.draw`; all numbers of one attempt carry the attempt's number.
    mask_bits: ℓ, from `crypto.key.mask_bits`. The proof is within 2^-128 of telling nothing about r and
    position while r is 384 bits shorter than ℓ; a longer r, below 2^ℓ, is accepted and starts again more
    often.
    Cost: 2·k powers from tables. Not constant-time (see `crypto.fixed_base`).
    Raises: OutOfRange.
    """
    _require_members(key, members)
    if not 0 <= position < len(members):
        raise OutOfRange("The position of the true value lies outside the set.")
    if r < 0 or r.bit_length() > mask_bits:
        raise OutOfRange(f"The randomness of a proof has at most {mask_bits} bits.")
    prover = _Prover(key, members, position, mpz(r), c, context)
    for attempt in range(MAX_ATTEMPTS):
        proof = prover.attempt(draw, mask_bits, attempt)
        if proof is not None:
            return proof
    raise OutOfRange("The mask of this proof is too short for its randomness.")


@dataclass(frozen=True)
class _Prover:
    """Statement and witness of one proof."""

    key: ElectionKey
    members: Sequence[int]
    position: int
    r: int = field(repr=False)
    c: int
    context: ProofContext

    def attempt(self, draw: Draw, mask_bits: int, attempt: int) -> MembershipProof | None:
        """One attempt; None when the mask was smaller than what it had to hide."""
        key, members = self.key, self.members
        a, e, z = [0] * len(members), [0] * len(members), [0] * len(members)
        mask = mpz(0)
        for j, member in enumerate(members):
            sigma = mpz(draw(j, "sigma", mask_bits, attempt))
            if j == self.position:
                mask = sigma
                a[j] = int(key.H_table.power(sigma))
                continue
            e[j] = draw(j, "e", CHALLENGE_BITS, attempt)
            shift = 1 + (mpz(members[self.position]) - member) * e[j] % key.n * key.n
            a[j] = int(key.H_table.power(sigma + self.r * e[j]) * shift % key.n2)
            z[j] = _smaller_root(key, key.h_table.power(sigma))
        total = challenge(key, self.c, members, a, self.context)
        e[self.position] = (total - sum(e)) % CHALLENGE_LIMIT
        hidden = self.r * e[self.position]
        if mask < hidden:
            return None
        z[self.position] = _smaller_root(key, key.h_table.power(mask - hidden))
        return MembershipProof(tuple(a), tuple(e), tuple(z))


def _smaller_root(key: ElectionKey, z: int) -> int:
    # z and n - z serve the (squared) equation alike; one of the two is chosen so that a proof has one
    # spelling.
    return int(min(z, key.n - z))


def verify_ciphertext(key: ElectionKey, c: int) -> None:
    """Check 1 ≤ c < n² and gcd(c, n) = 1. Raises: MalformedCiphertext."""
    if not 1 <= c < key.n2:
        raise MalformedCiphertext("A ciphertext must lie between 1 and n² - 1.")
    if gcd(c, key.n) != 1:
        raise MalformedCiphertext("A ciphertext must have no factor in common with n.")


def check_proof_shape(key: ElectionKey, claim: MembershipClaim) -> None:
    """Check counts, ranges and units of one claim, before any exponentiation.

    Raises: MalformedCiphertext, MalformedProof.
    """
    check_shapes(key, [claim])


def check_shapes(key: ElectionKey, claims: Sequence[MembershipClaim]) -> None:
    """As `check_proof_shape` for all claims of a ballot, with one gcd for all of them.

    Raises: MalformedCiphertext, MalformedProof for the first claim at fault.
    """
    product = mpz(1)
    for claim in claims:
        _check_ranges(key, claim)
        for number in _group_elements(claim):
            product = product * number % key.n
    if gcd(product, key.n) != 1:
        for claim in claims:
            _check_units(key, claim)


def _group_elements(claim: MembershipClaim) -> Iterable[int]:
    yield mpz(claim.ciphertext)
    yield from map(mpz, claim.proof.a)
    yield from map(mpz, claim.proof.z)


def _check_ranges(key: ElectionKey, claim: MembershipClaim) -> None:
    _require_members(key, claim.members)
    if not 1 <= claim.ciphertext < key.n2:
        raise MalformedCiphertext("A ciphertext must lie between 1 and n² - 1.")
    count, proof = len(claim.members), claim.proof
    if not len(proof.a) == len(proof.e) == len(proof.z) == count:
        raise MalformedProof(f"The proof must have exactly {count} branches, one for each member of the set.")
    for j in range(count):
        if not 1 <= proof.a[j] < key.n2:
            raise MalformedProof(f"Branch {j}: the commitment a must lie between 1 and n² - 1.")
        if not 0 <= proof.e[j] < CHALLENGE_LIMIT:
            raise MalformedProof(f"Branch {j}: the challenge e must lie between 0 and 2^256 - 1.")
        if not 1 <= proof.z[j] <= (key.n - 1) // 2:
            raise MalformedProof(f"Branch {j}: the response z must lie between 1 and (n - 1)/2.")


def _check_units(key: ElectionKey, claim: MembershipClaim) -> None:
    verify_ciphertext(key, claim.ciphertext)
    for name, numbers in (("commitment a", claim.proof.a), ("response z", claim.proof.z)):
        for j, number in enumerate(numbers):
            if gcd(number, key.n) != 1:
                raise MalformedProof(f"Branch {j}: the {name} must have no factor in common with n.")


def _require_members(key: ElectionKey, members: Sequence[int]) -> None:
    if not members or len(set(members)) != len(members) or min(members) < 0 or max(members) >= key.n:
        raise OutOfRange("The set of a membership proof is one or more distinct values from 0 to n - 1.")


def check_challenges(key: ElectionKey, claim: MembershipClaim) -> None:
    """Check that the branches' challenges add up to the hash of the statement, modulo 2^256.

    claim: of the right shape. Raises: MembershipFailed.
    """
    expected = challenge(key, claim.ciphertext, claim.members, claim.proof.a, claim.context)
    if (sum(claim.proof.e) - expected) % CHALLENGE_LIMIT != 0:
        raise MembershipFailed(
            "The proof's challenges do not add up to the hash of its statement: it was altered, or made "
            "for another ballot, voter, question or election."
        )


def check_branches(key: ElectionKey, claim: MembershipClaim) -> None:
    """Check z^(2n) · x^(2e) ≡ a² (mod n²), x = c·(1 − m·n), for each member m: the definition of a valid
    branch.

    claim: of the right shape. Raises: MembershipFailed naming the first branch at fault.
    """
    n, n2 = mpz(key.n), mpz(key.n2)
    for j, (member, a, e, z) in enumerate(
        zip(claim.members, claim.proof.a, claim.proof.e, claim.proof.z, strict=True)
    ):
        x_to_e = powmod(claim.ciphertext, e, n2) * (1 - member * mpz(e) % n * n)
        root = powmod(z, n, n2) * x_to_e % n2
        if (root * root - mpz(a) * a) % n2 != 0:
            raise MembershipFailed(
                f"Branch {j} of the membership proof does not satisfy its equation.", branch=j
            )


def verify_membership(key: ElectionKey, claim: MembershipClaim) -> None:
    """Check that the claim's ciphertext encrypts an element of its set, without learning which.

    Statement: c ≡ (1 + v·n) · ρ^n (mod n²) for some v in `members` and a unit ρ.
    Checks, in this order: the set, ranges, counts, units; the sum of the challenges; each branch exactly.
    Cost: for each member one power to n and one to e, modulo n² (3072 bits: about 30 ms a member).
    Raises: MalformedCiphertext, MalformedProof, MembershipFailed; OutOfRange when the set itself is wrong.
    """
    check_proof_shape(key, claim)
    check_challenges(key, claim)
    check_branches(key, claim)

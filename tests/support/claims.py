"""Membership claims over a small key whose factors the tests know: honest ones, and the pieces of forged
ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from crypto.ballot_seed import BallotSeed
from crypto.key import ElectionKey, mask_bits
from crypto.membership import MembershipClaim, MembershipProof, ProofContext, challenge, prove_membership
from crypto.numbers import is_prime
from tests.support.small_keys import SmallKeySize

ELECTION = "00112233445566778899aabbccddeeff"
CONTEXT = ProofContext(
    fingerprint=b"\x01" * 32, question="budget", part="choice", credential=b"\x02" * 32, sequence=1
)
CRAFT_SEED = BallotSeed(b"\x03" * 32)


@cache
def first_prime(start: int, residue: int, modulus: int) -> int:
    """The first prime from `start` on that is `residue` mod `modulus`."""
    candidate = start + (residue - start) % modulus
    while not is_prime(candidate):
        candidate += modulus
    return candidate


@cache
def small_factors() -> tuple[int, int]:
    """Two primes of 384 bits, both 3 mod 4; the second is also 1 mod 3, so that elements of order 3 exist."""
    return first_prime(3 << 382, 3, 4), first_prime(7 << 381, 7, 12)


@cache
def small_key() -> ElectionKey:
    """A key of 768 bits: small, yet its prime factors are longer than a challenge."""
    p, q = small_factors()
    return ElectionKey.derive(p * q, ELECTION, SmallKeySize(768))


def honest_claim(
    members: tuple[int, ...],
    position: int,
    context: ProofContext = CONTEXT,
    key: ElectionKey | None = None,
) -> MembershipClaim:
    """A fresh ciphertext of members[position] with its proof."""
    key = key or small_key()
    seed = BallotSeed.fresh(b"credential")
    r = seed.blinding(context.question, context.part, key.size.blinding_bits)
    c = key.encrypt(members[position], r)
    draw = seed.draw(context.question, context.part)
    proof = prove_membership(key, members, position, r, c, context, draw, mask_bits(key.size))
    return MembershipClaim(c, members, proof, context)


def with_proof(
    claim: MembershipClaim,
    a: tuple[int, ...] | None = None,
    e: tuple[int, ...] | None = None,
    z: tuple[int, ...] | None = None,
) -> MembershipClaim:
    """The claim with some of its proof's numbers exchanged."""
    old = claim.proof
    proof = MembershipProof(old.a if a is None else a, old.e if e is None else e, old.z if z is None else z)
    return replace(claim, proof=proof)


def put(numbers: tuple[int, ...], position: int, number: int) -> tuple[int, ...]:
    """The tuple with one entry exchanged."""
    return (*numbers[:position], number, *numbers[position + 1 :])


def simulated_commitment(key: ElectionKey, c: int, member: int, e: int, z: int) -> int:
    """The commitment a that makes (a, e, z) a valid branch: anybody can compute it once e is chosen."""
    x = c * (1 - member * key.n) % key.n2
    return int(pow(z, key.n, key.n2) * pow(x, e, key.n2) % key.n2)


def smaller(key: ElectionKey, z: int) -> int:
    """The one of z and n - z that a proof carries."""
    return int(min(z % key.n, -z % key.n))


def rechallenged(claim: MembershipClaim, key: ElectionKey, position: int) -> MembershipClaim:
    """The claim with e at `position` chosen so that the challenges add up; its equation is the caller's
    worry."""
    others = sum(e for j, e in enumerate(claim.proof.e) if j != position)
    total = challenge(key, claim.ciphertext, claim.members, claim.proof.a, claim.context)
    return with_proof(claim, e=put(claim.proof.e, position, (total - others) % (1 << 256)))


Twist = Callable[[list[int]], list[int]]


def crafted_claim(
    key: ElectionKey,
    members: tuple[int, ...],
    position: int,
    r: int,
    c: int,
    context: ProofContext = CONTEXT,
    seed: BallotSeed = CRAFT_SEED,
    twist: Twist = list,
) -> MembershipClaim:
    """A proof as somebody makes it who has the witness r of c and whatever program they like.

    All branches but `position` are simulated, which works for any c; the one at `position` is answered with r
    and so holds if and only if c encrypts members[position]. twist: what is done to the commitments before
    they are hashed.
    """
    secret = seed.draw(context.question, context.part)
    length = mask_bits(key.size)
    a, e, z = [0] * len(members), [0] * len(members), [0] * len(members)
    sigma = secret(position, "sigma", length, 0)
    a[position] = int(key.H_table.power(sigma))
    for j, member in enumerate(members):
        if j != position:
            e[j] = secret(j, "e", 256, 0)
            z[j] = smaller(key, key.h_table.power(secret(j, "sigma", length, 0)))
            a[j] = simulated_commitment(key, c, member, e[j], z[j])
    a = twist(a)
    e[position] = (challenge(key, c, members, a, context) - sum(e)) % (1 << 256)
    z[position] = smaller(key, pow(key.h, sigma - r * e[position], key.n))
    return MembershipClaim(c, members, MembershipProof(tuple(a), tuple(e), tuple(z)), context)


def cancelling_claim(
    key: ElectionKey, r: int, context: ProofContext = CONTEXT, seed: BallotSeed = CRAFT_SEED
) -> MembershipClaim:
    """Enc(2; r) "proved" to hold 0 or 1, so that the errors of the two branches cancel when multiplied.

    With challenges e' known before the hash and d = e - e' after it, branch m is wrong by the factor 1 + (2 -
    m)·d_m·n. Choosing e'_0 = 2^256 - 1 and e'_1 = 0, every D = E - e'_0 - e'_1 below 2^255 (mod 2^256) is
    split as d_0 = -D, d_1 = 2·D: both challenges stay in range, add up, and 2·d_0 + 1·d_1 = 0. A verifier
    with one random exponent for the whole ballot counts two votes.
    """
    members = (0, 1)
    c = key.encrypt(2, r)
    length = mask_bits(key.size)
    secret = seed.draw(context.question, context.part)
    attempt = 0
    while True:
        guessed = ((1 << 256) - 1, 0)
        sigmas = [secret(j, "sigma", length, attempt) for j in (0, 1)]
        # H^(sigma + r·e') · (1 + (2 - m)·e'·n) is H^sigma · x^e': the branch that would hold for the guess.
        a = tuple(
            int(key.H_table.power(sigmas[m] + r * guessed[m]) * (1 + (2 - m) * guessed[m] * key.n) % key.n2)
            for m in members
        )
        difference = (challenge(key, c, members, a, context) - sum(guessed)) % (1 << 256)
        if difference < 1 << 255:
            e = (guessed[0] - difference, guessed[1] + 2 * difference)
            z = tuple(smaller(key, pow(key.h, sigmas[m] + r * (guessed[m] - e[m]), key.n)) for m in members)
            return MembershipClaim(c, members, MembershipProof(a, e, z), context)
        attempt += 1

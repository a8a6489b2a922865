"""Write membership.json: `python -m tests.vectors.make_membership`.

The key is the public single-trustee test key, so that its factors are known to everybody, and to the attacks
that need them. Every secret number comes from a seed that the file names: the script always writes the same
bytes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url, encode_int
from crypto.key import ElectionKey, mask_bits
from crypto.key_size import KeySize
from crypto.membership import MembershipClaim, MembershipProof, ProofContext, prove_membership
from crypto.numbers import gcd
from tests.support.claims import cancelling_claim, crafted_claim, put, with_proof
from tests.support.keys import load_test_key
from tests.vectors.files import write_vectors

SIZE = KeySize.BITS_2048
ELECTION = "0123456789abcdef0123456789abcdef"
CONTEXT = ProofContext(
    fingerprint=bytes(range(32)),
    question="budget",
    part="choice",
    credential=bytes(range(32, 64)),
    sequence=1,
)
MALFORMED, FAILED, BAD_CIPHERTEXT = "malformed-proof", "membership-failed", "malformed-ciphertext"
Case = dict[str, Any]

NOTE = (
    "Numbers and bytes: base64url without padding, unsigned big-endian of fixed length (n, h, z, members: n_bytes; "
    "H, a, ciphertext: 2*n_bytes; e: 32; prover.r: ceil(mask_bits/8); in `encryptions` value: n_bytes, r: n_bytes/2; "
    "in `randomness` value: ceil(bits/8)). A case with `prover` can be proved again byte for byte: r is the sum of "
    "the seed's values at `r_labels` (i = 0, half of the key's bits each), or stands there alone; `attempt` is the "
    "counter i of the attempt that succeeded. `error` is the code of the first check that fails, the same for the "
    "exact verifier and for a batch; `branch` is the first branch whose equation fails."
)


@cache
def key() -> ElectionKey:
    """The public test key, for the vectors' election."""
    return ElectionKey.derive(load_test_key("single-2048")[0].n, ELECTION, SIZE)


@cache
def factor() -> int:
    """A prime factor of n, from the published share R' = n^-1 mod φ(n): n·R' - 1 is a multiple of φ(n)."""
    n = key().n
    share = load_test_key("single-2048")[1][0].share
    exponent = n * share - 1
    if exponent == 0 or pow(2, exponent, n) != 1:
        raise ValueError("The published share does not belong to the modulus.")
    while exponent % 2 == 0:
        exponent //= 2
    base = 2
    while True:
        root = pow(base, exponent, n)
        while root * root % n != 1:
            root = root * root % n
        if 1 < gcd(root - 1, n) < n:
            return min(gcd(root - 1, n), n // gcd(root - 1, n))
        base += 1


def seed_of(name: str, number: int = 0) -> BallotSeed:
    """A seed for each case."""
    return BallotSeed(hashlib.sha256(f"{name} {number}".encode()).digest())


def described(claim: MembershipClaim) -> Case:
    """A claim as the file spells it."""
    context = claim.context
    return {
        "context": {
            "fingerprint": encode_base64url(context.fingerprint),
            "question": context.question,
            "part": context.part,
            "credential": encode_base64url(context.credential),
            "sequence": context.sequence,
        },
        "members": [encode_int(member, SIZE.n_bytes) for member in claim.members],
        "ciphertext": encode_int(claim.ciphertext, SIZE.n2_bytes),
        "proof": {
            "a": [encode_int(a, SIZE.n2_bytes) for a in claim.proof.a],
            "e": [encode_int(e, 32) for e in claim.proof.e],
            "z": [encode_int(z, SIZE.n_bytes) for z in claim.proof.z],
        },
    }


def proved(
    case_id: str,
    members: tuple[int, ...],
    position: int,
    context: ProofContext = CONTEXT,
    *,
    parts: dict[str, int] | None = None,
    r: int | None = None,
    number: int = 0,
) -> tuple[Case, MembershipClaim]:
    """A valid case with everything that its prover knew.

    parts: for a product, the plaintext of each part.  r: given randomness instead of the seed's.
    """
    seed = seed_of(case_id, number)
    values = parts or {context.part: members[position]}
    length = mask_bits(SIZE, len(values))
    labels = []
    if r is None:
        labels = [f"{context.question}/{part}/-/r" for part in values]
        blindings = [seed.blinding(context.question, part, SIZE.blinding_bits) for part in values]
        c, r = 1, sum(blindings)
        for value, blinding in zip(values.values(), blindings, strict=True):
            c = c * key().encrypt(value, blinding) % key().n2
    else:
        c = (1 + members[position] * key().n) * pow(key().H, r, key().n2) % key().n2
    draw, attempts = seed.draw(context.question, context.part), [0]

    def counted(branch: int, name: str, bits: int, attempt: int) -> int:
        attempts.append(attempt)
        return draw(branch, name, bits, attempt)

    proof = prove_membership(key(), members, position, r, c, context, counted, length)
    claim = MembershipClaim(c, members, proof, context)
    prover = {
        "seed": encode_base64url(seed.secret),
        "position": position,
        "r": encode_int(r, (length + 7) // 8),
        "r_labels": labels,
        "ciphertexts": len(values),
        "mask_bits": length,
        "attempt": max(attempts),
    }
    return {"id": case_id, "result": "valid", "prover": prover} | described(claim), claim


def restarted() -> Case:
    """Randomness as long as the mask allows: the first attempt cannot hide it, the third can."""
    r = (1 << (mask_bits(SIZE) - 256)) - 1
    for number in range(256):
        case, _ = proved("valid-third-attempt", (0, 1), 1, r=r, number=number)
        if case["prover"]["attempt"] == 2:
            return case
    raise ValueError("No seed starts again twice.")


def valid_cases() -> list[Case]:
    """Statements of every kind of question, and what only looks wrong."""
    choose = tuple(1 << (14 * j) for j in range(10))
    cases = [
        proved("valid-choose-one-of-ten", choose, 7)[0],
        proved("valid-choose-or-nothing", (0, *choose[:3]), 0, replace(CONTEXT, part="part 2"))[0],
        proved("valid-approval", (0, 1), 1, replace(CONTEXT, part="option 3", sequence=2))[0],
        proved("valid-points", tuple(range(6)), 4, replace(CONTEXT, question="cầu", part="điểm 1"))[0],
        proved("valid-only-member", (1,), 0, replace(CONTEXT, part="row 2"))[0],
        proved("valid-unsorted-set", (3, 0, key().n - 1), 2)[0],
        proved(
            "valid-sum-of-five",
            (1, 2, 3),
            2,
            replace(CONTEXT, part="sum"),
            parts={f"option {j}": value for j, value in enumerate((1, 0, 1, 1, 0))},
        )[0],
        restarted(),
        proved("valid-randomness-zero", (0, 1), 1, r=0)[0],
    ]
    r = seed_of("signs").blinding("budget", "choice", SIZE.blinding_bits)
    c = key().encrypt(1, r)

    def negate_first(a: list[int]) -> list[int]:
        return [key().n2 - a[0], *a[1:]]

    def negate_all(a: list[int]) -> list[int]:
        return [key().n2 - number for number in a]

    signs: dict[str, tuple[int, Callable[[list[int]], list[int]]]] = {
        "valid-a-negated-before-hashing": (c, negate_first),
        "valid-all-a-negated-before-hashing": (c, negate_all),
        "valid-ciphertext-negated-before-hashing": (key().n2 - c, list),
    }
    for name, (ciphertext, twist) in signs.items():
        claim = crafted_claim(key(), (0, 1), 1, r, ciphertext, CONTEXT, seed_of(name), twist)
        note = "the equation is squared: a sign that was hashed is valid, for every verifier alike"
        cases.append({"id": name, "result": "valid", "note": note} | described(claim))
    return cases


def invalid(case_id: str, error: str, attack: str, claim: MembershipClaim, branch: int | None = None) -> Case:
    case = {"id": case_id, "result": "invalid", "error": error, "attack": attack}
    return case | ({} if branch is None else {"branch": branch}) | described(claim)


def malformed_cases(good: MembershipClaim) -> list[Case]:
    """Wrong counts and numbers outside their ranges, all with an otherwise honest proof."""
    n, n2, p = key().n, key().n2, factor()
    proof = good.proof

    def counts(a: int, e: int, z: int) -> MembershipClaim:
        longer = MembershipProof(*(numbers + numbers[:1] for numbers in (proof.a, proof.e, proof.z)))
        return with_proof(good, longer.a[:a], longer.e[:e], longer.z[:z])

    def unreduced() -> MembershipClaim:
        # The same residue spelt above n², hashed that way: valid but for its spelling.
        r = seed_of("unreduced").blinding("budget", "choice", SIZE.blinding_bits)
        for number in range(256):
            claim = crafted_claim(
                key(), (0, 1), 1, r, key().encrypt(1, r), CONTEXT, seed_of("unreduced", number),
                lambda a: [a[0], a[1] + n2 if (a[1] + n2).bit_length() <= 8 * SIZE.n2_bytes else 0],
            )  # fmt: skip
            if claim.proof.a[1]:
                return claim
        raise ValueError("No commitment has a second spelling.")

    a, z = proof.a, proof.z
    return [
        invalid("branch-missing", MALFORMED, "fewer branches than members", counts(1, 1, 1)),
        invalid("branches-all-missing", MALFORMED, "no branch at all", counts(0, 0, 0)),
        invalid("branch-extra", MALFORMED, "an additional branch takes the challenge", counts(3, 3, 3)),
        invalid("a-missing", MALFORMED, "counts that differ", counts(1, 2, 2)),
        invalid("e-extra", MALFORMED, "an additional challenge without a branch", counts(2, 3, 2)),
        invalid("z-missing", MALFORMED, "counts that differ", counts(2, 2, 1)),
        invalid("a-zero", MALFORMED, "zero satisfies equations", with_proof(good, a=put(a, 0, 0))),
        invalid("a-is-n", MALFORMED, "not a unit: 0 = 0 modulo n²", with_proof(good, a=put(a, 0, n))),
        invalid("a-not-a-unit", MALFORMED, "a multiple of a factor", with_proof(good, a=put(a, 1, a[1] * p % n2))),
        invalid("a-is-n-squared", MALFORMED, "zero in another spelling", with_proof(good, a=put(a, 0, n2))),
        invalid("a-not-reduced", MALFORMED, "a second spelling of a valid proof", unreduced()),
        invalid("z-zero", MALFORMED, "zero satisfies equations", with_proof(good, z=put(z, 0, 0))),
        invalid("z-larger-root", MALFORMED, "a second spelling: n - z", with_proof(good, z=put(z, 0, n - z[0]))),
        invalid("z-just-above-half", MALFORMED, "limit of z", with_proof(good, z=put(z, 0, (n + 1) // 2))),
        invalid("z-is-n", MALFORMED, "zero in another spelling", with_proof(good, z=put(z, 1, n))),
        invalid("z-not-a-unit", MALFORMED, "a factor of n", with_proof(good, z=put(z, 1, p))),
        invalid("c-zero", BAD_CIPHERTEXT, "makes every product zero", replace(good, ciphertext=0)),
        invalid("c-is-n", BAD_CIPHERTEXT, "not a unit", replace(good, ciphertext=n)),
        invalid(
            "c-not-a-unit", BAD_CIPHERTEXT, "not a unit", replace(good, ciphertext=good.ciphertext * p % n2)
        ),
        invalid("c-is-n-squared", BAD_CIPHERTEXT, "zero in another spelling", replace(good, ciphertext=n2)),
    ]  # fmt: skip


def failed_cases(good: MembershipClaim) -> list[Case]:
    """Well-formed proofs that prove nothing."""
    n2, proof = key().n2, good.proof

    def moved(change: dict[str, Any]) -> MembershipClaim:
        return replace(good, context=replace(CONTEXT, **change))

    elsewhere: dict[str, dict[str, Any]] = {
        "election": {"fingerprint": bytes(32)},
        "question": {"question": "mayor"},
        "part": {"part": "option 0"},
        "voter": {"credential": bytes(32)},
        "sequence": {"sequence": 2},
    }
    cases = [
        invalid(f"moved-to-other-{place}", FAILED, f"replay: another {place}", moved(change))
        for place, change in elsewhere.items()
    ]
    turned = MembershipProof(proof.a[::-1], proof.e[::-1], proof.z[::-1])
    shifted = tuple((e + step) % (1 << 256) for e, step in zip(proof.e, (1, -1), strict=True))
    e_plus_one = put(proof.e, 0, (proof.e[0] + 1) % (1 << 256))
    other_voice = good.ciphertext * (1 + key().n) % n2
    negated = with_proof(good, a=put(proof.a, 0, n2 - proof.a[0]))
    cases += [
        invalid("context-boundary-shifted", FAILED, "question and part joined without lengths",
                moved({"question": "budgetc", "part": "hoice"})),
        invalid("set-order-changed", FAILED, "the same set in another order",
                replace(good, members=good.members[::-1], proof=turned)),
        invalid("set-changed", FAILED, "another set", replace(good, members=(0, 2))),
        invalid("e-sum-wrong", FAILED, "one challenge altered", with_proof(good, e=e_plus_one)),
        invalid("e-shifted-between-branches", FAILED, "challenges altered, their sum kept",
                with_proof(good, e=shifted), branch=0),
        invalid("z-another", FAILED, "one response altered", with_proof(good, z=put(proof.z, 1, 2)), branch=1),
        invalid("a-negated-after-hashing", FAILED, "verifiers with and without squares disagree", negated),
        invalid("c-negated-after-hashing", FAILED, "the same plaintext, not the ciphertext proved",
                replace(good, ciphertext=n2 - good.ciphertext)),
        invalid("c-one-more-vote", FAILED, "plaintext 2 with the proof of 1",
                replace(good, ciphertext=other_voice)),
    ]  # fmt: skip
    name = "non-member-forged-last-branch"
    r = seed_of(name).blinding("budget", "choice", SIZE.blinding_bits)
    forged = crafted_claim(key(), (0, 1), 1, r, key().encrypt(2, r), CONTEXT, seed_of(name))
    cases.append(invalid(name, FAILED, "two votes; all branches but the last simulated", forged, branch=1))
    name = "non-member-errors-cancel"
    r = seed_of(name).blinding("budget", "choice", SIZE.blinding_bits)
    cancelling = cancelling_claim(key(), r, CONTEXT, seed_of(name))
    attack = "two votes; a verifier with one random exponent for the whole ballot accepts"
    cases.append(invalid(name, FAILED, attack, cancelling, branch=0))
    return cases


def randomness_cases() -> list[Case]:
    """The expansion of a seed, at lengths that are and are not whole bytes."""
    seed = seed_of("randomness")
    wanted = [
        ("budget/choice/-/r", 0, SIZE.blinding_bits),
        ("budget/choice/0/sigma", 0, mask_bits(SIZE)),
        ("budget/choice/0/sigma", 1, mask_bits(SIZE)),
        ("budget/choice/10/e", 0, 256),
        ("cầu/điểm 1/3/sigma", 0, mask_bits(SIZE, 5)),
    ]
    return [
        {
            "id": f"{label}-{i}",
            "seed": encode_base64url(seed.secret),
            "label": label,
            "i": i,
            "bits": bits,
            "value": encode_int(seed.value(label, i, bits), (bits + 7) // 8),
        }
        for label, i, bits in wanted
    ]


def encryption_cases() -> list[Case]:
    """Plaintexts and randomness at their limits."""
    most = (1 << SIZE.blinding_bits) - 1
    wanted = {
        "zero": (0, 0),
        "randomness-one": (1, 1),
        "randomness-largest": (1 << 140, most),
        "plaintext-largest": (key().n - 1, most // 3),
    }
    return [
        {
            "id": name,
            "value": encode_int(value, SIZE.n_bytes),
            "r": encode_int(r, SIZE.blinding_bits // 8),
            "ciphertext": encode_int(key().encrypt(value, r), SIZE.n2_bytes),
        }
        for name, (value, r) in wanted.items()
    ]


def vectors() -> Case:
    """The whole file."""
    good = proved("base", (0, 1), 1)[1]
    return {
        "format": "psephos/membership/v1",
        "spec": "docs/PROTOCOL.md, sections 5 and 7",
        "made_by": "tests/vectors/make_membership.py",
        "note": NOTE,
        "key": {
            "bits": SIZE.bits,
            "election": ELECTION,
            "n": encode_int(key().n, SIZE.n_bytes),
            "h": encode_int(key().h, SIZE.n_bytes),
            "H": encode_int(key().H, SIZE.n2_bytes),
        },
        "randomness": randomness_cases(),
        "encryptions": encryption_cases(),
        "cases": valid_cases() + malformed_cases(good) + failed_cases(good),
    }


if __name__ == "__main__":
    write_vectors("membership", vectors())

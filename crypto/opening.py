"""Opening a ciphertext is taking an n-th root modulo n; the root itself is the proof.

With C = (1 + m·n)·ρ^n mod n² and x = C mod n = ρ^n mod n, each trustee answers x_j = x^(2·s_j) mod n. From
t answers W = Π x_j^(2·l_j) with W^n = x^(4Δ²·F0), and ρ = W^α · x^β with α·4Δ²·F0 + β·n = 1. Nothing here
trusts an answer: the pair (m, ρ) is right or it does not re-encrypt to C.

Source: docs/KEY-CEREMONY.md, "Opening". Shoup 2000 (Practical threshold signatures) for roots from integer
shares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from crypto.errors import CryptoError, OutOfRange
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.numbers import gcd, invert, mpz, powmod, powmod_secret


class OpeningFailed(CryptoError):
    """An announced opening does not re-encrypt to its ciphertext, or no opening follows from the answers."""


@dataclass(frozen=True)
class Opening:
    """What a ciphertext holds: C = (1 + plaintext·n) · root^n mod n², 0 ≤ plaintext < n, 1 ≤ root < n a
    unit.
    """

    plaintext: int
    root: int


def require_ciphertext(n: int, ciphertext: int) -> None:
    """1 ≤ C < n², a unit. Raises: OutOfRange."""
    if not 1 <= ciphertext < n * n or gcd(ciphertext, n) != 1:
        raise OutOfRange("Not a ciphertext of this key: it must be a unit between 1 and n² - 1.")


def answer(record: PublicKeyRecord, share: KeyShare, ciphertext: int) -> int:
    """x_j = (C mod n)^(2·s_j) mod n, without a proof: enough where more than t trustees answer.

    A single ballot is never opened, nor a number that somebody hands in: the caller derives C itself.
    The time depends on the sign and the length in machine words of s_j only. Raises: OutOfRange (C).
    """
    require_ciphertext(record.n, ciphertext)
    return int(powmod_secret(ciphertext % record.n, 2 * share.share, record.n))


def verify_opening(n: int, ciphertext: int, plaintext: int, root: int) -> None:
    """Check C ≡ (1 + m·n)·ρ^n (mod n²), the equation that anybody repeats with any Paillier software.

    n: a modulus that `verify_key_record` accepted; only then is the pair unique.
    Raises: OpeningFailed (range, unit, equation).
    """
    if not 0 <= plaintext < n:
        raise OpeningFailed("The announced plaintext lies outside 0 … n - 1.")
    if not 1 <= root < n or gcd(root, n) != 1:
        raise OpeningFailed("The announced root is not a unit between 1 and n - 1.")
    n2 = mpz(n) * n
    if not 1 <= ciphertext < n2:
        raise OpeningFailed("The ciphertext lies outside 1 … n² - 1.")
    if (1 + mpz(plaintext) * n) * powmod(root, n, n2) % n2 != ciphertext:
        raise OpeningFailed("The announced plaintext and root do not re-encrypt to the ciphertext.")


def combine_openings(record: PublicKeyRecord, ciphertext: int, answers: Mapping[int, int]) -> Opening:
    """The opening from exactly t answers {trustee: x_j}. It is checked: what returns is right.

    Cost: two powers modulo n and one modulo n².
    Raises: OpeningFailed (number of answers, a trustee that does not exist, an answer that is not a unit,
    or answers from which no opening follows: at least one is wrong, and which one t answers alone do not
    say).
    """
    n = mpz(record.n)
    require_ciphertext(record.n, ciphertext)
    if len(answers) != record.threshold:
        raise OpeningFailed(f"Combining takes exactly {record.threshold} answers, not {len(answers)}.")
    for trustee, value in answers.items():
        if not _is_well_formed(record, trustee, value):
            raise OpeningFailed(f"Trustee {trustee}'s answer is not a number that this key allows.")
    W = mpz(1)
    for trustee, coefficient in _scaled_lagrange(record.delta, tuple(answers), 0).items():
        W = W * powmod(answers[trustee], 2 * coefficient, n) % n
    scale = 4 * mpz(record.delta) ** 2 * record.F0
    alpha = invert(scale, n)
    beta = (1 - alpha * scale) // n
    root = powmod(W, alpha, n) * powmod(ciphertext % n, beta, n) % n
    n2 = n * n
    lifted = ciphertext * invert(powmod(root, n, n2), n2) % n2
    if lifted % n != 1:
        raise OpeningFailed("No opening follows from these answers: at least one of them is wrong.")
    return Opening(plaintext=int(lifted // n), root=int(root))


def extract_root(record: PublicKeyRecord, element: int, answers: Mapping[int, int]) -> int:
    """The n-th root modulo n of a hash-derived element, from exactly t answers to it.

    An element x is itself a number below n², hence a ciphertext, and the root in its opening is its n-th
    root: the certificate's roots rehearse the tally's own code. Raises: OpeningFailed, OutOfRange.
    """
    return combine_openings(record, element, answers).root


def find_opening(
    record: PublicKeyRecord, ciphertext: int, answers: Mapping[int, int]
) -> tuple[Opening, frozenset[int]]:
    """The opening from t or more answers {trustee: x_j}, some of which may be wrong, and who gave the wrong
    ones.

    Tries subsets of t until one opens, then interpolates every other answer in the exponent: x_i^Δ = Π
    x_j^(Δ·λ_j(i)), up to sign. An answer with the wrong sign is harmless and not blamed. With at most t - 1
    wrong answers exactly their authors are named; t or more who conspire could have honest ones blamed,
    while the opening stays right (then the proofs of `crypto.opening_proof` tell). Raises: OpeningFailed
    when no subset opens, OutOfRange (C).
    """
    require_ciphertext(record.n, ciphertext)
    usable = {j: x for j, x in sorted(answers.items()) if _is_well_formed(record, j, x)}
    for subset in combinations(usable, record.threshold):
        trusted = {j: usable[j] for j in subset}
        try:
            opening = combine_openings(record, ciphertext, trusted)
        except OpeningFailed:
            continue
        consistent = {j for j, x in usable.items() if j in trusted or _lies_on_curve(record, trusted, j, x)}
        return opening, frozenset(answers) - consistent
    raise OpeningFailed(
        f"No {record.threshold} of the {len(answers)} answers open the ciphertext: too few "
        "are right. Ask the trustees again, with proofs."
    )


def _is_well_formed(record: PublicKeyRecord, trustee: int, value: int) -> bool:
    return 1 <= trustee <= record.trustees and 1 <= value < record.n and gcd(value, record.n) == 1


def _scaled_lagrange(delta: int, points: tuple[int, ...], at: int) -> dict[int, int]:
    """Δ·λ_j(at) for each point j: integers, since Δ = N! and points lie in 1 … N."""
    coefficients = {}
    for j in points:
        numerator, denominator = delta, 1
        for i in points:
            if i != j:
                numerator *= at - i
                denominator *= j - i
        coefficients[j] = numerator // denominator
    return coefficients


def _lies_on_curve(record: PublicKeyRecord, trusted: Mapping[int, int], trustee: int, value: int) -> bool:
    n = mpz(record.n)
    expected = mpz(1)
    for j, coefficient in _scaled_lagrange(record.delta, tuple(trusted), trustee).items():
        expected = expected * powmod(trusted[j], 2 * coefficient, n) % n
    return bool(powmod(value, 2 * record.delta, n) == expected)

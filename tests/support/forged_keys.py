"""Key records as a conspiracy of all trustees would forge them, from the factors of a modulus that is not
good.
"""

from dataclasses import replace
from itertools import count
from math import gcd, prod

from crypto.certificate import nth_root_challenges, square_root_challenges
from crypto.hashed_elements import verification_base
from crypto.key_record import PublicKeyRecord, derive_verification_keys
from crypto.numbers import is_prime, powmod


def prime_after(start: int, residue: int, modulus: int) -> int:
    """The smallest prime ≥ start that is `residue` modulo `modulus`."""
    first = start + (residue - start) % modulus
    return next(p for p in count(first, modulus) if is_prime(p))


def forge_record(factors: list[int]) -> PublicKeyRecord:
    """The best single-trustee record for n = Π factors (with repetitions): every root that exists is a true
    one.
    """
    n = prod(factors)
    phi = prod((p - 1) * p ** (factors.count(p) - 1) for p in set(factors))
    order = phi
    while (g := gcd(order, n)) > 1:
        order //= g
    inverse = pow(n, -1, order)
    feldman = ((int(powmod(verification_base(n), inverse, n)),),)
    record = PublicKeyRecord(
        n=n,
        threshold=1,
        trustees=1,
        F0=1,
        k=0,
        feldman=feldman,
        verification_keys=derive_verification_keys(n, 1, 0, feldman),
        nth_roots=tuple(int(powmod(x, inverse, n)) for x in nth_root_challenges(n)),
        square_roots=(),
    )
    roots = (_square_root(x, factors) or 1 for x in square_root_challenges(n))
    return replace(record, square_roots=tuple(min(w, n - w) for w in roots))


def _square_root(x: int, factors: list[int]) -> int | None:
    """A root of x or of -x modulo n, if there is one. Factors ≡ 3 (mod 4) or ≡ 5 (mod 8), none twice."""
    n = prod(factors)
    if len(set(factors)) < len(factors):
        return None
    for value in (x, n - x):
        roots = [_square_root_modulo(value, p) for p in factors]
        if all(roots):
            total = sum(w * (n // p) * pow(n // p, -1, p) for w, p in zip(roots, factors, strict=True) if w)
            return total % n
    return None


def _square_root_modulo(x: int, p: int) -> int | None:
    if p % 4 == 3:
        candidates = [pow(x, (p + 1) // 4, p)]
    else:
        root = pow(x, (p + 3) // 8, p)
        candidates = [root, root * pow(2, (p - 1) // 4, p) % p]
    return next((w for w in candidates if w * w % p == x % p), None)

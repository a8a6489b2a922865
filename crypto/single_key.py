"""The key of a single returning officer: made by one machine, which forgets the factors.

This one person could open single ballots; every page that shows such a key says so. `phe`'s own generator
does not give primes that are 3 (mod 4), which the square roots of the certificate need, so the primes are
made here.

Source: docs/KEY-CEREMONY.md, "A single trustee".
"""

import secrets
from dataclasses import replace

from crypto.certificate import nth_root_challenges, square_root_challenges, verify_key_record
from crypto.hashed_elements import verification_base
from crypto.key_record import KeyShare, PublicKeyRecord, derive_verification_keys
from crypto.key_size import KeySize
from crypto.numbers import gcd, invert, is_prime, powmod_secret
from crypto.opening import answer, extract_root

# FIPS 186-5, A.1.3: primes closer than this could be found by Fermat's method.
_DISTANCE_SPARE_BITS = 100


def make_single_key(size: KeySize) -> tuple[PublicKeyRecord, KeyShare]:
    """A new key with one trustee, and its certificate. Takes about a second; the factors are not kept."""
    return derive_single_key(*generate_primes(size), size)


def generate_primes(size: KeySize) -> tuple[int, int]:
    """Two secret primes ≡ 3 (mod 4) of exactly bits/2 bits, product of exactly `size.bits` bits, gcd(n,
    φ(n)) = 1.
    """
    half = size.bits // 2
    while True:
        p, q = _random_prime(half), _random_prime(half)
        if abs(p - q).bit_length() > half - _DISTANCE_SPARE_BITS and gcd(p * q, (p - 1) * (q - 1)) == 1:
            return p, q


def derive_single_key(p: int, q: int, size: KeySize) -> tuple[PublicKeyRecord, KeyShare]:
    """The record and share of n = p·q: R' = n^(-1) mod φ(n), F0 = 1, k = 0, V_10 = v_1 = v^(R').

    p, q: as `generate_primes` makes them.
    Raises: KeyRefused when the primes do not give a key that everybody accepts, OutOfRange when gcd(n,
    φ(n)) ≠ 1.
    """
    n, phi = p * q, (p - 1) * (q - 1)
    share = KeyShare(index=1, share=int(invert(n, phi)))
    feldman = ((int(powmod_secret(verification_base(n), share.share, n)),),)
    bare = PublicKeyRecord(
        n=n,
        threshold=1,
        trustees=1,
        F0=1,
        k=0,
        feldman=feldman,
        verification_keys=derive_verification_keys(n, 1, 0, feldman),
        nth_roots=(),
        square_roots=(),
    )
    record = replace(
        bare,
        nth_roots=tuple(extract_root(bare, x, {1: answer(bare, share, x)}) for x in nth_root_challenges(n)),
        square_roots=tuple(_square_root(x, n, phi) for x in square_root_challenges(n)),
    )
    verify_key_record(record, size)
    return record, share


def _square_root(x: int, n: int, phi: int) -> int:
    """w = x^((φ+4)/8): w² = x · x^(φ/4) = ±x, since φ/4 is odd and x has Jacobi symbol 1. The smaller of
    ±w.
    """
    w = int(powmod_secret(x, (phi + 4) // 8, n))
    return min(w, n - w)


def _random_prime(bits: int) -> int:
    """A random prime ≡ 3 (mod 4) with its two top bits set, so that a product of two has full length."""
    while True:
        candidate = secrets.randbits(bits) | 3 << (bits - 2) | 3
        if is_prime(candidate):
            return candidate

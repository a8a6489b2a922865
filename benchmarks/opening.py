"""Milliseconds to open one ciphertext with a 2-of-3 key, and to check a key: processor time, one core.

`python -m benchmarks.opening`. Ratios are to one exponentiation modulo n with an n-bit exponent.
"""

import secrets
from collections.abc import Callable
from statistics import median
from time import process_time

from benchmarks.membership import machine
from crypto import paillier
from crypto.certificate import verify_key_record
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.key_size import KeySize
from crypto.numbers import powmod
from crypto.opening import answer, combine_openings, find_opening, verify_opening
from crypto.opening_proof import open_partially, verify_partial_opening
from tests.support.keys import load_test_key

REPEATS = 9


def milliseconds(work: Callable[[], object]) -> float:
    """Median over several calls."""
    times = []
    for _ in range(REPEATS):
        since = process_time()
        work()
        times.append(process_time() - since)
    return median(times) * 1000


def measure(record: PublicKeyRecord, shares: tuple[KeyShare, ...]) -> dict[str, float]:
    """Each operation under its name; the first is the unit of the ratios."""
    n = record.n
    ciphertext = paillier.encrypt(n, secrets.randbelow(n), 1 + secrets.randbelow(n - 1))
    answers = {share.index: answer(record, share, ciphertext) for share in shares}
    some = {j: answers[j] for j in (1, 2)}
    wrong = {**answers, 1: answers[1] * 5 % n}
    partial = open_partially(record, shares[0], ciphertext, b"benchmark")
    opening = combine_openings(record, ciphertext, some)
    return {
        "one power to n modulo n": milliseconds(lambda: powmod(ciphertext, n, n)),
        "answer": milliseconds(lambda: answer(record, shares[0], ciphertext)),
        "answer and prove": milliseconds(lambda: open_partially(record, shares[0], ciphertext, b"benchmark")),
        "verify the proof": milliseconds(
            lambda: verify_partial_opening(record, 1, ciphertext, partial, b"benchmark")
        ),
        "combine two answers": milliseconds(lambda: combine_openings(record, ciphertext, some)),
        "find the opening, one of three wrong": milliseconds(lambda: find_opening(record, ciphertext, wrong)),
        "verify an opening": milliseconds(
            lambda: verify_opening(n, ciphertext, opening.plaintext, opening.root)
        ),
        "verify a key record": milliseconds(lambda: verify_key_record(record, KeySize(n.bit_length()))),
    }


def main() -> None:
    """Print a table for each size."""
    for bits in (2048, 3072):
        figures = measure(*load_test_key(f"threshold-2of3-{bits}"))
        unit = next(iter(figures.values()))
        print(f"opening, 2 of 3, {bits} bits; {machine()}")
        for name, figure in figures.items():
            print(f"  {name:38}{figure:9.2f} ms{figure / unit:9.2f} powers")


if __name__ == "__main__":
    main()

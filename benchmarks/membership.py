"""Milliseconds a ballot: encrypt and prove, verify exactly, at the door, in batches. Processor time of one core.

`python -m benchmarks.membership [--bits 3072] [--ballots 500] [--options 10]`. Every figure stands beside its ratio to
one exponentiation with an n-bit exponent modulo n², measured in the same run: ratios travel between machines.
"""

import argparse
import platform
import resource
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from crypto.ballot_seed import BallotSeed
from crypto.batch import find_failures, verify_claims
from crypto.key import ElectionKey, mask_bits
from crypto.key_size import KeySize
from crypto.membership import MembershipClaim, ProofContext, prove_membership, verify_membership
from crypto.numbers import powmod
from crypto.single_key import generate_primes

EXACT_BALLOTS = 3
DOOR_BALLOTS = 10
POWERS = 10


@dataclass(frozen=True)
class Figures:
    """Milliseconds; `power` is one exponentiation with an n-bit exponent modulo n², the unit of the ratios."""

    power: float
    tables: float
    prove: float
    exact: float
    door: float
    batch: float


def measure(bits: int, ballots: int, options: int) -> Figures:
    """Make `ballots` ballots that choose one of `options`, under a new key, and verify them in each way."""
    size = KeySize(bits)
    p, q = generate_primes(size)
    key = ElectionKey.derive(p * q, secrets.token_hex(16), size)
    base = secrets.randbelow(key.n2)
    power = milliseconds(lambda: [powmod(base, key.n, key.n2) for _ in range(POWERS)]) / POWERS
    tables = milliseconds(lambda: (key.h_table, key.H_table))
    members = tuple(1 << (14 * j) for j in range(options))
    claims: list[list[MembershipClaim]] = []
    prove = milliseconds(lambda: claims.extend([ballot(key, members)] for _ in range(ballots))) / ballots
    few, some = claims[:EXACT_BALLOTS], claims[:DOOR_BALLOTS]

    def verify_exactly() -> None:
        for one in few:
            verify_membership(key, one[0])

    def verify_at_the_door() -> None:
        for one in some:
            verify_claims(key, one)

    exact = milliseconds(verify_exactly) / len(few)
    door = milliseconds(verify_at_the_door) / len(some)
    failures: list[object] = []
    batch = milliseconds(lambda: failures.extend(find_failures(key, claims))) / ballots
    if failures:
        raise SystemExit("An honest ballot was refused: these figures mean nothing.")
    return Figures(power, tables, prove, exact, door, batch)


def ballot(key: ElectionKey, members: tuple[int, ...]) -> MembershipClaim:
    """One encrypted and proved choice, as a voter's program makes it."""
    credential = secrets.token_bytes(32)
    seed = BallotSeed.fresh(credential)
    position = secrets.randbelow(len(members))
    context = ProofContext(bytes(32), "budget", "choice", credential, 1)
    r = seed.blinding("budget", "choice", key.size.blinding_bits)
    c = key.encrypt(members[position], r)
    draw = seed.draw("budget", "choice")
    proof = prove_membership(key, members, position, r, c, context, draw, mask_bits(key.size))
    return MembershipClaim(c, members, proof, context)


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of `work`: what else runs on the machine counts as little as possible."""
    start = process_time()
    work()
    return (process_time() - start) * 1000


def machine() -> str:
    """Processor, system, Python."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return f"{model or platform.machine()}, {platform.system()}, Python {platform.python_version()}, one core"


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bits", type=int, default=3072, choices=(2048, 3072))
    parser.add_argument("--ballots", type=int, default=500, help="in one batch")
    parser.add_argument("--options", type=int, default=10)
    chosen = parser.parse_args(arguments)
    figures = measure(chosen.bits, chosen.ballots, chosen.options)
    print(f"membership, choose 1 of {chosen.options}, {chosen.bits} bits; {machine()}")
    rows = {
        "one power to n modulo n²": figures.power,
        "tables, once for each key": figures.tables,
        "encrypt and prove": figures.prove,
        "verify exactly": figures.exact,
        "verify at the door, a batch of one": figures.door,
        f"verify in a batch of {chosen.ballots}": figures.batch,
    }
    for name, figure in rows.items():
        print(f"  {name:36}{figure:9.2f} ms{figure / figures.power:9.2f} powers")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])

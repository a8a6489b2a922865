"""Milliseconds and bytes of a ballot that ranks k options: encrypt and prove, verify at the door, in batches.

`python -m benchmarks.ranking [--bits 3072] [--options 8] [--ballots 50]`. Processor time of one core. The ratio beside
each figure is to one exponentiation with an n-bit exponent modulo n², measured in the same run.
"""

import argparse
import secrets
import sys

import msgspec

from benchmarks.membership import POWERS, machine, milliseconds
from crypto.ballot_seed import BallotSeed
from crypto.batch import find_failures, verify_claims
from crypto.membership import MembershipClaim
from crypto.numbers import powmod
from protocol.ballot import ballot_claims, decode_ballot, encrypt_ballot
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.ranking import ranking_values
from protocol.roll import RollEntry, make_roll
from protocol.terms import ElectionTerms, assemble_terms
from tests.support.elections import make_manifest, ranking, voter_key
from tests.support.keys import load_test_key

DOOR_BALLOTS = 3
WEIGHT = 5000
"""Of the whole roll."""


def make_terms(bits: int, options: int) -> ElectionTerms:
    """An election with one ranking under a key whose factors nobody uses here."""
    record, _ = load_test_key(f"threshold-2of3-{bits}")
    manifest = msgspec.structs.replace(make_manifest((ranking(options),), trustees=3), bits=bits)
    terms, _ = assemble_terms(
        encode_canonical(manifest),
        make_ceremony_body(manifest.election, record, manifest.size, bytes(32)),
        make_roll(manifest.election, [(voter_key(1).public_key, RollEntry(weight=WEIGHT, area="all"))]),
    )
    return terms


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bits", type=int, default=3072, choices=(2048, 3072))
    parser.add_argument("--options", type=int, default=8, choices=range(2, 9))
    parser.add_argument("--ballots", type=int, default=50, help="in one batch")
    chosen = parser.parse_args(arguments)
    terms = make_terms(chosen.bits, chosen.options)
    key, credential = terms.key, voter_key(1).public_key
    base = secrets.randbelow(key.n2)
    power = milliseconds(lambda: [powmod(base, key.n, key.n2) for _ in range(POWERS)]) / POWERS
    tables = milliseconds(lambda: (key.h_table, key.H_table))
    bodies: list[bytes] = []

    def encrypt() -> None:
        for _ in range(chosen.ballots):
            order = secrets.SystemRandom().sample(range(1, chosen.options + 1), chosen.options)
            seed = BallotSeed.fresh(credential)
            bodies.append(encrypt_ballot(terms, [ranking_values(order)], credential, 1, seed))

    def verify_at_the_door() -> None:
        for each in claims[:DOOR_BALLOTS]:
            verify_claims(key, each)

    prove = milliseconds(encrypt) / chosen.ballots
    claims: list[tuple[MembershipClaim, ...]] = []
    decode = milliseconds(
        lambda: claims.extend(ballot_claims(terms, decode_ballot(terms, body)) for body in bodies)
    )
    door = milliseconds(verify_at_the_door) / DOOR_BALLOTS
    failures: list[object] = []
    batch = milliseconds(lambda: failures.extend(find_failures(key, claims))) / chosen.ballots
    if failures:
        raise SystemExit("An honest ballot was refused: these figures mean nothing.")
    branches = sum(len(members) for _, members in terms.layouts[0].proof_sets())
    print(
        f"rank {chosen.options}: {branches} branches, {len(bodies[0]):,} bytes, {chosen.bits} bits; {machine()}"
    )
    rows = {
        "one power to n modulo n²": power,
        "tables, once for each key": tables,
        "encrypt and prove": prove,
        "read strictly, multiply": decode / chosen.ballots,
        "verify at the door, a batch of one": door,
        f"verify in a batch of {chosen.ballots}": batch,
    }
    for name, figure in rows.items():
        print(f"  {name:36}{figure:9.2f} ms{figure / power:9.2f} powers")


if __name__ == "__main__":
    main(sys.argv[1:])

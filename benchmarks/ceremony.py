"""Processor time of a key ceremony: all parties in one process, one core.

`python -m benchmarks.ceremony [--bits 2048 3072] [--trustees 3] [--runs 2]`. The number of candidates is a
matter of luck (95 % end within three times the mean), so "expected" is the measured cost of a candidate
times the mean number of candidates, plus the measured cost of what comes after the search. Ratios are to
one exponentiation modulo n with an n-bit exponent, measured in the same run: they travel between machines.
"""

import argparse
import secrets
from collections import defaultdict
from time import process_time

from benchmarks.membership import machine
from crypto.ceremony.one_process import CeremonyProgress, run_in_one_process
from crypto.ceremony.parameters import SESSION_BYTES, CeremonyParameters
from crypto.ceremony.party import CeremonyStage
from crypto.key_size import KeySize
from crypto.numbers import powmod

POWERS = 50
SEARCH = (CeremonyStage.CANDIDATES, CeremonyStage.FILTER)


class Clock:
    """Seconds of processor time by the stage in which they were spent."""

    def __init__(self) -> None:
        self.seconds: defaultdict[CeremonyStage, float] = defaultdict(float)
        self._since = process_time()

    def tick(self, progress: CeremonyProgress) -> None:
        """Book the time since the last round: a party enters a stage when it computes its first message."""
        now = process_time()
        self.seconds[progress.stage] += now - self._since
        self._since = now


def reference_seconds(n: int) -> float:
    """One exponentiation modulo n with an n-bit exponent."""
    base, since = secrets.randbelow(n), process_time()
    for _ in range(POWERS):
        powmod(base, n - 1, n)
    return (process_time() - since) / POWERS


def measure(size: KeySize, trustees: int, runs: int) -> None:
    """Run ceremonies and print one line."""
    clock = Clock()
    outcomes = []
    for _ in range(runs):
        parameters = CeremonyParameters(size, trustees, 2, secrets.token_bytes(SESSION_BYTES))
        outcomes.append(run_in_one_process(parameters, clock.tick))
    power = reference_seconds(outcomes[0].record.n)
    total = sum(clock.seconds.values())
    expected = parameters.candidates_expected
    candidates = sum(outcome.candidates_tried for outcome in outcomes)
    rounds = sum(outcome.rounds for outcome in outcomes)
    megabytes = sum(outcome.bytes_sent for outcome in outcomes) / trustees / 1e6
    search = sum(clock.seconds[stage] for stage in SEARCH) / candidates
    after = (total - search * candidates) / runs
    mean = search * expected + after
    print(
        f"{size.bits} bits, 2 of {trustees}: expected {mean:.1f} s = {mean / power:.0f} powers of {power * 1e3:.2f} ms"
        f" ({search * 1e3:.2f} ms for each of {expected} candidates, then {after:.2f} s);"
        f" measured mean of {runs}: {total / runs:.1f} s, {candidates / runs:.0f} candidates,"
        f" {rounds / runs:.0f} rounds, {megabytes / runs:.1f} MB sent by each party"
    )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, nargs="+", default=[2048, 3072])
    parser.add_argument("--trustees", type=int, default=3)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    print(f"Key ceremony, processor time of all {arguments.trustees} parties together; {machine()}")
    for bits in arguments.bits:
        measure(KeySize(bits), arguments.trustees, arguments.runs)


if __name__ == "__main__":
    main()

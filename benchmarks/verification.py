"""Seconds and memory of verifying whole elections of growing size: memory must stay flat.

`python -m benchmarks.verification [--ballots 5000 20000] [--bits 2048] [--options 2] [--jobs 1]`. The 100,000 ballots
of the long run are `--ballots 100000`. Ballots are really encrypted, proved and signed; the boards are written without
a database, because only verification is measured. Memory is the largest resident set of the verifying process.
"""

import argparse
import json
import resource
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.membership import machine
from crypto.ballot_seed import BallotSeed
from crypto.checkpoint import Checkpoint, sign_checkpoint
from crypto.encoding import encode_base64url
from crypto.merkle import CompactTree, leaf_hash
from crypto.signature import SigningKey
from crypto.single_key import make_single_key
from protocol.ballot import encrypt_ballot
from protocol.bundle_key import bundle_key, encode_bundle_key
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind, make_leaf, sign_body
from protocol.manifest import RELAXED_SMALL_AREAS, Area, ChooseOne, Manifest, NamedKey, Option
from protocol.records import CLOCK, Closing, Freeze, PollsOpened, freeze_message
from protocol.roll import RollEntry, make_roll
from protocol.terms import ElectionTerms, assemble_terms
from protocol.text import LocalText, format_time

CHUNK = 500


@dataclass(frozen=True)
class Figures:
    """What one verification took. mebibytes: largest resident set, workers not included."""

    ballots: int
    seconds: float
    mebibytes: float
    checks: dict[str, float]


def _words(text: str) -> LocalText:
    return LocalText(en=text, vi=text)


def _voter(number: int) -> SigningKey:
    return SigningKey.from_seed(b"benchmark voter " + number.to_bytes(16, "big"))


@dataclass
class Writer:
    """Writes a bundle leaf by leaf."""

    folder: Path
    server: SigningKey
    now: datetime

    def __post_init__(self) -> None:
        self.tree = CompactTree()
        self.board = (self.folder / "board.jsonl").open("wb")
        self.bodies = (self.folder / "bodies.jsonl").open("wb")

    def append(self, kind: Kind, body: bytes, signature: bytes | None = None) -> None:
        """One entry."""
        leaf = make_leaf(kind, body, format_time(self.now), signature)
        self.tree.append(leaf_hash(leaf))
        self.board.write(leaf + b"\n")
        self.bodies.write(body + b"\n")

    def append_as_server(self, kind: Kind, body: bytes) -> None:
        """One entry of the server's own."""
        self.append(kind, body, sign_body(kind, body, self.server))

    def sign(self, name: str, origin: str) -> None:
        """A checkpoint file of the present head."""
        note = sign_checkpoint(Checkpoint(origin, self.tree.size, self.tree.root()), self.server)
        (self.folder / name).write_text(note)


def make_bundle(folder: Path, ballots: int, bits: int, options: int) -> None:
    """A closed election with one trustee, not aggregated: everything but the tally is verified."""
    trustee, server = (
        SigningKey.from_seed(secrets.token_bytes(32)),
        SigningKey.from_seed(secrets.token_bytes(32)),
    )
    now = datetime.now(UTC)
    manifest = _manifest(bits, options, trustee, server, now)
    record, _ = make_single_key(manifest.size)
    manifest_body = encode_canonical(manifest)
    ceremony_body = make_ceremony_body(manifest.election, record, manifest.size, bytes(32))
    entry = RollEntry(weight=1, area="all")
    roll_body = make_roll(manifest.election, ((_voter(i).public_key, entry) for i in range(ballots)))
    terms, _ = assemble_terms(manifest_body, ceremony_body, roll_body)
    (folder / "key.json").write_bytes(encode_bundle_key(bundle_key(terms)))
    writer = Writer(folder, server, now)
    for kind, body in (
        (Kind.MANIFEST, manifest_body),
        (Kind.CEREMONY, ceremony_body),
        (Kind.ROLL, roll_body),
    ):
        writer.append(kind, body)
    common = {"election": terms.election, "fingerprint": terms.fingerprint_text}
    signature = encode_base64url(trustee.sign(freeze_message(terms.election, terms.fingerprint)))
    freeze = Freeze(**common, format="psephos/freeze/v1", signatures=(signature,))
    writer.append(Kind.FREEZE, encode_canonical(freeze))
    opened = PollsOpened(**common, by=CLOCK, format="psephos/polls-opened/v1")
    writer.append_as_server(Kind.POLLS_OPENED, encode_canonical(opened))
    for body, signed in _ballots(terms, ballots):
        writer.append(Kind.BALLOT, body, signed)
    closing = Closing(
        **common,
        ballots=ballots,
        by="Benchmark",
        challenges=0,
        format="psephos/closing/v1",
        keys=None,
        persons=None,
        reason="All ballots are cast.",
    )
    writer.append_as_server(Kind.CLOSING, encode_canonical(closing))
    writer.sign("checkpoint", manifest.log_origin)
    writer.sign("closing-checkpoint", manifest.log_origin)
    writer.board.close()
    writer.bodies.close()


def _manifest(bits: int, options: int, trustee: SigningKey, server: SigningKey, now: datetime) -> Manifest:
    election = secrets.token_hex(16)
    return Manifest(
        areas=(Area(id="all", name=_words("All")),),
        authority=_words("Benchmark"),
        bits=2048 if bits == 2048 else 3072,
        ceremony="one-machine",
        closes_at=format_time(now + timedelta(days=1)),
        documents=(),
        election=election,
        extension_seconds=0,
        format="psephos/manifest/v1",
        log_key=encode_base64url(server.public_key),
        log_origin=f"benchmark.invalid/{election}",
        objection_seconds=0,
        opens_at=format_time(now - timedelta(days=1)),
        promise_seconds=60,
        questions=(
            ChooseOne(
                id="q",
                text=_words("Which one?"),
                options=tuple(Option(id=f"o{i}", label=_words(f"Option {i}")) for i in range(options)),
            ),
        ),
        quorum=None,
        registrar_key=None,
        rehearsal=False,
        revoting=True,
        server_key=encode_base64url(server.public_key),
        sign_in="none",
        small_areas=RELAXED_SMALL_AREAS,
        threshold=1,
        time_zone="UTC",
        title=_words("Benchmark"),
        trustees=(NamedKey(key=encode_base64url(trustee.public_key), name="Trustee"),),
        witnesses=(),
    )


def _ballots(terms: ElectionTerms, ballots: int) -> Iterator[tuple[bytes, bytes]]:
    with ProcessPoolExecutor() as pool:
        starts = range(0, ballots, CHUNK)
        chunks = pool.map(_encrypt, [terms] * len(starts), starts, [min(s + CHUNK, ballots) for s in starts])
        for chunk in chunks:
            yield from chunk


def _encrypt(terms: ElectionTerms, start: int, end: int) -> list[tuple[bytes, bytes]]:
    made = []
    slots = terms.layouts[0].slot_count
    for number in range(start, end):
        vote = tuple(int(i == number % slots) for i in range(slots))
        voter = _voter(number)
        body = encrypt_ballot(terms, [vote], voter.public_key, 1, BallotSeed.fresh(b"benchmark"))
        made.append((body, sign_body(Kind.BALLOT, body, voter)))
    return made


def measure(folder: Path, ballots: int, jobs: int) -> Figures:
    """Verify a bundle with the real command in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.verification",
        "--measured",
        str(folder),
        "--jobs",
        str(jobs),
    ]
    start = perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    seconds = perf_counter() - start
    answer = json.loads(done.stdout)
    assert answer["ok"], "The benchmark's own election does not verify."
    return Figures(ballots, seconds, answer["mebibytes"], answer["seconds"])


def _measured(folder: Path, jobs: int) -> None:
    """Runs in the measured process: verify, then say how much memory that took."""
    from verifier.bundle import Bundle  # noqa: PLC0415  (the measured process loads what verification needs, no more)
    from verifier.program import Request, verify_bundle  # noqa: PLC0415

    report = verify_bundle(Bundle.open(folder), Request(jobs=jobs)).report
    mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = {check.name.value: round(check.seconds, 3) for check in report.checks if check.count}
    print(json.dumps({"ok": report.ok, "mebibytes": mebibytes, "seconds": seconds}))


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ballots", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--bits", type=int, choices=(2048, 3072), default=2048)
    parser.add_argument("--options", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--measured", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measured is not None:
        _measured(arguments.measured, arguments.jobs)
        return
    print(
        f"Verification of whole elections, {arguments.bits} bits, choose 1 of {arguments.options} or blank, "
        f"{arguments.jobs} process(es). {machine()}"
    )
    print(f"{'ballots':>8}  {'seconds':>8}  {'ms/ballot':>9}  {'MiB':>6}")
    for ballots in arguments.ballots:
        with tempfile.TemporaryDirectory() as name:
            make_bundle(Path(name), ballots, arguments.bits, arguments.options)
            found = measure(Path(name), ballots, arguments.jobs)
        print(
            f"{found.ballots:>8,}  {found.seconds:>8.1f}  {1000 * found.seconds / ballots:>9.2f}  "
            f"{found.mebibytes:>6.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""The auditor's program: all checks of a board over a bundle, and the few that only a bundle has.

`protocol.verification` is the engine. Added here: `key.json` and `result.json` say what the board says, the
checkpoint files carry no line that is not accounted for, and what the auditor brought (fingerprint of a letter,
a checkpoint kept from earlier) fits.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from crypto.checkpoint import Checkpoint, parse_note, verify_checkpoint, verify_cosignature
from crypto.display_code import display_code, parse_display_code
from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from protocol.bundle_key import bundle_key
from protocol.errors import ProtocolError
from protocol.manifest import Manifest, decode_manifest
from protocol.report import CheckName, Failure, Report
from protocol.verification import Options, SourceBroken, VerifiedBoard, verify_board
from verifier.bundle import Bundle

PARALLEL_FROM_ENTRIES: Final = 600
"""Below this, starting processes takes longer than they save."""


class MalformedFingerprint(Exception):
    """A fingerprint that is neither a display code nor base64url of 32 bytes."""


@dataclass(frozen=True)
class Request:
    """exact: check every proof branch by its own equation.  fingerprint: of the letter, as a display code.
    checkpoint: a signed note kept from earlier.  jobs: processes, None for one on each processor.
    progress: called with (steps done, steps expected).
    """

    exact: bool = False
    fingerprint: str | None = None
    checkpoint: str | None = None
    jobs: int | None = None
    progress: Callable[[int, int], None] = lambda _done, _expected: None


@dataclass(frozen=True)
class Verdict:
    """The engine's report with the bundle's own failures merged in. manifest: None when it cannot be read."""

    report: Report
    manifest: Manifest | None


def read_fingerprint(text: str) -> str:
    """The display code that `text` spells, or abbreviates as base64url of 32 bytes. Raises: MalformedFingerprint."""
    try:
        return display_code(decode_base64url(text.strip(), 32))
    except CryptoError:
        pass
    try:
        return parse_display_code(text)
    except CryptoError as error:
        raise MalformedFingerprint(f"This is not a fingerprint: {error}") from error


def verify_bundle(bundle: Bundle, request: Request | None = None) -> Verdict:
    """Run every check. Raises: UnusableBundle when a file cannot be read; anything else is the program's fault."""
    request = request or Request()
    manifest = _read_manifest(bundle)
    failures: list[tuple[CheckName, Failure]] = []
    older = None
    if request.checkpoint is not None and manifest is not None:
        try:
            older = _read_older(request.checkpoint, manifest)
        except CryptoError as error:
            failures.append(
                (
                    CheckName.BOARD,
                    Failure(None, f"The checkpoint that you kept is not of this board: {error}"),
                )
            )
    size = bundle.announced_size()

    def progress(leaves: int, turn: int) -> None:
        request.progress((turn - 1) * size + leaves, 2 * size)

    with processes(size, request.jobs) as (executor, workers):
        board = verify_board(
            bundle,
            Options(exact=request.exact, older=older, executor=executor, workers=workers, progress=progress),
        )
    failures += _compare_key(bundle, board)
    failures += _compare_fingerprint(request.fingerprint, board)
    failures += _compare_result(bundle, board)
    if manifest is not None:
        failures += _account_for_signatures(bundle, manifest)
    return Verdict(_with_failures(board.report, failures), manifest)


@contextmanager
def processes(entries: int, jobs: int | None = None) -> Iterator[tuple[Executor | None, int]]:
    """(executor, batches that may wait there) for `protocol.verification.Options`: None for a small board.

    entries: about how many the board has.  jobs: as in `Request`.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1 or entries < PARALLEL_FROM_ENTRIES:
        yield None, 1
        return
    # Spawned, not forked: the same on every system, and no thread of a progress bar is copied half-way.
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool, 2 * jobs
    finally:
        pool.shutdown(cancel_futures=True)


def _read_manifest(bundle: Bundle) -> Manifest | None:
    """The manifest if it can be read; when not, check 01 says why."""
    try:
        bodies = [body for _, body in islice(bundle.entries(), 1)]
        return decode_manifest(bodies[0]) if bodies else None
    except ProtocolError:
        return None


def _read_older(note: str, manifest: Manifest) -> Checkpoint:
    return verify_checkpoint(note, manifest.log_origin, decode_base64url(manifest.log_key, 32))


def _compare_key(bundle: Bundle, board: VerifiedBoard) -> list[tuple[CheckName, Failure]]:
    try:
        key = bundle.read_key()
    except ProtocolError as error:
        return [(CheckName.KEY, Failure(None, f"key.json: {error}"))]
    terms = board.terms
    if terms is None:
        return []  # check 01 or 02 has failed; there is nothing to compare with
    if key != bundle_key(terms):
        return [(CheckName.KEY, Failure(None, "key.json is not of the election that the board holds."))]
    return []


def _compare_fingerprint(expected: str | None, board: VerifiedBoard) -> list[tuple[CheckName, Failure]]:
    found = board.report.fingerprint_code
    if expected is None or found is None or expected == found:
        return []
    reason = (
        f"The fingerprint of this bundle is {found}, not {expected} as in your letter: "
        "this is another election, or its terms were exchanged after the letters were printed."
    )
    return [(CheckName.KEY, Failure(None, reason))]


def _compare_result(bundle: Bundle, board: VerifiedBoard) -> list[tuple[CheckName, Failure]]:
    at = board.rules.result
    if (at is not None) != bundle.has_result:
        return [
            (CheckName.RESULT, Failure(at, "result.json belongs to a board with a result, and only to one."))
        ]
    if at is not None and not bundle.result_is_last_body():
        return [(CheckName.RESULT, Failure(at, "result.json is not the body of the board's result."))]
    return []


def _account_for_signatures(bundle: Bundle, manifest: Manifest) -> list[tuple[CheckName, Failure]]:
    """Every line of a checkpoint file is the log's or a witness's and is good; a bundle carries nothing else."""
    try:
        for note in (bundle.checkpoint, bundle.closing_checkpoint):
            if note is not None:
                _account_for_note(note, manifest)
    except (ProtocolError, CryptoError) as error:
        return [(CheckName.BOARD, Failure(None, f"A checkpoint file of the bundle: {error}"))]
    return []


def _account_for_note(note: str, manifest: Manifest) -> None:
    witnesses = {witness.name: decode_base64url(witness.key, 32) for witness in manifest.witnesses}
    lines = parse_note(note).signatures
    if len({line.key_name for line in lines}) != len(lines):
        raise SourceBroken("It carries two lines of one name.")
    for line in lines:
        if line.key_name in witnesses:
            verify_cosignature(note, line.key_name, witnesses[line.key_name])
        elif line.key_name == manifest.log_origin:
            verify_checkpoint(note, manifest.log_origin, decode_base64url(manifest.log_key, 32))
        else:
            raise SourceBroken(
                f"It carries a line of “{line.key_name}”, who is neither the log nor a witness."
            )


def _with_failures(report: Report, failures: Sequence[tuple[CheckName, Failure]]) -> Report:
    """The report with these failures put before the engine's own."""
    checks = []
    for check in report.checks:
        own = tuple(failure for name, failure in failures if name is check.name)
        checks.append(
            replace(
                check,
                failure_count=check.failure_count + len(own),
                failures=own + check.failures,
            )
        )
    return replace(report, checks=tuple(checks))

"""The whole verification of a board, in constant memory: PROTOCOL section 9, check by check.

The board is read twice: once to derive which ballots count, once to multiply them. Trustees run the same
function before they sign or open anything; the auditor's program runs it on a bundle.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from crypto.certificate import verify_key_record
from crypto.checkpoint import Checkpoint, verify_checkpoint, verify_cosignature
from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from crypto.merkle import CompactTree, leaf_hash
from protocol.ballot import BallotInvalid
from protocol.board_rules import BoardBroken, BoardRules, require_author
from protocol.canonical import decode_canonical
from protocol.challenge import decode_challenge, recompute_ballot
from protocol.counting import CountingList, require_on_roll, require_sequence, require_window
from protocol.errors import ProtocolError
from protocol.events import Events
from protocol.judging import BATCH_BALLOTS, BATCH_BYTES, BallotLeaf, JudgedBatch, Judgement, judge_ballots
from protocol.leaf import Kind, Leaf, body_digest, decode_leaf, verify_leaf_signature
from protocol.manifest import Manifest, decode_manifest
from protocol.records import RECORD_BYTES_MAX, Closing, PollsOpened
from protocol.report import NOT_CHECKED, BoardState, CheckLog, CheckName, Report
from protocol.revocation import ActiveRoll
from protocol.roll import Roll, decode_roll
from protocol.running import RunningElection
from protocol.tally_checks import SourceBroken, TallyChecks
from protocol.terms import ElectionTerms, read_key, tie_terms, verify_freeze
from protocol.text import parse_time

__all__ = ["BoardSource", "Options", "SourceBroken", "VerifiedBoard", "verify_board"]


class BoardSource(Protocol):
    """A board that can be read from its start as often as needed. It is not trusted to say the same every time."""

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """(leaf bytes, body bytes) in order. Raises: SourceBroken where the next entry cannot be read."""
        ...

    @property
    def checkpoint(self) -> str:
        """Signed head of the whole board. Raises: SourceBroken."""
        ...

    @property
    def closing_checkpoint(self) -> str | None:
        """Signed head that ends with the closing leaf, with cosignatures; None while it is open.

        Raises: SourceBroken.
        """
        ...


def _no_progress(_leaves: int, _turn: int) -> None:
    pass


@dataclass(frozen=True)
class Options:
    """exact: check every proof branch by its own equation.  older: a head that must be a prefix of this board.
    executor: where batches of ballots are judged, None for here.  workers: how many batches may wait there.
    progress: called with (leaves read, pass 1 or 2).
    """

    exact: bool = False
    older: Checkpoint | None = None
    executor: Executor | None = None
    workers: int = 1
    progress: Callable[[int, int], None] = _no_progress


@dataclass
class VerifiedBoard:
    """What was derived on the way; complete as far as the report is good. roll: as it was frozen.

    running: closing time, revocations and conflicts at the end of the board.
    """

    report: Report
    terms: ElectionTerms | None
    roll: Roll | None
    rules: BoardRules
    running: RunningElection | None
    tally: TallyChecks | None


def verify_board(source: BoardSource, options: Options | None = None) -> VerifiedBoard:
    """Run every check of PROTOCOL section 9. Never raises for what the board holds: the report says it.

    Any other exception is a fault of this program or machine.
    """
    return _Verification(source, options or Options()).run()


@dataclass
class _Walk:
    """What grows while the board is read from its fourth entry on."""

    running: RunningElection
    counting: CountingList
    tally: TallyChecks


@dataclass
class _Verification:
    source: BoardSource
    options: Options
    log: CheckLog = field(default_factory=lambda: CheckLog(time.perf_counter))
    rules: BoardRules = field(default_factory=BoardRules)
    tree: CompactTree = field(default_factory=CompactTree)
    trackers: dict[bytes, int] = field(default_factory=dict)
    counted_trackers: dict[bytes, bytes] = field(default_factory=dict)
    challenged: dict[bytes, int] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    waiting: list[BallotLeaf] = field(default_factory=list)
    waiting_bytes: int = 0
    judged: deque["Future[JudgedBatch]"] = field(default_factory=deque)
    term_digests: dict[Kind, bytes] = field(default_factory=dict)
    manifest: Manifest | None = None
    terms: ElectionTerms | None = None
    roll: Roll | None = None

    def run(self) -> VerifiedBoard:
        self._read_terms(self._first_bodies())
        if self.terms is None or self.roll is None:
            self._not_reached("the election's terms could not be read")
            return VerifiedBoard(self._report(None), None, None, self.rules, None, None)
        running = RunningElection.begin(self.terms, ActiveRoll(self.roll))
        walk = _Walk(running, CountingList(running.roll), TallyChecks(self.terms, self.log))
        self._read_board(self.terms, walk)
        self._check_heads(self.terms.manifest, walk.tally.act_stands)
        if not self.log.has_failed(CheckName.BOARD):
            self._check_tally(walk)
        if self.log.has_failed(CheckName.BOARD):
            self._not_reached("the board is broken")
        return VerifiedBoard(self._report(walk.tally), self.terms, self.roll, self.rules, running, walk.tally)

    def _check_tally(self, walk: "_Walk") -> None:
        try:
            walk.tally.check(
                self.source.entries,
                walk.running,
                walk.counting,
                self.counted_trackers,
                self.rules,
                self.roots,
                self.options.progress,
            )
        except SourceBroken as error:
            self.log.fail(CheckName.BOARD, None, str(error))

    def _first_bodies(self) -> list[bytes]:
        try:
            return [body for _, body in islice(self.source.entries(), 3)]
        except SourceBroken as error:
            self.log.fail(CheckName.KEY, None, str(error))
            return []

    def _readable_entries(self) -> Iterator[tuple[bytes, bytes]]:
        try:
            yield from self.source.entries()
        except SourceBroken as error:
            self.log.fail(CheckName.BOARD, self.tree.size, str(error))

    def _read_terms(self, bodies: Sequence[bytes]) -> None:
        log = self.log
        if len(bodies) < 3:
            log.fail(CheckName.KEY, None, "The board does not hold manifest, ceremony and roll.")
            return
        with log.timed(CheckName.KEY):
            try:
                self.manifest = decode_manifest(bodies[0])
                record = read_key(self.manifest, bodies[1])
                verify_key_record(record, self.manifest.size)
            except (ProtocolError, CryptoError) as error:
                log.fail(CheckName.KEY, 0 if self.manifest is None else 1, str(error))
                return
            log.counts[CheckName.KEY] = 1
        with log.timed(CheckName.ROLL):
            try:
                self.roll = decode_roll(bodies[2], self.manifest)
                self.terms = tie_terms(self.manifest, record, self.roll, (bodies[0], bodies[1], bodies[2]))
            except (ProtocolError, CryptoError) as error:
                log.fail(CheckName.ROLL, 2, str(error))
                return
            log.counts[CheckName.ROLL] = len(self.roll.entries)
            kinds = (Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL)
            self.term_digests = {
                kind: body_digest(kind, body) for kind, body in zip(kinds, bodies, strict=True)
            }

    def _read_board(self, terms: ElectionTerms, walk: "_Walk") -> None:
        log = self.log
        sizes = {self.options.older.size} if self.options.older else set()
        for index, (leaf_bytes, body) in enumerate(self._readable_entries()):
            self.options.progress(index + 1, 1)
            with log.timed(CheckName.BOARD):
                self.tree.append(leaf_hash(leaf_bytes))
                log.counts[CheckName.BOARD] += 1
                leaf = self._admit(terms, walk.running, index, leaf_bytes, body)
                if index + 1 in sizes or (leaf is not None and leaf.kind is Kind.CLOSING):
                    self.roots[index + 1] = self.tree.root()
            if leaf is None:
                continue
            if leaf.kind is Kind.BALLOT:
                log.counts[CheckName.BALLOTS] += 1
                self.waiting.append(BallotLeaf(index, leaf, body, walk.running.closes_at))
                self.waiting_bytes += len(body)
                if len(self.waiting) >= BATCH_BALLOTS or self.waiting_bytes >= BATCH_BYTES:
                    self._send_batch(terms, walk)
            elif leaf.kind is Kind.CHALLENGE:
                with log.timed(CheckName.CHALLENGES):
                    self._check_challenge(terms, walk.running, index, leaf, body)
            else:
                walk.tally.note(index, leaf, body)
        self._send_batch(terms, walk)
        while self.judged:
            self._take_batch(walk)
        for tracker, index in self.challenged.items():
            if tracker in self.trackers:
                log.fail(
                    CheckName.CHALLENGES,
                    index,
                    f"This challenged ballot was cast as well (entry {self.trackers[tracker]}).",
                )

    def _admit(
        self, terms: ElectionTerms, running: RunningElection, index: int, leaf_bytes: bytes, body: bytes
    ) -> Leaf | None:
        try:
            leaf = decode_leaf(leaf_bytes)
            self.rules.admit(leaf, body)
        except ProtocolError as error:
            if self.rules.size == index:
                self.rules.skip()
            self.log.fail(CheckName.BOARD, index, str(error))
            return None
        try:
            require_author(terms.manifest, leaf, body)
            if leaf.kind in self.term_digests and leaf.digest_bytes != self.term_digests[leaf.kind]:
                raise BoardBroken("This record is not the one that was read first.")
            if leaf.kind is Kind.FREEZE:
                verify_freeze(terms, body)
            elif leaf.kind is Kind.POLLS_OPENED:
                _require_terms(terms, decode_canonical(body, PollsOpened, limit_bytes=RECORD_BYTES_MAX))
            elif leaf.kind is Kind.CLOSING:
                self._require_closing(terms, running, leaf, body)
            else:
                running.note(index, leaf, body)
        except (ProtocolError, CryptoError) as error:
            self.log.fail(CheckName.BOARD, index, str(error))
        return leaf

    def _require_closing(
        self, terms: ElectionTerms, running: RunningElection, leaf: Leaf, body: bytes
    ) -> None:
        closing = decode_canonical(body, Closing, limit_bytes=RECORD_BYTES_MAX)
        _require_terms(terms, closing)
        running.require_closing(leaf, closing)
        if (closing.ballots, closing.challenges) != (self.rules.ballots, self.rules.challenges):
            raise BoardBroken(
                f"The closing counts {closing.ballots} ballots and {closing.challenges} challenges; "
                f"the board holds {self.rules.ballots} and {self.rules.challenges}."
            )

    def _send_batch(self, terms: ElectionTerms, walk: "_Walk") -> None:
        if not self.waiting:
            return
        batch, self.waiting, self.waiting_bytes = self.waiting, [], 0
        if self.options.executor is None:
            self._take_judgements(walk, judge_ballots(terms, batch, self.options.exact))
            return
        while len(self.judged) >= self.options.workers:
            self._take_batch(walk)
        self.judged.append(self.options.executor.submit(judge_ballots, terms, batch, self.options.exact))

    def _take_batch(self, walk: "_Walk") -> None:
        self._take_judgements(walk, self.judged.popleft().result())

    def _take_judgements(self, walk: "_Walk", batch: JudgedBatch) -> None:
        self.log.seconds[CheckName.BALLOTS] += batch.reading_seconds
        self.log.seconds[CheckName.MEMBERSHIP] += batch.proof_seconds
        for judgement in batch.judgements:
            self._take_judgement(walk, judgement)

    def _take_judgement(self, walk: "_Walk", judgement: Judgement) -> None:
        log, index = self.log, judgement.index
        log.counts[CheckName.MEMBERSHIP] += judgement.proofs
        if judgement.tracker is not None:
            self.trackers.setdefault(judgement.tracker, index)
        credential, sequence = judgement.credential, judgement.sequence
        if credential is None or sequence is None:
            code, sentence = judgement.fault or ("malformed-ballot", "The ballot cannot be read.")
            log.fail(CheckName.BALLOTS, index, f"{code}: {sentence}")
            return
        manifest = walk.running.terms.manifest
        try:
            require_on_roll(walk.running.roll, credential, index)
            if judgement.fault is not None:
                raise BallotInvalid(*judgement.fault)
            require_sequence(manifest, sequence, walk.counting.earlier_valid(credential))
        except BallotInvalid as error:
            log.fail(CheckName.BALLOTS, index, f"{error.code}: {error}")
            return
        for fault in judgement.proof_faults:
            log.fail(CheckName.MEMBERSHIP, index, fault)
        if not judgement.proof_faults:
            walk.counting.add_valid(index, credential)
            if judgement.tracker is not None:
                self.counted_trackers[credential] = judgement.tracker

    def _check_challenge(
        self, terms: ElectionTerms, running: RunningElection, index: int, leaf: Leaf, body: bytes
    ) -> None:
        self.log.counts[CheckName.CHALLENGES] += 1
        try:
            challenge = decode_challenge(body)
            credential = decode_base64url(challenge.credential, 32)
            require_on_roll(running.roll, credential, index)
            verify_leaf_signature(leaf, credential)
            require_window(terms.manifest, running.closes_at, parse_time(leaf.time))
            self.challenged.setdefault(decode_base64url(challenge.tracker, 32), index)
            recompute_ballot(terms, challenge)
        except (ProtocolError, CryptoError) as error:
            self.log.fail(CheckName.CHALLENGES, index, str(error))

    def _check_heads(self, manifest: Manifest, act_stands: bool) -> None:
        with self.log.timed(CheckName.BOARD):
            try:
                key = decode_base64url(manifest.log_key, 32)
                head = verify_checkpoint(self.source.checkpoint, manifest.log_origin, key)
                if (head.size, head.root) != (self.tree.size, self.tree.root()):
                    raise BoardBroken("The signed checkpoint is not the head of these leaves.")
                self._check_closing_head(manifest, key, act_stands)
                self._check_older(self.options.older)
            except (ProtocolError, CryptoError) as error:
                self.log.fail(CheckName.BOARD, None, str(error))

    def _check_closing_head(self, manifest: Manifest, key: bytes, act_stands: bool) -> None:
        closing, note = self.rules.closing, self.source.closing_checkpoint
        if (closing is None) != (note is None):
            raise BoardBroken("A closing checkpoint belongs to a closed board, and only to one.")
        if closing is None or note is None:
            return
        head = verify_checkpoint(note, manifest.log_origin, key)
        if (head.size, head.root) != (closing + 1, self.roots.get(closing + 1)):
            raise BoardBroken("The closing checkpoint is not the head that ends with the closing leaf.")
        cosigned = 0
        for witness in manifest.witnesses:
            try:
                verify_cosignature(note, witness.name, decode_base64url(witness.key, 32))
                cosigned += 1
            except CryptoError:
                continue
        needed = len(manifest.witnesses) if act_stands else manifest.witness_quorum
        if cosigned < needed:
            raise BoardBroken(f"{cosigned} witnesses cosigned the closing; {needed} are needed.")

    def _check_older(self, older: Checkpoint | None) -> None:
        if older is None:
            return
        if older.size > self.tree.size or (older.size and self.roots.get(older.size) != older.root):
            raise BoardBroken(
                f"The checkpoint that you kept (size {older.size}) is not a prefix of this board: "
                "entries were changed or removed. Both signed checkpoints together are evidence."
            )

    def _not_reached(self, why: str) -> None:
        for name in CheckName:
            if self.log.counts[name] == 0 and not self.log.has_failed(name):
                self.log.fail(name, None, f"{NOT_CHECKED}: {why}.")

    def _report(self, tally: TallyChecks | None) -> Report:
        manifest = self.manifest
        warnings = list(manifest.warnings()) if manifest else []
        if tally is not None:
            warnings += tally.warnings
        return Report(
            checks=self.log.reports(),
            state=self._state(tally),
            election=manifest.election if manifest else None,
            fingerprint_code=self.terms.fingerprint_code if self.terms else None,
            size=self.tree.size,
            root=self.tree.root(),
            warnings=tuple(warnings),
            result=tally.result if tally else None,
            events=tally.events if tally else Events(),
        )

    def _state(self, tally: TallyChecks | None) -> BoardState:
        if tally is None:
            return BoardState.UNREADABLE
        if self.rules.result is not None:
            return BoardState.WITHHELD if tally.withheld else BoardState.PUBLISHED
        if self.rules.closing is not None:
            return BoardState.CLOSED
        return BoardState.OPEN if self.rules.opened is not None else BoardState.PREPARED


def _require_terms(terms: ElectionTerms, record: PollsOpened | Closing) -> None:
    if (record.election, record.fingerprint) != (terms.election, terms.fingerprint_text):
        raise BoardBroken("The record names another election or fingerprint.")

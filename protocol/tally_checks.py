"""Checks 07 to 12: from the list of counted ballots to the published numbers. Source: PROTOCOL sections 8, 9."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from crypto.encoding import decode_int, encode_base64url, encode_int
from crypto.errors import CryptoError
from crypto.opening import verify_opening
from crypto.opening_proof import verify_partial_opening
from protocol.aggregation import (
    Aggregator,
    Group,
    PackedProduct,
    group_areas,
    group_records,
    packed_products,
)
from protocol.ballot import Ballot, decode_ballot
from protocol.board_rules import BoardRules
from protocol.canonical import decode_canonical
from protocol.counting import CountingList
from protocol.errors import ProtocolError
from protocol.events import Events, closed_polls, events_of
from protocol.leaf import Kind, Leaf, body_digest
from protocol.opening_rules import (
    decode_aggregates,
    decode_partial_openings,
    opening_context,
    require_answers,
    require_quorum,
    require_statement,
)
from protocol.records import (
    RECORD_BYTES_MAX,
    Act,
    Aggregates,
    AreaGroup,
    Closing,
    ClosingStatement,
    OpeningRecord,
    QuestionVotes,
    Result,
    counted_digest,
)
from protocol.report import NOT_CHECKED, CheckLog, CheckName
from protocol.running import RunningElection
from protocol.sign_in import require_persons
from protocol.terms import ElectionTerms
from protocol.text import parse_time
from protocol.totals import totals_of


class SourceBroken(ProtocolError):
    """Where a board is read from, it cannot be read further, or says something else than a moment ago."""

    code = "source-broken"


@dataclass(frozen=True)
class _Noted:
    index: int
    leaf: Leaf
    body: bytes


@dataclass
class TallyChecks:
    """Collects the leaves after the ballots, then checks them against what it derives itself.

    groups, products: as recomputed.  statements: numbers of the trustees whose identical statement stands on the board.
    act: the one that lowers their quorum, None without it.  events: what the report lists besides.
    """

    terms: ElectionTerms
    log: CheckLog
    closing_root: bytes = b""
    closing_time: str = ""
    groups: tuple[Group, ...] = ()
    products: tuple[PackedProduct, ...] = ()
    group_records: tuple[AreaGroup, ...] = ()
    counted: list[int] = field(default_factory=list)
    aggregates_digest: bytes = b""
    withheld: bool = False
    act: Act | None = None
    statements: set[int] = field(default_factory=set)
    answers: dict[int, tuple[int, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    result: tuple[QuestionVotes, ...] | None = None
    events: Events = field(default_factory=Events)
    _noted: list[_Noted] = field(default_factory=list)

    def note(self, index: int, leaf: Leaf, body: bytes) -> None:
        """Keep a leaf that is neither ballot nor challenge nor one of the first four."""
        if leaf.kind in {
            Kind.CLOSING,
            Kind.AGGREGATES,
            Kind.ACT,
            Kind.CLOSING_STATEMENT,
            Kind.PARTIAL_OPENING,
            Kind.RESULT,
        }:
            self._noted.append(_Noted(index, leaf, body))

    def check(
        self,
        entries: Callable[[], Iterator[tuple[bytes, bytes]]],
        running: RunningElection,
        counting: CountingList,
        trackers: Mapping[bytes, bytes],
        rules: BoardRules,
        roots: dict[int, bytes],
        progress: Callable[[int, int], None],
    ) -> None:
        """Run checks 07 to 12 as far as the board goes.

        entries: the board, for the second reading.  running: the election at its end.
        trackers: of each credential's counted ballot, as judged.
        Raises: SourceBroken when the second reading gives other ballots than were judged.
        """
        log = self.log
        with log.timed(CheckName.COUNTED):
            self.counted = counting.counted()
            log.counts[CheckName.COUNTED] = len(self.counted)
        self.events = events_of(running, counting)
        self.warnings.extend(self.events.warnings())
        if rules.closing is None:
            return
        self.closing_root = roots[rules.closing + 1]
        closing = self._noted[0]
        self.closing_time = closing.leaf.time
        if closing.leaf.time < running.closes_at:
            self.warnings.append("closed-early")
        self._check_closing(closing, counting)
        with log.timed(CheckName.AGGREGATES):
            self._aggregate(entries, counting, trackers, progress)
        by_kind = self._by_kind()
        if not by_kind[Kind.AGGREGATES]:
            return
        aggregates = self._check_aggregates(by_kind[Kind.AGGREGATES][0])
        if aggregates is None:
            for name in (CheckName.PARTIAL_OPENINGS, CheckName.OPENINGS, CheckName.TOTALS, CheckName.RESULT):
                log.fail(name, None, f"{NOT_CHECKED}: the aggregates are wrong.")
            return
        with log.timed(CheckName.PARTIAL_OPENINGS):
            self._check_openers(rules, closing)
        if by_kind[Kind.RESULT]:
            self._check_result(by_kind[Kind.RESULT][0])

    def _check_closing(self, noted: _Noted, counting: CountingList) -> None:
        closing = decode_canonical(noted.body, Closing, limit_bytes=RECORD_BYTES_MAX)
        self.events = replace(self.events, closed=closed_polls(noted.index, closing))
        with self.log.timed(CheckName.RESULT):
            try:
                asked = self.terms.manifest.asks_sign_in
                require_persons(asked, closing.persons, closing.keys, len(self.counted), counting.voted())
            except ProtocolError as error:
                self.log.fail(CheckName.RESULT, noted.index, str(error))

    def _by_kind(self) -> dict[Kind, list[_Noted]]:
        found: dict[Kind, list[_Noted]] = {kind: [] for kind in Kind}
        for item in self._noted:
            found[item.leaf.kind].append(item)
        return found

    def _aggregate(
        self,
        entries: Callable[[], Iterator[tuple[bytes, bytes]]],
        counting: CountingList,
        trackers: Mapping[bytes, bytes],
        progress: Callable[[int, int], None],
    ) -> None:
        manifest = self.terms.manifest
        lines = counting.counted_entries()
        groups = group_areas(
            [area.id for area in manifest.areas],
            manifest.small_areas,
            lines.values(),
        )
        self.withheld = groups is None
        self.groups = groups or ()
        if not groups:
            return
        wanted = set(self.counted)
        aggregator = Aggregator(self.terms, groups)
        for index, (_, body) in enumerate(entries()):
            progress(index + 1, 2)
            if index in wanted:
                ballot = self._read_again(index, body, counting, trackers)
                aggregator.add(ballot, lines[ballot.credential])
                wanted.remove(index)
        if wanted:
            raise SourceBroken("The board was shorter when it was read again.")
        self.group_records = group_records(self.terms, groups, aggregator.packed())
        self.products = packed_products(self.terms, self.group_records)

    def _read_again(
        self, index: int, body: bytes, counting: CountingList, trackers: Mapping[bytes, bytes]
    ) -> Ballot:
        # Trustees open what is multiplied here: it must be the very ballots that were judged, each once.
        try:
            ballot = decode_ballot(self.terms, body)
        except ProtocolError as error:
            raise SourceBroken(f"Entry {index} changed while the board was read: {error}") from error
        key = ballot.credential
        if (counting.last.get(key), trackers.get(key)) != (index, ballot.tracker):
            raise SourceBroken(f"Entry {index} changed while the board was read.")
        return ballot

    @property
    def quorum_lowered(self) -> bool:
        """Whether an official act that fits this election stands on the board."""
        return self.act is not None

    @property
    def act_stands(self) -> bool:
        """Whether the board holds an official act: the closing then needs the cosignature of every witness."""
        return any(noted.leaf.kind is Kind.ACT for noted in self._noted)

    @property
    def opened_products(self) -> tuple[PackedProduct, ...]:
        """The packed products that trustees open: those of groups with ballots."""
        return tuple(product for product in self.products if not product.is_empty)

    def _check_aggregates(self, noted: _Noted) -> Aggregates | None:
        log = self.log
        self.aggregates_digest = body_digest(Kind.AGGREGATES, noted.body)
        with log.timed(CheckName.AGGREGATES):
            try:
                record = decode_aggregates(self.terms, noted.body)
            except ProtocolError as error:
                log.fail(CheckName.AGGREGATES, noted.index, str(error))
                return None
            log.counts[CheckName.AGGREGATES] = len(self.products)
            if record.counted != encode_base64url(counted_digest(self.counted)):
                log.fail(
                    CheckName.COUNTED,
                    noted.index,
                    f"The server counts other ballots than the {len(self.counted)} that the rule gives.",
                )
            if record.withheld != self.withheld:
                log.fail(CheckName.AGGREGATES, noted.index, "The rule for small areas decides otherwise.")
            elif record.groups != self.group_records:
                log.fail(CheckName.AGGREGATES, noted.index, self._difference(record))
        failed = log.has_failed(CheckName.AGGREGATES) or log.has_failed(CheckName.COUNTED)
        return None if failed else record

    def _difference(self, record: Aggregates) -> str:
        if [group.areas for group in record.groups] != [group.areas for group in self.groups]:
            return "The areas are grouped otherwise than the rule says."
        for number, (theirs, ours) in enumerate(zip(record.groups, self.group_records, strict=True)):
            if (theirs.credentials, theirs.weight) != (ours.credentials, ours.weight):
                return (
                    f"Group {number}: {ours.credentials} ballots of weight {ours.weight} are counted in it."
                )
            if len(theirs.products) != len(ours.products):
                return f"Group {number}: there must be products for {len(ours.products)} questions."
            for layout, their_products, our_products in zip(
                self.terms.layouts, theirs.products, ours.products, strict=True
            ):
                if len(their_products) != len(our_products):
                    return (
                        f"Group {number}, question {layout.id}: there must be {len(our_products)} products."
                    )
                for chunk, (theirs_packed, ours_packed) in enumerate(
                    zip(their_products, our_products, strict=True)
                ):
                    if theirs_packed != ours_packed:
                        return (
                            f"Group {number}, question {layout.id}, chunk {chunk}: the product is not that of "
                            "the counted ballots."
                        )
        return "The aggregates differ from the recomputed ones."

    def _check_openers(self, rules: BoardRules, closing: _Noted) -> None:
        assert rules.closing is not None  # noqa: S101  (checked by the caller)
        log = self.log
        earliest = parse_time(closing.leaf.time).timestamp() + self.terms.manifest.objection_seconds
        for noted in self._noted:
            try:
                if noted.leaf.kind is Kind.ACT:
                    self._note_act(noted)
                elif noted.leaf.kind is Kind.CLOSING_STATEMENT:
                    log.counts[CheckName.PARTIAL_OPENINGS] += 1
                    self._note_statement(noted, rules.closing)
                elif noted.leaf.kind is Kind.PARTIAL_OPENING:
                    self._check_partial_openings(noted, earliest)
                elif noted.leaf.kind is Kind.RESULT and self.opened_products:
                    require_quorum(self.terms, len(self.statements), self.quorum_lowered)
                    require_answers(self.terms, len(self.answers))
            except (ProtocolError, CryptoError) as error:
                log.fail(CheckName.PARTIAL_OPENINGS, noted.index, str(error))

    def _note_act(self, noted: _Noted) -> None:
        act = decode_canonical(noted.body, Act, limit_bytes=RECORD_BYTES_MAX)
        if (act.election, act.fingerprint, act.to) != (
            self.terms.election,
            self.terms.fingerprint_text,
            self.terms.manifest.threshold,
        ):
            raise ProtocolError("The official act does not fit this election.")
        self.act = act
        self.warnings.append("statement-quorum-lowered")

    def _note_statement(self, noted: _Noted, closing_index: int) -> None:
        statement = decode_canonical(noted.body, ClosingStatement, limit_bytes=RECORD_BYTES_MAX)
        require_statement(self.terms, statement, closing_index, self.closing_root, self.aggregates_digest)
        self.statements.add(statement.trustee)

    def _check_partial_openings(self, noted: _Noted, earliest: float) -> None:
        require_quorum(self.terms, len(self.statements), self.quorum_lowered)
        if parse_time(noted.leaf.time).timestamp() < earliest:
            raise ProtocolError("The opening came before the end of the objection time.")
        products = self.opened_products
        trustee, openings = decode_partial_openings(self.terms, noted.body, self.aggregates_digest, products)
        self.answers[trustee] = tuple(opening.x for opening in openings)
        for product, opening in zip(products, openings, strict=True):
            self.log.counts[CheckName.PARTIAL_OPENINGS] += 1
            context = opening_context(self.terms, self.aggregates_digest, product, trustee)
            try:
                verify_partial_opening(self.terms.record, trustee, product.ciphertext, opening, context)
            except CryptoError as error:
                self.log.fail(CheckName.PARTIAL_OPENINGS, noted.index, f"{_place(product)}: {error}")

    def _check_result(self, noted: _Noted) -> None:
        log = self.log
        try:
            result = decode_canonical(noted.body, Result, limit_bytes=RECORD_BYTES_MAX)
            if (result.election, result.fingerprint) != (self.terms.election, self.terms.fingerprint_text):
                raise ProtocolError("The result belongs to another election.")
            if result.aggregates != encode_base64url(self.aggregates_digest):
                raise ProtocolError("The result was made from other aggregates.")
            if result.withheld != self.withheld:
                raise ProtocolError("The rule for small areas decides otherwise.")
        except ProtocolError as error:
            log.fail(CheckName.RESULT, noted.index, str(error))
            return
        with log.timed(CheckName.OPENINGS):
            plaintexts = self._check_openings(noted.index, result)
        if plaintexts is None:
            log.fail(CheckName.TOTALS, None, f"{NOT_CHECKED}: an opening is wrong.")
            log.fail(CheckName.RESULT, None, f"{NOT_CHECKED}: an opening is wrong.")
            return
        if not self.withheld:
            with log.timed(CheckName.TOTALS):
                try:
                    log.counts[CheckName.TOTALS] = len(self.terms.layouts)
                    self.result = totals_of(self.terms.layouts, self.groups, plaintexts)
                except ProtocolError as error:
                    log.fail(CheckName.TOTALS, noted.index, str(error))
                    log.fail(CheckName.RESULT, None, f"{NOT_CHECKED}: the totals are impossible.")
                    return
        with log.timed(CheckName.RESULT):
            log.counts[CheckName.RESULT] = 1
            if result.totals != (self.result or ()):
                log.fail(CheckName.RESULT, noted.index, "The published totals are not the recomputed ones.")

    def _check_openings(self, index: int, result: Result) -> dict[tuple[int, str, int], int] | None:
        log = self.log
        if len(result.openings) != len(self.products):
            log.fail(
                CheckName.OPENINGS,
                index,
                f"{len(self.products)} products are to be opened, {len(result.openings)} openings are given.",
            )
            return None
        plaintexts: dict[tuple[int, str, int], int] = {}
        for product, opening in zip(self.products, result.openings, strict=True):
            log.counts[CheckName.OPENINGS] += 1
            try:
                plaintexts[product.group, product.question, product.chunk] = self._check_opening(
                    product, opening
                )
            except (ProtocolError, CryptoError) as error:
                log.fail(CheckName.OPENINGS, index, f"{_place(product)}: {error}")
        return None if log.has_failed(CheckName.OPENINGS) else plaintexts

    def _check_opening(self, product: PackedProduct, opening: OpeningRecord) -> int:
        size = self.terms.manifest.size
        place = (
            product.areas,
            product.question,
            product.chunk,
            encode_int(product.ciphertext, size.n2_bytes),
        )
        if (opening.areas, opening.question, opening.chunk, opening.ciphertext) != place:
            raise ProtocolError("The opening is of another product.")
        plaintext = decode_int(opening.plaintext, size.n_bytes)
        root = decode_int(opening.root, size.n_bytes)
        if product.is_empty and (plaintext, root) != (0, 1):
            raise ProtocolError("A group without ballots opens to 0 with root 1.")
        verify_opening(self.terms.record.n, product.ciphertext, plaintext, root)
        return plaintext


def _place(product: PackedProduct) -> str:
    return f"group {product.group}, question {product.question}, chunk {product.chunk}"

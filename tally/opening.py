"""Collecting what trustees sign, and turning enough of it into the result.

beside: what else belongs to the transaction of the verb that takes it, as the line in the site log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.encoding import encode_base64url, encode_int
from crypto.errors import CryptoError
from crypto.opening import Opening, find_opening
from crypto.opening_proof import verify_partial_opening
from crypto.signature import verify_signature
from protocol.aggregation import Group, PackedProduct, packed_products
from protocol.canonical import decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest, signed_message
from protocol.opening_rules import (
    decode_aggregates,
    decode_partial_openings,
    opening_context,
    require_quorum,
    require_statement,
)
from protocol.records import RECORD_BYTES_MAX, Act, Aggregates, ClosingStatement, OpeningRecord, Result
from protocol.terms import ElectionTerms
from protocol.text import format_time
from protocol.totals import totals_of
from storage.session import Beside, reading, writing
from tally.errors import BodyRefused, TallyRefused, TooFewOpenings
from voting.models import VotingElection
from voting.office import Office, find_election, lock_election

_PAGE = 200


@dataclass(frozen=True)
class _AfterClosing:
    """What stands on the board behind the aggregates."""

    digest: bytes
    aggregates: Aggregates
    products: tuple[PackedProduct, ...]
    statements: frozenset[int]
    lowered: bool
    answers: Mapping[int, tuple[int, ...]]

    @property
    def opened(self) -> tuple[PackedProduct, ...]:
        return tuple(product for product in self.products if not product.is_empty)


def append_act(office: Office, election_id: str, name: str, reason: str, beside: Beside | None = None) -> int:
    """Publish the act that lowers the number of closing statements to t. name: the official who answers for it.

    Raises: TallyRefused, also for a name or reason that is empty, too long or not plain text.
    """
    terms = office.terms(election_id)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        state = _read(session, row, terms)
        if state.lowered:
            raise TallyRefused("The number of closing statements was lowered already.")
        try:
            act = Act(
                act="lower-statement-quorum",
                election=election_id,
                fingerprint=terms.fingerprint_text,
                format="psephos/act/v1",
                name=name,
                reason=reason,
                to=terms.manifest.threshold,
            )
        except ValueError as error:
            raise TallyRefused(f"The act cannot be published: {error}.") from error
        entry = office.append_as_server(session, row, Kind.ACT, encode_canonical(act))
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
        return entry.index


@dataclass(frozen=True)
class CountProgress:
    """How far the count has come. statements, openings: trustees whose record stands on the board.

    to_open: whether any product has to be opened at all (an election without ballots, or a withheld one, has none).
    """

    aggregated: bool
    statements: frozenset[int]
    openings: frozenset[int]
    lowered: bool
    to_open: bool


def count_progress(office: Office, election_id: str) -> CountProgress:
    """What the board shows of the trustees' work; nothing before the aggregates. Raises: NoSuchElection, NotFrozen."""
    terms = office.terms(election_id)
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        if row.aggregates_index is None:
            return CountProgress(
                aggregated=False, statements=frozenset(), openings=frozenset(), lowered=False, to_open=False
            )
        state = _after_closing(session, row, terms)
    return CountProgress(
        aggregated=True,
        statements=state.statements,
        openings=frozenset(state.answers),
        lowered=state.lowered,
        to_open=bool(state.opened),
    )


def append_statement(
    office: Office, election_id: str, body: bytes, signature: bytes, beside: Beside | None = None
) -> int:
    """Append a trustee's closing statement if it says what this board says. Raises: BodyRefused, TallyRefused."""
    terms = office.terms(election_id)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        state = _read(session, row, terms)
        closing = _closing_index(row)
        try:
            statement = decode_canonical(body, ClosingStatement, limit_bytes=RECORD_BYTES_MAX)
            root = board.root(session, LogId(row.log_id), closing + 1)
            require_statement(terms, statement, closing, root, state.digest)
            _require_signature(terms, Kind.CLOSING_STATEMENT, statement.trustee, body, signature)
        except (ProtocolError, CryptoError) as error:
            raise BodyRefused(str(error)) from error
        if statement.trustee in state.statements:
            raise TallyRefused(f"Trustee {statement.trustee}'s closing statement is on the board already.")
        entry = office.append(session, row, Kind.CLOSING_STATEMENT, body, signature)
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
        return entry.index


def append_partial_openings(
    office: Office, election_id: str, body: bytes, signature: bytes, beside: Beside | None = None
) -> int:
    """Append a trustee's parts after checking each proof: a wrong one is refused by name.

    Raises: BodyRefused; TallyRefused, also before the time for objections has passed: a part that stood on the
    board earlier would spoil the verdict for ever.
    """
    terms = office.terms(election_id)
    with reading(office.engine) as session:
        state = _read(session, find_election(session, election_id), terms)
    try:
        require_quorum(terms, len(state.statements), state.lowered)
        trustee, openings = decode_partial_openings(terms, body, state.digest, state.opened)
        _require_signature(terms, Kind.PARTIAL_OPENING, trustee, body, signature)
        for product, opening in zip(state.opened, openings, strict=True):
            context = opening_context(terms, state.digest, product, trustee)
            verify_partial_opening(terms.record, trustee, product.ciphertext, opening, context)
    except (ProtocolError, CryptoError) as error:
        raise BodyRefused(str(error)) from error
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if trustee in _read(session, row, terms).answers:
            raise TallyRefused(f"Trustee {trustee}'s partial openings are on the board already.")
        moment = office.next_time(session, row)
        _require_objections_heard(session, row, terms, moment)
        entry = office.append(session, row, Kind.PARTIAL_OPENING, body, signature, moment)
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
        return entry.index


def publish_result(office: Office, election_id: str, beside: Beside | None = None) -> Result:
    """Combine the answers on the board and publish openings and totals.

    Raises: TallyRefused, TooFewOpenings; TotalsImpossible when the opened sums cannot come from valid ballots.
    """
    terms = office.terms(election_id)
    with reading(office.engine) as session:
        state = _read(session, find_election(session, election_id), terms)
    if state.opened and len(state.answers) < terms.manifest.threshold:
        raise TooFewOpenings(
            f"{len(state.answers)} trustees have opened; {terms.manifest.threshold} are needed."
        )
    openings = _combine(terms, state)
    length = terms.manifest.size
    result = Result(
        aggregates=encode_base64url(state.digest),
        election=election_id,
        fingerprint=terms.fingerprint_text,
        format="psephos/result/v1",
        openings=tuple(
            OpeningRecord(
                areas=product.areas,
                chunk=product.chunk,
                ciphertext=encode_int(product.ciphertext, length.n2_bytes),
                plaintext=encode_int(opening.plaintext, length.n_bytes),
                question=product.question,
                root=encode_int(opening.root, length.n_bytes),
            )
            for product, opening in zip(state.products, openings, strict=True)
        ),
        totals=()
        if state.aggregates.withheld
        else totals_of(
            terms.layouts,
            [Group(group.areas, group.credentials, group.weight) for group in state.aggregates.groups],
            {
                (product.group, product.question, product.chunk): opening.plaintext
                for product, opening in zip(state.products, openings, strict=True)
            },
        ),
        withheld=state.aggregates.withheld,
    )
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if row.result_index is not None:
            raise TallyRefused("The result is published already.")
        row.result_index = office.append_as_server(session, row, Kind.RESULT, encode_canonical(result)).index
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
    return result


def _combine(terms: ElectionTerms, state: _AfterClosing) -> list[Opening]:
    openings: list[Opening] = []
    opened = 0
    for product in state.products:
        if product.is_empty:
            openings.append(Opening(plaintext=0, root=1))
            continue
        answers = {trustee: parts[opened] for trustee, parts in state.answers.items()}
        openings.append(find_opening(terms.record, product.ciphertext, answers)[0])
        opened += 1
    return openings


def _closing_index(row: VotingElection) -> int:
    if row.closing_index is None or row.aggregates_index is None:
        raise TallyRefused("The election is not closed and aggregated yet.")
    if row.result_index is not None:
        raise TallyRefused("The result is published; nothing may follow it.")
    return row.closing_index


def _read(session: Session, row: VotingElection, terms: ElectionTerms) -> _AfterClosing:
    _closing_index(row)
    return _after_closing(session, row, terms)


def _after_closing(session: Session, row: VotingElection, terms: ElectionTerms) -> _AfterClosing:
    """Of an aggregated election, also when the result is out."""
    log_id = LogId(row.log_id)
    start = row.aggregates_index or 0
    body = board.body(session, board.entry(session, log_id, start).digest)
    aggregates = decode_aggregates(terms, body)
    digest = body_digest(Kind.AGGREGATES, body)
    products = packed_products(terms, aggregates.groups)
    opened = tuple(product for product in products if not product.is_empty)
    statements: set[int] = set()
    answers: dict[int, tuple[int, ...]] = {}
    lowered = False
    at = start + 1
    while page := board.entries(session, log_id, at, _PAGE):
        for entry in page:
            if entry.kind == Kind.ACT:
                lowered = True
            elif entry.kind == Kind.CLOSING_STATEMENT:
                statement = decode_canonical(
                    board.body(session, entry.digest), ClosingStatement, limit_bytes=RECORD_BYTES_MAX
                )
                statements.add(statement.trustee)
            elif entry.kind == Kind.PARTIAL_OPENING:
                trustee, parts = decode_partial_openings(
                    terms, board.body(session, entry.digest), digest, opened
                )
                answers[trustee] = tuple(part.x for part in parts)
        at += len(page)
    return _AfterClosing(digest, aggregates, products, frozenset(statements), lowered, answers)


def _require_objections_heard(
    session: Session, row: VotingElection, terms: ElectionTerms, moment: datetime
) -> None:
    closed_at = board.entry(session, LogId(row.log_id), _closing_index(row)).time
    earliest = closed_at + timedelta(seconds=terms.manifest.objection_seconds)
    if moment < earliest:
        raise TallyRefused(
            f"Nothing is opened before {format_time(earliest)}: until then objections are heard."
        )


def _require_signature(terms: ElectionTerms, kind: Kind, trustee: int, body: bytes, signature: bytes) -> None:
    key = terms.manifest.trustee_key(trustee)
    verify_signature(key, signed_message(kind, body_digest(kind, body)), signature)

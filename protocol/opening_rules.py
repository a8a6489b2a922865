"""Closing statements and partial openings: what a trustee signs, in which order, and how it is read.

Source: PROTOCOL section 8, "Closing statement first", "Opening".
"""

from collections.abc import Sequence

from crypto.encoding import decode_base64url, decode_int, encode_base64url, encode_int
from crypto.errors import CryptoError
from crypto.opening_proof import PartialOpening, response_bytes
from crypto.transcript import tuple_hash, u32
from protocol.aggregation import PackedProduct
from protocol.canonical import decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, ProtocolError
from protocol.records import (
    RECORD_BYTES_MAX,
    Aggregates,
    ClosingStatement,
    PartialOpeningRecord,
    PartialOpenings,
)
from protocol.terms import ElectionTerms


class StatementRefused(ProtocolError):
    """A closing statement that does not say what the board says."""

    code = "statement-refused"


class OpeningTooEarly(ProtocolError):
    """An opening before the statements, the witnesses or the objection time allow it."""

    code = "opening-too-early"


def make_statement(
    terms: ElectionTerms, trustee: int, closing_index: int, closing_root: bytes, aggregates_digest: bytes
) -> bytes:
    """The one closing statement that this board allows trustee `trustee`."""
    return encode_canonical(
        ClosingStatement(
            aggregates=encode_base64url(aggregates_digest),
            checkpoint_root=encode_base64url(closing_root),
            checkpoint_size=closing_index + 1,
            election=terms.election,
            fingerprint=terms.fingerprint_text,
            format="psephos/closing-statement/v1",
            trustee=trustee,
        )
    )


def require_statement(
    terms: ElectionTerms,
    statement: ClosingStatement,
    closing_index: int,
    closing_root: bytes,
    aggregates_digest: bytes,
) -> None:
    """Check that a statement is the one that this board allows its trustee. Raises: StatementRefused."""
    expected = make_statement(terms, statement.trustee, closing_index, closing_root, aggregates_digest)
    if encode_canonical(statement) != expected:
        raise StatementRefused(
            f"Trustee {statement.trustee}'s closing statement names another closing or other aggregates "
            "than this board. Somebody was shown a different board: do not open, compare checkpoints."
        )


def statement_quorum(terms: ElectionTerms, lowered: bool) -> int:
    """How many identical statements must precede an opening; t after the published act."""
    return terms.manifest.threshold if lowered else terms.manifest.statement_quorum


def require_quorum(terms: ElectionTerms, statements: int, lowered: bool) -> None:
    """Raises: OpeningTooEarly when fewer statements stand on the board than must precede an opening."""
    needed = statement_quorum(terms, lowered)
    if statements < needed:
        raise OpeningTooEarly(
            f"{statements} identical closing statements stand on the board; {needed} must precede an opening."
        )


def require_answers(terms: ElectionTerms, answers: int) -> None:
    """Raises: OpeningTooEarly when a result comes without the answers of t trustees on the board."""
    if answers < terms.manifest.threshold:
        raise OpeningTooEarly(
            f"Partial openings of {answers} trustees stand before the result; {terms.manifest.threshold} open."
        )


def opening_context(
    terms: ElectionTerms, aggregates_digest: bytes, product: PackedProduct, trustee: int
) -> bytes:
    """What the proof of one partial opening is bound to."""
    return tuple_hash(
        "opening-context",
        [
            terms.fingerprint,
            aggregates_digest,
            u32(product.group),
            product.question.encode("ascii"),
            u32(product.chunk),
            u32(trustee),
        ],
    )


def make_partial_openings(
    terms: ElectionTerms, aggregates_digest: bytes, trustee: int, openings: Sequence[PartialOpening]
) -> bytes:
    """The body with one trustee's parts, in the order of the non-empty packed products."""
    size = terms.manifest.size
    return encode_canonical(
        PartialOpenings(
            aggregates=encode_base64url(aggregates_digest),
            election=terms.election,
            fingerprint=terms.fingerprint_text,
            format="psephos/partial-opening/v1",
            openings=tuple(
                PartialOpeningRecord(
                    challenge=encode_int(opening.challenge, 32),
                    response=encode_int(opening.response, response_bytes(terms.record.n)),
                    x=encode_int(opening.x, size.n_bytes),
                )
                for opening in openings
            ),
            trustee=trustee,
        )
    )


def decode_partial_openings(
    terms: ElectionTerms, body: bytes, aggregates_digest: bytes, products: Sequence[PackedProduct]
) -> tuple[int, tuple[PartialOpening, ...]]:
    """(trustee, its parts). products: the non-empty packed products, in order.

    Raises: MalformedRecord for another election, other aggregates, another number of parts, wrong lengths.
    """
    record = decode_canonical(body, PartialOpenings, limit_bytes=RECORD_BYTES_MAX)
    if (record.election, record.fingerprint) != (terms.election, terms.fingerprint_text):
        raise MalformedRecord("The partial openings belong to another election.")
    if record.aggregates != encode_base64url(aggregates_digest):
        raise MalformedRecord("The partial openings answer other aggregates.")
    if len(record.openings) != len(products):
        raise MalformedRecord(f"{len(products)} products are opened, not {len(record.openings)}.")
    try:
        return record.trustee, tuple(
            PartialOpening(
                x=decode_int(opening.x, terms.manifest.size.n_bytes),
                challenge=decode_int(opening.challenge, 32),
                response=decode_int(opening.response, response_bytes(terms.record.n)),
            )
            for opening in record.openings
        )
    except CryptoError as error:
        raise MalformedRecord(f"The partial openings cannot be read: {error}") from error


def decode_aggregates(terms: ElectionTerms, body: bytes) -> Aggregates:
    """Raises: MalformedRecord for another election or ciphertexts of another length."""
    record = decode_canonical(body, Aggregates, limit_bytes=RECORD_BYTES_MAX)
    if (record.election, record.fingerprint) != (terms.election, terms.fingerprint_text):
        raise MalformedRecord("The aggregates belong to another election.")
    try:
        decode_base64url(record.counted, 32)
        for group in record.groups:
            for products in group.products:
                for text in products:
                    decode_int(text, terms.manifest.size.n2_bytes)
    except CryptoError as error:
        raise MalformedRecord(f"The aggregates cannot be read: {error}") from error
    return record

"""Trustees of an election in an office: their statements and parts, honest and otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audits.stored_board import StoredBoard
from crypto.key_record import KeyShare
from crypto.opening_proof import PartialOpening, open_partially
from protocol.aggregation import PackedProduct
from protocol.leaf import Kind, sign_body
from protocol.opening_rules import make_partial_openings, make_statement, opening_context
from protocol.records import Result
from protocol.verification import verify_board
from tally.aggregation import aggregate
from tally.opening import append_partial_openings, append_statement, publish_result
from tests.support.elections import trustee_key
from tests.support.offices import OfficeUnderTest, close_early

Signed = tuple[bytes, bytes]
"""A body and its signature."""


@dataclass(frozen=True)
class Urn:
    """A closed and aggregated election, as trustees see it after verifying the board."""

    office: OfficeUnderTest
    closing: int
    root: bytes
    digest: bytes
    products: tuple[PackedProduct, ...]

    def statement(self, trustee: int, signer: int = 0) -> Signed:
        """Trustee's closing statement. signer: whose key signs it, the trustee's unless given."""
        body = make_statement(self.office.election.terms, trustee, self.closing, self.root, self.digest)
        return body, sign_body(Kind.CLOSING_STATEMENT, body, trustee_key(signer or trustee))

    def openings(self, trustee: int, share: KeyShare | None = None) -> list[PartialOpening]:
        """Trustee's parts with their proofs. share: another one than its own."""
        terms = self.office.election.terms
        return [
            open_partially(
                terms.record,
                share or self.office.election.shares[trustee - 1],
                product.ciphertext,
                opening_context(terms, self.digest, product, trustee),
            )
            for product in self.products
        ]

    def parts(
        self, trustee: int, openings: Sequence[PartialOpening] | None = None, signer: int = 0
    ) -> Signed:
        """The signed body with these openings, its own unless given."""
        terms = self.office.election.terms
        made = self.openings(trustee) if openings is None else openings
        body = make_partial_openings(terms, self.digest, trustee, made)
        return body, sign_body(Kind.PARTIAL_OPENING, body, trustee_key(signer or trustee))

    def state(self, trustees: Iterable[int]) -> None:
        """These trustees' statements go onto the board."""
        for trustee in trustees:
            append_statement(self.office.office, self.office.id, *self.statement(trustee))

    def open(self, trustees: Iterable[int]) -> None:
        """These trustees' parts go onto the board."""
        for trustee in trustees:
            append_partial_openings(self.office.office, self.office.id, *self.parts(trustee))


def close_and_aggregate(office: OfficeUnderTest) -> Urn:
    """Close the polls and multiply; the board verifies."""
    close_early(office.office, office.id)
    aggregate(office.office, office.id)
    return urn_of(office)


def urn_of(office: OfficeUnderTest) -> Urn:
    """What trustees derive from the stored board."""
    verdict = verify_board(StoredBoard(office.engine, office.id))
    assert verdict.report.ok, verdict.report
    assert verdict.tally is not None
    assert verdict.rules.closing is not None
    return Urn(
        office,
        verdict.rules.closing,
        verdict.tally.closing_root,
        verdict.tally.aggregates_digest,
        verdict.tally.opened_products,
    )


def tally(office: OfficeUnderTest, openers: Sequence[int] = (1,)) -> Result:
    """Close, aggregate, all statements, openings by these trustees, result."""
    urn = close_and_aggregate(office)
    if urn.products:
        urn.state(range(1, len(office.election.manifest.trustees) + 1))
        urn.open(openers)
    return publish_result(office.office, office.id)


def votes(result: Result) -> list[list[int]]:
    """The totals as numbers: for each question, for each slot."""
    return [[item.votes for item in question.votes] for question in result.totals]

"""Boards in memory, leaf by leaf: honest ones, and any that a malicious server could sign."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crypto.checkpoint import Checkpoint, sign_checkpoint
from crypto.encoding import decode_base64url, encode_base64url, encode_int
from crypto.merkle import CompactTree, leaf_hash
from crypto.opening import find_opening
from crypto.opening_proof import open_partially
from crypto.signature import SigningKey
from protocol.aggregation import PackedProduct
from protocol.canonical import encode_canonical
from protocol.extension import Extension
from protocol.leaf import UNSIGNED_KINDS, Kind, body_digest, make_leaf, sign_body
from protocol.opening_rules import make_partial_openings, make_statement, opening_context
from protocol.records import (
    CLOCK,
    Act,
    Aggregates,
    Closing,
    Freeze,
    OpeningRecord,
    PollsOpened,
    Result,
    counted_digest,
    freeze_message,
)
from protocol.revocation import make_revocation
from protocol.sign_in import Conflict, ConflictReason
from protocol.text import format_time
from protocol.totals import totals_of
from protocol.verification import Options, VerifiedBoard, verify_board
from tests.support.elections import (
    DURING,
    LOG_KEY,
    REGISTRAR_KEY,
    SERVER_KEY,
    TestElection,
    trustee_key,
    voter_key,
)

Entry = tuple[bytes, bytes]


@dataclass
class MemoryBoard:
    """A board and the keys to sign anything on it."""

    election: TestElection
    leaves: list[Entry] = field(default_factory=list)
    now: datetime = DURING
    closing_index: int | None = None
    ballots: int = 0
    challenges: int = 0

    # What `protocol.verification.BoardSource` asks for.

    def entries(self) -> Iterator[Entry]:
        """All entries from the first."""
        return iter(list(self.leaves))

    @property
    def checkpoint(self) -> str:
        """Signed head of all entries."""
        return self.checkpoint_at(len(self.leaves))

    @property
    def closing_checkpoint(self) -> str | None:
        """Signed head that ends with the closing leaf."""
        return None if self.closing_index is None else self.checkpoint_at(self.closing_index + 1)

    def root_at(self, size: int) -> bytes:
        """Tree root of the first `size` leaves."""
        tree = CompactTree()
        for leaf, _ in self.leaves[:size]:
            tree.append(leaf_hash(leaf))
        return tree.root()

    def checkpoint_at(self, size: int) -> str:
        """Signed head of the first `size` entries."""
        origin = self.election.manifest.log_origin
        return sign_checkpoint(Checkpoint(origin, size, self.root_at(size)), LOG_KEY)

    # Writing.

    def append(self, kind: Kind, body: bytes, signature: bytes | None = None) -> int:
        """Append a leaf, signed by its proper author unless a signature is given; its index."""
        if signature is None and kind not in UNSIGNED_KINDS:
            signature = sign_body(kind, body, SERVER_KEY)
        self.leaves.append((make_leaf(kind, body, format_time(self.now), signature), body))
        self.ballots += kind is Kind.BALLOT
        self.challenges += kind is Kind.CHALLENGE
        return len(self.leaves) - 1

    def append_for(self, kind: Kind, body: bytes, key: SigningKey) -> int:
        """Append a leaf signed by `key`."""
        return self.append(kind, body, sign_body(kind, body, key))

    def _common(self) -> dict[str, str]:
        return {
            "election": self.election.terms.election,
            "fingerprint": self.election.terms.fingerprint_text,
        }

    def start(self) -> "MemoryBoard":
        """Manifest, ceremony, roll, freeze, polls opened."""
        election = self.election
        message = freeze_message(election.terms.election, election.terms.fingerprint)
        signatures = tuple(
            encode_base64url(trustee_key(i + 1).sign(message)) for i in range(len(election.manifest.trustees))
        )
        self.append(Kind.MANIFEST, election.manifest_body)
        self.append(Kind.CEREMONY, election.ceremony_body)
        self.append(Kind.ROLL, election.roll_body)
        freeze = Freeze(**self._common(), format="psephos/freeze/v1", signatures=signatures)
        self.append(Kind.FREEZE, encode_canonical(freeze))
        opened = PollsOpened(**self._common(), by=CLOCK, format="psephos/polls-opened/v1")
        self.append(Kind.POLLS_OPENED, encode_canonical(opened))
        return self

    def cast(self, voter: int, values: Sequence[Sequence[int]], sequence: int = 1) -> int:
        """An honest ballot of test voter `voter`."""
        body, signature = self.election.ballot(voter, values, sequence)
        return self.append(Kind.BALLOT, body, signature)

    def extend(self, closes_at: str) -> int:
        """The act that moves the closing time."""
        extension = Extension(
            **self._common(),
            closes_at=closes_at,
            format="psephos/extension/v1",
            name="Official Test",
            reason="The power was cut for an hour.",
        )
        return self.append(Kind.EXTENSION, encode_canonical(extension))

    def revoke(self, old: int, new: int) -> int:
        """The registrar replaces the code of test voter `old` by that of `new`."""
        keys = voter_key(old).public_key, voter_key(new).public_key
        terms = self.election.terms
        body = make_revocation(terms.election, terms.fingerprint, *keys, "The letter was lost.")
        return self.append_for(Kind.REVOCATION, body, REGISTRAR_KEY)

    def conflict(
        self,
        voter: int,
        reason: ConflictReason = ConflictReason.KEY_HAS_ANOTHER_PERSON,
        tracker: bytes = b"t" * 32,
    ) -> int:
        """A refusal for a test voter's code."""
        conflict = Conflict(
            **self._common(),
            credential=encode_base64url(voter_key(voter).public_key),
            format="psephos/conflict/v1",
            reason=reason,
            tracker=encode_base64url(tracker),
        )
        return self.append(Kind.CONFLICT, encode_canonical(conflict))

    def close(
        self,
        persons: int | None = None,
        keys: int | None = None,
        by: str = "Official Test",
        reason: str | None = "The test has seen enough.",
    ) -> int:
        """The closing leaf."""
        closing = Closing(
            **self._common(),
            ballots=self.ballots,
            by=by,
            challenges=self.challenges,
            format="psephos/closing/v1",
            keys=keys,
            persons=persons,
            reason=reason,
        )
        self.closing_index = self.append(Kind.CLOSING, encode_canonical(closing))
        return self.closing_index

    def verify(self, options: Options | None = None) -> VerifiedBoard:
        """The whole verification of what is there."""
        return verify_board(self, options)

    def aggregate(self) -> VerifiedBoard:
        """The aggregates leaf, as every verifier recomputes it."""
        tally = self.verify().tally
        assert tally is not None
        aggregates = Aggregates(
            **self._common(),
            counted=encode_base64url(counted_digest(tally.counted)),
            format="psephos/aggregates/v1",
            groups=tally.group_records,
            withheld=tally.withheld,
        )
        self.append(Kind.AGGREGATES, encode_canonical(aggregates))
        return self.verify()

    @property
    def aggregates_digest(self) -> bytes:
        """Digest of the aggregates body."""
        assert self.closing_index is not None
        return body_digest(Kind.AGGREGATES, self.leaves[self.closing_index + 1][1])

    def products(self) -> tuple[PackedProduct, ...]:
        """The packed products."""
        tally = self.verify().tally
        assert tally is not None
        return tally.products

    def state(self, trustee: int) -> int:
        """Trustee `trustee`'s closing statement."""
        assert self.closing_index is not None
        root = self.root_at(self.closing_index + 1)
        body = make_statement(self.election.terms, trustee, self.closing_index, root, self.aggregates_digest)
        return self.append_for(Kind.CLOSING_STATEMENT, body, trustee_key(trustee))

    def lower_quorum(self) -> int:
        """The official act that lowers the number of statements to t."""
        act = Act(
            **self._common(),
            act="lower-statement-quorum",
            format="psephos/act/v1",
            name="Official Test",
            reason="Trustee 3 lost the key file.",
            to=self.election.manifest.threshold,
        )
        return self.append(Kind.ACT, encode_canonical(act))

    def open_by(self, trustee: int, products: Sequence[PackedProduct]) -> tuple[int, ...]:
        """Trustee `trustee`'s partial openings of the non-empty products; its answers."""
        terms, share = self.election.terms, self.election.shares[trustee - 1]
        openings = [
            open_partially(
                terms.record,
                share,
                product.ciphertext,
                opening_context(terms, self.aggregates_digest, product, trustee),
            )
            for product in products
            if not product.is_empty
        ]
        body = make_partial_openings(terms, self.aggregates_digest, trustee, openings)
        self.append_for(Kind.PARTIAL_OPENING, body, trustee_key(trustee))
        return tuple(opening.x for opening in openings)

    def publish(self, answers: Mapping[int, Sequence[int]]) -> int:
        """The result from these trustees' answers."""
        terms = self.election.terms
        size, tally = terms.manifest.size, self.verify().tally
        assert tally is not None
        openings, plaintexts, opened = [], {}, 0
        for product in tally.products:
            plaintext, root = 0, 1
            if not product.is_empty:
                found, _ = find_opening(
                    terms.record, product.ciphertext, {j: xs[opened] for j, xs in answers.items()}
                )
                plaintext, root = found.plaintext, found.root
                opened += 1
            plaintexts[product.group, product.question, product.chunk] = plaintext
            openings.append(
                OpeningRecord(
                    areas=product.areas,
                    chunk=product.chunk,
                    ciphertext=encode_int(product.ciphertext, size.n2_bytes),
                    plaintext=encode_int(plaintext, size.n_bytes),
                    question=product.question,
                    root=encode_int(root, size.n_bytes),
                )
            )
        totals = () if tally.withheld else totals_of(terms.layouts, tally.groups, plaintexts)
        result = Result(
            **self._common(),
            aggregates=encode_base64url(self.aggregates_digest),
            format="psephos/result/v1",
            openings=tuple(openings),
            totals=totals,
            withheld=tally.withheld,
        )
        return self.append(Kind.RESULT, encode_canonical(result))

    def tally(self, openers: Sequence[int], persons: int | None = None) -> VerifiedBoard:
        """Close, aggregate, all statements, openings by `openers`, result; the verdict.

        persons: how many had signed in, which are as many keys; None where no sign-in is asked.
        """
        self.close(persons, persons)
        self.aggregate()
        for trustee in range(1, len(self.election.manifest.trustees) + 1):
            self.state(trustee)
        products = self.products()
        self.publish({trustee: self.open_by(trustee, products) for trustee in openers})
        return self.verify()


def signature_of(entry: Entry) -> bytes:
    """The signature in a leaf."""
    text = entry[0].split(b'"signature":"')[1].split(b'"')[0].decode()
    return decode_base64url(text, 64)


def later(board: MemoryBoard, seconds: int) -> None:
    """Move the board's clock."""
    board.now += timedelta(seconds=seconds)

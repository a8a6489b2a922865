"""What changes while an election runs: its closing time and its roll; and the conflicts of sign-in.

The three kinds of leaf are read here, for trustee and verifier; the office's verbs check with the same functions.
Source: PROTOCOL section 8, "Closing time", "Replaced codes", "Sign-in".
"""

from collections import Counter
from dataclasses import dataclass, field

from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from protocol.canonical import decode_canonical
from protocol.extension import Extension, ExtensionRefused, require_extension
from protocol.leaf import Kind, Leaf
from protocol.records import Closing, require_closing_reason
from protocol.revocation import ActiveRoll, Exchange, RevocationRefused, read_revocation
from protocol.sign_in import CONFLICTS_PER_CREDENTIAL, Conflict, ConflictMisplaced
from protocol.terms import ElectionTerms

NOTE_BYTES_MAX = 20_000
"""Names and reasons are short; 1,100 characters and the keys stay far below it."""


@dataclass
class RunningElection:
    """The election at some entry of its board. closes_at: the closing time that holds there.

    exchanges, extensions, conflicts: what was noted so far, with its entry.
    """

    terms: ElectionTerms
    roll: ActiveRoll
    closes_at: str
    exchanges: list[tuple[int, Exchange]] = field(default_factory=list)
    extensions: list[tuple[int, Extension]] = field(default_factory=list)
    conflicts: list[tuple[int, Conflict]] = field(default_factory=list)
    _conflicts_of: Counter[str] = field(default_factory=Counter)

    @classmethod
    def begin(cls, terms: ElectionTerms, roll: ActiveRoll) -> "RunningElection":
        """As it was frozen."""
        return cls(terms, roll, terms.manifest.closes_at)

    def note(self, index: int, leaf: Leaf, body: bytes) -> None:
        """Check and apply one leaf of the kinds `extension`, `revocation`, `conflict`; its author is checked elsewhere.

        Raises: ProtocolError naming what is wrong; nothing is applied then.
        """
        if leaf.kind is Kind.EXTENSION:
            self._extend(index, leaf, body)
        elif leaf.kind is Kind.REVOCATION:
            self._exchange(index, leaf, body)
        elif leaf.kind is Kind.CONFLICT:
            self._note_conflict(index, leaf, body)

    def require_closing(self, leaf: Leaf, closing: Closing) -> None:
        """Check the closing's name and reason. Raises: MalformedRecord."""
        require_closing_reason(closing, self.closes_at, leaf.time)

    def _extend(self, index: int, leaf: Leaf, body: bytes) -> None:
        extension = decode_canonical(body, Extension, limit_bytes=NOTE_BYTES_MAX)
        if (extension.election, extension.fingerprint) != (self.terms.election, self.terms.fingerprint_text):
            raise ExtensionRefused(
                "The extension belongs to another election, or to other terms of this one."
            )
        require_extension(self.terms.manifest, self.closes_at, extension.closes_at, leaf.time)
        self.closes_at = extension.closes_at
        self.extensions.append((index, extension))

    def _exchange(self, index: int, leaf: Leaf, body: bytes) -> None:
        exchange = read_revocation(self.terms.election, self.terms.fingerprint_text, body)
        require_time_to_vote(self.closes_at, leaf.time)
        self.roll.exchange(index, exchange.old, exchange.new)
        self.exchanges.append((index, exchange))

    def _note_conflict(self, index: int, leaf: Leaf, body: bytes) -> None:
        if not self.terms.manifest.asks_sign_in:
            raise ConflictMisplaced(
                "A conflict of sign-in stands on the board of an election without sign-in."
            )
        conflict = decode_canonical(body, Conflict, limit_bytes=NOTE_BYTES_MAX)
        if (conflict.election, conflict.fingerprint) != (self.terms.election, self.terms.fingerprint_text):
            raise ConflictMisplaced(
                "The conflict belongs to another election, or to other terms of this one."
            )
        if not self.terms.manifest.opens_at <= leaf.time < self.closes_at:
            raise ConflictMisplaced("A ballot was refused for a conflict outside the hours of voting.")
        try:
            credential = decode_base64url(conflict.credential, 32)
            decode_base64url(conflict.tracker, 32)
        except CryptoError as error:
            raise ConflictMisplaced(f"The conflict cannot be read: {error}") from error
        if not self.roll.is_on_roll(credential, index) or self.roll.is_revoked(credential, index):
            raise ConflictMisplaced("The conflict names a voting code that could not vote.")
        self._conflicts_of[conflict.credential] += 1
        if self._conflicts_of[conflict.credential] > CONFLICTS_PER_CREDENTIAL:
            raise ConflictMisplaced(
                f"More than {CONFLICTS_PER_CREDENTIAL} conflicts are published for one voting code."
            )
        self.conflicts.append((index, conflict))


def require_time_to_vote(closes_at: str, moment: str) -> None:
    """Check that a code is replaced while its owner can still vote with the new one. Times: as in records.

    Raises: RevocationRefused.
    """
    if moment >= closes_at:
        raise RevocationRefused(
            f"Voting ended at {closes_at}: a code that is replaced now could not be used."
        )

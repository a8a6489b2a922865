"""The order of a board: which kinds of leaf may follow which, whose signature each carries, clocks that never go back.

Source: PROTOCOL section 3.
"""

from dataclasses import dataclass, field

import msgspec

from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from protocol.errors import ProtocolError
from protocol.leaf import (
    REGISTRAR_KINDS,
    SERVER_KINDS,
    TRUSTEE_KINDS,
    VOTER_KINDS,
    Kind,
    Leaf,
    body_digest,
    verify_leaf_signature,
)
from protocol.manifest import Manifest

_FIRST = (Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL, Kind.FREEZE)


class BoardBroken(ProtocolError):
    """A leaf that may not stand where it stands, or does not fit its body."""

    code = "board-broken"


class _Author(msgspec.Struct):
    # The one field that tells whose signature a trustee's leaf must carry; the body is read strictly elsewhere.
    trustee: int


@dataclass
class BoardRules:
    """Walks a board from its first leaf; `admit` each leaf in turn. Positions are indices from 0."""

    size: int = 0
    last_time: str = ""
    opened: int | None = None
    closing: int | None = None
    aggregates: int | None = None
    act: int | None = None
    result: int | None = None
    ballots: int = 0
    challenges: int = 0
    seen: set[tuple[Kind, int]] = field(default_factory=set)

    def admit(self, leaf: Leaf, body: bytes) -> None:
        """Check order, time and digest of the next leaf, then count it. Raises: BoardBroken."""
        if body_digest(leaf.kind, body) != leaf.digest_bytes:
            raise BoardBroken("The body beside this leaf is not the one that the leaf announces.")
        if leaf.time < self.last_time:
            raise BoardBroken(f"Its time {leaf.time} is earlier than the time of the leaf before it.")
        self._require_order(leaf.kind)
        self._note(leaf, body)
        self.last_time = leaf.time
        self.size += 1

    def skip(self) -> None:
        """Count a leaf that could not be admitted, so that positions stay right."""
        self.size += 1

    def _require_order(self, kind: Kind) -> None:
        if self.size < len(_FIRST):
            if kind is not _FIRST[self.size]:
                raise BoardBroken(f"Entry {self.size} must be the {_FIRST[self.size]}, not a {kind}.")
            return
        after_result = self.result is not None
        is_open = self.opened is not None and self.closing is None
        allowed = {
            Kind.POLLS_OPENED: self.opened is None,
            Kind.BALLOT: is_open,
            Kind.CHALLENGE: is_open,
            Kind.EXTENSION: is_open,
            Kind.REVOCATION: self.closing is None,
            Kind.CONFLICT: is_open,
            Kind.CLOSING: is_open,
            Kind.AGGREGATES: self.closing is not None and self.size == self.closing + 1,
            Kind.ACT: self.aggregates is not None and self.act is None,
            Kind.CLOSING_STATEMENT: self.aggregates is not None,
            Kind.PARTIAL_OPENING: self.aggregates is not None,
            Kind.RESULT: self.aggregates is not None,
        }
        if after_result or not allowed.get(kind, False):
            raise BoardBroken(f"A leaf of kind {kind} may not stand here.")

    def _note(self, leaf: Leaf, body: bytes) -> None:
        kind = leaf.kind
        if kind is Kind.POLLS_OPENED:
            self.opened = self.size
        elif kind is Kind.BALLOT:
            self.ballots += 1
        elif kind is Kind.CHALLENGE:
            self.challenges += 1
        elif kind is Kind.CLOSING:
            self.closing = self.size
        elif kind is Kind.AGGREGATES:
            self.aggregates = self.size
        elif kind is Kind.ACT:
            self.act = self.size
        elif kind is Kind.RESULT:
            self.result = self.size
        elif kind in TRUSTEE_KINDS:
            author = (kind, trustee_of(body))
            if author in self.seen:
                raise BoardBroken(f"Trustee {author[1]} has already a leaf of kind {kind}.")
            self.seen.add(author)


def trustee_of(body: bytes) -> int:
    """The trustee that a statement or partial opening names. Raises: BoardBroken."""
    try:
        return msgspec.json.decode(body, type=_Author).trustee
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BoardBroken(f"The trustee's record cannot be read: {error}.") from error


def require_author(manifest: Manifest, leaf: Leaf, body: bytes) -> None:
    """Check the signature of a server's, registrar's or trustee's leaf (voters' are checked with their ballots).

    Raises: BoardBroken.
    """
    if leaf.kind in VOTER_KINDS:
        return
    try:
        if leaf.kind in SERVER_KINDS:
            verify_leaf_signature(leaf, decode_base64url(manifest.server_key, 32))
        elif leaf.kind in REGISTRAR_KINDS:
            if manifest.registrar_key is None:
                raise BoardBroken("This election names no registrar who could replace voting codes.")
            verify_leaf_signature(leaf, decode_base64url(manifest.registrar_key, 32))
        elif leaf.kind in TRUSTEE_KINDS:
            verify_leaf_signature(leaf, manifest.trustee_key(trustee_of(body)))
    except (CryptoError, ProtocolError) as error:
        raise BoardBroken(f"The leaf of kind {leaf.kind} is not signed by its author: {error}") from error

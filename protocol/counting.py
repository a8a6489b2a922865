"""The rule of what counts: which ballot leaves are valid, which of them are counted.

Everybody (door, trustee, verifier) derives the list by this rule alone. Source: PROTOCOL section 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crypto.errors import CryptoError
from protocol.ballot import Ballot, BallotInvalid, decode_ballot
from protocol.leaf import Leaf, verify_leaf_signature
from protocol.manifest import Manifest
from protocol.revocation import ActiveRoll
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms
from protocol.text import parse_time


def require_on_roll(roll: ActiveRoll, credential: bytes, index: int) -> RollEntry:
    """Line of a credential that may vote at entry `index`.

    Raises: BallotInvalid `unknown-credential`, `revoked-credential`.
    """
    line = roll.line_of(credential)
    if line is None or not roll.is_on_roll(credential, index):
        raise unknown_credential()
    if roll.is_revoked(credential, index):
        raise revoked_credential()
    return line


def unknown_credential() -> BallotInvalid:
    """The error for a credential that is not on the roll."""
    return BallotInvalid(
        "unknown-credential",
        "This voting code is not on the voters' list of this election. Check the letter.",
    )


def revoked_credential() -> BallotInvalid:
    """The error for a credential that the registrar revoked."""
    return BallotInvalid(
        "revoked-credential",
        "This voting code was replaced by a new one. Vote with the code of the newest letter.",
    )


def require_signature(leaf: Leaf, ballot: Ballot) -> None:
    """Check that the ballot's own credential signed its tracker. Raises: BallotInvalid `bad-signature`."""
    try:
        verify_leaf_signature(leaf, ballot.credential)
    except CryptoError as error:
        raise BallotInvalid(
            "bad-signature", "The ballot is not signed by the voting code that it names."
        ) from error


def require_window(manifest: Manifest, closes_at: str, moment: datetime) -> None:
    """Check opens_at ≤ moment < closes_at, which is the manifest's closing time or that of the last extension.

    Raises: BallotInvalid `outside-window`.
    """
    if not parse_time(manifest.opens_at) <= moment < parse_time(closes_at):
        raise BallotInvalid(
            "outside-window", f"Ballots are taken from {manifest.opens_at} until before {closes_at}."
        )


def require_sequence(manifest: Manifest, sequence: int, earlier_valid: int) -> None:
    """Check sequence = 1 + earlier valid ballots, and that re-voting is on for a second one.

    A free choice of the sequence would let a thief cast 2^32 - 1 and end the owner's re-voting.
    Raises: BallotInvalid `wrong-sequence`.
    """
    if earlier_valid and not manifest.revoting:
        raise BallotInvalid(
            "wrong-sequence", "This voting code has voted, and this election takes one ballot."
        )
    if sequence != earlier_valid + 1:
        raise BallotInvalid(
            "wrong-sequence",
            f"This is numbered ballot {sequence} of its voting code; the next one is number {earlier_valid + 1}.",
        )


def read_ballot(
    terms: ElectionTerms, roll: ActiveRoll, closes_at: str, index: int, leaf: Leaf, body: bytes
) -> tuple[Ballot, RollEntry]:
    """Checks (1) to (6) of PROTOCOL section 8 for the ballot leaf at `index`, between opening and closing.

    closes_at: the closing time that holds there. Raises: BallotInvalid.
    """
    ballot = decode_ballot(terms, body)
    entry = require_on_roll(roll, ballot.credential, index)
    require_signature(leaf, ballot)
    require_window(terms.manifest, closes_at, parse_time(leaf.time))
    return ballot, entry


@dataclass
class CountingList:
    """Grows with every ballot leaf in the order of the board; afterwards `counted` is the list.

    roll: with all revocations of the board, before `counted` is asked.
    last: for each credential the index of its last valid leaf.  valid: how many valid leaves it has.
    """

    roll: ActiveRoll
    last: dict[bytes, int] = field(default_factory=dict)
    valid: dict[bytes, int] = field(default_factory=dict)

    def earlier_valid(self, credential: bytes) -> int:
        """Valid leaves of this credential so far."""
        return self.valid.get(credential, 0)

    def add_valid(self, index: int, credential: bytes) -> None:
        """A leaf that passed every check; it replaces the credential's earlier ones."""
        self.last[credential] = index
        self.valid[credential] = self.earlier_valid(credential) + 1

    def counted(self) -> list[int]:
        """Indices of the counted leaves, ascending: each credential's last one, unless it was revoked."""
        return sorted(index for key, index in self.last.items() if key not in self.roll.ended)

    def counted_entries(self) -> Mapping[bytes, RollEntry]:
        """Line of every credential that has a counted ballot."""
        lines = ((key, self.roll.line_of(key)) for key in self.last if key not in self.roll.ended)
        return {key: line for key, line in lines if line is not None}

    def voted(self) -> int:
        """How many credentials have a valid ballot, revoked ones too."""
        return len(self.last)

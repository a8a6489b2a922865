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
from protocol.roll import Roll, RollEntry
from protocol.terms import ElectionTerms
from protocol.text import parse_time


def require_on_roll(roll: Roll, ballot: Ballot) -> RollEntry:
    """The roll's entry of the ballot's credential. Raises: BallotInvalid `unknown-credential`."""
    entry = roll.entries.get(ballot.credential)
    if entry is None:
        raise unknown_credential()
    return entry


def unknown_credential() -> BallotInvalid:
    """The error for a credential that is not on the roll."""
    return BallotInvalid(
        "unknown-credential",
        "This voting code is not on the voters' list of this election. Check the letter.",
    )


def require_signature(leaf: Leaf, ballot: Ballot) -> None:
    """Check that the ballot's own credential signed its tracker. Raises: BallotInvalid `bad-signature`."""
    try:
        verify_leaf_signature(leaf, ballot.credential)
    except CryptoError as error:
        raise BallotInvalid(
            "bad-signature", "The ballot is not signed by the voting code that it names."
        ) from error


def require_window(manifest: Manifest, moment: datetime) -> None:
    """Check opens_at ≤ moment < closes_at. Raises: BallotInvalid `outside-window`."""
    if not parse_time(manifest.opens_at) <= moment < parse_time(manifest.closes_at):
        raise BallotInvalid(
            "outside-window", f"Ballots are taken from {manifest.opens_at} until before {manifest.closes_at}."
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


def read_ballot(terms: ElectionTerms, roll: Roll, leaf: Leaf, body: bytes) -> tuple[Ballot, RollEntry]:
    """Checks (1) to (5) of PROTOCOL section 8 for a ballot leaf between opening and closing.

    Raises: BallotInvalid.
    """
    ballot = decode_ballot(terms, body)
    entry = require_on_roll(roll, ballot)
    require_signature(leaf, ballot)
    require_window(terms.manifest, parse_time(leaf.time))
    return ballot, entry


@dataclass
class CountingList:
    """Grows with every ballot leaf in the order of the board; afterwards `counted` is the list.

    last: for each credential the index of its last valid leaf.  valid: how many valid leaves it has.
    """

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
        """Indices of the counted leaves, ascending."""
        return sorted(self.last.values())

    def counted_entries(self, roll: Roll) -> Mapping[bytes, RollEntry]:
        """Entry of every credential that has a counted ballot."""
        return {credential: roll.entries[credential] for credential in self.last}

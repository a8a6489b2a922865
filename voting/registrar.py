"""The registrar's part: a voting code for each line of the roll. Runs where the server cannot look.

Only the roll (public keys, sorted) goes to the server; the codes go into sealed letters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from crypto.credential import credential_of
from crypto.voting_code import VotingCode, make_voting_code
from protocol.roll import RollEntry, make_roll


@dataclass(frozen=True)
class IssuedCode:
    """A voting code and whose line of the roll it opens. Never shown in a repr."""

    code: VotingCode = field(repr=False)
    public_key: bytes
    entry: RollEntry


def issue_codes(election_id: str, entries: Iterable[RollEntry]) -> tuple[list[IssuedCode], bytes]:
    """One fresh code for each entry, in order; and the public roll's body, sorted by key."""
    issued = []
    for entry in entries:
        code = make_voting_code()
        issued.append(IssuedCode(code, credential_of(code, election_id).public_key, entry))
    return issued, make_roll(election_id, ((item.public_key, item.entry) for item in issued))

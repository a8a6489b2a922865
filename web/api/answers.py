"""What the API answers, as types: handlers send them, and the OpenAPI document describes them.

Records of the protocol (leaf, promise, terms) are those of `protocol`; here is what stands around them.
"""

from typing import Literal

import msgspec

from protocol.canonical import Record
from protocol.casting import Promise
from protocol.leaf import Leaf
from protocol.text import Base64url, Count, ElectionId, Identifier, LocalText, Timestamp

Door = Literal["not-open", "open", "closed"]
ListedState = Literal["frozen", "open", "closed", "published"]


class ElectionSummary(Record, frozen=True):
    """One election whose terms are frozen. closes_at: as it holds now, after any extension."""

    authority: LocalText
    closes_at: Timestamp
    election: ElectionId
    opens_at: Timestamp
    state: ListedState
    title: LocalText


class Elections(Record, frozen=True):
    """Every election of this server whose terms are frozen."""

    elections: tuple[ElectionSummary, ...]


class CastBallot(Record, frozen=True):
    """One ballot of a credential. leaf: as it stands on the board.  counts: whether it is the last one."""

    counts: bool
    index: Count
    leaf: Leaf
    sequence: Count


class CredentialState(Record, frozen=True):
    """A line of the voters' list and every ballot that its key cast, oldest first.

    state: whether the door takes ballots now.  closes_at: until when, after any extension.  revoked_index: of the entry
    that ended this key; replaced_by: the key that took its place. Both null for a key that holds.
    """

    area: Identifier
    ballots: tuple[CastBallot, ...]
    closes_at: Timestamp
    key: Base64url
    next_sequence: Count
    replaced_by: Base64url | None
    revoked_index: Count | None
    state: Door
    weight: Count


class FoundCredential(Record, frozen=True):
    """As CredentialState. found_index: of the ballot that has the receipt code, null where a voter number was given."""

    area: Identifier
    ballots: tuple[CastBallot, ...]
    closes_at: Timestamp
    found_index: Count | None
    key: Base64url
    next_sequence: Count
    replaced_by: Base64url | None
    revoked_index: Count | None
    state: Door
    weight: Count


class AcceptedBallot(Record, frozen=True):
    """Where the ballot stands, and the server's signed word for it."""

    index: Count
    leaf: Leaf
    promise: Promise
    sequence: Count


class AcceptedChallenge(Record, frozen=True):
    """Where the opened ballot stands."""

    index: Count
    leaf: Leaf


class ProvedEntry(Record, frozen=True):
    """An entry with its proof. leaf: the exact bytes, as text.  proof: RFC 6962 hashes for the checkpoint of `size`."""

    checkpoint: str
    index: Count
    leaf: str
    proof: tuple[Base64url, ...]
    size: Count


class EntryLine(Record, frozen=True):
    """An entry without proof. leaf: the exact bytes, as text."""

    index: Count
    leaf: str


class Entries(Record, frozen=True):
    """Entries in order. size: of the whole board now."""

    entries: tuple[EntryLine, ...]
    size: Count


class Consistency(Record, frozen=True):
    """RFC 6962 proof that the tree of `new` entries continues that of `old`."""

    new: Count
    old: Count
    proof: tuple[Base64url, ...]


class DisputeLine(Record, frozen=True):
    """One objection. digest: of what was filed.  finding, proved: what the machine found in the filer's file; null
    without one.  words: null unless their writer has agreed.  verdict, answer, answered_at: null while it waits."""

    answer: str | None
    answered_at: Timestamp | None
    category: Literal["not-found", "not-mine", "test-differs", "could-not-vote", "result-wrong", "other"]
    digest: Base64url
    filed_at: Timestamp
    finding: str | None
    number: Count
    proved: bool | None
    verdict: Literal["upheld", "rejected", "passed-on"] | None
    words: str | None


class Disputes(Record, frozen=True):
    """Objections in their order. until: the last moment to object, null while there is no result."""

    disputes: tuple[DisputeLine, ...]
    until: Timestamp | None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. code: stable, for programs.  detail: a sentence that a person can act on, in English."""

    type: str
    title: str
    status: int
    code: str
    detail: str

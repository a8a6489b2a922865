"""The small bodies of the board: freeze, opening and closing of the polls, aggregates, statements, openings, result.

Field by field: PROTOCOL section 4. Decoding is strict; what the fields must agree with is checked in
`protocol.tally_checks`.
"""

from typing import Annotated, Literal

import msgspec

from crypto.transcript import tuple_hash, u64
from protocol.canonical import Record
from protocol.errors import MalformedRecord
from protocol.text import Base64url, Count, ElectionId, Identifier, require_text

RECORD_BYTES_MAX = 64 * 1024 * 1024

TrusteeNumber = Annotated[int, msgspec.Meta(ge=1, le=10)]


class Freeze(Record, frozen=True):
    """All trustees sign the fingerprint, in their order."""

    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/freeze/v1"]
    signatures: tuple[Base64url, ...]


CLOCK = "clock"
"""In `by`: nobody's hand, the time had come."""


class PollsOpened(Record, frozen=True):
    """From here on ballots are taken. by: `CLOCK`, or the name of the official who opened."""

    by: str
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/polls-opened/v1"]

    def __post_init__(self) -> None:
        require_text(self.by, 100, "by")


class Closing(Record, frozen=True):
    """No ballot after this one. by: `CLOCK`, or the name of the official who closed.  keys, persons: null where no
    sign-in is asked.  reason: null unless the polls are closed before their time.
    """

    ballots: Count
    by: str
    challenges: Count
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/closing/v1"]
    keys: Count | None
    persons: Count | None
    reason: str | None

    def __post_init__(self) -> None:
        require_text(self.by, 100, "by")
        if self.reason is not None:
            require_text(self.reason, 1000, "reason")


def require_closing_reason(closing: Closing, closes_at: str, moment: str) -> None:
    """Check that a closing before its time has a name and a reason, and one in time no reason.

    closes_at: the closing time that holds at `moment`, both as in records. Raises: MalformedRecord.
    """
    if moment >= closes_at:
        if closing.reason is not None:
            raise MalformedRecord("The polls were closed in time, so there is no reason to give.")
        return
    if closing.by == CLOCK or closing.reason is None:
        raise MalformedRecord(
            f"The polls were closed before {closes_at}: that needs an official's name and a reason."
        )


class AreaGroup(Record, frozen=True):
    """Areas that are opened together. products: for each question, each chunk's packed ciphertext."""

    areas: tuple[Identifier, ...]
    credentials: Count
    products: tuple[tuple[Base64url, ...], ...]
    weight: Count


class Aggregates(Record, frozen=True):
    """What will be opened, and of which ballots it is the product."""

    counted: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/aggregates/v1"]
    groups: tuple[AreaGroup, ...]
    withheld: bool


class Act(Record, frozen=True):
    """An official act, with a name and a reason that everybody reads."""

    act: Literal["lower-statement-quorum"]
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/act/v1"]
    name: str
    reason: str
    to: TrusteeNumber

    def __post_init__(self) -> None:
        require_text(self.name, 100, "name")
        require_text(self.reason, 1000, "reason")


class ClosingStatement(Record, frozen=True):
    """One trustee: this is the board that I saw closed, and these are its products."""

    aggregates: Base64url
    checkpoint_root: Base64url
    checkpoint_size: Count
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/closing-statement/v1"]
    trustee: TrusteeNumber


class PartialOpeningRecord(Record, frozen=True):
    """One trustee's part of one n-th root, with its proof."""

    challenge: Base64url
    response: Base64url
    x: Base64url


class PartialOpenings(Record, frozen=True):
    """One trustee's parts for every product that is opened, in the order group, question, chunk."""

    aggregates: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/partial-opening/v1"]
    openings: tuple[PartialOpeningRecord, ...]
    trustee: TrusteeNumber


class OpeningRecord(Record, frozen=True):
    """An opened product: ciphertext = (1 + plaintext·n)·root^n mod n²."""

    areas: tuple[Identifier, ...]
    chunk: Count
    ciphertext: Base64url
    plaintext: Base64url
    question: Identifier
    root: Base64url


class OptionVotes(Record, frozen=True):
    """Votes (or points, of a ranking the score) of one option."""

    option: Identifier
    votes: Count


class QuestionVotes(Record, frozen=True):
    """All options of one question in order, `blank` last for choose-one and ranking.

    matrix: of a ranking, for each option its votes at position 1 … k; else empty.
    """

    matrix: tuple[tuple[Count, ...], ...]
    question: Identifier
    votes: tuple[OptionVotes, ...]


class Result(Record, frozen=True):
    """The openings and the totals over all areas."""

    aggregates: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/result/v1"]
    openings: tuple[OpeningRecord, ...]
    totals: tuple[QuestionVotes, ...]
    withheld: bool


def freeze_message(election: str, fingerprint: bytes) -> bytes:
    """What a trustee signs to freeze the election."""
    return tuple_hash("freeze", [election.encode("ascii"), fingerprint])


def counted_digest(indices: list[int]) -> bytes:
    """Digest of the list of counted leaves, ascending."""
    return tuple_hash("counted", [u64(index) for index in indices])

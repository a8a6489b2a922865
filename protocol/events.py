"""What happened on a board besides votes, as the report lists it."""

from collections.abc import Iterator
from dataclasses import dataclass

from crypto.display_code import alias
from crypto.encoding import decode_base64url
from protocol.counting import CountingList
from protocol.records import Closing
from protocol.running import RunningElection


@dataclass(frozen=True)
class ReplacedCode:
    """A revocation. old, new: voter numbers.  ballots: valid ones of the old code, none of which counts."""

    entry: int
    old: str
    new: str
    ballots: int
    reason: str


@dataclass(frozen=True)
class ExtendedPolls:
    """An extension. by: the official.  closes_at: the closing time that it set."""

    entry: int
    by: str
    closes_at: str
    reason: str


@dataclass(frozen=True)
class SignInConflict:
    """A ballot that was refused because of who had signed in. voter: number of the code.  reason: its code."""

    entry: int
    voter: str
    reason: str


@dataclass(frozen=True)
class ClosedPolls:
    """The closing. by: the official, or `clock`.  reason: None in time.  persons: None without sign-in."""

    entry: int
    by: str
    reason: str | None
    persons: int | None


@dataclass(frozen=True)
class Events:
    """Each kind in the order of the board."""

    replaced: tuple[ReplacedCode, ...] = ()
    extensions: tuple[ExtendedPolls, ...] = ()
    conflicts: tuple[SignInConflict, ...] = ()
    closed: ClosedPolls | None = None

    def warnings(self) -> Iterator[str]:
        """A code for each kind that occurs; verifier and pages have a sentence for each."""
        if self.extensions:
            yield "polls-extended"
        if self.replaced:
            yield "codes-replaced"
        if self.conflicts:
            yield "sign-in-conflicts"


def events_of(running: RunningElection, counting: CountingList) -> Events:
    """All but the closing, from a board that was read to its end."""
    return Events(
        replaced=tuple(
            ReplacedCode(
                index, alias(each.old), alias(each.new), counting.earlier_valid(each.old), each.reason
            )
            for index, each in running.exchanges
        ),
        extensions=tuple(
            ExtendedPolls(index, each.name, each.closes_at, each.reason) for index, each in running.extensions
        ),
        conflicts=tuple(
            SignInConflict(index, alias(decode_base64url(each.credential, 32)), each.reason.value)
            for index, each in running.conflicts
        ),
    )


def closed_polls(entry: int, closing: Closing) -> ClosedPolls:
    """The closing leaf at `entry`."""
    return ClosedPolls(entry, closing.by, closing.reason, closing.persons)

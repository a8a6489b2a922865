"""What other processes do to an open election in the test of closing."""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

from storage.engine import make_engine
from tests.support.elections import DURING
from tests.support.offices import close_early
from voting.casting import cast_ballot
from voting.errors import Closed
from voting.office import Office
from voting.server_keys import ServerKeys

START_SECONDS = 120
"""How long the slowest racer may take to start."""


@dataclass(frozen=True)
class Place:
    """Where the election is."""

    database_url: str
    secrets: Path
    election: str

    def office(self) -> Office:
        """The office of this process."""
        return Office(make_engine(self.database_url), ServerKeys.open(self.secrets), lambda: DURING)


@dataclass(frozen=True)
class Outcome:
    """acknowledged: (index, leaf digest) of every ballot with a promise.  refused: how many came too late."""

    acknowledged: list[tuple[int, str]]
    refused: int


def cast_all(
    place: Place,
    requests: Sequence[bytes],
    ready: Barrier,
    so_far: "Synchronized[int]",
    outcomes: "Queue[Outcome]",
) -> None:
    """When all racers are ready: cast one after the other, as fast as it goes, whatever the answer."""
    office = place.office()
    office.terms(place.election)
    ready.wait(START_SECONDS)
    acknowledged, refused = [], 0
    for request in requests:
        try:
            answer = cast_ballot(office, place.election, request)
        except Closed:
            refused += 1
            continue
        acknowledged.append((answer.index, answer.leaf.digest))
        with so_far.get_lock():
            so_far.value += 1
    outcomes.put(Outcome(acknowledged, refused))


def close_after(
    place: Place, ballots: int, ready: Barrier, so_far: "Synchronized[int]", closed_at: "Synchronized[int]"
) -> None:
    """Close as soon as so many ballots have been acknowledged."""
    office = place.office()
    office.terms(place.election)
    ready.wait(START_SECONDS)
    while so_far.value < ballots:
        pass
    closed_at.value = close_early(office, place.election)

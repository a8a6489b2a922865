"""Closing: one leaf after which there is no ballot, however many are on their way."""

import json
import multiprocessing

import pytest

from crypto.encoding import encode_base64url
from protocol.leaf import Kind
from tests.support.offices import FIRST, SECOND, OfficeUnderTest, cast_request, close_early, make_office
from tests.voting.racers import Outcome, Place, cast_all, close_after
from tests.voting.whole import require_whole, verified
from voting.errors import NoSuchElection, WrongState
from voting.office import State


def test_the_closing_counts_the_ballots_and_ends_a_signed_head(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    office.cast(1, SECOND, 2)
    index = close_early(office.office, office.id)
    assert office.state() is State.CLOSED
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["ballots"], closing["challenges"]) == (2, 0)
    assert (closing["keys"], closing["persons"]) == (None, None)
    assert require_whole(office) == index + 1
    verified(office)


def test_closing_twice_is_refused(office: OfficeUnderTest) -> None:
    close_early(office.office, office.id)
    before = office.everything()
    with pytest.raises(WrongState, match="this election is closed"):
        close_early(office.office, office.id)
    assert office.everything() == before


def test_only_open_polls_close(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    office = make_office(database_url, tmp_path_factory.mktemp("closed") / "secrets", until=State.FROZEN)
    before = office.everything()
    with pytest.raises(WrongState, match="this election is frozen"):
        close_early(office.office, office.id)
    with pytest.raises(NoSuchElection):
        close_early(office.office, "0" * 32)
    assert office.everything() == before
    office.engine.dispose()


@pytest.mark.thorough
def test_closing_races_casting_in_other_processes(office: OfficeUnderTest) -> None:
    """Two processes cast, a third closes: every acknowledged ballot is before the closing, and nothing is after it."""
    place = Place(office.database_url, office.secrets, office.id)
    turns = [(voter, sequence) for sequence in range(1, 7) for voter in (1, 2, 3, 4)]
    requests = [
        cast_request(office.election, voter, FIRST if sequence % 2 else SECOND, sequence)
        for voter, sequence in turns
    ]
    spawn = multiprocessing.get_context("spawn")
    so_far, closed_at, outcomes = spawn.Value("q", 0), spawn.Value("q", -1), spawn.Queue()
    ready = spawn.Barrier(3)
    work = [
        [request for request, (voter, _) in zip(requests, turns, strict=True) if voter % 2 == parity]
        for parity in (0, 1)
    ]
    processes = [spawn.Process(target=cast_all, args=(place, half, ready, so_far, outcomes)) for half in work]
    processes.append(spawn.Process(target=close_after, args=(place, 6, ready, so_far, closed_at)))
    for process in processes:
        process.start()
    found: list[Outcome] = [outcomes.get(timeout=120) for _ in work]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    acknowledged = [item for outcome in found for item in outcome.acknowledged]
    assert 6 <= len(acknowledged) < len(requests)
    assert sum(outcome.refused for outcome in found) == len(requests) - len(acknowledged)
    size = require_whole(office)
    assert closed_at.value == size - 1
    on_board = {
        entry.index: encode_base64url(entry.digest) for entry in office.entries() if entry.kind == Kind.BALLOT
    }
    assert on_board == dict(acknowledged)
    assert max(on_board) < closed_at.value
    assert json.loads(office.body(Kind.CLOSING))["ballots"] == len(acknowledged)
    verified(office)

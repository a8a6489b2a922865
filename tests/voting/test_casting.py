"""Casting: what an accepted ballot leaves behind, who wins a race, what a fault in the middle leaves."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import count

import pytest
from sqlalchemy import Connection, PoolProxiedConnection, event, func, select, text

from board import log as board
from board.log import LogId
from crypto.display_code import alias, display_code
from crypto.encoding import decode_base64url
from crypto.merkle import verify_inclusion
from protocol.ballot import BallotInvalid
from protocol.casting import verify_promise
from protocol.leaf import Kind, decode_leaf, verify_leaf_signature
from protocol.text import format_time, parse_time
from storage.engine import make_engine
from storage.errors import StorageFull
from storage.session import reading
from tests.support.elections import CLOSES, DURING, OPENS, voter_key
from tests.support.offices import FIRST, SECOND, OfficeUnderTest, cast_request, make_office
from tests.voting.whole import require_whole, verified
from voting.casting import PAUSE_SECONDS, CastAnswer, cast_ballot
from voting.errors import AlreadyCast, Closed, TooSoon, VotingError
from voting.lookup import credential_record, find_by_code, turnout
from voting.models import VotingCiphertext
from voting.office import Office, State, find_election
from voting.preparation import open_polls

VOTER = 1
KEY = voter_key(VOTER).public_key


def test_an_accepted_ballot_is_on_the_board_promised_and_indexed(office: OfficeUnderTest) -> None:
    answer = office.cast(VOTER, FIRST)
    entry = office.entries()[-1]
    assert (answer.index, answer.sequence) == (entry.index, 1)
    assert answer.leaf == decode_leaf(entry.leaf)
    assert answer.leaf.kind is Kind.BALLOT
    verify_leaf_signature(answer.leaf, KEY)
    promise = answer.promise
    verify_promise(office.election.manifest, promise)
    assert (promise.index, decode_base64url(promise.tracker, 32)) == (entry.index, entry.digest)
    assert promise.time == answer.leaf.time == format_time(DURING)
    size = require_whole(office)
    assert size == entry.index + 1
    with reading(office.engine) as session:
        row = find_election(session, office.id)
        log_id = LogId(row.log_id)
        proof = board.inclusion_proof(session, log_id, entry.index, size)
        verify_inclusion(entry.leaf_hash, entry.index, size, proof, board.root(session, log_id, size))
        record = credential_record(session, row, KEY)
        assert (record.weight, record.area, record.next_sequence) == (1, "all", 2)
        assert [(ballot.index, ballot.counts) for ballot in record.ballots] == [(entry.index, True)]
        assert find_by_code(session, row, display_code(entry.digest)) == (record, entry.index)
        assert find_by_code(session, row, alias(KEY).lower().replace("-", " ")) == (record, None)
        assert session.scalar(select(func.count()).select_from(VotingCiphertext)) == 5
    verified(office)


def test_the_last_ballot_counts(office: OfficeUnderTest) -> None:
    first = office.cast(VOTER, FIRST)
    office.clock.now += timedelta(hours=1)
    other = office.cast(2, FIRST)
    second = office.cast(VOTER, SECOND, 2)
    assert (first.sequence, second.sequence) == (1, 2)
    with reading(office.engine) as session:
        row = find_election(session, office.id)
        record = credential_record(session, row, KEY)
        assert [(ballot.index, ballot.sequence, ballot.counts) for ballot in record.ballots] == [
            (first.index, 1, False),
            (second.index, 2, True),
        ]
        found = turnout(session, row)
        assert (found.voters, found.voted, found.ballots) == (5, 2, 3)
    tally = verified(office).tally
    assert tally is not None
    assert tally.counted == [other.index, second.index]


# Races.


def offices_that_look_together(office: OfficeUnderTest, number: int) -> list[Office]:
    """Several, each of which waits at its first look at the clock until all have looked: then nothing is cast yet."""
    together = threading.Barrier(number)

    def one() -> Office:
        looked: list[bool] = []

        def clock() -> datetime:
            if not looked:
                looked.append(True)
                together.wait(timeout=30)
            return DURING

        return Office(make_engine(office.database_url), office.office.keys, clock)

    made = [one() for _ in range(number)]
    for each in made:
        each.terms(office.id)  # read before, so that nothing but the race is between the look and the lock
    return made


def cast_at_once(office: OfficeUnderTest, requests: list[bytes]) -> list[CastAnswer | Exception]:
    results: dict[int, CastAnswer | Exception] = {}
    offices = offices_that_look_together(office, len(requests))

    def cast(number: int) -> None:
        try:
            results[number] = cast_ballot(offices[number], office.id, requests[number])
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=cast, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in offices:
        each.engine.dispose()
    return [results[number] for number in range(len(requests))]


def test_of_two_ballots_of_one_credential_at_once_one_wins(office: OfficeUnderTest) -> None:
    election = office.election
    requests = [cast_request(election, VOTER, FIRST), cast_request(election, VOTER, SECOND)]
    results = cast_at_once(office, requests)
    (winner,) = [result for result in results if isinstance(result, CastAnswer)]
    (loser,) = [result for result in results if not isinstance(result, CastAnswer)]
    assert winner.sequence == 1
    assert isinstance(loser, BallotInvalid)
    assert loser.code == "wrong-sequence"
    assert office.kinds().count(Kind.BALLOT) == 1
    require_whole(office)


def test_the_same_request_twice_at_once_is_one_ballot(office: OfficeUnderTest) -> None:
    results = cast_at_once(office, [cast_request(office.election, VOTER)] * 2)
    (winner,) = [result for result in results if isinstance(result, CastAnswer)]
    (loser,) = [result for result in results if not isinstance(result, CastAnswer)]
    assert isinstance(loser, AlreadyCast)
    assert loser.index == winner.index
    assert office.kinds().count(Kind.BALLOT) == 1


def test_ballots_of_several_voters_at_once_are_all_accepted(office: OfficeUnderTest) -> None:
    results = cast_at_once(office, [cast_request(office.election, voter) for voter in (1, 2, 3)])
    indices = [result.index for result in results if isinstance(result, CastAnswer)]
    assert len(set(indices)) == 3
    assert require_whole(office) == max(indices) + 1
    verified(office)


# Faults.


class DiskFailed(Exception):
    """What the tests throw."""


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_a_fault_at_any_statement_stores_nothing(office: OfficeUnderTest, moment: str) -> None:
    before = office.everything()
    request = cast_request(office.election, VOTER)
    for failing in count():
        remaining = iter(range(failing))

        def fail(*_: object, remaining: Iterator[int] = remaining) -> None:
            if next(remaining, None) is None:
                raise DiskFailed

        event.listen(office.engine, moment, fail)
        answer = None
        with suppress(DiskFailed):
            answer = cast_ballot(office.office, office.id, request)
        event.remove(office.engine, moment, fail)
        if answer is not None:
            break  # it has fewer statements than that
        assert office.everything() == before
    assert failing >= 20
    assert answer is not None
    assert require_whole(office) == answer.index + 1


def test_a_commit_that_fails_stores_nothing(office: OfficeUnderTest) -> None:
    before = office.everything()

    def fail(_: Connection) -> None:
        raise DiskFailed

    event.listen(office.engine, "commit", fail)
    with pytest.raises(DiskFailed):
        office.cast(VOTER, FIRST)
    event.remove(office.engine, "commit", fail)
    assert office.everything() == before
    office.cast(VOTER, FIRST)
    require_whole(office)


def test_a_commit_that_succeeds_without_saying_so_gives_no_promise_and_stores_all(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after COMMIT arrived. Whoever tries again is told where the ballot is."""
    request = cast_request(office.election, VOTER)
    commit, dialect = office.engine.dialect.do_commit, office.engine.dialect
    commits: list[int] = []

    def commit_and_fail(connection: PoolProxiedConnection) -> None:
        commit(connection)
        commits.append(1)
        if len(commits) == 2:  # the first is that of the reading session
            raise DiskFailed

    with monkeypatch.context() as broken:
        broken.setattr(dialect, "do_commit", commit_and_fail)
        with pytest.raises(DiskFailed):
            cast_ballot(office.office, office.id, request)
    size = require_whole(office)
    assert office.kinds()[-1] is Kind.BALLOT
    with pytest.raises(AlreadyCast) as known:
        cast_ballot(office.office, office.id, request)
    assert known.value.index == size - 1
    verified(office)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_stores_no_half_ballot(office: OfficeUnderTest) -> None:
    full = make_engine(office.database_url)
    with reading(office.engine) as session:
        pages = session.scalar(text("PRAGMA page_count"))
    assert pages is not None

    @event.listens_for(full, "checkout")
    def limit(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 20}").close()  # type: ignore[attr-defined]

    office.office.engine = full
    stored = 0
    with pytest.raises(StorageFull):  # noqa: PT012
        for voter in (1, 2, 3, 4, 5):
            office.cast(voter, FIRST)
            stored += 1
    full.dispose()
    office.office.engine = make_engine(office.database_url)
    assert 0 < stored < 5
    assert office.kinds().count(Kind.BALLOT) == stored
    require_whole(office)
    office.cast(stored + 1, FIRST)
    verified(office)


def test_a_missing_key_stores_nothing(office: OfficeUnderTest) -> None:
    """Without the key that signs the promise there is no ballot either."""
    before = office.everything()
    (office.secrets / f"{office.id}.server.key").unlink()
    forgetful = Office(office.engine, office.office.keys, office.clock)
    with pytest.raises(VotingError, match="server key of election") as missing:
        cast_ballot(forgetful, office.id, cast_request(office.election, VOTER))
    assert getattr(missing.value, "code", None) == "secret-missing"
    assert office.everything() == before


# Clocks.


def test_a_clock_that_goes_back_does_not_turn_the_board_back(office: OfficeUnderTest) -> None:
    office.cast(VOTER, FIRST)
    office.clock.now = parse_time(OPENS)
    answer = office.cast(2, FIRST)
    assert answer.leaf.time == answer.promise.time == format_time(DURING)
    verify_promise(office.election.manifest, answer.promise)
    office.clock.now = DURING + timedelta(minutes=1)
    assert office.cast(3, FIRST).leaf.time == "2026-11-24T12:01:00Z"
    require_whole(office)
    verified(office)


def test_a_clock_that_was_far_ahead_once_lets_nothing_in_that_would_not_count(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office = make_office(database_url, tmp_path_factory.mktemp("ahead") / "secrets", until=State.FROZEN)
    office.clock.now = parse_time(CLOSES) + timedelta(days=1)
    open_polls(office.office, office.id)
    office.clock.now = DURING
    before = office.everything()
    with pytest.raises(Closed):
        office.cast(VOTER, FIRST)
    assert office.everything() == before
    office.engine.dispose()


def test_times_are_cut_to_seconds_and_utc(office: OfficeUnderTest) -> None:
    office.clock.now = (DURING + timedelta(seconds=5, microseconds=999_999)).astimezone(
        timezone(timedelta(hours=7))
    )
    assert office.cast(VOTER, FIRST).leaf.time == "2026-11-24T12:00:05Z"


# Lookups that find nothing.


def test_codes_that_are_not_there(office: OfficeUnderTest) -> None:
    office.cast(VOTER, FIRST)
    with reading(office.engine) as session:
        row = find_election(session, office.id)
        with pytest.raises(VotingError, match="Not found on the board"):
            find_by_code(session, row, display_code(b"\x55" * 32))
        with pytest.raises(BallotInvalid) as unknown:
            credential_record(session, row, voter_key(99).public_key)
        assert unknown.value.code == "unknown-credential"


def test_one_code_cannot_fill_the_board_at_once(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a number of ballots on, one more waits a minute; it is never refused for good."""
    monkeypatch.setattr("voting.casting.BALLOTS_WITHOUT_PAUSE", 2)
    office.cast(VOTER, FIRST, 1)
    office.cast(VOTER, SECOND, 2)
    before = office.everything()
    for seconds in (0, PAUSE_SECONDS - 1):
        office.clock.now = DURING + timedelta(seconds=seconds)
        with pytest.raises(TooSoon, match="Wait 60 seconds"):
            office.cast(VOTER, FIRST, 3)
        assert office.everything() == before
    assert office.cast(VOTER + 1, FIRST).sequence == 1  # others do not wait
    office.clock.now = DURING + timedelta(seconds=PAUSE_SECONDS)
    assert office.cast(VOTER, FIRST, 3).sequence == 3
    verified(office)

"""From the closing to the result, on both databases, through the verbs that the office and the trustees call."""

import threading
from base64 import urlsafe_b64decode
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from protocol.leaf import Kind
from protocol.manifest import STRICT_SMALL_AREAS
from protocol.roll import RollEntry
from protocol.text import format_time
from tally.aggregation import aggregate
from tally.errors import AlreadyAggregated, TallyRefused, TooFewOpenings
from tally.opening import append_act, append_partial_openings, append_statement, publish_result
from tests.support.boards import MemoryBoard
from tests.support.elections import DURING, approval, choose_one, make_election, make_manifest, points
from tests.support.hostile import threshold_election
from tests.support.offices import FIRST, SECOND, OfficeUnderTest, close_early
from tests.support.trustees import close_and_aggregate, tally, urn_of, votes
from tests.tally.conftest import MakeOffice
from tests.voting.whole import require_whole, verified
from voting.errors import NoSuchElection
from voting.office import State


def test_two_of_three_open_and_the_board_is_the_one_that_every_verifier_recomputes(
    three_on_each: OfficeUnderTest,
) -> None:
    result = tally(three_on_each, openers=(1, 3))
    assert votes(result) == [[1, 2, 0]]
    assert three_on_each.state() is State.PUBLISHED
    verdict = verified(three_on_each)
    assert verdict.report.result == result.totals
    require_whole(three_on_each)
    # Leaf by leaf what the memory board makes of the same ballots (the parts' proofs are random).
    memory = MemoryBoard(threshold_election()).start()
    for number in range(3):
        entry = three_on_each.entries()[5 + number]
        leaf = msgspec.json.decode(entry.leaf)
        signature = leaf["signature"] + "=" * (-len(leaf["signature"]) % 4)
        memory.append(Kind.BALLOT, three_on_each.body(Kind.BALLOT, number), urlsafe_b64decode(signature))
    assert memory.tally((1, 3)).report.result == result.totals
    random = {Kind.PARTIAL_OPENING.value}
    stored = [entry.leaf for entry in three_on_each.entries() if entry.kind not in random]
    assert stored == [leaf for leaf, _ in memory.leaves if b'"partial-opening"' not in leaf]


def test_weights_and_revotes_count(office: OfficeUnderTest) -> None:
    """Weights 1, 3, 1, 2, 1; the first voter's second ballot replaces the first."""
    office.cast(1, FIRST)
    office.cast(2, FIRST)
    office.cast(4, SECOND)
    office.cast(1, SECOND, 2)
    result = tally(office)
    # FIRST with weight 3; SECOND with weights 2 and 1.
    assert votes(result) == [[3, 3, 0], [0, 3, 3], [6, 3], [6]]
    verified(office)


def test_an_election_without_a_ballot_has_zeros(make: MakeOffice) -> None:
    questions = (choose_one(2), approval(2, 0, 2), points(1, 2, 0, 2))
    office = make(make_election(make_manifest(questions, 3, ("north", "south"))))
    result = tally(office)
    assert votes(result) == [[0, 0, 0], [0, 0], [0]]
    assert [opening.plaintext.strip("A") for opening in result.openings] == [""] * 6
    assert Kind.PARTIAL_OPENING not in office.kinds()
    verified(office)


def test_small_areas_are_merged(make: MakeOffice) -> None:
    """One voter alone in each area: their votes are opened together only."""
    rule = msgspec.structs.replace(STRICT_SMALL_AREAS, min_credentials=2, max_share=(1, 2), min_same_weight=2)
    manifest = make_manifest((choose_one(2),), 1, ("north", "south", "sea"), rule)
    entries = [RollEntry(weight=1, area=area) for area in ("north", "south", "sea")]
    office = make(make_election(manifest, entries=entries))
    office.cast(1, [(1, 0, 0)])
    office.cast(2, [(0, 1, 0)])
    result = tally(office)
    assert [opening.areas for opening in result.openings] == [("north", "south"), ("sea",)]
    assert votes(result) == [[1, 1, 0]]
    verified(office)


def test_a_result_that_would_show_single_votes_is_withheld(make: MakeOffice) -> None:
    office = make(make_election(make_manifest((choose_one(2),), 1, small_areas=STRICT_SMALL_AREAS)))
    office.cast(1, [(1, 0, 0)])
    urn = close_and_aggregate(office)
    assert urn.products == ()
    result = publish_result(office.office, office.id)
    assert (result.withheld, result.openings, result.totals) == (True, (), ())
    assert verified(office).report.result is None


# One trustee gone.


def test_with_one_trustee_gone_the_act_lets_two_open(three: OfficeUnderTest) -> None:
    urn = close_and_aggregate(three)
    urn.state((1, 2))
    before = three.everything()
    with pytest.raises(Exception, match="2 identical closing statements stand on the board; 3 must precede"):
        append_partial_openings(three.office, three.id, *urn.parts(1))
    assert three.everything() == before
    index = append_act(three.office, three.id, "Official Nguyễn", "Trustee 3 lost the key file.")
    assert index == len(three.entries()) - 1
    urn.open((1, 2))
    assert votes(publish_result(three.office, three.id)) == [[1, 2, 0]]
    report = verified(three).report
    assert "statement-quorum-lowered" in report.warnings


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "why"),
        ("who", ""),
        ("x" * 101, "why"),
        ("who", "x" * 1001),
        ("a\nb", "why"),
        ("who", "\u202ewhy"),
    ],
)
def test_an_act_without_a_readable_name_and_reason_is_refused(
    three: OfficeUnderTest, name: str, reason: str
) -> None:
    close_and_aggregate(three)
    before = three.everything()
    with pytest.raises(TallyRefused, match=r"The act cannot be published: (name|reason)"):
        append_act(three.office, three.id, name, reason)
    assert three.everything() == before


def test_one_act_is_enough(three: OfficeUnderTest) -> None:
    close_and_aggregate(three)
    append_act(three.office, three.id, "Official", "Reason.")
    before = three.everything()
    with pytest.raises(TallyRefused, match="lowered already"):
        append_act(three.office, three.id, "Official", "Another reason.")
    assert three.everything() == before


# Each deed in its moment.


def test_every_deed_is_refused_before_its_time(three_on_each: OfficeUnderTest) -> None:
    office, election = three_on_each.office, three_on_each.id
    early: list[Any] = [
        lambda: aggregate(office, election),
        lambda: append_act(office, election, "Official", "Reason."),
        lambda: append_statement(office, election, b"{}", b""),
        lambda: append_partial_openings(office, election, b"{}", b""),
        lambda: publish_result(office, election),
    ]
    before = three_on_each.everything()
    for deed in early:
        with pytest.raises(TallyRefused):
            deed()
    assert three_on_each.everything() == before
    close_early(office, election)
    before = three_on_each.everything()
    for deed in early[1:]:
        with pytest.raises(TallyRefused, match="not closed and aggregated yet"):
            deed()
    assert three_on_each.everything() == before
    aggregate(office, election)
    before = three_on_each.everything()
    with pytest.raises(AlreadyAggregated):
        aggregate(office, election)
    with pytest.raises(TooFewOpenings, match="0 trustees have opened; 2 are needed"):
        publish_result(office, election)
    with pytest.raises(NoSuchElection):
        aggregate(office, "0" * 32)
    assert three_on_each.everything() == before


def test_one_of_two_is_too_few(three: OfficeUnderTest) -> None:
    urn = close_and_aggregate(three)
    urn.state((1, 2, 3))
    urn.open((2,))
    before = three.everything()
    with pytest.raises(TooFewOpenings, match="1 trustees have opened; 2 are needed"):
        publish_result(three.office, three.id)
    assert three.everything() == before
    verified(three)


def test_nothing_follows_the_result(three: OfficeUnderTest) -> None:
    urn = close_and_aggregate(three)
    urn.state((1, 2, 3))
    urn.open((1, 2))
    publish_result(three.office, three.id)
    before = three.everything()
    late: list[Any] = [
        lambda: aggregate(three.office, three.id),
        lambda: close_early(three.office, three.id),
        lambda: append_act(three.office, three.id, "Official", "Reason."),
        lambda: append_statement(three.office, three.id, *urn.statement(3)),
        lambda: append_partial_openings(three.office, three.id, *urn.parts(3)),
        lambda: publish_result(three.office, three.id),
    ]
    for deed in late:
        with pytest.raises(Exception, match=r"closed|aggregated|published"):
            deed()
    assert three.everything() == before


def test_more_parts_than_needed_are_welcome(three: OfficeUnderTest) -> None:
    urn = close_and_aggregate(three)
    urn.state((1, 2, 3))
    urn.open((3, 2, 1))
    assert votes(publish_result(three.office, three.id)) == [[1, 2, 0]]
    verified(three)


def test_nothing_is_opened_before_objections_are_heard(make: MakeOffice) -> None:
    """Parts that stood on the board too early would fail every verification, for ever."""
    manifest = msgspec.structs.replace(make_manifest((choose_one(2),)), objection_seconds=3600)
    office = make(make_election(manifest, voters=2))
    office.cast(1, [(1, 0, 0)])
    urn = close_and_aggregate(office)
    urn.state((1,))
    for early in (0, 3599):
        office.clock.now = DURING.replace(minute=early // 60, second=early % 60)
        before = office.everything()
        with pytest.raises(TallyRefused, match=r"Nothing is opened before 2026-11-24T13:00:00Z"):
            urn.open((1,))
        assert office.everything() == before
    office.clock.now = DURING.replace(hour=13)
    urn.open((1,))
    assert format_time(office.entries()[-1].time) == "2026-11-24T13:00:00Z"
    publish_result(office.office, office.id)
    verified(office)


# Races and faults.


def test_aggregating_twice_at_once_leaves_one(three_on_each: OfficeUnderTest) -> None:
    close_early(three_on_each.office, three_on_each.id)
    together = threading.Barrier(2)
    results: list[object] = []

    def run() -> None:
        together.wait()
        try:
            results.append(aggregate(three_on_each.office, three_on_each.id))
        except AlreadyAggregated as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(result, int) for result in results) == [False, True]
    assert three_on_each.kinds().count(Kind.AGGREGATES) == 1
    urn_of(three_on_each)


class DiskFailed(Exception):
    """What the test throws."""


def test_a_commit_that_fails_leaves_every_step_undone(three_on_each: OfficeUnderTest) -> None:
    def fail(_: object) -> None:
        raise DiskFailed

    def failing(deed: Any) -> None:
        before = three_on_each.everything()
        event.listen(three_on_each.engine, "commit", fail)
        with pytest.raises(DiskFailed):
            deed()
        event.remove(three_on_each.engine, "commit", fail)
        assert three_on_each.everything() == before
        require_whole(three_on_each)

    failing(lambda: close_early(three_on_each.office, three_on_each.id))
    close_early(three_on_each.office, three_on_each.id)
    failing(lambda: aggregate(three_on_each.office, three_on_each.id))
    aggregate(three_on_each.office, three_on_each.id)
    urn = urn_of(three_on_each)
    failing(lambda: urn.state((1,)))
    urn.state((1, 2, 3))
    failing(lambda: append_act(three_on_each.office, three_on_each.id, "Official", "Reason."))
    failing(lambda: urn.open((1,)))
    urn.open((1, 2))
    failing(lambda: publish_result(three_on_each.office, three_on_each.id))
    publish_result(three_on_each.office, three_on_each.id)
    verified(three_on_each)

"""Honest boards of every kind, as far as they go, and what the report says of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from crypto.encoding import encode_base64url
from protocol.aggregation import PackedProduct
from protocol.counting import CountingList, read_ballot
from protocol.leaf import Kind
from protocol.manifest import Question
from protocol.opening_rules import opening_context
from protocol.records import counted_digest
from protocol.report import FAILURES_LISTED_MAX, BoardState, CheckLog, CheckName
from protocol.revocation import ActiveRoll
from protocol.roll import RollEntry
from protocol.verification import Options
from tests.support.boards import MemoryBoard, later
from tests.support.elections import (
    CLOSES,
    approval,
    choose_one,
    make_election,
    make_manifest,
    points,
    voter_key,
)
from tests.support.hostile import (
    before,
    board_of,
    failures,
    leaf_of,
    position,
    published,
    published_by_two,
    small_election,
    threshold_election,
)

TWO = threshold_election()


def totals(board: MemoryBoard) -> list[list[int]]:
    report = board.verify().report
    assert report.ok, failures(report)
    assert report.result is not None
    return [[option.votes for option in question.votes] for question in report.result]


KINDS: list[tuple[Question, Sequence[Sequence[int]], Sequence[int]]] = [
    (choose_one(2), [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [1, 10, 100]),
    (approval(3, 0, 3), [[1, 0, 1], [1, 1, 0], [0, 0, 0]], [11, 10, 1]),
    (approval(3, 1, 1), [[1, 0, 0], [0, 1, 0], [0, 1, 0]], [1, 110, 0]),
    (points(2, 3, 1, 6), [[3, 3], [0, 1], [3, 0]], [303, 13]),
]


@pytest.mark.parametrize(
    ("question", "answers", "expected"), KINDS, ids=[each[0].id + str(i) for i, each in enumerate(KINDS)]
)
def test_board_of_each_kind_adds_up_by_weight(
    question: Question, answers: Sequence[Sequence[int]], expected: Sequence[int]
) -> None:
    entries = [RollEntry(weight=weight, area="all") for weight in (1, 10, 100)]
    board = MemoryBoard(make_election(make_manifest((question,)), entries=entries)).start()
    for voter, answer in enumerate(answers, start=1):
        board.cast(voter, [answer])
    board.tally([1])
    assert totals(board) == [list(expected)]


def test_everybody_gives_the_most_points_to_everything_and_no_slot_runs_over() -> None:
    """Was broken: a slot as wide as the number of votes, not of points, ran over into the next one."""
    entries = [RollEntry(weight=1_000_000, area="all")] * 2
    board = MemoryBoard(make_election(make_manifest((points(3, 20, 0, 60),)), entries=entries)).start()
    for voter in (1, 2):
        board.cast(voter, [[20, 20, 20]])
    board.tally([1])
    assert totals(board) == [[40_000_000] * 3]


def test_choice_over_several_ciphertexts_and_chunks_adds_up() -> None:
    """100 options of weight 2,000,000 in all: 22 bits a slot, 81 slots in a plaintext."""
    entries = [RollEntry(weight=1_000_000, area="all")] * 2
    manifest = make_manifest((choose_one(100), approval(82, 0, 2)))
    board = MemoryBoard(make_election(manifest, entries=entries)).start()
    for voter, option in ((1, 0), (2, 100)):
        chosen = [int(slot == option) for slot in range(101)]
        board.cast(voter, [chosen, [int(slot in {80, 81}) for slot in range(82)]])
    verdict = board.tally([1])
    assert verdict.tally is not None
    assert [(product.question, product.chunk) for product in verdict.tally.products] == [
        ("q1", 0), ("q1", 1), ("q2", 0), ("q2", 1),
    ]  # fmt: skip
    first, second = totals(board)
    assert {slot: votes for slot, votes in enumerate(first) if votes} == {0: 1_000_000, 100: 1_000_000}
    assert {slot: votes for slot, votes in enumerate(second) if votes} == {80: 2_000_000, 81: 2_000_000}


def test_election_without_a_single_ballot_has_a_result_of_zeros() -> None:
    board = MemoryBoard(TWO).start()
    board.close()
    board.aggregate()
    board.publish({})
    assert totals(board) == [[0, 0, 0]]


def test_any_two_of_three_open_the_same_result() -> None:
    stated = before(TWO, published_by_two(), Kind.PARTIAL_OPENING)
    for openers in ((1, 2), (2, 3), (1, 2, 3)):
        board = board_of(TWO, stated.leaves)
        products = board.products()
        board.publish({trustee: board.open_by(trustee, products) for trustee in openers})
        assert totals(board) == [[1, 2, 1]]


def test_area_without_ballots_opens_to_zero_without_trustees() -> None:
    tally = board_of(TWO, published_by_two()).verify().tally
    assert tally is not None
    assert [(product.areas, product.is_empty) for product in tally.products] == [
        (("north",), False), (("south",), False), (("sea",), True),
    ]  # fmt: skip
    assert len(tally.opened_products) == 2


STATES = [
    (Kind.POLLS_OPENED, BoardState.PREPARED),
    (Kind.BALLOT, BoardState.OPEN),
    (Kind.CLOSING, BoardState.OPEN),
    (Kind.AGGREGATES, BoardState.CLOSED),
    (Kind.CLOSING_STATEMENT, BoardState.CLOSED),
    (Kind.PARTIAL_OPENING, BoardState.CLOSED),
    (Kind.RESULT, BoardState.CLOSED),
]


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_board_is_checked_as_far_as_it_goes(kind: Kind, state: BoardState) -> None:
    report = before(TWO, published_by_two(), kind).verify().report
    assert (report.ok, report.state, report.result) == (True, state, None)
    assert report.size == position(published_by_two(), kind)


def test_board_with_terms_alone_is_prepared() -> None:
    assert board_of(TWO, published_by_two()[:3]).verify().report.state is BoardState.PREPARED


def test_report_counts_what_was_checked() -> None:
    report = board_of(small_election(), published()).verify().report
    assert {check.name: check.count for check in report.checks} == {
        CheckName.KEY: 1,
        CheckName.ROLL: 5,
        CheckName.BOARD: 15,
        CheckName.BALLOTS: 5,
        CheckName.MEMBERSHIP: 5 * 6,
        CheckName.CHALLENGES: 0,
        CheckName.COUNTED: 4,
        CheckName.AGGREGATES: 3,
        CheckName.PARTIAL_OPENINGS: 1 + 3,
        CheckName.OPENINGS: 3,
        CheckName.TOTALS: 3,
        CheckName.RESULT: 1,
    }
    assert report.warnings == (
        "112-bit", "single-trustee", "not-witnessed", "no-objection-time", "small-areas-relaxed", "closed-early",
    )  # fmt: skip


def test_closing_at_its_time_is_not_early() -> None:
    board = before(TWO, published_by_two(), Kind.CLOSING)
    later(board, 6 * 86_400 + 8 * 3_600)
    board.close()
    assert leaf_of(board.leaves[-1]).time == TWO.manifest.closes_at
    assert "closed-early" not in board.verify().report.warnings


def test_batches_in_other_workers_and_the_exact_equations_give_the_same_report() -> None:
    board = board_of(small_election(), published())
    board.leaves.insert(6, board.leaves[5])  # an exact copy: one failure to agree about
    here = board.verify().report
    assert failures(here)[CheckName.BALLOTS][0][0] == 6
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        options = Options(executor=pool, workers=2, progress=lambda leaves, turn: seen.append((leaves, turn)))
        elsewhere = board.verify(options).report
    exact = board.verify(Options(exact=True)).report
    for other in (elsewhere, exact):
        assert failures(other) == failures(here)
        assert [check.count for check in other.checks] == [check.count for check in here.checks]
    assert seen[0] == (1, 1)
    assert (len(board.leaves), 1) in seen


@cache
def some_product() -> PackedProduct:
    return PackedProduct(group=1, areas=("south",), question="q1", chunk=0, ciphertext=5, is_empty=False)


def test_opening_context_differs_for_every_place() -> None:
    product, digest = some_product(), bytes(32)
    contexts = {
        opening_context(TWO.terms, digest, product, 1),
        opening_context(TWO.terms, digest, product, 2),
        opening_context(TWO.terms, bytes([1] * 32), product, 1),
        opening_context(TWO.terms, digest, replace(product, group=0), 1),
        opening_context(TWO.terms, digest, replace(product, chunk=1), 1),
        opening_context(TWO.terms, digest, replace(product, question="q2"), 1),
        opening_context(small_election().terms, digest, product, 1),
    }
    assert len(contexts) == 7


def test_counting_list_keeps_the_last_valid_ballot_of_each() -> None:
    counting = CountingList(ActiveRoll(small_election().roll))
    first, second = voter_key(1).public_key, voter_key(2).public_key
    for index, credential in ((5, first), (6, second), (9, first)):
        counting.add_valid(index, credential)
    assert counting.counted() == [6, 9]
    assert (counting.earlier_valid(first), counting.earlier_valid(voter_key(3).public_key)) == (2, 0)
    entries = counting.counted_entries()
    assert [entry.weight for entry in entries.values()] == [1, 3]


def test_counted_digest_depends_on_every_index_and_their_order() -> None:
    lists: tuple[list[int], ...] = ([], [1], [1, 2], [2, 1], [12], [0, 1, 2])
    assert len({counted_digest(list(indices)) for indices in lists}) == len(lists)
    assert len(encode_base64url(counted_digest([]))) == 43


def test_door_reads_a_ballot_as_the_verifier_does() -> None:
    election, leaves = small_election(), published()
    entry = leaves[6]
    roll = ActiveRoll(election.roll)
    ballot, weighed = read_ballot(election.terms, roll, CLOSES, 6, leaf_of(entry), entry[1])
    assert ballot.tracker == leaf_of(entry).digest_bytes
    assert weighed == RollEntry(weight=3, area="all")


def test_a_code_that_is_replaced_again_and_again_costs_its_number_and_not_its_square() -> None:
    """Else a registrar keeps verifiers and trustees busy for days: 100,000 links would be 10^10 steps."""
    roll = ActiveRoll(small_election().roll)
    first, line = next(iter(roll.roll.entries.items()))
    keys = [first, *(number.to_bytes(32, "big") for number in range(100_000))]
    for index, (old, new) in enumerate(pairwise(keys)):
        roll.exchange(index, old, new)
    assert roll.line_of(keys[-1]) == line
    assert roll.entries() == {**{k: v for k, v in roll.roll.entries.items() if k != first}, keys[-1]: line}


def test_failures_beyond_the_thousandth_are_counted_but_not_kept() -> None:
    log = CheckLog(lambda: 0.0)
    for entry in range(FAILURES_LISTED_MAX + 5):
        log.fail(CheckName.BALLOTS, entry, "x")
    report = log.reports()[3]
    assert (report.failure_count, len(report.failures), report.ok) == (1005, 1000, False)

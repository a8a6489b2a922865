"""A whole election of rankings: heavy voters in two areas, a matrix that does not fit one ciphertext."""

import json
from collections.abc import Sequence

import pytest

from protocol.ranking import blank_ranking, ranking_values
from protocol.roll import RollEntry
from tests.support.boards import MemoryBoard
from tests.support.elections import make_election, make_manifest, ranking

WEIGHT = 1_000_000
VOTERS = 140
POINTS = tuple(840 // j for j in range(1, 9))


@pytest.mark.thorough
def test_rankings_of_heavy_voters_add_up_over_areas_and_ciphertexts() -> None:
    manifest = make_manifest((ranking(8, POINTS),), areas=("north", "south"))
    entries = [RollEntry(weight=WEIGHT, area=("north", "south")[i % 2]) for i in range(VOTERS)]
    board = MemoryBoard(make_election(manifest, entries=entries)).start()
    (layout,) = board.election.terms.layouts
    assert [len(chunk) for chunk in layout.chunks] == [61, 4]
    orders: list[Sequence[int]] = [(1, 8, 2, 7, 3, 6, 4, 5), (8, 7, 6, 5, 4, 3, 2, 1)]
    for voter, order in enumerate(orders, start=1):
        board.cast(voter, [ranking_values(order)])
    board.cast(3, [ranking_values(orders[0])])
    board.cast(3, [blank_ranking(8)], sequence=2)
    verdict = board.tally([1])
    assert verdict.report.ok, verdict.report
    assert verdict.report.result is not None
    (totals,) = verdict.report.result
    matrix = [
        [WEIGHT * sum(order[option] == position for order in orders) for position in range(1, 9)]
        for option in range(8)
    ]
    assert [list(row) for row in totals.matrix] == matrix
    scores = [WEIGHT * sum(POINTS[order[option] - 1] for order in orders) for option in range(8)]
    assert [item.votes for item in totals.votes] == [*scores, WEIGHT]
    openings = json.loads(board.leaves[-1][1])["openings"]
    places = [(opening["areas"], opening["chunk"]) for opening in openings]
    assert places == [(["north"], 0), (["north"], 1), (["south"], 0), (["south"], 1)]

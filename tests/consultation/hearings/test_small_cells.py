"""What few people said cannot be told from what is shown, by somebody who knows the rule and the sum."""

from itertools import product

from consultation.hearings.small_cells import CELL_MIN, withheld_cells, withheld_share


def test_large_numbers_are_shown() -> None:
    assert withheld_cells([5, 6, 70]) == [5, 6, 70]


def test_a_small_number_takes_the_smallest_other_one_with_it() -> None:
    assert withheld_cells([3, 50, 9]) == [None, 50, None]


def test_all_that_equal_the_smallest_other_one_go_with_it() -> None:
    assert withheld_cells([3, 9, 50, 9]) == [None, None, 50, None]


def test_an_empty_cell_is_small() -> None:
    assert withheld_cells([0, 8, 20]) == [None, None, 20]


def test_no_withheld_cell_can_be_told_small() -> None:
    """Every table of up to three cells below 13: of each withheld cell, something small and something else fits."""
    for size in (2, 3):
        seen: dict[tuple[tuple[int | None, ...], int], list[tuple[int, ...]]] = {}
        for cells in product(range(13), repeat=size):
            shown = tuple(withheld_cells(cells))
            if max(cells) >= CELL_MIN:
                seen.setdefault((shown, sum(cells)), []).append(cells)
        for (shown, _), tables in seen.items():
            for index, cell in enumerate(shown):
                values = {table[index] for table in tables}
                assert cell is not None or (min(values) < CELL_MIN <= max(values)), (shown, tables)


def test_a_share_is_withheld_with_its_complement() -> None:
    assert withheld_share(4, 100) is None
    assert withheld_share(96, 100) is None
    assert withheld_share(5, 10) == 5

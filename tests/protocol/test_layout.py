"""Questions as ciphertexts: sets, capacity, and that no sum of valid ballots ever leaves its slot."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.numbers import powmod
from protocol.aggregation import Group, pack
from protocol.errors import AnswerInvalid, ManifestInvalid
from protocol.layout import Product, QuestionLayout, lay_out
from protocol.manifest import Manifest, Question, Ranking
from protocol.ranking import blank_ranking, ranked_positions, ranking_values, votes_by_position
from protocol.totals import TotalsImpossible, totals_of, unpack_question
from tests.support.elections import approval, choose_one, make_manifest, points, ranking

FREE_BITS = 256 + 2


def layout_of(question: Question, weight: int = 5, bits: int = 2048) -> QuestionLayout:
    manifest = make_manifest((question,))
    return lay_out(with_bits(manifest, bits), weight)[0]


def with_bits(manifest: Manifest, bits: int) -> Manifest:
    fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    return Manifest(**fields | {"bits": bits})


def test_choose_one_is_one_ciphertext_with_a_blank_slot_after_the_last() -> None:
    layout = layout_of(choose_one(3), weight=5)
    assert layout.slot_bits == 4  # 5 has three bits
    assert layout.proof_sets() == (("choice 1", (1, 1 << 4, 1 << 8, 1 << 12)),)
    assert layout.option_ids == ("a1", "a2", "a3", "blank")
    assert layout.plaintexts([0, 0, 0, 1]) == (1 << 12,)


def test_slot_has_at_least_two_bits() -> None:
    assert layout_of(choose_one(2), weight=1).slot_bits == 2


def test_approval_proves_each_option_and_their_number() -> None:
    layout = layout_of(approval(3, 1, 2))
    assert layout.proof_sets() == (
        ("option 1", (0, 1)),
        ("option 2", (0, 1)),
        ("option 3", (0, 1)),
        ("sum", (1, 2)),
    )


def test_points_prove_each_option_and_their_total() -> None:
    layout = layout_of(points(2, 3, 2, 4), weight=5)
    assert layout.slot_bits == 5  # 3 points of weight 5 are 15
    assert layout.proof_sets() == (("option 1", (0, 1, 2, 3)), ("option 2", (0, 1, 2, 3)), ("sum", (2, 3, 4)))


def test_ranking_proves_each_cell_and_one_in_each_row_and_column_or_blank() -> None:
    layout = layout_of(ranking(2))
    assert layout.proof_sets() == (
        ("option 1 position 1", (0, 1)),
        ("option 1 position 2", (0, 1)),
        ("option 2 position 1", (0, 1)),
        ("option 2 position 2", (0, 1)),
        ("blank", (0, 1)),
        ("row 1", (1,)),
        ("row 2", (1,)),
        ("column 1", (1,)),
        ("column 2", (1,)),
    )
    assert layout.products == (
        Product("row 1", (1,), (0, 1, 4)),
        Product("row 2", (1,), (2, 3, 4)),
        Product("column 1", (1,), (0, 2, 4)),
        Product("column 2", (1,), (1, 3, 4)),
    )
    assert layout.option_ids == ("a1", "a2", "blank")
    assert layout.plaintexts([0, 1, 1, 0, 0]) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize("count", range(2, 9))
def test_what_the_proofs_of_a_ranking_let_through_is_a_permutation_or_nothing(count: int) -> None:
    """Every set of cells in {0, 1} with the blank bit, that keeps all rows and columns, counted for small k."""
    layout = layout_of(ranking(count))
    assert len(layout.parts) == count * count + 1
    assert len(layout.proof_sets()) == count * count + 1 + 2 * count
    if count > 3:
        return
    kept = [
        values
        for values in product((0, 1), repeat=layout.slot_count)
        if all(sum(values[slot] for slot in sums.parts) in sums.members for sums in layout.products)
    ]
    orders = [ranking_values(order) for order in permutations(range(1, count + 1))]
    assert sorted(kept) == sorted([*orders, blank_ranking(count)])


@given(st.permutations(range(1, 9)), st.integers(2, 8))
def test_ranking_as_values_and_back(order: list[int], count: int) -> None:
    positions = tuple(position for position in order if position <= count)
    values = ranking_values(positions)
    assert layout_of(ranking(count)).plaintexts(values) == values
    assert ranked_positions(values, count) == positions
    assert ranked_positions(blank_ranking(count), count) is None


@pytest.mark.parametrize("positions", [(1, 1), (0, 1), (2, 3), (1, 2, 2), (1, 3)])
def test_positions_that_are_no_ranking_have_no_values(positions: tuple[int, ...]) -> None:
    with pytest.raises(AnswerInvalid, match="each of the positions 1 to"):
        ranking_values(positions)


def test_200_options_of_weight_5000_fit_one_ciphertext_at_3072_bits_and_not_at_2048() -> None:
    assert [len(layout_of(choose_one(200), 5000, bits).parts) for bits in (3072, 2048)] == [1, 2]
    assert layout_of(choose_one(200), 5000, 3072).slot_bits == 14
    assert 201 * 14 == 2814 == 3072 - FREE_BITS  # to the bit
    assert len(layout_of(choose_one(199), 8191, 3072).parts) == 1
    assert len(layout_of(choose_one(200), 8192, 3072).parts) == 2  # one bit more in each slot


def test_choose_one_over_several_ciphertexts_holds_one_choice_in_all_of_them() -> None:
    layout = layout_of(choose_one(200), 5000, 2048)
    capacity = (2048 - FREE_BITS) // 14
    assert [part.slots for part in layout.parts] == [range(capacity), range(capacity, 201)]
    powers = tuple(1 << 14 * i for i in range(capacity))
    assert layout.proof_sets() == (
        ("choice 1", (0, *powers)),
        ("choice 2", (0, *powers[: 201 - capacity])),
        ("sum", powers),
    )
    chosen = [0] * 201
    chosen[capacity + 1] = 1
    assert layout.plaintexts(chosen) == (0, 1 << 14)
    # No two choices add up to a member of the last set: 2·B^i is no power of B, and B^i + B^j is none.
    assert not {a + b for a in powers for b in powers} & set(powers)


def test_weight_that_no_plaintext_holds_is_refused() -> None:
    assert layout_of(points(1, 20), 1 << 1780).chunk_slots == 1
    with pytest.raises(ManifestInvalid, match="does not fit a plaintext"):
        layout_of(points(1, 20), 1 << 1790)


def test_branches_are_limited_over_all_questions() -> None:
    least = points(100, 19, 0, 1900)  # 100·20 + 1901
    lay_out(make_manifest((least,)), 5)
    second = approval(97, 0, 0 + 1)
    with pytest.raises(ManifestInvalid, match="4097 proof branches"):
        lay_out(make_manifest((least, second)), 5)


def test_least_capacity_still_keeps_every_sum_below_the_modulus() -> None:
    for question in (choose_one(200), approval(200, 0, 200), points(150, 20, 0, 500), ranking(8)):
        for weight in (1, 5, 4095, 4096, 10**12):
            layout = layout_of(question, weight)
            assert layout.largest * weight < 1 << (layout.slot_bits - 1)
            assert layout.slot_bits * layout.chunk_slots <= 2048 - FREE_BITS
            assert sum(len(chunk) for chunk in layout.chunks) == layout.slot_count


@pytest.mark.parametrize(
    ("question", "values"),
    [
        (choose_one(2), [0, 0, 0]),
        (choose_one(2), [1, 1, 0]),
        (choose_one(2), [2, -1, 0]),
        (choose_one(2), [1, 0]),
        (choose_one(2), [1, 0, 0, 0]),
        (choose_one(2), []),
        (approval(3, 1, 2), [0, 0, 0]),
        (approval(3, 1, 2), [1, 1, 1]),
        (approval(3, 1, 2), [2, 0, 0]),
        (points(2, 3, 1, 4), [0, 0]),
        (points(2, 3, 1, 4), [3, 2]),
        (points(2, 3, 1, 4), [4, 0]),
        (points(2, 3, 1, 4), [-1, 2]),
        (ranking(2), [0, 0, 0, 0, 0]),
        (ranking(2), [1, 0, 0, 1]),
        (ranking(2), [1, 1, 0, 0, 0]),
        (ranking(2), [1, 0, 1, 0, 0]),
        (ranking(2), [1, 0, 0, 0, 0]),
        (ranking(2), [1, 0, 0, 1, 1]),
        (ranking(2), [0, 0, 0, 0, 2]),
        (ranking(2), [2, -1, -1, 2, 0]),
    ],
)
def test_answer_that_the_question_does_not_allow_is_refused(question: Question, values: list[int]) -> None:
    with pytest.raises(AnswerInvalid):
        layout_of(question).plaintexts(values)


# Packing → multiplying → opening → unpacking equals the plain sum. Plaintexts travel as
# (1 + n)^m, without randomness, modulo a number of the right length.

TOY_N = (1 << 2047) + 1


def encrypted(plaintext: int) -> int:
    return (1 + plaintext * TOY_N) % (TOY_N * TOY_N)


def opened(ciphertext: int) -> int:
    return (ciphertext - 1) // TOY_N


@st.composite
def ballots(draw: st.DrawFn) -> tuple[QuestionLayout, list[tuple[list[int], int]], int]:
    kind = draw(st.sampled_from(["choose-one", "approval", "points", "ranking"]))
    count = draw(st.integers(2, 200))
    weights = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
    spare = draw(st.sampled_from([0, 0, 1, 10**9, 10**12]))
    question: Question
    if kind == "choose-one":
        question = choose_one(count)
    elif kind == "approval":
        question = approval(count, 0, count)
    elif kind == "ranking":
        question = ranking(
            2 + count % 7, sorted(draw(st.sets(st.integers(0, 1000), min_size=8)))[::-1][: 2 + count % 7]
        )
    else:
        each = draw(st.integers(1, 20))
        question = points(min(count, 90), each, 0, min(count, 90) * each)
    layout = layout_of(question, sum(weights) + spare)
    cast = []
    for weight in weights:
        if kind == "choose-one":
            chosen = draw(st.integers(0, layout.slot_count - 1))
            values = [int(slot == chosen) for slot in range(layout.slot_count)]
        elif kind == "ranking":
            size = len(question.options)
            order = draw(st.permutations(range(1, size + 1)))
            values = list(ranking_values(order) if draw(st.booleans()) else blank_ranking(size))
        else:
            seed = draw(st.randoms(use_true_random=False))
            ends = [0, layout.largest]
            values = [seed.choice([*ends, seed.randint(0, layout.largest)]) for _ in range(layout.slot_count)]
        cast.append((values, weight))
    return layout, cast, sum(weights)


@settings(max_examples=25, deadline=None)
@given(ballots())
def test_unpacked_sum_is_the_plain_sum(case: tuple[QuestionLayout, list[tuple[list[int], int]], int]) -> None:
    layout, cast, weight = case
    n2 = TOY_N * TOY_N
    products = [1] * len(layout.parts)
    for values, ballot_weight in cast:
        for i, plaintext in enumerate(layout.plaintexts(values)):
            products[i] = products[i] * powmod(encrypted(plaintext), ballot_weight, n2) % n2
    packed = pack(layout, products, n2)
    assert len(packed) == len(layout.chunks)
    plaintexts = [opened(ciphertext) for ciphertext in packed]
    assert all(plaintext < TOY_N >> (FREE_BITS - 2) for plaintext in plaintexts)
    expected = [sum(values[slot] * w for values, w in cast) for slot in range(layout.slot_count)]
    assert list(unpack_question(layout, plaintexts, weight)) == expected
    keyed = {(0, layout.id, chunk): plaintext for chunk, plaintext in enumerate(plaintexts)}
    (totals,) = totals_of([layout], [Group(("all",), len(cast), weight)], keyed)
    if isinstance(layout.question, Ranking):
        size = len(layout.question.options)
        assert totals.matrix == votes_by_position(expected, size)
        scores = [0] * size
        for values, ballot_weight in cast:
            for option, position in enumerate(ranked_positions(values, size) or ()):
                scores[option] += layout.question.positions[position - 1] * ballot_weight
        assert [votes.votes for votes in totals.votes] == [*scores, expected[-1]]
    else:
        assert totals.matrix == ()
        assert [votes.votes for votes in totals.votes] == expected
    assert tuple(votes.option for votes in totals.votes) == layout.option_ids


def packed_votes(layout: QuestionLayout, votes: Sequence[int]) -> list[int]:
    return [
        sum(votes[slot] << layout.slot_bits * i for i, slot in enumerate(chunk)) for chunk in layout.chunks
    ]


@pytest.mark.parametrize(
    ("question", "votes", "words"),
    [
        (choose_one(2), [6, 0, -1], "larger than its slots|holds more"),
        (choose_one(2), [6, 0, 0], "holds more than 5"),
        (choose_one(2), [5, 1, 0], "add up to 6; 5 to 5"),
        (choose_one(2), [2, 2, 0], "add up to 4; 5 to 5"),
        (choose_one(2), [0, 0, 0], "add up to 0; 5 to 5"),
        (approval(3, 1, 2), [1, 1, 1], "add up to 3; 5 to 10"),
        (approval(3, 1, 2), [5, 5, 1], "add up to 11; 5 to 10"),
        (approval(3, 1, 2), [6, 0, 0], "holds more than 5"),
        (points(2, 3, 1, 4), [16, 0], "holds more than 15"),
        (points(2, 3, 1, 4), [15, 6], "add up to 21; 5 to 20"),
        (points(2, 3, 1, 4), [2, 2], "add up to 4; 5 to 20"),
        (ranking(2), [6, 0, 0, 5, 0], "holds more than 5"),
        (ranking(2), [3, 2, 3, 2, 0], "column 1: the slots add up to 6; 5 to 5"),
        (ranking(2), [3, 3, 2, 2, 0], "row 1: the slots add up to 6; 5 to 5"),
        (ranking(2), [3, 2, 2, 2, 0], "row 2: the slots add up to 4; 5 to 5"),
        (ranking(2), [3, 2, 2, 3, 1], "row 1: the slots add up to 6; 5 to 5"),
        (ranking(3), [2, 2, 1, 2, 2, 1, 1, 1, 2, 0], "row 3: the slots add up to 4; 5 to 5"),
        (ranking(3), [5, 0, 0, 5, 0, 0, 0, 0, 5, 0], "column 1: the slots add up to 10; 5 to 5"),
    ],
)
def test_sum_that_no_valid_ballots_give_is_refused(question: Question, votes: list[int], words: str) -> None:
    layout = layout_of(question, weight=5)
    plaintexts = [abs(plaintext) for plaintext in packed_votes(layout, votes)]
    with pytest.raises(TotalsImpossible, match=words):
        unpack_question(layout, plaintexts, 5)


def test_bits_beyond_the_last_slot_are_refused() -> None:
    layout = layout_of(choose_one(200), 5000)  # two chunks
    votes = [0] * 201
    votes[200] = 7
    plaintexts = packed_votes(layout, votes)
    assert unpack_question(layout, plaintexts, 7)[200] == 7
    for chunk in (0, 1):
        spoilt = list(plaintexts)
        spoilt[chunk] += 1 << layout.slot_bits * len(layout.chunks[chunk])
        with pytest.raises(TotalsImpossible, match="larger than its slots"):
            unpack_question(layout, spoilt, 7)


def test_group_without_ballots_opens_to_nothing_at_all() -> None:
    layout = layout_of(choose_one(2))
    assert unpack_question(layout, [0], 0) == (0, 0, 0)
    with pytest.raises(TotalsImpossible):
        unpack_question(layout, [1], 0)


def test_slot_of_points_takes_the_largest_total_of_all_voters() -> None:
    """Was broken: slots sized for votes, not for votes times points, ran over into the next option's."""
    layout = layout_of(points(3, 20, 0, 60), weight=1_000_000)
    votes = [20_000_000, 20_000_000, 20_000_000]
    assert list(unpack_question(layout, packed_votes(layout, votes), 1_000_000)) == votes
    too_small = replace(layout, slot_bits=(1_000_000).bit_length() + 1)
    with pytest.raises(TotalsImpossible):
        unpack_question(too_small, packed_votes(too_small, votes), 1_000_000)


def test_packing_is_the_product_of_shifted_powers() -> None:
    layout, n2 = layout_of(approval(4, 0, 4)), TOY_N * TOY_N
    products = [encrypted(value) for value in (3, 0, 5, 1)]
    shifted = [powmod(c, 1 << layout.slot_bits * i, n2) for i, c in enumerate(products)]
    assert pack(layout, products, n2) == (prod(shifted) % n2,)

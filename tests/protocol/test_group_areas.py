"""Small areas: what is opened are disjoint groups, each large enough to hide everybody in it, or nothing."""

from collections import Counter
from fractions import Fraction
from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.aggregation import Group, group_areas
from protocol.manifest import RELAXED_SMALL_AREAS, STRICT_SMALL_AREAS, SmallAreas
from protocol.roll import RollEntry


def entries(counts: dict[str, dict[int, int]]) -> list[RollEntry]:
    """{area: {weight: how many}} as counted entries."""
    return [
        RollEntry(weight=weight, area=area)
        for area, weights in counts.items()
        for weight, number in weights.items()
        for _ in range(number)
    ]


def names(groups: tuple[Group, ...] | None) -> list[tuple[str, ...]] | None:
    return None if groups is None else [group.areas for group in groups]


def grouped(areas: str, counts: dict[str, dict[int, int]], rule: SmallAreas = STRICT_SMALL_AREAS) -> object:
    return names(group_areas(list(areas), rule, entries(counts)))


def test_areas_that_keep_the_limits_are_opened_alone() -> None:
    assert grouped("ab", {"a": {1: 10}, "b": {1: 10}}) == [("a",), ("b",)]


def test_small_area_waits_for_the_next() -> None:
    assert grouped("abc", {"a": {1: 9}, "b": {1: 1}, "c": {1: 10}}) == [("a", "b"), ("c",)]


def test_empty_area_stands_alone_unless_a_small_one_waits() -> None:
    assert grouped("abcd", {"b": {1: 9}, "d": {1: 9}}) == [("a",), ("b", "c", "d")]


def test_small_last_area_joins_the_last_group_with_ballots_and_the_empty_ones_between() -> None:
    assert grouped("abcd", {"a": {1: 10}, "b": {1: 10}, "d": {1: 3}}) == [("a",), ("b", "c", "d")]


def test_joining_goes_on_until_the_limits_hold() -> None:
    counts = {"a": {1: 30}, "b": {1: 10}, "c": {5: 1}}  # a single weight of 5 is lonely however many join
    assert grouped("abc", counts) is None
    lonely = {"a": {1: 28, 5: 2}, "b": {1: 10}, "c": {5: 1, 1: 2}}
    assert grouped("abc", lonely) == [("a", "b", "c")]


def test_one_voter_holds_at_most_the_share() -> None:
    rule = SmallAreas(max_share=(1, 3), min_credentials=1, min_same_weight=1, open_whole=False)
    assert grouped("a", {"a": {5: 1, 1: 10}}, rule) == [("a",)]  # 5 of 15 is a third
    assert grouped("a", {"a": {5: 1, 1: 9}}, rule) is None  # 5 of 14 is more
    assert grouped("ab", {"a": {5: 1, 1: 9}, "b": {1: 1}}, rule) == [("a", "b")]


def test_few_credentials_are_never_opened() -> None:
    assert grouped("a", {"a": {1: 9}}) is None
    assert grouped("a", {"a": {1: 10}}) == [("a",)]


def test_weight_that_few_hold_is_never_opened() -> None:
    assert grouped("a", {"a": {1: 10, 2: 2}}) is None
    assert grouped("a", {"a": {1: 10, 2: 3}}) == [("a",)]


def test_whole_election_below_the_limits_is_withheld_unless_relaxed_before() -> None:
    counts = {"b": {1: 2}, "c": {1: 1}}
    assert grouped("abc", counts) is None
    open_whole = SmallAreas(max_share=(1, 3), min_credentials=10, min_same_weight=3, open_whole=True)
    assert grouped("abc", counts, open_whole) == [("a",), ("b", "c")]


def test_election_without_any_ballot_opens_to_nothing_and_hides_nothing() -> None:
    assert group_areas(["a", "b"], STRICT_SMALL_AREAS, []) == (Group(("a",), 0, 0), Group(("b",), 0, 0))


AREAS = "abcdefg"
counted = st.lists(
    st.builds(RollEntry, weight=st.sampled_from([1, 1, 1, 1, 2, 3, 50]), area=st.sampled_from(AREAS)),
    max_size=90,
)
rules = st.builds(
    SmallAreas,
    max_share=st.sampled_from([(1, 3), (1, 2), (1, 1), (1, 10)]),
    min_credentials=st.integers(1, 15),
    min_same_weight=st.integers(1, 4),
    open_whole=st.booleans(),
)


def keeps(rule: SmallAreas, inside: list[RollEntry]) -> bool:
    weights = Counter(entry.weight for entry in inside)
    total = sum(entry.weight for entry in inside)
    return (
        len(inside) >= rule.min_credentials
        and all(Fraction(weight, total) <= Fraction(*rule.max_share) for weight in weights)
        and min(weights.values()) >= rule.min_same_weight
    )


@settings(max_examples=300, deadline=None)
@given(counted=counted, rule=rules, count=st.integers(1, 7), random=st.randoms(use_true_random=False))
def test_groups_are_a_partition_in_order_and_each_keeps_the_limits(
    counted: list[RollEntry], rule: SmallAreas, count: int, random: Random
) -> None:
    areas = list(AREAS[:count])
    counted = [entry for entry in counted if entry.area in areas]
    groups = group_areas(areas, rule, counted)
    shuffled = random.sample(counted, len(counted))
    assert group_areas(areas, rule, shuffled) == groups  # a function of what is counted, not of its order
    if groups is None:
        assert not rule.open_whole
        assert not keeps(rule, counted)  # limits only get easier by merging: all together still break them
        return
    assert [area for group in groups for area in group.areas] == areas
    with_ballots = [group for group in groups if group.credentials]
    for group in groups:
        inside = [entry for entry in counted if entry.area in group.areas]
        assert group == Group(group.areas, len(inside), sum(entry.weight for entry in inside))
        if not inside:
            assert len(group.areas) == 1
        elif not keeps(rule, inside):
            assert rule.open_whole
            assert len(with_ballots) == 1  # the whole election, not a part of it


@settings(max_examples=200, deadline=None)
@given(counted=counted, count=st.integers(1, 7))
def test_no_sum_of_opened_groups_shows_fewer_people_than_a_group(
    counted: list[RollEntry], count: int
) -> None:
    areas = list(AREAS[:count])
    groups = group_areas(areas, STRICT_SMALL_AREAS, [entry for entry in counted if entry.area in areas]) or ()
    sizes = [group.credentials for group in groups if group.credentials]
    for number in range(1, min(len(sizes), 3) + 1):
        assert all(sum(chosen) >= 10 for chosen in combinations(sizes, number))


@given(counted)
def test_relaxed_rule_opens_every_area_alone(counted: list[RollEntry]) -> None:
    groups = group_areas(list(AREAS), RELAXED_SMALL_AREAS, counted)
    assert names(groups) == [(area,) for area in AREAS]

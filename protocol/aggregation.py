"""From counted ballots to the ciphertexts that are opened: groups of areas, products, packing.

Source: PROTOCOL section 8.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crypto.encoding import decode_int, encode_int
from crypto.numbers import mpz, powmod
from protocol.ballot import Ballot
from protocol.layout import QuestionLayout
from protocol.manifest import SmallAreas
from protocol.records import AreaGroup
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms


@dataclass(frozen=True)
class Group:
    """Areas that are opened together. credentials: counted ballots in them.  weight: their weights' sum."""

    areas: tuple[str, ...]
    credentials: int
    weight: int


def _keeps_limits(rule: SmallAreas, weights: Counter[int]) -> bool:
    credentials = weights.total()
    total = sum(weight * number for weight, number in weights.items())
    numerator, denominator = rule.max_share
    return (
        credentials >= rule.min_credentials
        and all(weight * denominator <= numerator * total for weight in weights)
        and all(number >= rule.min_same_weight for number in weights.values())
    )


def group_areas(
    areas: Sequence[str], rule: SmallAreas, counted: Iterable[RollEntry]
) -> tuple[Group, ...] | None:
    """The groups that may be opened, in the manifest's order; None when the result must be withheld.

    areas: all of them, in merging order.  counted: the entry of every counted credential.
    """
    by_area: dict[str, Counter[int]] = {area: Counter() for area in areas}
    for entry in counted:
        by_area[entry.area][entry.weight] += 1
    groups: list[tuple[list[str], Counter[int]]] = []
    names: list[str] = []
    weights: Counter[int] = Counter()
    for area in areas:
        if not names and not by_area[area]:
            groups.append(([area], Counter()))
            continue
        names.append(area)
        weights += by_area[area]
        if _keeps_limits(rule, weights):
            groups.append((names, weights))
            names, weights = [], Counter()
    while names:
        joined = max((i for i, (_, found) in enumerate(groups) if found), default=None)
        if joined is None:
            if not rule.open_whole:
                return None
            groups.append((names, weights))
            break
        for earlier_names, earlier_weights in reversed(groups[joined:]):
            names = earlier_names + names
            weights = weights + earlier_weights
        del groups[joined:]
        if _keeps_limits(rule, weights):
            groups.append((names, weights))
            break
    return tuple(
        Group(tuple(areas), found.total(), sum(weight * number for weight, number in found.items()))
        for areas, found in groups
    )


@dataclass
class Aggregator:
    """Multiplies counted ballots into the products of their groups; constant memory, any number of ballots."""

    terms: ElectionTerms
    groups: tuple[Group, ...]
    _products: list[list[list[int]]] = field(init=False, repr=False)
    _group_of: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._products = [
            [[mpz(1)] * len(layout.parts) for layout in self.terms.layouts] for _ in self.groups
        ]
        self._group_of = {area: i for i, group in enumerate(self.groups) for area in group.areas}

    def add(self, ballot: Ballot, entry: RollEntry) -> None:
        """One counted ballot enters as c^weight."""
        n2 = self.terms.key.n2
        for products, answer in zip(self._products[self._group_of[entry.area]], ballot.answers, strict=True):
            for i, ciphertext in enumerate(answer.ciphertexts):
                factor = ciphertext if entry.weight == 1 else powmod(ciphertext, entry.weight, n2)
                products[i] = products[i] * factor % n2

    def packed(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """For each group, for each question, the packed products that will be opened."""
        return tuple(
            tuple(
                pack(layout, products, self.terms.key.n2)
                for layout, products in zip(self.terms.layouts, group, strict=True)
            )
            for group in self._products
        )


def pack(layout: QuestionLayout, products: Sequence[int], n2: int) -> tuple[int, ...]:
    """One packed product for each chunk: Π P_i^(B^i), i counted within the chunk.

    products: for each part of the question, the product of all counted ballots.
    """
    if layout.packed_by_voter:
        return tuple(int(product) for product in products)
    packed = []
    for chunk in layout.chunks:
        total = mpz(1)
        for i, slot in enumerate(chunk):
            total = total * powmod(products[slot], 1 << (layout.slot_bits * i), n2) % n2
        packed.append(int(total))
    return tuple(packed)


def group_records(
    terms: ElectionTerms, groups: Sequence[Group], packed: Sequence[Sequence[Sequence[int]]]
) -> tuple[AreaGroup, ...]:
    """Groups with their products as they stand in the `aggregates` body."""
    length = terms.manifest.size.n2_bytes
    return tuple(
        AreaGroup(
            areas=group.areas,
            credentials=group.credentials,
            products=tuple(tuple(encode_int(c, length) for c in question) for question in products),
            weight=group.weight,
        )
        for group, products in zip(groups, packed, strict=True)
    )


@dataclass(frozen=True)
class PackedProduct:
    """One ciphertext that is opened, and its place: group and chunk count from 0."""

    group: int
    areas: tuple[str, ...]
    question: str
    chunk: int
    ciphertext: int
    is_empty: bool


def packed_products(terms: ElectionTerms, groups: Sequence[AreaGroup]) -> tuple[PackedProduct, ...]:
    """Every packed product in the order group, question, chunk. groups: as recomputed, or verified equal to it."""
    length = terms.manifest.size.n2_bytes
    return tuple(
        PackedProduct(number, group.areas, layout.id, chunk, decode_int(text, length), group.credentials == 0)
        for number, group in enumerate(groups)
        for layout, products in zip(terms.layouts, group.products, strict=True)
        for chunk, text in enumerate(products)
    )

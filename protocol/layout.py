"""Questions as ciphertexts: how many, which sets they are proved to lie in, how sums are packed and read.

Source: PROTOCOL section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.key import CHALLENGE_BITS
from protocol.errors import AnswerInvalid, ManifestInvalid
from protocol.manifest import (
    BLANK,
    PROOF_BRANCHES_MAX,
    Approval,
    ChooseOne,
    Manifest,
    Points,
    Question,
    Ranking,
)

SUM = "sum"


@dataclass(frozen=True)
class Part:
    """One ciphertext of an answer: its label in contexts and seeds, the set it is proved to lie in, its slots.

    members: ascending.  slots: positions in the question's values that this ciphertext carries.
    """

    label: str
    members: tuple[int, ...]
    slots: range


@dataclass(frozen=True)
class Product:
    """Ciphertexts of an answer that are multiplied (or one alone), and the set that this is proved to lie in.

    members: ascending.  parts: positions among the question's ciphertexts.
    """

    label: str
    members: tuple[int, ...]
    parts: tuple[int, ...]


@dataclass(frozen=True)
class SlotSum:
    """Slots whose values on one ballot add up to `least` … `greatest`."""

    label: str
    slots: tuple[int, ...]
    least: int
    greatest: int


@dataclass(frozen=True)
class QuestionLayout:
    """One question, laid out for one roll.

    parts: the ciphertexts in order.  products: what is proved of several together.  slot_sums: what the values of
    one ballot keep, and every opened sum with them.
    slot_bits: w; a slot of a sum holds 0 … largest·W < 2^(w-1).  chunk_slots: k', slots of a packed product.
    """

    question: Question
    parts: tuple[Part, ...]
    products: tuple[Product, ...]
    slot_sums: tuple[SlotSum, ...]
    slot_count: int
    largest: int
    slot_bits: int
    chunk_slots: int

    @property
    def id(self) -> str:
        """The question's id."""
        return self.question.id

    @property
    def chunks(self) -> tuple[range, ...]:
        """Slots of each packed product, in order."""
        return _chunks(self.slot_count, self.chunk_slots)

    @property
    def packed_by_voter(self) -> bool:
        """Whether each ciphertext already is a packed product of slots (choose-one)."""
        return isinstance(self.question, ChooseOne)

    @property
    def option_ids(self) -> tuple[str, ...]:
        """What totals are given for, in order: the options, `blank` last where a blank vote is possible."""
        ids = tuple(option.id for option in self.question.options)
        return (*ids, BLANK) if isinstance(self.question, ChooseOne | Ranking) else ids

    def proof_sets(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """(label, members) of every proof of an answer, in order."""
        return tuple((proved.label, proved.members) for proved in self.statements())

    def statements(self) -> tuple[Product, ...]:
        """What the proofs of an answer are about, in their order: each ciphertext alone, then the products."""
        single = tuple(Product(part.label, part.members, (i,)) for i, part in enumerate(self.parts))
        return single + self.products

    def plaintexts(self, values: Sequence[int]) -> tuple[int, ...]:
        """What each ciphertext holds for an answer given as one integer for each slot.

        Raises: AnswerInvalid when the question does not allow these values.
        """
        if len(values) != self.slot_count or not all(0 <= value <= self.largest for value in values):
            raise AnswerInvalid(
                f"Question {self.id} takes {self.slot_count} values from 0 to {self.largest}."
            )
        for limit in self.slot_sums:
            found = sum(values[slot] for slot in limit.slots)
            if not limit.least <= found <= limit.greatest:
                raise AnswerInvalid(
                    f"The values of question {self.id}, {limit.label}, add up to {found}; "
                    f"{limit.least} to {limit.greatest} are allowed."
                )
        if not self.packed_by_voter:
            return tuple(values)
        return tuple(
            sum(values[slot] << (self.slot_bits * i) for i, slot in enumerate(part.slots))
            for part in self.parts
        )


def lay_out(manifest: Manifest, total_weight: int) -> tuple[QuestionLayout, ...]:
    """The layout of every question for a roll of this total weight.

    Raises: ManifestInvalid when a slot does not fit a plaintext or a ballot would carry too many proofs.
    """
    layouts = tuple(
        _lay_out_question(question, manifest.bits, total_weight) for question in manifest.questions
    )
    branches = sum(len(members) for layout in layouts for _, members in layout.proof_sets())
    if branches > PROOF_BRANCHES_MAX:
        raise ManifestInvalid(
            f"A ballot would carry {branches} proof branches; at most {PROOF_BRANCHES_MAX} are allowed."
        )
    return layouts


def _lay_out_question(question: Question, bits: int, total_weight: int) -> QuestionLayout:
    largest = question.points_max if isinstance(question, Points) else 1
    slot_bits = max(2, (largest * total_weight).bit_length() + 1)
    slot_count = _slot_count(question)
    capacity = (bits - CHALLENGE_BITS - 2) // slot_bits
    if capacity < 1:
        raise ManifestInvalid(
            f"Question {question.id}: one slot of {slot_bits} bits does not fit a plaintext."
        )
    chunk_slots = min(slot_count, capacity)
    products: tuple[Product, ...]
    sums: tuple[SlotSum, ...]
    if isinstance(question, ChooseOne):
        parts, products = _choose_one_parts(slot_count, chunk_slots, slot_bits)
        sums = (_all_slots(slot_count, 1, 1),)
    elif isinstance(question, Ranking):
        parts, products = _ranking_parts(len(question.options))
        sums = tuple(SlotSum(product.label, product.parts, 1, 1) for product in products)
    else:
        each = tuple(range(largest + 1))
        parts = tuple(Part(f"option {i + 1}", each, range(i, i + 1)) for i in range(slot_count))
        least, greatest = (
            (question.min, question.max)
            if isinstance(question, Approval)
            else (question.total_min, question.total_max)
        )
        products = (Product(SUM, tuple(range(least, greatest + 1)), tuple(range(slot_count))),)
        sums = (_all_slots(slot_count, least, greatest),)
    return QuestionLayout(question, parts, products, sums, slot_count, largest, slot_bits, chunk_slots)


def _slot_count(question: Question) -> int:
    count = len(question.options)
    if isinstance(question, Ranking):
        return count * count + 1
    return count + 1 if isinstance(question, ChooseOne) else count


def _all_slots(slot_count: int, least: int, greatest: int) -> SlotSum:
    return SlotSum(SUM, tuple(range(slot_count)), least, greatest)


def _ranking_parts(count: int) -> tuple[tuple[Part, ...], tuple[Product, ...]]:
    # A blank vote puts 1 into the last ciphertext, and so 0 into every cell: one set for all ballots.
    blank = count * count
    cells = tuple(
        Part(f"option {i + 1} position {j + 1}", (0, 1), range(i * count + j, i * count + j + 1))
        for i in range(count)
        for j in range(count)
    )
    rows = tuple(
        Product(f"row {i + 1}", (1,), (*range(i * count, (i + 1) * count), blank)) for i in range(count)
    )
    columns = tuple(Product(f"column {j + 1}", (1,), (*range(j, blank, count), blank)) for j in range(count))
    return (*cells, Part(BLANK, (0, 1), range(blank, blank + 1))), rows + columns


def _choose_one_parts(
    slot_count: int, chunk_slots: int, slot_bits: int
) -> tuple[tuple[Part, ...], tuple[Product, ...]]:
    powers = tuple(1 << (slot_bits * i) for i in range(chunk_slots))
    chunks = _chunks(slot_count, chunk_slots)
    if len(chunks) == 1:
        return (Part("choice 1", powers, chunks[0]),), ()
    parts = tuple(
        Part(f"choice {number}", (0, *powers[: len(slots)]), slots)
        for number, slots in enumerate(chunks, start=1)
    )
    return parts, (Product(SUM, powers, tuple(range(len(parts)))),)


def _chunks(slot_count: int, chunk_slots: int) -> tuple[range, ...]:
    return tuple(
        range(start, min(start + chunk_slots, slot_count)) for start in range(0, slot_count, chunk_slots)
    )

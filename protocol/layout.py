"""Questions as ciphertexts: how many, which sets they are proved to lie in, how sums are packed and read.

Source: PROTOCOL section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.key import CHALLENGE_BITS, mask_bits
from crypto.key_size import KeySize
from protocol.errors import AnswerInvalid, ManifestInvalid
from protocol.manifest import BLANK, PROOF_BRANCHES_MAX, Approval, ChooseOne, Manifest, Question

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
class QuestionLayout:
    """One question, laid out for one roll.

    parts: the ciphertexts in order.  sum_members: the set of the product of all parts, None when there is no
    such proof.
    slot_bits: w; a slot of a sum holds 0 … largest·W < 2^(w-1).  chunk_slots: k', slots of a packed product.
    """

    question: Question
    parts: tuple[Part, ...]
    sum_members: tuple[int, ...] | None
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
        """What each slot counts, in order; the blank slot of choose-one is `blank`."""
        ids = tuple(option.id for option in self.question.options)
        return (*ids, BLANK) if isinstance(self.question, ChooseOne) else ids

    @property
    def sum_range(self) -> tuple[int, int]:
        """Least and greatest sum over all slots of one ballot of weight 1."""
        if isinstance(self.question, ChooseOne):
            return 1, 1
        if isinstance(self.question, Approval):
            return self.question.min, self.question.max
        return self.question.total_min, self.question.total_max

    def proof_sets(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """(label, members) of every proof of an answer, in order."""
        sets = tuple((part.label, part.members) for part in self.parts)
        return sets if self.sum_members is None else (*sets, (SUM, self.sum_members))

    def plaintexts(self, values: Sequence[int]) -> tuple[int, ...]:
        """What each ciphertext holds for an answer given as one integer for each slot.

        Raises: AnswerInvalid when the question does not allow these values.
        """
        if len(values) != self.slot_count or not all(0 <= value <= self.largest for value in values):
            raise AnswerInvalid(
                f"Question {self.id} takes {self.slot_count} values from 0 to {self.largest}."
            )
        least, greatest = self.sum_range
        if not least <= sum(values) <= greatest:
            raise AnswerInvalid(
                f"The values of question {self.id} add up to {sum(values)}; {least} to {greatest} are allowed."
            )
        if not self.packed_by_voter:
            return tuple(values)
        return tuple(
            sum(values[slot] << (self.slot_bits * i) for i, slot in enumerate(part.slots))
            for part in self.parts
        )

    def mask_bits(self, size: KeySize, label: str) -> int:
        """ℓ of the proof with this label."""
        return mask_bits(size, len(self.parts) if label == SUM else 1)


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
    largest = 1 if isinstance(question, ChooseOne | Approval) else question.points_max
    slot_bits = max(2, (largest * total_weight).bit_length() + 1)
    slot_count = len(question.options) + (1 if isinstance(question, ChooseOne) else 0)
    capacity = (bits - CHALLENGE_BITS - 2) // slot_bits
    if capacity < 1:
        raise ManifestInvalid(
            f"Question {question.id}: one slot of {slot_bits} bits does not fit a plaintext."
        )
    chunk_slots = min(slot_count, capacity)
    if isinstance(question, ChooseOne):
        parts, sum_members = _choose_one_parts(slot_count, chunk_slots, slot_bits)
    else:
        each = tuple(range(largest + 1))
        parts = tuple(Part(f"option {i + 1}", each, range(i, i + 1)) for i in range(slot_count))
        least, greatest = (
            (question.min, question.max)
            if isinstance(question, Approval)
            else (question.total_min, question.total_max)
        )
        sum_members = tuple(range(least, greatest + 1))
    return QuestionLayout(question, parts, sum_members, slot_count, largest, slot_bits, chunk_slots)


def _choose_one_parts(
    slot_count: int, chunk_slots: int, slot_bits: int
) -> tuple[tuple[Part, ...], tuple[int, ...] | None]:
    powers = tuple(1 << (slot_bits * i) for i in range(chunk_slots))
    chunks = _chunks(slot_count, chunk_slots)
    if len(chunks) == 1:
        return (Part("choice 1", powers, chunks[0]),), None
    parts = tuple(
        Part(f"choice {number}", (0, *powers[: len(slots)]), slots)
        for number, slots in enumerate(chunks, start=1)
    )
    return parts, powers


def _chunks(slot_count: int, chunk_slots: int) -> tuple[range, ...]:
    return tuple(
        range(start, min(start + chunk_slots, slot_count)) for start in range(0, slot_count, chunk_slots)
    )
